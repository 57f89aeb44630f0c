"""The settings that a forwarding rule can have of its own, instead of its listener's."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from vservers.cloud.settings import RuleSettings
from vservers.pages.listeners.fields import SCHEDULERS, CheckFields, SessionFields
from vservers.pages.listeners.times import Times
from vservers.pages.listeners.values import (
    check_session,
    check_settings,
    check_values,
    session_settings,
    session_values,
)

# Of the fields of a check, what a rule cannot have of its own.
_OF_LISTENERS = ("health_check_type", "health_check_method", "health_check_req", "health_check_exp")


class OwnSettings(SessionFields, CheckFields):
    """Scheduler, session persistence and health check.

    held: what the form begins with.
    """

    use_required_attribute = False

    scheduler = forms.ChoiceField(label=gettext_lazy("Scheduling algorithm"), choices=SCHEDULERS)

    def __init__(
        self,
        data: Any = None,
        *,
        held: RuleSettings,
        initial: dict[str, Any] | None = None,
        prefix: str | None = None,
    ) -> None:
        begin = {
            "scheduler": held.scheduler,
            "health_check": held.health_check == "on",
            **check_values(held),
            **session_values(held),
        }
        super().__init__(data, initial=begin | (initial or {}), prefix=prefix)
        for name in _OF_LISTENERS:
            del self.fields[name]
        if held.scheduler not in dict(SCHEDULERS):
            field: Any = self.fields["scheduler"]
            field.choices = [*SCHEDULERS, (held.scheduler, held.scheduler.upper())]

    @property
    def is_own(self) -> bool:
        """Whether the rule is to have settings of its own."""
        return True

    def full_clean(self) -> None:
        """Of a rule that follows its listener, and of a check that is off, nothing is asked."""
        if self.is_bound:
            unchecked = not self["health_check"].value()
            own = ("scheduler", *SessionFields.base_fields, *CheckFields.base_fields)
            for name in own if not self.is_own else CheckFields.base_fields if unchecked else ():
                if name in self.fields:
                    self.fields[name].required = False
        super().full_clean()

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

    @property
    def times(self) -> Times:
        return Times.of(self)
