"""Tags of VServer groups."""

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from vservers.models import Operation, VServerGroup

from . import scopes
from .changes import VSERVER_GROUP
from .groups import RESOURCE, current_group
from .locks import hold
from .operations import Plan, carry_out
from .tags import refuse_too_many, tag_changes


def change_group_tags(
    *, actor: Actor, group: VServerGroup, put: Mapping[str, str], take: Collection[str]
) -> Operation | None:
    """Give a group tags, {key: value}, and take others off it by key.

    A key that it has takes the new value. None when nothing differs. Raises NotAllowed, Gone,
    NotPossible, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(group.load_balancer_id):
        return carry_out(plan_group_tags(actor=actor, group=group, put=put, take=take))


def plan_group_tags(
    *, actor: Actor, group: VServerGroup, put: Mapping[str, str], take: Collection[str]
) -> Plan:
    """What change_group_tags would do. Raises NotAllowed, Gone, NotPossible, NotRead."""
    plan = Plan(
        actor=actor,
        action=Action.CHANGE_GROUPS,
        verb=gettext_noop("change tags"),
        load_balancer=group.load_balancer,
        resource_type=RESOURCE,
        resource_id=group.pk,
        resource_name=group.name,
        reread=[scopes.group(group.pk)],
    )
    plan.read_now(scopes.group(group.pk))
    current = current_group(group)
    plan.changes = tag_changes(VSERVER_GROUP, current.pk, current.tags, put=put, take=take)
    if plan.changes:
        plan.before = current.tags
        plan.after = {key: value for key, value in current.tags.items() if key not in take}
        plan.after |= put
        refuse_too_many(plan.after)
    return plan
