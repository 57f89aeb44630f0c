"""Which time, which listener, and how the numbers are split."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from vservers.models import Listener
from vservers.services.monitoring import KEPT_SECONDS, Span

CUSTOM = "custom"
_SECONDS = {"1h": 3600, "6h": 6 * 3600, "1d": 86400, "7d": 7 * 86400}
# A minute less: the cloud answers nothing about what begins before its month.
_SECONDS["31d"] = KEPT_SECONDS - 60
RANGES = [
    ("1h", _("1 hour")),
    ("6h", _("6 hours")),
    ("1d", _("1 day")),
    ("7d", _("7 days")),
    ("31d", _("31 days")),
    (CUSTOM, _("Custom")),
]
SUM, BY_LISTENER, BY_GROUP = "sum", "listener", "group"
SPLITS = [
    (SUM, _("Sum")),
    (BY_LISTENER, _("By listener")),
    (BY_GROUP, _("By VServer group")),
]
_FIRST_CUSTOM = timedelta(hours=6)
_MOMENT = "%Y-%m-%dT%H:%M"


def _moment_field(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=_MOMENT)
    return forms.DateTimeField(label=label, required=False, widget=widget, input_formats=[_MOMENT])


class ViewForm(forms.Form):
    """Read from the address. What is not there is the last hour of everything, as a sum."""

    range = forms.ChoiceField(label=_("Time"), choices=RANGES, required=False)
    start = _moment_field(_("From"))
    end = _moment_field(_("To"))
    listener = forms.ChoiceField(label=_("Listener"), required=False)
    split = forms.ChoiceField(label=_("Show"), choices=SPLITS, required=False)

    def __init__(self, data: Any, listeners: list[Listener]) -> None:
        given = {"range": "1h", "split": SUM, **data.dict()}
        if given["range"] == CUSTOM and not {"start", "end"} & given.keys():
            # Just chosen: something to change, no blame.
            now = timezone.localtime()
            given["start"] = (now - _FIRST_CUSTOM).strftime(_MOMENT)
            given["end"] = now.strftime(_MOMENT)
        super().__init__(given)
        field = self.fields["listener"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - as it is declared
        field.choices = [("", _("All listeners"))] + [
            (f"{one.protocol}:{one.port}", str(one)) for one in listeners
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("range") != CUSTOM:
            return cleaned
        for name in ("start", "end"):
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _("Enter a date and a time."))
        start, end = cleaned.get("start"), cleaned.get("end")
        now = timezone.now()
        if start and start < now - timedelta(seconds=KEPT_SECONDS):
            self.add_error("start", _("Numbers are kept for 31 days. Enter a later time."))
        elif start and end and end - start < timedelta(minutes=1):
            self.add_error("end", _("Enter a time at least a minute after the first."))
        return cleaned

    def span(self) -> Span:
        """The time that was chosen, up to now at most."""
        now = int(timezone.now().timestamp())
        if self.cleaned_data["range"] == CUSTOM:
            start: datetime = self.cleaned_data["start"]
            end: datetime = self.cleaned_data["end"]
            return Span(int(start.timestamp()), min(int(end.timestamp()), now))
        # So that the newest period is over, in the cloud's numbers, too.
        end_at = now - now % 60
        return Span(end_at - _SECONDS[self.cleaned_data["range"] or "1h"], end_at)
