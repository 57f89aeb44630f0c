"""The wizard of a new listener: its steps, and what it carries from one to the next.

Every answer holds the whole form: the fields of the step to be seen, all others hidden. So nothing
of a listener that is not made yet lives on the server, and each button posts all that was typed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.forms import ChoiceField, MultipleChoiceField
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.models import LoadBalancer
from vservers.pages.wording import SETTINGS, Wording
from vservers.services.listeners import ListenerSpec

from .fields import BACKEND, CERTIFICATES, CHECK, HTTPS, LISTENER, PROTOCOLS, SECTIONS, TCP
from .forms import ListenerForm
from .values import PAIR
from .warnings import Warnings

REVIEW = "review"
TITLES = {
    LISTENER: gettext_lazy("Protocol & Listener"),
    CERTIFICATES: gettext_lazy("SSL Certificates"),
    BACKEND: gettext_lazy("Backend Servers"),
    CHECK: gettext_lazy("Health Check"),
    REVIEW: gettext_lazy("Review"),
}
# Says which fields the form had: of a switch that is off, and of one never shown, nothing is sent.
_HAD = "had"


@dataclass(frozen=True, slots=True)
class Step:
    key: str
    title: Any
    number: int
    is_current: bool
    is_past: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One step as the review sums it up: (label, value) rows."""

    key: str
    title: Any
    rows: list[tuple[str, str]]


