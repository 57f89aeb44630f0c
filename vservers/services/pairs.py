"""Primary/secondary groups: creating and deleting them; the API cannot change one."""

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from vservers.cloud.types import BackendServer
from vservers.models import LoadBalancer, MasterSlaveGroup, MasterSlaveMember
from vservers.selectors.usage import listeners_with_pair

from . import scopes
from .changes import NEW, Change, Kind, pair_values
from .errors import Gone, UsedBy
from .locks import hold
from .members import check_members
from .observing import held_pair
from .operations import Plan, carry_out

RESOURCE = gettext_noop("primary/secondary group")
PRIMARY = MasterSlaveMember.Role.PRIMARY.value
SECONDARY = MasterSlaveMember.Role.SECONDARY.value


def create_pair(
    *,
    actor: Actor,
    load_balancer: LoadBalancer,
    name: str,
    primary: BackendServer,
    secondary: BackendServer,
) -> MasterSlaveGroup:
    """A new group of two servers, of which the second serves while the first cannot.

    Raises NotAllowed, InvalidMembers, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(load_balancer.pk):
        operation = carry_out(
            plan_new_pair(
                actor=actor,
                load_balancer=load_balancer,
                name=name,
                primary=primary,
                secondary=secondary,
            )
        )
    return MasterSlaveGroup.objects.get(pk=operation.resource_id if operation else "")


def plan_new_pair(
    *,
    actor: Actor,
    load_balancer: LoadBalancer,
    name: str,
    primary: BackendServer,
    secondary: BackendServer,
) -> Plan:
    """What create_pair would do. Raises NotAllowed, InvalidMembers."""
    plan = Plan(
        actor=actor,
        action=Action.CHANGE_PAIRS,
        verb=gettext_noop("create primary/secondary group"),
        load_balancer=load_balancer,
        resource_type=RESOURCE,
        resource_name=name,
        # Until its ID is known, a group that may have been made is found among all.
        reread=[scopes.PAIRS],
    )
    both = [primary, secondary]
    check_members(load_balancer, both, joining=both)
    values = pair_values(name, [(PRIMARY, primary), (SECONDARY, secondary)])
    plan.changes = [Change(Kind.PAIR, (NEW,), None, values)]
    plan.after = values
    return plan


def delete_pair(*, actor: Actor, group: MasterSlaveGroup) -> None:
    """Delete a group that no listener uses.

    Raises NotAllowed, Gone, UsedBy, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(group.load_balancer_id):
        carry_out(plan_pair_deletion(actor=actor, group=group))


def plan_pair_deletion(*, actor: Actor, group: MasterSlaveGroup) -> Plan:
    """What delete_pair would do. Raises NotAllowed, Gone, UsedBy, NotRead."""
    plan = Plan(
        actor=actor,
        action=Action.CHANGE_PAIRS,
        verb=gettext_noop("delete primary/secondary group"),
        load_balancer=group.load_balancer,
        resource_type=RESOURCE,
        resource_id=group.pk,
        resource_name=group.name,
        reread=[scopes.PAIRS],
    )
    plan.read_now(scopes.PAIRS, scopes.LISTENERS)
    current = MasterSlaveGroup.objects.filter(pk=group.pk).first()
    if current is None:
        raise Gone(RESOURCE)
    if users := list(listeners_with_pair(group.pk)):
        raise UsedBy(users)
    plan.before = held_pair(current)
    plan.changes = [Change(Kind.PAIR, (current.pk,), plan.before, None)]
    return plan
