"""Forms about load balancers themselves."""

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from vservers.models import LoadBalancer
from vservers.pages.balancer_wording import SPECS, spec_words
from vservers.pages.fields import name_field
from vservers.selectors.fingerprints import balancer_fingerprint

# Letters of any script first, then also digits and - / . _
_NAME = re.compile(r"[^\W\d_][\w\-/.]*")
MOST_BANDWIDTH = 5000


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValidationError(
            _("Begin with a letter; then letters, digits, “-”, “/”, “.” and “_” are allowed.")
        )


class SettingsForm(forms.Form):
    """Some settings of a load balancer; it carries what the person saw of them."""

    names: ClassVar[tuple[str, ...]]
    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, data: Any, *, balancer: LoadBalancer) -> None:
        now = {name: getattr(balancer, name) for name in self.names}
        now["seen"] = balancer_fingerprint(balancer, self.names)
        super().__init__(data, initial=self.as_fields(now))

    def as_fields(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values as the fields show them."""
        return values

    @property
    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.names}

    def be_overtaken(self, balancer: LoadBalancer) -> None:
        """What is typed stays; confirming it again writes over what stands there now."""
        posted: Any = self.data
        data = posted.copy()
        data["seen"] = balancer_fingerprint(balancer, self.names)
        self.data = data


class NameForm(SettingsForm):
    names = ("name",)
    name = name_field(
        _("Instance name"),
        check_name,
        help_text=_("1 to 80 characters, beginning with a letter."),
    )


class ProtectionForm(SettingsForm):
    names = ("delete_protection", "modification_protection", "modification_protection_reason")
    delete_protection = forms.BooleanField(
        label=_("Deletion protection"),
        required=False,
        help_text=_("Nobody can release the instance, in no console and by no program."),
    )
    modification_protection = forms.BooleanField(
        label=_("Modification protection"),
        required=False,
        help_text=_(
            "Nobody can rename, start, stop, resize or release it in a console. Programs still can."
        ),
    )
    modification_protection_reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=80,
        help_text=_("1 to 80 characters, beginning with a letter. Others see it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def as_fields(self, values: dict[str, Any]) -> dict[str, Any]:
        protected = values["modification_protection"] == LoadBalancer.CONSOLE_PROTECTION
        return {
            **values,
            "delete_protection": values["delete_protection"] == "on",
            "modification_protection": protected,
        }

    def clean_modification_protection_reason(self) -> str:
        reason: str = self.cleaned_data["modification_protection_reason"]
        if reason and not reason[0].isalpha():
            raise ValidationError(gettext("Begin with a letter."))
        return reason

    @property
    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        protected = given["modification_protection"]
        return {
            "delete_protection": "on" if given["delete_protection"] else "off",
            "modification_protection": (
                LoadBalancer.CONSOLE_PROTECTION if protected else "NonProtection"
            ),
            "modification_protection_reason": (
                given["modification_protection_reason"] if protected else ""
            ),
        }


class SpecForm(SettingsForm):
    names = ("spec",)
    spec = forms.ChoiceField(
        label=_("Specification"),
        choices=list(SPECS.items()),
        help_text=_("What the instance can take: connections, new ones and requests a second."),
    )

    def __init__(self, data: Any, *, balancer: LoadBalancer) -> None:
        super().__init__(data, balancer=balancer)
        field = self.fields["spec"]
        if balancer.spec not in SPECS and isinstance(field, forms.ChoiceField):
            # Else the first of the list would stand there as if it were what the instance has.
            field.choices = [(balancer.spec, spec_words(balancer.spec)), *SPECS.items()]
            field.required = bool(balancer.spec)


class BandwidthForm(SettingsForm):
    names = ("internet_charge_type", "bandwidth")
    internet_charge_type = forms.ChoiceField(
        label=_("Billing"),
        choices=LoadBalancer.InternetChargeType.choices,
        widget=forms.RadioSelect,
    )
    bandwidth = forms.IntegerField(
        label=_("Bandwidth in Mbit/s"),
        required=False,
        min_value=1,
        max_value=MOST_BANDWIDTH,
        help_text=_("1 to 5000; only where the bandwidth is what is paid."),
    )

    def as_fields(self, values: dict[str, Any]) -> dict[str, Any]:
        self._bandwidth = values["bandwidth"]
        limited = (values["bandwidth"] or -1) > 0
        return {**values, "bandwidth": values["bandwidth"] if limited else None}

    def clean(self) -> dict[str, Any]:
        by_bandwidth = LoadBalancer.InternetChargeType.BY_BANDWIDTH
        given = self.cleaned_data
        wanted = given.get("internet_charge_type") == by_bandwidth
        if wanted and not given.get("bandwidth") and "bandwidth" not in self.errors:
            self.add_error("bandwidth", gettext("Say how many Mbit/s, from 1 to 5000."))
        return given

    @property
    def values(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given["internet_charge_type"] == LoadBalancer.InternetChargeType.BY_BANDWIDTH:
            return {name: given[name] for name in self.names}
        kind = given["internet_charge_type"]
        # By traffic it counts for nothing: it stays where that was so already.
        same = kind == self.initial["internet_charge_type"]
        return {"internet_charge_type": kind, "bandwidth": self._bandwidth if same else -1}


class TypedForm(forms.Form):
    """Asks to type a word before something that cannot be undone."""

    typed = forms.CharField(
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, data: Any, *, word: str) -> None:
        super().__init__(data)
        self._word = word
        self.fields["typed"].label = gettext("Type “%(word)s” to confirm") % {"word": word}

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed != self._word:
            raise ValidationError(gettext("Type exactly “%(word)s”.") % {"word": self._word})
        return typed
