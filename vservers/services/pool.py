"""The default server pool of a load balancer; the vendor's pages call it Backend Servers."""

from collections.abc import Collection, Mapping

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from vservers.models import LoadBalancer
from vservers.selectors.fingerprints import pool_fingerprint

from . import scopes
from .changes import Change, Kind, server_values
from .errors import InvalidMembers, Stale
from .locks import hold
from .members import why_not_joining
from .observing import held_pool
from .operations import Plan, carry_out

RESOURCE = gettext_noop("backend servers")


def add_pool_servers(
    *, actor: Actor, load_balancer: LoadBalancer, weights: Mapping[str, int]
) -> None:
    """Add ECS instances to the pool. weights: {server_id: 0..100}.

    Raises NotAllowed, InvalidMembers (port 0 in its keys), Busy, CallFailed, Waiting, NotReread.
    """
    with hold(load_balancer.pk):
        carry_out(plan_pool_addition(actor=actor, load_balancer=load_balancer, weights=weights))


def plan_pool_addition(
    *, actor: Actor, load_balancer: LoadBalancer, weights: Mapping[str, int]
) -> Plan:
    """What add_pool_servers would do. Raises NotAllowed, InvalidMembers, NotRead."""
    plan = _plan(actor, load_balancer, gettext_noop("add backend servers"))
    if refused := why_not_joining(load_balancer, weights):
        raise InvalidMembers({(server_id, 0): why for server_id, why in refused.items()})
    plan.read_now(scopes.POOL)
    plan.changes = [
        Change(
            Kind.POOL_SERVER,
            (server_id, ""),
            None,
            {"weight": weight, "description": "", "type": "ecs"},
        )
        for server_id, weight in weights.items()
    ]
    plan.after = dict(weights)
    return plan


def set_pool_weights(
    *, actor: Actor, load_balancer: LoadBalancer, weights: Mapping[str, int], seen: str
) -> bool:
    """New weights, {server_id: 0..100}, of servers that are in the pool; False when none differs.

    seen: fingerprint of the pool as the person saw it. Raises NotAllowed, Stale, Busy, CallFailed,
    Waiting, NotReread.
    """
    with hold(load_balancer.pk):
        plan = plan_pool_weights(
            actor=actor, load_balancer=load_balancer, weights=weights, seen=seen
        )
        return carry_out(plan) is not None


def plan_pool_weights(
    *, actor: Actor, load_balancer: LoadBalancer, weights: Mapping[str, int], seen: str
) -> Plan:
    """What set_pool_weights would do. Raises NotAllowed, Stale, NotRead."""
    plan = _plan(actor, load_balancer, gettext_noop("set backend server weights"))
    plan.read_now(scopes.POOL)
    if pool_fingerprint(load_balancer) != seen:
        raise Stale("pool")
    for server in held_pool(load_balancer.pk):
        values = server_values(server)
        weight = weights.get(server.server_id, server.weight)
        if weight != server.weight:
            key = server.server_id, server.server_ip
            plan.changes.append(Change(Kind.POOL_SERVER, key, values, {**values, "weight": weight}))
    plan.before = {str(c.key[0]): (c.before or {})["weight"] for c in plan.changes}
    plan.after = {str(c.key[0]): (c.after or {})["weight"] for c in plan.changes}
    return plan


def remove_pool_servers(
    *, actor: Actor, load_balancer: LoadBalancer, server_ids: Collection[str]
) -> None:
    """Take servers out of the pool at once.

    Raises NotAllowed, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(load_balancer.pk):
        carry_out(
            plan_pool_removal(actor=actor, load_balancer=load_balancer, server_ids=server_ids)
        )


def plan_pool_removal(
    *, actor: Actor, load_balancer: LoadBalancer, server_ids: Collection[str]
) -> Plan:
    """What remove_pool_servers would do. Raises NotAllowed, NotRead."""
    plan = _plan(actor, load_balancer, gettext_noop("remove backend servers"))
    plan.read_now(scopes.POOL)
    plan.changes = [
        Change(Kind.POOL_SERVER, (server.server_id, server.server_ip), server_values(server), None)
        for server in held_pool(load_balancer.pk)
        if server.server_id in server_ids
    ]
    plan.before = {str(c.key[0]): (c.before or {})["weight"] for c in plan.changes}
    return plan


def _plan(actor: Actor, load_balancer: LoadBalancer, verb: str) -> Plan:
    return Plan(
        actor=actor,
        action=Action.CHANGE_POOL,
        verb=verb,
        load_balancer=load_balancer,
        resource_type=RESOURCE,
        resource_id=load_balancer.pk,
        resource_name=load_balancer.name,
        reread=[scopes.POOL, scopes.HEALTH],
    )
