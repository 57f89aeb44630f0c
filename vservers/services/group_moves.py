"""Copies of groups, and what sends requests to a group taking another one instead."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from console.shell.said import gettext as _
from vservers.cloud.types import BackendServer
from vservers.models import Listener, LoadBalancer, Operation, Rule, VServerGroup
from vservers.selectors.groups import users_of

from . import scopes
from .changes import NEW, Change, Kind, member_changes
from .errors import Gone, NotPossible
from .groups import RESOURCE, current_group, picture
from .listeners import spec_of
from .locks import hold
from .members import check_members, why_not_joining
from .observing import held_members, rule_key, rule_values
from .operations import Plan, carry_out

User = Listener | Rule


@dataclass(frozen=True, slots=True)
class Copyable:
    """The rows of a group, seen from another load balancer. refused: (row, why it cannot go)."""

    members: list[BackendServer]
    refused: list[tuple[BackendServer, str]]


def copyable(group: VServerGroup, load_balancer: LoadBalancer) -> Copyable:
    """Which servers of a group may be in a copy of it, by the mirror."""
    held = held_members(group)
    why = why_not_joining(load_balancer, {one.server_id for one in held if one.type == "ecs"})
    return Copyable(
        [one for one in held if one.server_id not in why],
        [(one, why[one.server_id]) for one in held if one.server_id in why],
    )


def copy_group(
    *,
    actor: Actor,
    group: VServerGroup,
    load_balancer: LoadBalancer,
    name: str,
    weight: int | None = None,
    user: User | None = None,
) -> str:
    """A new group with the servers that may go, and the ID of it.

    weight: for all of them, None as they have it. user: what shall send its requests to the copy,
    of the same load balancer. Raises NotAllowed, Gone, InvalidMembers, Busy, CallFailed, Waiting,
    NotReread.
    """
    with hold(load_balancer.pk):
        plan = plan_group_copy(
            actor=actor,
            group=group,
            load_balancer=load_balancer,
            name=name,
            weight=weight,
            user=user,
        )
        operation = carry_out(plan)
    return operation.resource_id if operation else ""


def plan_group_copy(
    *,
    actor: Actor,
    group: VServerGroup,
    load_balancer: LoadBalancer,
    name: str,
    weight: int | None = None,
    user: User | None = None,
) -> Plan:
    """What copy_group would do. Raises NotAllowed, Gone, InvalidMembers, NotRead."""
    plan = Plan(
        actor=actor,
        action=Action.CHANGE_GROUPS,
        verb=gettext_noop("copy group"),
        load_balancer=load_balancer,
        resource_type=RESOURCE,
        resource_name=name,
        reread=[scopes.GROUPS],
    )
    if load_balancer.pk == group.load_balancer_id:
        plan.read_now(scopes.group(group.pk), *([scopes.LISTENERS] if user else []))
    source = current_group(group)
    members = copyable(source, load_balancer).members
    if weight is not None:
        members = [member._replace(weight=weight) for member in members]
    check_members(load_balancer, members, joining=members)
    plan.changes = [
        Change(Kind.GROUP, (NEW,), None, {"name": name}),
        *member_changes(NEW, (), members),
    ]
    if user:
        _check_users(actor, [user])
        plan.reread = [scopes.GROUPS, scopes.LISTENERS, scopes.HEALTH]
        plan.changes.append(_moved(_current_user(user), NEW))
    plan.after = picture(name, members)
    return plan


def replace_group(
    *, actor: Actor, group: VServerGroup, by: VServerGroup, delete: bool
) -> Operation | None:
    """Whatever uses a group takes another one of the same load balancer; then it may be deleted.

    None where nothing is to be done. Raises NotAllowed, Gone, NotPossible, Busy, CallFailed,
    Waiting, NotReread.
    """
    with hold(group.load_balancer_id):
        return carry_out(plan_group_replacement(actor=actor, group=group, by=by, delete=delete))


def plan_group_replacement(
    *, actor: Actor, group: VServerGroup, by: VServerGroup, delete: bool
) -> Plan:
    """What replace_group would do. Raises NotAllowed, Gone, NotPossible, NotRead."""
    plan = Plan(
        actor=actor,
        action=Action.CHANGE_GROUPS,
        verb=gettext_noop("replace and delete group") if delete else gettext_noop("replace group"),
        load_balancer=group.load_balancer,
        resource_type=RESOURCE,
        resource_id=group.pk,
        resource_name=group.name,
        reread=[scopes.group(group.pk), scopes.LISTENERS, scopes.HEALTH],
    )
    plan.read_now(scopes.LISTENERS, scopes.group(group.pk), scopes.group(by.pk))
    group, by = current_group(group), current_group(by)
    if by.pk == group.pk or by.load_balancer_id != group.load_balancer_id:
        raise NotPossible(_("Choose another group of the same instance."))
    listeners, rules = users_of(group)
    users: list[User] = [*listeners, *rules]
    _check_users(actor, users)
    plan.changes = [_moved(user, by.pk) for user in users]
    held = held_members(group)
    plan.before = {**picture(group.name, held), "used_by": [str(user) for user in users]}
    if delete:
        plan.changes += [
            Change(Kind.GROUP, (group.pk,), {"name": group.name}, None),
            *member_changes(group.pk, held, ()),
        ]
    else:
        plan.after = {**plan.before, "used_by": []}
    return plan


def _check_users(actor: Actor, users: Sequence[User]) -> None:
    """Raises NotAllowed."""
    if any(isinstance(user, Listener) for user in users):
        check(actor, Action.CHANGE_LISTENERS)
    if any(isinstance(user, Rule) for user in users):
        check(actor, Action.CHANGE_RULES)


def _current_user(user: User) -> User:
    if isinstance(user, Listener):
        found: User | None = Listener.objects.filter(pk=user.pk).first()
    else:
        found = Rule.objects.filter(pk=user.pk).select_related("listener").first()
    if found is None:
        raise Gone(_("listener") if isinstance(user, Listener) else _("forwarding rule"))
    return found


def _moved(user: User, group_id: str) -> Change:
    """A listener or rule that sends its requests to another group, and is else as it was."""
    if isinstance(user, Listener):
        before = spec_of(user).as_values()
        key = user.protocol, user.port
        after = {**before, "vserver_group_id": group_id}
        return Change(Kind.LISTENER, key, before, after)
    before = rule_values(user)
    after = {**before, "vserver_group_id": group_id}
    return Change(Kind.RULE, rule_key(user.listener, user.domain, user.url), before, after)
