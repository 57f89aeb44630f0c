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

from .forms import name_field
from .own_settings import OwnSettings

FOLLOWS, OWN = "on", "off"


class RuleForm(OwnSettings):
    """What the cloud lets a person change on a rule that exists."""

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

    def __init__(self, data: Any = None, *, rule: Rule) -> None:
        self._rule = rule
        self._sync = OWN if rule.settings else FOLLOWS
        initial = {
            "name": rule.name,
            "vserver_group": rule.vserver_group_id,
            "listener_sync": self._sync,
        }
        # Its own, or what it takes from its listener.
        held = RuleSettings.of(rule.settings or rule.listener.settings)
        super().__init__(data, held=held, initial=initial)
        self.fields["vserver_group"] = GroupField(
            groups_by_id(rule.listener.load_balancer), empty_label=None
        )

    @property
    def is_own(self) -> bool:
        """A form that does not say keeps it as it is."""
        return (self["listener_sync"].value() or self._sync) == OWN

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if self._rule.listener.rules.exclude(pk=self._rule.pk).filter(name=name).exists():
            raise ValidationError(
                _("Another rule of this listener is called %(name)s.") % {"name": name}
            )
        return name

    @property
    def rows(self) -> Rows:
        """What was entered, as the rows of a conflict."""
        values = self.cleaned_data
        return {
            "name": values["name"],
            "vserver_group_id": values["vserver_group"].pk,
            "own": asdict(self.settings) if self.settings else {},
        }