class Wizard:
    """One rendering of the wizard.

    data: what was posted, None when it is opened; target: the server group proposed then.
    """

    def __init__(self, balancer: LoadBalancer, data: QueryDict | None, *, target: str = "") -> None:
        self.balancer = balancer
        self.data = data if data is not None else QueryDict()
        known = [value for value, _words in PROTOCOLS]
        wanted = str(self.data.get("protocol", ""))
        self.protocol = wanted if wanted in known else TCP
        self.former = str(self.data.get("former", self.protocol))
        typed = self._typed()
        self.form = ListenerForm(initial=typed, load_balancer=balancer, protocol=self.protocol)
        step = str(self.data.get("step", LISTENER))
        self.step = step if step in self.keys else LISTENER
        if data is None and target in self.form.groups:
            self.form.initial["target"] = target

    def _typed(self) -> dict[str, Any]:
        """What was posted. When the protocol changed, a default becomes that of the new one."""
        if _HAD not in self.data:
            return {}
        had = set(str(self.data[_HAD]).split(","))
        new = ListenerForm(load_balancer=self.balancer, protocol=self.protocol)
        old = new
        if self.former != self.protocol and self.former in dict(PROTOCOLS):
            old = ListenerForm(load_balancer=self.balancer, protocol=self.former)
        typed = {}
        for name, field in new.fields.items():
            if name not in had:
                continue
            value = field.widget.value_from_datadict(self.data, {}, name)
            usual = old.initial.get(name)
            if old is new or not _same(value, usual):
                typed[name] = value
        return typed

    # Steps

    @property
    def keys(self) -> list[str]:
        """The steps that this listener needs."""
        if self.form.forwards:
            return [LISTENER, REVIEW]
        secure = [CERTIFICATES] if self.protocol == HTTPS else []
        return [LISTENER, *secure, BACKEND, CHECK, REVIEW]

    @property
    def steps(self) -> list[Step]:
        keys = self.keys
        at = keys.index(self.step)
        return [
            Step(key, TITLES[key], number + 1, number == at, number < at)
            for number, key in enumerate(keys)
        ]

    @property
    def protocols(self) -> list[tuple[str, str]]:
        return PROTOCOLS

    @property
    def previous(self) -> str:
        keys = self.keys
        return keys[keys.index(self.step) - 1] if self.step != keys[0] else ""

    @property
    def may_create(self) -> bool:
        """From the servers on, what is left has defaults."""
        return self.step in (BACKEND, CHECK, REVIEW)

    def judge(self) -> bool:
        """Judge all that was typed; afterwards the errors stand beside the fields."""
        self.form = ListenerForm(
            self._as_data(), load_balancer=self.balancer, protocol=self.protocol
        )
        return self.form.is_valid()

    def go(self, goal: str) -> bool:
        """Move to a step; back always, on only past steps that are right. False where refused.

        A step that is not there, "" too, is the next one.
        """
        keys = self.keys
        at = keys.index(self.step)
        to = keys.index(goal) if goal in keys else min(at + 1, len(keys) - 1)
        if to > at:
            self.judge()
            wrong = self._first_wrong(keys[:to])
            if wrong:
                self.step = wrong
                return False
            if keys[to] != REVIEW:
                # What comes next was not entered yet: nothing of it is wrong so far.
                self.forget_errors()
        self.step = keys[to]
        return True

    def back_to_wrong(self) -> None:
        """Show the first step that holds an error."""
        self.step = self._first_wrong(self.keys) or self.step

    def forget_errors(self) -> None:
        self.form = ListenerForm(
            initial={**self.form.initial, **self._typed_now()},
            load_balancer=self.balancer,
            protocol=self.protocol,
        )

    def _first_wrong(self, keys: list[str]) -> str:
        return next((key for key in keys if self.wrong_in(key)), "")

    def wrong_in(self, key: str) -> list[str]:
        return [name for name in SECTIONS.get(key, ()) if name in self.form.errors]

    def choose(self, target: str) -> None:
        """A server group that was just made is the one to send to."""
        self.data = self.data.copy()
        self.data["target"] = target
        self.form = ListenerForm(
            initial=self._typed(), load_balancer=self.balancer, protocol=self.protocol
        )

    # What is carried

    @property
    def carried(self) -> Iterator[tuple[str, str]]:
        """(name, value) of hidden fields: all that the step does not show."""
        shown = set(SECTIONS.get(self.step, ()))
        yield "step", self.step
        yield "former", self.protocol
        yield _HAD, ",".join(self.form.fields)
        if self.step != LISTENER:
            yield "protocol", self.protocol
        for bound in self.form:
            if bound.name in shown:
                continue
            value = bound.value()
            for one in value if isinstance(value, list | tuple) else [value]:
                if one not in (None, "", False, "False"):
                    yield bound.name, "on" if one is True else str(one)

    def _typed_now(self) -> dict[str, Any]:
        return {bound.name: bound.value() for bound in self.form}

    def _as_data(self) -> QueryDict:
        data = QueryDict(mutable=True)
        for name, value in self._typed_now().items():
            if isinstance(value, list | tuple):
                data.setlist(name, [str(one) for one in value])
            elif value not in (None, False, "False"):
                data[name] = "on" if value is True else str(value)
        return data

    # What is shown

    @property
    def spec(self) -> ListenerSpec:
        return self.form.spec

    @property
    def starts(self) -> bool:
        return bool(self.form.cleaned_data["start"])

    def warnings(self) -> list[str]:
        """What a person should know before they go on; asked for only when the form is right."""
        return Warnings(self.balancer, self.protocol, self.spec).sentences()

    def summary(self) -> list[Part]:
        """All steps before the review; asked for only when the form is right."""
        values = self.spec.as_values()
        wording = Wording(groups=[values["vserver_group_id"]])
        names: dict[str, list[tuple[str, str]]] = {key: [] for key in self.keys}
        names[LISTENER] = [
            (_("Protocol and port"), f"{self.protocol.upper()}:{self.form.port}"),
            (_("Start after creation"), _("yes") if self.starts else _("no")),
        ]
        for name, value in values.items():
            section = _section_of(name)
            if section in names and _is_said(name, value, values):
                label = SETTINGS["target" if name == "vserver_group_id" else name]
                words = self._chosen(name, value) or wording.setting(name, value)
                names[section].append((str(label), words))
        return [Part(key, TITLES[key], names[key]) for key in self.keys if key != REVIEW]

    def _chosen(self, name: str, value: Any) -> str:
        """The words of a choice as the form has them, "" where the setting is none."""
        field = self.form.fields.get(name)
        if name == "master_slave_server_group_id":
            field, value = self.form.fields["target"], f"{PAIR}{value}"
        if not isinstance(field, ChoiceField) or isinstance(field, MultipleChoiceField):
            return ""
        flat = dict(_flat(field.choices))
        return str(flat.get(str(value), ""))


def _flat(choices: Any) -> Iterator[tuple[str, Any]]:
    """Choices without the groups in which they stand."""
    for value, words in choices:
        if isinstance(words, list | tuple):
            yield from _flat(words)
        else:
            yield str(value), words


_BACKEND_NAMES = {"vserver_group_id", "master_slave_server_group_id", "backend_server_port"}


def _section_of(name: str) -> str:
    """The step of a setting, by the API's words for it."""
    if name in _BACKEND_NAMES:
        return BACKEND
    if name in SECTIONS[CERTIFICATES]:
        return CERTIFICATES
    checks = name.startswith(("health_check", "healthy_", "unhealthy_"))
    return CHECK if checks else LISTENER


def _is_said(name: str, value: Any, values: Mapping[str, Any]) -> bool:
    if name == "vserver_group_id":
        return not values["master_slave_server_group_id"]
    return value not in (None, "") and not (
        values.get("health_check") == "off"
        and _section_of(name) == CHECK
        and name != "health_check"
    )


def _same(one: Any, other: Any) -> bool:
    """Whether a posted value says what a field's initial one does."""
    if isinstance(one, bool) or isinstance(other, bool):
        return bool(one) == bool(other)
    if isinstance(one, list) or isinstance(other, list):
        return list(one or ()) == list(other or ())
    return str(one if one is not None else "") == str(other if other is not None else "")
