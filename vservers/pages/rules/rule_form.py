"""The form of a forwarding rule that exists: its name, its group, and settings of its own."""

from dataclasses import asdict
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.cloud.settings import RuleSettings
from vservers.models import Rule
from vservers.pages.conflicts import Rows
from vservers.pages.fields import GroupField, groups_by_id
from vservers.pages.listeners.fields import SCHEDULERS, CheckFields, SessionFields
from vservers.pages.listeners.values import (
    check_session,
    check_settings,
    check_values,
    session_settings,
    session_values,
)

from .forms import name_field

FOLLOWS, OWN = "on", "off"
# Of the fields of a check, what a rule cannot have of its own.
_OF_LISTENERS = ("health_check_type", "health_check_method", "health_check_req", "health_check_exp")


class RuleForm(SessionFields, CheckFields):
    """What the cloud lets a person change on a rule that exists."""

    use_required_attribute = False

    vserver_group = forms.ChoiceField()  # replaced: its choices are those of the instance
    name = name_field(help_text=gettext_lazy("1 to 40 letters, digits and - / . _ characters."))
    listener_sync = forms.ChoiceField(
        label=gettext_lazy("Scheduling, session persistence and health check"),
        choices=[
            (FOLLOWS, gettext_lazy("Those of the listener")),
            (OWN, gettext_lazy("Settings of its own")),
        ],
        widget=forms.RadioSelect,
        required=False,
    )
    scheduler = forms.ChoiceField(label=gettext_lazy("Scheduler"), choices=SCHEDULERS)

    def __init__(self, data: Any = None, *, rule: Rule) -> None:
        self._rule = rule
        self._sync = OWN if rule.settings else FOLLOWS
        listener = rule.listener
        held = _settings(rule)
        initial = {
            "name": rule.name,
            "vserver_group": rule.vserver_group_id,
            "listener_sync": self._sync,
            "scheduler": held.scheduler,
            "health_check": held.health_check == "on",
            **check_values(held),
            **session_values(held),
        }
        super().__init__(data, initial=initial)
        for name in _OF_LISTENERS:
            del self.fields[name]
        self.fields["vserver_group"] = GroupField(
            groups_by_id(listener.load_balancer), empty_label=None
        )
        if held.scheduler not in dict(SCHEDULERS):
            field: Any = self.fields["scheduler"]
            field.choices = [*SCHEDULERS, (held.scheduler, held.scheduler.upper())]

    @property
    def is_own(self) -> bool:
        """Whether it is to have settings of its own; a form that does not say keeps it as it is."""
        return (self["listener_sync"].value() or self._sync) == OWN

    def full_clean(self) -> None:
        """Of a rule that follows its listener, and of a check that is off, nothing is asked."""
        if self.is_bound:
            unchecked = not self["health_check"].value()
            own = ("scheduler", *SessionFields.base_fields, *CheckFields.base_fields)
            for name in own if not self.is_own else CheckFields.base_fields if unchecked else ():
                if name in self.fields:
                    self.fields[name].required = False
        super().full_clean()

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self._rule.listener.rules.exclude(pk=self._rule.pk).filter(name=name).exists():
            raise ValidationError(
                _("Another rule of this listener is called %(name)s.") % {"name": name}
            )
        return name

    def clean(self) -> dict[str, Any]:
        if self.is_own:
            check_session(self, self.cleaned_data)
        return self.cleaned_data

    @property
    def settings(self) -> RuleSettings | None:
        """Its own; None to follow the listener."""
        if not self.is_own:
            return None
        values = self.cleaned_data
        checked = values["health_check"]
        return RuleSettings(
            scheduler=values["scheduler"],
            health_check="on" if checked else "off",
            **session_settings(values),
            **check_settings(values, is_on=checked, by_http=True),
        )

    @property
    def rows(self) -> Rows:
        """What was entered, as the rows of a conflict."""
        values = self.cleaned_data
        return {
            "name": values["name"],
            "vserver_group_id": values["vserver_group"].pk,
            "own": asdict(self.settings) if self.settings else {},
        }

    # How it is laid out

    @property
    def scheduling(self) -> list[forms.BoundField]:
        return [self[name] for name in ("scheduler", *SessionFields.base_fields)]

    @property
    def check_fields(self) -> list[forms.BoundField]:
        """The fields of the health check, the switch and the codes apart."""
        apart = {"health_check", "health_check_codes"}
        names = [name for name in CheckFields.base_fields if name in self.fields]
        return [self[name] for name in names if name not in apart]


def _settings(rule: Rule) -> RuleSettings:
    """Its own, or what it takes from its listener: what the form begins with."""
    return RuleSettings.of(rule.settings or rule.listener.settings)
