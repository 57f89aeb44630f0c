"""A load balancer itself with its tags, as Terraform's alicloud_slb_load_balancer.

Source of the arguments: the provider's documentation of that resource.
"""

from collections.abc import Iterator
from typing import Any

from .changes import INSTANCE, Kind, Values
from .desired import Desired

BALANCER = "alicloud_slb_load_balancer"


def balancer_arguments(state: Desired) -> Iterator[tuple[str, dict[str, Any]]]:
    """(ID, the resource's arguments) of each load balancer that shall be there."""
    for (balancer_id,), values in state.of(Kind.BALANCER).items():
        tags = {
            str(key[2]): tag["value"]
            for key, tag in state.of(Kind.TAG).items()
            if key[:2] == (INSTANCE, balancer_id)
        }
        # A new one is made with its tags.
        tags |= values.get("tags") or {} if not state.exists(Kind.BALANCER, (balancer_id,)) else {}
        yield str(balancer_id), _arguments(values) | ({"tags": tags} if tags else {})


def _arguments(values: Values) -> dict[str, Any]:
    # The provider's word for an instance that is paid by LCU has no specification beside it.
    by_lcu = values.get("charge_type") == "PayByCLCU"
    pays_bandwidth = values.get("internet_charge_type") == "paybybandwidth"
    return {
        "load_balancer_name": values.get("name") or None,
        "address_type": values.get("address_type") or None,
        "address_ip_version": values.get("ip_version") or None,
        "vswitch_id": values.get("vswitch_id") or None,
        "master_zone_id": values.get("master_zone_id") or None,
        "slave_zone_id": values.get("slave_zone_id") or None,
        "load_balancer_spec": None if by_lcu else values.get("spec") or None,
        "instance_charge_type": values.get("charge_type") or None,
        "internet_charge_type": values.get("internet_charge_type") or None,
        "bandwidth": values.get("bandwidth") if pays_bandwidth else None,
        "status": values.get("status") or None,
        "delete_protection": values.get("delete_protection") or None,
        "modification_protection_status": values.get("modification_protection") or None,
        "modification_protection_reason": values.get("modification_protection_reason") or None,
        "resource_group_id": values.get("resource_group_id") or None,
    }
