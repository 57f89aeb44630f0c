"""Changes of load balancers themselves, and of tags, in the words of the pages."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.models import LoadBalancer
from vservers.services.changes import Change, Values

# what, detail, before, after: as wording.Row has them.
type Words = tuple[str, str, str, str]

_NOTHING = "—"
BALANCER_FIELDS = {
    "name": gettext_lazy("Instance name"),
    "status": gettext_lazy("Status"),
    "spec": gettext_lazy("Specification"),
    "internet_charge_type": gettext_lazy("Billing"),
    "bandwidth": gettext_lazy("Bandwidth"),
    "delete_protection": gettext_lazy("Deletion protection"),
    "modification_protection": gettext_lazy("Modification protection"),
    "modification_protection_reason": gettext_lazy("Reason of the protection"),
    "address_type": gettext_lazy("Instance type"),
    "address": gettext_lazy("Service address"),
    "vpc_id": gettext_lazy("VPC"),
    "vswitch_id": gettext_lazy("vSwitch"),
    "master_zone_id": gettext_lazy("Primary zone"),
    "slave_zone_id": gettext_lazy("Backup zone"),
    "ip_version": gettext_lazy("IP version"),
    "resource_group_id": gettext_lazy("Resource group"),
    "tags": gettext_lazy("Tags"),
}
# Small to large, in the vendor's words.
SPECS = {
    "slb.s1.small": gettext_lazy("Small I (slb.s1.small)"),
    "slb.s2.small": gettext_lazy("Standard I (slb.s2.small)"),
    "slb.s2.medium": gettext_lazy("Standard II (slb.s2.medium)"),
    "slb.s3.small": gettext_lazy("Higher I (slb.s3.small)"),
    "slb.s3.medium": gettext_lazy("Higher II (slb.s3.medium)"),
    "slb.s3.large": gettext_lazy("Super I (slb.s3.large)"),
}


def spec_words(spec: str) -> str:
    """A specification as people know it; none is shared performance."""
    return str(SPECS.get(spec, spec)) if spec else _("Shared performance")


def ip_words(version: str) -> str:
    """ "ipv4" as people write it."""
    return version.replace("ip", "IP")


def bandwidth_words(bandwidth: int | None) -> str:
    if bandwidth is None:
        return _NOTHING
    return _("no limit") if bandwidth < 0 else f"{bandwidth} Mbit/s"


def balancer_words(change: Change) -> Iterator[Words]:
    """One line for each setting that differs, or one for all of it where it comes or goes."""
    balancer_id = str(change.key[0])
    if change.after is None:
        yield _("Instance"), balancer_id, _whole(change.before or {}), _("released")
        return
    before = change.before or {}
    for name, value in change.after.items():
        if name not in BALANCER_FIELDS or (not before and value in (None, "")):
            continue
        if change.before is not None and before.get(name) == value:
            continue
        was = setting(name, before.get(name)) if change.before is not None else _("not there")
        yield str(BALANCER_FIELDS[name]), _detail(change), was, setting(name, value)


def _detail(change: Change) -> str:
    return str(change.key[0]) if change.before is not None else _("the new instance")


def tag_words(change: Change) -> Words:
    return (
        _("Tag %(key)s") % {"key": change.key[2]},
        str(change.key[1]),
        _tag_value(change.before),
        _tag_value(change.after),
    )


def _tag_value(values: Values | None) -> str:
    if values is None:
        return _("not there")
    return str(values["value"]) or _("no value")


def _whole(values: Values) -> str:
    return " ".join(str(values[name]) for name in ("name", "address") if values.get(name))


def setting(name: str, value: Any) -> str:
    """A value of a load balancer as a person reads it."""
    match name:
        case "status":
            return _choice(LoadBalancer.Status, value)
        case "address_type":
            return _choice(LoadBalancer.AddressType, value)
        case "internet_charge_type":
            return _choice(LoadBalancer.InternetChargeType, value)
        case "spec":
            return spec_words(value or "")
        case "bandwidth":
            return bandwidth_words(value)
        case "tags":
            return ", ".join(f"{key}={tag}" if tag else key for key, tag in (value or {}).items())
        case "ip_version":
            return ip_words(value or "")
        case "delete_protection":
            return _("on") if value == "on" else _("off")
        case "modification_protection":
            return _("on") if value == LoadBalancer.CONSOLE_PROTECTION else _("off")
    return _NOTHING if value in (None, "") else str(value)


def _choice(choices: Any, value: Any) -> str:
    return str(dict(choices.choices).get(value, value or _NOTHING))
