"""The forms of forwarding rules: several new ones at once, or one that exists."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.cloud.settings import RuleSettings
from vservers.models import Listener, Rule, VServerGroup
from vservers.pages.fields import GroupField, groups_by_id, is_number, name_characters
from vservers.selectors.rules import MAX_RULES_PER_LISTENER
from vservers.services.rules import NewRule

from .own_settings import OwnSettings

NAME_LENGTH = 40
NOTHING = gettext_lazy("Enter a domain, a URL, or both.")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9\-/.]+")

_domain = RegexValidator(
    rf"^(\*\.)?{_LABEL}(\.{_LABEL})*\Z",
    gettext_lazy("Use letters, digits, hyphens and periods; a wildcard is *. at the start."),
)
_url = RegexValidator(
    r"^/[A-Za-z0-9\-./%?#&]+\Z",
    gettext_lazy("Start with /, not / alone, and use letters, digits and - . / %% ? # & only."),
)
_plain = {"autocomplete": "off", "spellcheck": "false"}


def name_field(**options: Any) -> forms.CharField:
    return forms.CharField(
        label=gettext_lazy("Rule name"),
        max_length=NAME_LENGTH,
        validators=[name_characters],
        widget=forms.TextInput(attrs=_plain),
        **options,
    )


class NewRuleForm(forms.Form):
    """One row: a rule to make. A row in which nothing was entered is left out."""

    use_required_attribute = False

    domain = forms.CharField(
        label=gettext_lazy("Domain"),
        max_length=253,
        required=False,
        validators=[_domain],
        widget=forms.TextInput(attrs={**_plain, "placeholder": "www.example.com"}),
    )
    url = forms.CharField(
        label="URL",
        max_length=80,
        required=False,
        validators=[_url],
        widget=forms.TextInput(attrs={**_plain, "placeholder": "/static"}),
    )
    vserver_group = forms.ChoiceField()  # replaced: its choices are those of the instance
    name = name_field(required=False)
    # One more URL of the domain above.
    same = forms.BooleanField(required=False, widget=forms.HiddenInput)
    # Settings of its own, in `own`.
    has_own = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        groups: Mapping[str, VServerGroup],
        listener: Listener,
        prefix: str,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, prefix=prefix, initial=initial, empty_permitted=True)
        self.fields["vserver_group"] = GroupField(groups, empty_label=_("Choose a group"))
        self.own: OwnSettings | None = None
        if self["has_own"].value() in (True, "on"):
            held = RuleSettings.of(listener.settings)
            typed = (initial or {}).get("own")
            self.own = OwnSettings(data, held=held, initial=typed, prefix=f"{prefix}-own")

    @property
    def typed(self) -> dict[str, Any]:
        """Everything that was posted of it, judged by nobody, to begin another form with."""
        own = {name: self.own[name].data for name in self.own.fields} if self.own else {}
        return {**{name: self[name].data for name in self.fields}, "own": own}

    @property
    def is_whole(self) -> bool:
        """Whether nothing is wrong with it, nor with settings of its own."""
        return not self.errors and (self.own is None or not self.own.errors)

    @property
    def is_same(self) -> bool:
        """Whether it stands in the block of the domain above."""
        return self["same"].value() in (True, "on")

    @property
    def domain_field(self) -> str:
        """Beside which field stands what is wrong with the pair of domain and URL."""
        return "url" if self.is_same else "domain"

    def has_changed(self) -> bool:
        """A group alone, taken over from the row above, is nothing yet; a URL asked for is."""
        asked = self.is_same or self.own is not None
        return asked or bool({"domain", "url", "name"} & set(self.changed_data))

    def clean_domain(self) -> str:
        """Hosts are compared without case: two spellings are one domain."""
        domain: str = self.cleaned_data["domain"]
        return domain.lower()

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if not self.errors and not values["domain"] and not values["url"]:
            self.add_error(self.domain_field, NOTHING)
        return values

    @property
    def rule(self) -> NewRule:
        values = self.cleaned_data
        return NewRule(
            name=values["name"] or _name_of(values["domain"], values["url"]),
            domain=values["domain"],
            url=values["url"],
            vserver_group=values["vserver_group"],
            settings=self.own.settings if self.own else None,
        )


def _name_of(domain: str, url: str) -> str:
    """What a rule is called when nobody named it."""
    return _NOT_IN_NAMES.sub("-", f"{domain}{url}").strip("-")[:NAME_LENGTH]


class NewRulesForm:
    """Rows of new rules for one listener; each must differ from the others and from what is there.

    data: what was posted, or None. domain, group_id: proposed for the first row.
    """

    max_rows = MAX_RULES_PER_LISTENER

    def __init__(
        self,
        data: QueryDict | None,
        *,
        listener: Listener,
        present: Sequence[Rule],
        domain: str = "",
        group_id: str = "",
    ) -> None:
        self.groups = groups_by_id(listener.load_balancer)
        self._listener = listener
        self.present = present
        self.error = ""
        posted = _with_domains(data) if data is not None else None
        self.rows = [self._row(posted, number) for number in range(_row_count(data))]
        if data is None:
            self.rows[0].initial.update(domain=domain, vserver_group=group_id)

    def _row(
        self, data: Mapping[str, Any] | None, number: int, initial: dict[str, Any] | None = None
    ) -> NewRuleForm:
        return NewRuleForm(
            data,
            groups=self.groups,
            listener=self._listener,
            prefix=f"rule-{number}",
            initial=initial,
        )

    @property
    def blocks(self) -> list[list[tuple[int, NewRuleForm]]]:
        """The rows by domain: (number from 0, row), those of one domain together."""
        blocks: list[list[tuple[int, NewRuleForm]]] = []
        for number, row in enumerate(self.rows):
            if row.is_same and blocks:
                blocks[-1].append((number, row))
            else:
                blocks.append([(number, row)])
        return blocks

    @property
    def left(self) -> int:
        """How many rules the listener can still take."""
        return max(0, MAX_RULES_PER_LISTENER - len(self.present))

    @property
    def can_grow(self) -> bool:
        return len(self.rows) < min(self.max_rows, self.left)

    def act_on(self, data: QueryDict) -> bool:
        """Carry out a button of the form: another domain, another URL of one, one row less, or
        settings of a row's own and not.

        False where the person wants to submit. Nothing is judged yet.
        """
        typed = [row.typed for row in self.rows]
        if "add-rule" in data:
            at = len(typed)
            new = {"vserver_group": typed[-1]["vserver_group"]}
        elif "add-url" in data:
            at = _number(data.get("add-url"), len(typed) - 1) + 1
            new = {**typed[at - 1], "url": "", "name": "", "same": True, "has_own": False}
        elif "own-rule" in data:
            at = _number(data.get("own-rule"), len(typed) - 1)
            has_own = self.rows[at].own is not None
            self._begin_with([*typed[:at], {**typed[at], "has_own": not has_own}, *typed[at + 1 :]])
            if own := self.rows[at].own:
                own.fields["scheduler"].widget.attrs["autofocus"] = True
            return True
        elif "drop-rule" in data:
            gone = _number(data.get("drop-rule"), len(typed) - 1)
            if len(typed) > 1:
                leader = typed.pop(gone)
                follows = gone < len(typed) and typed[gone]["same"] in ("on", True)
                if follows and leader["same"] not in ("on", True):
                    # The next row of the block takes the lead.
                    typed[gone] |= {"domain": leader["domain"], "same": False}
            self._begin_with(typed)
            return True
        else:
            return False
        if self.can_grow:
            typed.insert(at, new)
        self._begin_with(typed)
        at = min(at, len(self.rows) - 1)
        field = self.rows[at].fields["url" if self.rows[at].is_same else "domain"]
        field.widget.attrs["autofocus"] = True
        return True

    def _begin_with(self, typed: Sequence[dict[str, Any]]) -> None:
        self.rows = [self._row(None, number, values) for number, values in enumerate(typed)]

    def is_valid(self) -> bool:
        if not any(row.has_changed() for row in self.rows):
            self.rows[0].add_error("domain", NOTHING)
        self._refuse_repeated()
        if len(self.rules) > self.left:
            self.error = _(
                "A listener has %(max_rules_per_listener)s rules at most; this one can take "
                "%(left)s more."
            ) % {"max_rules_per_listener": MAX_RULES_PER_LISTENER, "left": self.left}
        return all(row.is_whole for row in self.rows) and not self.error

    @property
    def refused(self) -> bool:
        return bool(self.error) or any(row.is_bound and not row.is_whole for row in self.rows)

    def _refuse_repeated(self) -> None:
        pairs = {
            (rule.domain.lower(), rule.url): _("rule %(name)s") % {"name": rule.name}
            for rule in self.present
        }
        names = {rule.name for rule in self.present}
        for number, row in enumerate(self.rows, start=1):
            if not row.is_whole or not row.has_changed():
                continue
            rule = row.rule
            if holder := pairs.get((rule.domain, rule.url)):
                row.add_error(
                    row.domain_field,
                    _("The same domain and URL are in %(holder)s already.") % {"holder": holder},
                )
            elif rule.name in names:
                row.add_error(
                    "name",
                    _("Another rule of this listener is called %(name)s.") % {"name": rule.name},
                )
            pairs.setdefault((rule.domain, rule.url), _("row %(number)s") % {"number": number})
            names.add(rule.name)

    @property
    def rules(self) -> list[NewRule]:
        return [row.rule for row in self.rows if row.is_whole and row.has_changed()]


def _with_domains(data: QueryDict) -> QueryDict:
    """What was posted, each further URL of a block with the domain of its first row."""
    data = data.copy()
    domain = ""
    for number in range(_row_count(data)):
        if data.get(f"rule-{number}-same") == "on" and number:
            data[f"rule-{number}-domain"] = domain
        else:
            domain = data.get(f"rule-{number}-domain", "")
    return data


def _number(text: object, highest: int) -> int:
    """The row that a button names, from 0; the last where it names none."""
    typed = str(text)
    return min(int(typed), highest) if is_number(typed) else highest


def _row_count(data: QueryDict | None) -> int:
    """How many rows were posted, within what a listener can take."""
    text = data.get("rows", "1") if data is not None else "1"
    number = int(text) if is_number(text) else 1
    return min(max(number, 1), MAX_RULES_PER_LISTENER)
