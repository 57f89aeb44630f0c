"""Creating, changing and deleting VServer groups."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from vservers.cloud.types import BackendServer
from vservers.models import LoadBalancer, VServerGroup
from vservers.selectors.fingerprints import fingerprint
from vservers.selectors.groups import users_of

from . import scopes
from .changes import NEW, Change, Kind, member_changes, member_key
from .errors import Gone, InUse, Stale
from .locks import hold
from .members import check_members
from .observing import held_members
from .operations import Plan, carry_out

RESOURCE = gettext_noop("VServer group")


def create_group(
    *, actor: Actor, load_balancer: LoadBalancer, name: str, members: Sequence[BackendServer]
) -> VServerGroup:
    """A new group with its servers, in as many calls as they need.

    name: 1-80 letters, digits and -/._; members: any number, also none. Raises NotAllowed,
    InvalidMembers, Busy, CallFailed (the group may exist with the first servers), Waiting,
    NotReread.
    """
    with hold(load_balancer.pk):
        plan = plan_new_group(actor=actor, load_balancer=load_balancer, name=name, members=members)
        operation = carry_out(plan)
    return VServerGroup.objects.get(pk=operation.resource_id if operation else "")


def plan_new_group(
    *, actor: Actor, load_balancer: LoadBalancer, name: str, members: Sequence[BackendServer]
) -> Plan:
    """What create_group would do. Raises NotAllowed, InvalidMembers."""
    plan = Plan(
        actor=actor,
        action=Action.CHANGE_GROUPS,
        verb=gettext_noop("create group"),
        load_balancer=load_balancer,
        resource_type=RESOURCE,
        resource_name=name,
        # Until its ID is known, a group that may have been made is found among all.
        reread=[scopes.GROUPS],
    )
    check_members(load_balancer, members, joining=members)
    plan.changes = [
        Change(Kind.GROUP, (NEW,), None, {"name": name}),
        *member_changes(NEW, (), members),
    ]
    plan.after = picture(name, members)
    return plan


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
    Busy, CallFailed, Waiting, NotReread.
    """
    with hold(group.load_balancer_id):
        plan = plan_group_change(actor=actor, group=group, name=name, members=members, seen=seen)
        return carry_out(plan) is not None


def plan_group_change(
    *,
    actor: Actor,
    group: VServerGroup,
    name: str,
    members: Sequence[BackendServer],
    seen: str,
) -> Plan:
    """What change_group would do. Raises NotAllowed, Gone, Stale, InvalidMembers, NotRead."""
    plan = _plan(actor, group, gettext_noop("change group"))
    group = _read_group(plan, group)
    if fingerprint(group) != seen:
        raise Stale(RESOURCE)
    held = held_members(group)
    rows = member_changes(group.pk, held, members)
    joining = {change.key for change in rows if change.before is None}
    check_members(
        plan.load_balancer,
        members,
        joining=[member for member in members if member_key(group.pk, member) in joining],
    )
    if name != group.name:
        plan.changes.append(Change(Kind.GROUP, (group.pk,), {"name": group.name}, {"name": name}))
    plan.changes += rows
    plan.before = picture(group.name, held)
    plan.after = picture(name, members)
    return plan


def delete_group(*, actor: Actor, group: VServerGroup) -> None:
    """Delete a group that nothing uses.

    Raises NotAllowed, Gone, InUse, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(group.load_balancer_id):
        carry_out(plan_group_deletion(actor=actor, group=group))


def plan_group_deletion(*, actor: Actor, group: VServerGroup) -> Plan:
    """What delete_group would do. Raises NotAllowed, Gone, InUse, NotRead."""
    plan = _plan(actor, group, gettext_noop("delete group"))
    plan.read_now(scopes.LISTENERS, scopes.group(group.pk))
    group = current_group(group)
    listeners, rules = users_of(group)
    if listeners or rules:
        raise InUse(listeners, rules)
    held = held_members(group)
    plan.changes = [
        Change(Kind.GROUP, (group.pk,), {"name": group.name}, None),
        *member_changes(group.pk, held, ()),
    ]
    plan.before = picture(group.name, held)
    return plan


def _plan(actor: Actor, group: VServerGroup, verb: str) -> Plan:
    return Plan(
        actor=actor,
        action=Action.CHANGE_GROUPS,
        verb=verb,
        load_balancer=group.load_balancer,
        resource_type=RESOURCE,
        resource_id=group.pk,
        resource_name=group.name,
        reread=[scopes.group(group.pk)],
    )


def _read_group(plan: Plan, group: VServerGroup) -> VServerGroup:
    plan.read_now(scopes.group(group.pk))
    return current_group(group)


def current_group(group: VServerGroup) -> VServerGroup:
    """The group as the mirror has it now. Raises Gone."""
    current = VServerGroup.objects.filter(pk=group.pk).first()
    if current is None:
        raise Gone(RESOURCE)
    return current


def picture(name: str, members: Iterable[BackendServer]) -> dict[str, Any]:
    """A group as the audit trail keeps it."""
    return {
        "name": name,
        "servers": [
            {"server_id": m.server_id, "port": m.port, "weight": m.weight} for m in members
        ],
    }
