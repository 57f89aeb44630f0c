"""New load balancers: what a region offers for them, and making one."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from vservers.cloud import CloudError
from vservers.cloud.vpc import Vpc, VSwitch
from vservers.cloud.zones import Zone, ZonePair
from vservers.models import AccountRegion, LoadBalancer

from . import scopes
from .changes import NEW, Change, Kind
from .connection import connect
from .errors import NotRead, NotReread
from .locks import hold
from .operations import RegionalPlan, carry_out
from .places import lock_of
from .sync import read_balancer

RESOURCE = gettext_noop("instance")


@dataclass(frozen=True, slots=True)
class Offered:
    """Where in a region a load balancer can be. pairs: of zones, with what can be in each."""

    zones: list[Zone]
    pairs: list[ZonePair]
    vpcs: list[Vpc]
    vswitches: list[VSwitch]

    @property
    def has_ipv6(self) -> bool:
        return any(version == "ipv6" for pair in self.pairs for _type, version in pair.kinds)

    def takes(self, *, master: str, slave: str, address_type: str, ip_version: str) -> bool:
        """Whether the region has a place for it. "" is any zone; an unknown region has them all."""
        fitting = [
            pair
            for pair in self.pairs
            if master in ("", pair.master_zone_id) and slave in ("", pair.slave_zone_id)
        ]
        return not self.pairs or any((address_type, ip_version) in pair.kinds for pair in fitting)


def offered_places(*, actor: Actor, account_region: AccountRegion) -> Offered:
    """Zones, VPCs and vSwitches as the cloud has them now. Raises NotAllowed, NotRead."""
    check(actor, Action.CHANGE_INSTANCES)
    try:
        cloud = connect(account_region)
        return Offered(
            zones=cloud.slb.describe_zones(),
            pairs=cloud.slb.describe_available_resource(),
            vpcs=cloud.vpc.describe_vpcs(),
            vswitches=cloud.vpc.describe_vswitches(),
        )
    except CloudError as error:
        raise NotRead(error) from error


def create_balancer(
    *, actor: Actor, account_region: AccountRegion, values: Mapping[str, Any]
) -> LoadBalancer:
    """A new load balancer, read whole.

    values: name and address_type, and of vpc_id, vswitch_id, master_zone_id, slave_zone_id, spec,
    charge_type, internet_charge_type, bandwidth, ip_version, resource_group_id, delete_protection
    and tags ({key: value}) what the cloud is not to choose. Raises NotAllowed, Busy, CallFailed,
    Waiting, NotReread.
    """
    with hold(lock_of(account_region)):
        operation = carry_out(
            plan_new_balancer(actor=actor, account_region=account_region, values=values)
        )
    made_id = operation.resource_id if operation else ""
    try:
        read_balancer(connect(account_region), made_id)
    except CloudError as error:
        raise NotReread(error) from error
    return LoadBalancer.objects.get(pk=made_id)


def plan_new_balancer(
    *, actor: Actor, account_region: AccountRegion, values: Mapping[str, Any]
) -> RegionalPlan:
    """What create_balancer would do. Raises NotAllowed."""
    plan = RegionalPlan(
        actor=actor,
        action=Action.CHANGE_INSTANCES,
        verb=gettext_noop("create instance"),
        account_region=account_region,
        resource_type=RESOURCE,
        resource_name=values["name"],
        # Until its ID is known, one that may have been made is found among all.
        reread=[scopes.BALANCERS],
    )
    plan.after = {name: value for name, value in values.items() if value not in (None, "")}
    after = {**plan.after, "client_token": uuid.uuid4().hex}
    plan.changes = [Change(Kind.BALANCER, (NEW,), None, after)]
    return plan
