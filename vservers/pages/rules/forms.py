"""The forms of forwarding rules: several new ones at once, or one that exists."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.validators import MinLengthValidator, RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.cloud.calls import MAX_RULES_PER_CALL
from vservers.models import Listener, Rule, VServerGroup
from vservers.pages.fields import GroupField, groups_by_id, name_characters
from vservers.selectors.rules import MAX_RULES_PER_LISTENER
from vservers.services.rules import NewRule

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
        validators=[MinLengthValidator(2), _url],
        widget=forms.TextInput(attrs={**_plain, "placeholder": "/static"}),
    )
    vserver_group = forms.ChoiceField()  # replaced: its choices are those of the instance
    name = name_field(required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        groups: Mapping[str, VServerGroup],
        prefix: str,
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, prefix=prefix, initial=initial, empty_permitted=True)
        self.fields["vserver_group"] = GroupField(groups, empty_label=_("Choose a group"))

    def has_changed(self) -> bool:
        """A group alone, taken over from the row above, is nothing yet."""
        return bool({"domain", "url", "name"} & set(self.changed_data))

    def clean_domain(self) -> str:
        """Hosts are compared without case: two spellings are one domain."""
        domain: str = self.cleaned_data["domain"]
        return domain.lower()

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if not self.errors and not values["domain"] and not values["url"]:
            self.add_error("domain", NOTHING)
        return values

    @property
    def rule(self) -> NewRule:
        values = self.cleaned_data
        return NewRule(
            name=values["name"] or _name_of(values["domain"], values["url"]),
            domain=values["domain"],
            url=values["url"],
            vserver_group=values["vserver_group"],
        )


def _name_of(domain: str, url: str) -> str:
    """What a rule is called when nobody named it."""
    return _NOT_IN_NAMES.sub("-", f"{domain}{url}").strip("-")[:NAME_LENGTH]


class NewRulesForm:
    """Rows of new rules for one listener; each must differ from the others and from what is there.

    data: what was posted, or None. domain: proposed for the first row.
    """

    max_rows = MAX_RULES_PER_CALL

    def __init__(
        self,
        data: Mapping[str, Any] | None,
        *,
        listener: Listener,
        present: Sequence[Rule],
        domain: str = "",
    ) -> None:
        self.groups = groups_by_id(listener.load_balancer)
        self.present = present
        self.data = data
        self.error = ""
        count = _row_count(data)
        self.rows = [self._row(data, number) for number in range(count)]
        if data is None and domain:
            self.rows[0].initial["domain"] = domain

    def _row(
        self, data: Mapping[str, Any] | None, number: int, initial: dict[str, Any] | None = None
    ) -> NewRuleForm:
        return NewRuleForm(
            data,
            groups=self.groups,
            prefix=f"rule-{number}",
            initial=initial,
        )

    @property
    def left(self) -> int:
        """How many rules the listener can still take."""
        return max(0, MAX_RULES_PER_LISTENER - len(self.present))

    @property
    def can_grow(self) -> bool:
        return len(self.rows) < min(self.max_rows, self.left)

    def grow(self) -> None:
        """One more row, the others as they were typed, and nothing judged yet."""
        typed = [{name: row[name].data for name in row.fields} for row in self.rows]
        if self.can_grow:
            typed.append({"vserver_group": typed[-1]["vserver_group"]})
        self.rows = [self._row(None, number, values) for number, values in enumerate(typed)]
        self.rows[-1].fields["domain"].widget.attrs["autofocus"] = True

    def is_valid(self) -> bool:
        if not any(row.has_changed() for row in self.rows):
            self.rows[0].add_error("domain", NOTHING)
        self._refuse_repeated()
        if len(self.rules) > self.left:
            self.error = _(
                "A listener has %(max_rules_per_listener)s rules at most; this one can take "
                "%(left)s more."
            ) % {"max_rules_per_listener": MAX_RULES_PER_LISTENER, "left": self.left}
        return all(not row.errors for row in self.rows) and not self.error

    @property
    def refused(self) -> bool:
        return bool(self.error) or any(row.is_bound and row.errors for row in self.rows)

    def _refuse_repeated(self) -> None:
        pairs = {
            (rule.domain.lower(), rule.url): _("rule %(name)s") % {"name": rule.name}
            for rule in self.present
        }
        names = {rule.name for rule in self.present}
        for number, row in enumerate(self.rows, start=1):
            if row.errors or not row.has_changed():
                continue
            rule = row.rule
            if holder := pairs.get((rule.domain, rule.url)):
                row.add_error(
                    "domain",
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
        return [row.rule for row in self.rows if row.is_valid() and row.has_changed()]


def _row_count(data: Mapping[str, Any] | None) -> int:
    """How many rows were posted, within what a call can take."""
    text = (data or {}).get("rows", "1")
    return min(max(int(text), 1), MAX_RULES_PER_CALL) if text.isdecimal() and len(text) < 4 else 1
