"""What starts a maintenance, a drain or a shift."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from vservers.pages.fields import is_number, printable, whole_number

MAX_MINUTES = 24 * 60
MAX_STEPS = 20
MAX_PAUSE_SECONDS = 3600


class MayEmptyForm(forms.Form):
    """Whether a group may be left without a server that takes requests; asked where one would."""

    use_required_attribute = False

    may_empty = forms.BooleanField(label=_("Go on although requests will fail"), required=False)


class MaintenanceForm(MayEmptyForm):
    reason = forms.CharField(
        label=_("Reason"),
        validators=[printable],
        max_length=200,
        required=False,
        help_text=_("Shown beside the server wherever it is, and kept in the activity."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class DrainForm(MayEmptyForm):
    minutes = whole_number(
        0,
        MAX_MINUTES,
        label=_("Deadline in minutes"),
        initial=10,
        help_text=_(
            "The servers are removed as soon as none of them has a connection, where the cloud "
            "tells of connections, and after this time in any case."
        ),
    )


class ShiftForm(forms.Form):
    use_required_attribute = False

    count = whole_number(1, MAX_STEPS, label=_("Steps"), initial=4)
    pause_seconds = whole_number(
        0, MAX_PAUSE_SECONDS, label=_("Pause between steps in seconds"), initial=60
    )
    percent = whole_number(1, 100, label=_("Part to move in percent"), initial=100)

    def clean_pause_seconds(self) -> int:
        seconds: int = self.cleaned_data["pause_seconds"]
        least = settings.SHIFT_LEAST_PAUSE_SECONDS
        if seconds < least:
            raise forms.ValidationError(
                _("Enter %(least)s seconds at least: checks need time to tell."),
                params={"least": least},
            )
        return seconds

    def sides_of(self, data: Any, groups: list[str]) -> dict[tuple[str, str, int], str]:
        """{(group, server_id, port): side} of what was chosen in the rows."""
        found: dict[tuple[str, str, int], str] = {}
        for name in data:
            parts = name.split("|")
            if len(parts) != 4 or parts[0] != "side" or not is_number(parts[3]):
                continue
            if parts[1] in groups and data[name] in {"from", "to"}:
                found[parts[1], parts[2], int(parts[3])] = data[name]
        return found
