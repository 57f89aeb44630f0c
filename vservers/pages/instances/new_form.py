"""The form of a new load balancer."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from vservers.models import AccountRegion, LoadBalancer
from vservers.pages.balancer_wording import SPECS
from vservers.pages.fields import name_field, tags_of_lines, whole_number
from vservers.services.new_balancers import Offered
from vservers.services.tags import MAX_TAGS

from .forms import MOST_BANDWIDTH, check_name

INTERNET = LoadBalancer.AddressType.INTERNET.value
INTRANET = LoadBalancer.AddressType.INTRANET.value
BY_BANDWIDTH = LoadBalancer.InternetChargeType.BY_BANDWIDTH.value
BY_SPEC, BY_USE = "PayBySpec", "PayByCLCU"
MOST_AT_ONCE = 20
MOST_CHARACTERS = 80


class NewBalancerForm(forms.Form):
    """What a load balancer is made with. What is left open the cloud chooses.

    places: the regions of the accounts that have this one; the form asks where there are several.
    """

    use_required_attribute = False

    place = forms.ChoiceField(label=_("Account"))
    name = name_field(
        _("Instance name"),
        check_name,
        help_text=_("1 to 80 characters, beginning with a letter."),
    )
    quantity = whole_number(
        1,
        MOST_AT_ONCE,
        label=_("Quantity"),
        initial=1,
        help_text=_("1 to 20. The names of several end in -1, -2 and so on."),
    )
    master_zone_id = forms.ChoiceField(
        label=_("Primary zone"),
        required=False,
        help_text=_("Backend servers may be in any zone of the region."),
    )
    slave_zone_id = forms.ChoiceField(
        label=_("Backup zone"),
        required=False,
        help_text=_("Takes over only when the primary zone fails."),
    )
    address_type = forms.ChoiceField(
        label=_("Instance type"),
        choices=LoadBalancer.AddressType.choices,
        initial=INTERNET,
        widget=forms.RadioSelect,
    )
    vswitch_id = forms.ChoiceField(
        label=_("Network of an intranet instance"),
        required=False,
        help_text=_("Its vSwitch, which also says the VPC. It takes servers of that VPC only."),
    )
    ip_version = forms.ChoiceField(
        label=_("IP version"),
        choices=[("ipv4", "IPv4"), ("ipv6", "IPv6")],
        initial="ipv4",
        widget=forms.RadioSelect,
    )
    charge_type = forms.ChoiceField(
        label=_("Instance billing"),
        choices=[(BY_SPEC, _("By specification")), (BY_USE, _("By usage (LCU)"))],
        initial=BY_SPEC,
        widget=forms.RadioSelect,
    )
    spec = forms.ChoiceField(
        label=_("Specification"),
        required=False,
        choices=[("", _("Shared performance")), *SPECS.items()],
        help_text=_("Only where the specification is what is paid."),
    )
    internet_charge_type = forms.ChoiceField(
        label=_("Traffic billing of an Internet instance"),
        choices=LoadBalancer.InternetChargeType.choices,
        initial=LoadBalancer.InternetChargeType.BY_TRAFFIC,
        widget=forms.RadioSelect,
    )
    bandwidth = forms.IntegerField(
        label=_("Bandwidth in Mbit/s"),
        required=False,
        min_value=1,
        max_value=MOST_BANDWIDTH,
        help_text=_("1 to 5000; only where the bandwidth is what is paid."),
    )
    resource_group_id = forms.RegexField(
        r"[\w\-/.]*",
        label=_("Resource group"),
        required=False,
        max_length=64,
        help_text=_("Its ID, rg-…; empty: the default one."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    delete_protection = forms.BooleanField(label=_("Deletion protection"), required=False)
    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        max_length=6000,
        help_text=_("One each line: key=value. Each of the new instances gets them."),
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "placeholder": "env=prod"}),
    )

    BASICS = ("name", "quantity", "master_zone_id", "slave_zone_id", "resource_group_id")
    NETWORK = ("address_type", "vswitch_id", "ip_version")
    BILLING = ("charge_type", "spec", "internet_charge_type", "bandwidth")

    def __init__(self, data: Any, *, places: list[AccountRegion], offered: Offered | None) -> None:
        super().__init__(data)
        self._offered = offered
        self._choose("place", [(str(place.pk), str(place.account)) for place in places])
        if len(places) == 1:
            self.fields["place"].widget = forms.HiddenInput()
            self.fields["place"].initial = str(places[0].pk)
        zones = [(zone.zone_id, zone.zone_id) for zone in offered.zones] if offered else []
        open_choice = ("", gettext("The cloud chooses"))
        self._choose("master_zone_id", [open_choice, *zones])
        self._choose("slave_zone_id", [open_choice, *zones])
        self._choose("vswitch_id", _networks(offered) if offered else [])
        if not (offered and offered.has_ipv6):
            self._choose("ip_version", [("ipv4", "IPv4")])
            self.fields["ip_version"].help_text = gettext("This region has no IPv6.")

    def _choose(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given.get("master_zone_id") and given["master_zone_id"] == given.get("slave_zone_id"):
            self.add_error("slave_zone_id", gettext("Choose another zone than the primary one."))
        pays_bandwidth = given.get("internet_charge_type") == BY_BANDWIDTH
        internet = given.get("address_type") == INTERNET
        missing = pays_bandwidth and not given.get("bandwidth") and "bandwidth" not in self.errors
        if internet and missing:
            self.add_error("bandwidth", gettext("Say how many Mbit/s, from 1 to 5000."))
        if not self.errors and len(self.names[-1]) > MOST_CHARACTERS:
            self.add_error("name", gettext("Too long for the numbers at the end of the names."))
        if self._offered and not self.errors and not self._offered.takes(**self._wish):
            self.add_error(
                "ip_version" if given["ip_version"] == "ipv6" else "slave_zone_id",
                gettext("The cloud has no such instance in these zones. Choose others."),
            )
        return given

    def clean_tags(self) -> dict[str, str]:
        """{key: value}"""
        tags = tags_of_lines(self.cleaned_data["tags"])
        if len(tags) > MAX_TAGS:
            words = gettext("An instance has %(most)d tags at most.") % {"most": MAX_TAGS}
            raise forms.ValidationError(words)
        return tags

    @property
    def names(self) -> list[str]:
        """Of all that are to be made."""
        name, quantity = self.cleaned_data["name"], self.cleaned_data["quantity"]
        return [f"{name}-{n}" for n in range(1, quantity + 1)] if quantity > 1 else [name]

    @property
    def _wish(self) -> dict[str, str]:
        given = self.cleaned_data
        inside = "vpc" if given["vswitch_id"] else "classic_intranet"
        return {
            "master": given["master_zone_id"],
            "slave": given["slave_zone_id"],
            "address_type": "classic_internet" if given["address_type"] == INTERNET else inside,
            "ip_version": given["ip_version"],
        }

    @property
    def values(self) -> dict[str, Any]:
        """As services.new_balancers takes them, of the first."""
        given = self.cleaned_data
        values = {
            name: given[name]
            for name in (
                *("name", "address_type", "master_zone_id", "slave_zone_id", "ip_version"),
                *("charge_type", "resource_group_id"),
            )
        }
        values["name"] = self.names[0]
        if given["tags"]:
            values["tags"] = given["tags"]
        values["delete_protection"] = "on" if given["delete_protection"] else "off"
        if given["charge_type"] == BY_SPEC:
            values["spec"] = given["spec"]
        if given["address_type"] == INTERNET:
            values["internet_charge_type"] = given["internet_charge_type"]
            if given["internet_charge_type"] == BY_BANDWIDTH:
                values["bandwidth"] = given["bandwidth"]
        elif vswitch := self._vswitch(given["vswitch_id"]):
            values["vswitch_id"], values["vpc_id"] = vswitch.vswitch_id, vswitch.vpc_id
        return values

    def _vswitch(self, vswitch_id: str) -> Any:
        offered = self._offered.vswitches if self._offered else []
        return next((one for one in offered if one.vswitch_id == vswitch_id), None)


def _networks(offered: Offered) -> list[Any]:
    """The vSwitches under their VPCs, after the classic network."""
    groups = []
    for vpc in offered.vpcs:
        here = [one for one in offered.vswitches if one.vpc_id == vpc.vpc_id]
        options = [
            (one.vswitch_id, f"{one.name or one.vswitch_id} ({one.zone_id}, {one.cidr})")
            for one in here
        ]
        if options:
            groups.append((f"{vpc.name or vpc.vpc_id} ({vpc.cidr})", options))
    # Not sold any more to those who have none, since November 2020; others still may.
    return [("", gettext("Classic network")), *groups]
