"""Creating, changing and deleting VServer groups."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import batched
from typing import Any

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from vservers.cloud import OutcomeUnknown
from vservers.cloud.slb import MAX_SERVERS_PER_CALL
from vservers.cloud.types import BackendServer
from vservers.models import LoadBalancer, VServerGroup
from vservers.selectors.fingerprints import fingerprint
from vservers.selectors.groups import users_of

from . import readings
from .acts import Act, act
from .errors import Gone, InUse, Stale
from .members import MemberPlan, check_members, plan_members

RESOURCE = "VServer group"


def create_group(
    *, actor: Actor, load_balancer: LoadBalancer, name: str, members: Sequence[BackendServer]
) -> VServerGroup:
    """A new group with its servers, in as many calls as they need.

    name: 1-80 letters, digits and -/._; members: any number, also none. Raises NotAllowed,
    InvalidMembers, CallFailed (the group may exist with the first servers), NotReread.
    """
    with act(
        actor=actor,
        action=Action.CHANGE_GROUPS,
        verb="create group",
        load_balancer=load_balancer,
        resource_type=RESOURCE,
        resource_name=name,
    ) as doing:
        check_members(load_balancer, members, joining=members)
        doing.after = picture(name, members)
        # Until its ID is known, a group that may have been made is found among all.
        doing.reread = [readings.all_groups(load_balancer.pk)]
        group_id = _create(doing, name, members[:MAX_SERVERS_PER_CALL])
        doing.resource_id = group_id
        doing.reread = [readings.one_group(load_balancer.pk, group_id)]
        for batch in batched(members[MAX_SERVERS_PER_CALL:], MAX_SERVERS_PER_CALL):
            doing.cloud.slb.add_vserver_group_backend_servers(group_id, batch)
    return VServerGroup.objects.get(pk=group_id)


def _create(doing: Act, name: str, members: Sequence[BackendServer]) -> str:
    """The ID of a new group, also when the answer was lost on the way.

    The action takes no client token, so a create whose outcome is unknown is looked for in the
    cloud, never repeated: a group of this name and these servers that was not there before.
    """
    balancer = doing.load_balancer
    before = {
        group.vserver_group_id for group in doing.cloud.slb.describe_vserver_groups(balancer.pk)
    }
    try:
        return doing.cloud.slb.create_vserver_group(balancer.pk, name, members)
    except OutcomeUnknown:
        doing.read_now(readings.all_groups(balancer.pk))
        for group in balancer.vserver_groups.filter(name=name).exclude(pk__in=before):
            if plan_members(held_members(group), members).is_empty:
                return group.pk
        raise


def change_group(
    *,
    actor: Actor,
    group: VServerGroup,
    name: str,
    members: Sequence[BackendServer],
    seen: str,
) -> bool:
    """Give a group this name and these servers; False when it has them already.

    seen: fingerprint of the group as the person saw it. New servers are added before old ones are
    removed, so the group is never empty on the way. Raises NotAllowed, Gone, Stale, InvalidMembers,
    CallFailed, NotReread.
    """
    with _changing(actor, group, "change group") as doing:
        group = _read_group(doing, group)
        if fingerprint(group) != seen:
            raise Stale(RESOURCE)
        held = held_members(group)
        plan = plan_members(held, members)
        if plan.is_empty and name == group.name:
            return False
        check_members(doing.load_balancer, members, joining=plan.add)
        doing.before = picture(group.name, held)
        doing.after = picture(name, members)
        _send(doing, group.pk, plan, name=name if name != group.name else "")
    return True


def delete_group(*, actor: Actor, group: VServerGroup) -> None:
    """Delete a group that nothing uses. Raises NotAllowed, Gone, InUse, CallFailed, NotReread."""
    with _changing(actor, group, "delete group") as doing:
        doing.read_now(readings.listeners(doing.load_balancer.pk))
        group = _read_group(doing, group)
        listeners, rules = users_of(group)
        if listeners or rules:
            raise InUse(listeners, rules)
        doing.before = picture(group.name, held_members(group))
        doing.cloud.slb.delete_vserver_group(group.pk)


def _changing(actor: Actor, group: VServerGroup, verb: str) -> AbstractContextManager[Act]:
    return act(
        actor=actor,
        action=Action.CHANGE_GROUPS,
        verb=verb,
        load_balancer=group.load_balancer,
        resource_type=RESOURCE,
        resource_id=group.pk,
        resource_name=group.name,
        reread=[readings.one_group(group.load_balancer_id, group.pk)],
    )


def _read_group(doing: Act, group: VServerGroup) -> VServerGroup:
    doing.read_now(readings.one_group(doing.load_balancer.pk, group.pk))
    current = VServerGroup.objects.filter(pk=group.pk).first()
    if current is None:
        raise Gone(RESOURCE)
    return current


def _send(doing: Act, group_id: str, plan: MemberPlan, *, name: str) -> None:
    """Add, then set, then remove, each in batches; the name goes with the first set."""
    slb = doing.cloud.slb
    for batch in batched(plan.add, MAX_SERVERS_PER_CALL):
        slb.add_vserver_group_backend_servers(group_id, batch)
    first, *rest = list(batched(plan.set, MAX_SERVERS_PER_CALL)) or [()]
    if name or first:
        slb.set_vserver_group_attribute(group_id, name=name, servers=first)
    for batch in rest:
        slb.set_vserver_group_attribute(group_id, servers=batch)
    for batch in batched(plan.remove, MAX_SERVERS_PER_CALL):
        slb.remove_vserver_group_backend_servers(group_id, batch)


def held_members(group: VServerGroup) -> list[BackendServer]:
    """The members of the mirror as the cloud's values."""
    return [
        BackendServer(
            server_id=member.server_id or "",
            port=member.port,
            weight=member.weight,
            type=member.type,
            server_ip=member.server_ip,
            description=member.description,
        )
        for member in group.members.all()
    ]


def picture(name: str, members: Iterable[BackendServer]) -> dict[str, Any]:
    """A group as the audit trail keeps it."""
    return {
        "name": name,
        "servers": [
            {"server_id": m.server_id, "port": m.port, "weight": m.weight} for m in members
        ],
    }
