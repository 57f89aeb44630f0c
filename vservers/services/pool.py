"""The default server pool of a load balancer; the vendor's pages call it Backend Servers."""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import batched

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from vservers.cloud.slb import MAX_SERVERS_PER_CALL
from vservers.cloud.types import BackendServer
from vservers.models import LoadBalancer
from vservers.selectors.fingerprints import pool_fingerprint

from . import readings
from .acts import Act, act
from .errors import InvalidMembers, Stale
from .members import why_not_joining

RESOURCE = "backend servers"


def add_pool_servers(
    *, actor: Actor, load_balancer: LoadBalancer, weights: Mapping[str, int]
) -> None:
    """Add ECS instances to the pool. weights: {server_id: 0..100}.

    Raises NotAllowed, InvalidMembers (port 0 in its keys), CallFailed, NotReread.
    """
    with _changing(actor, load_balancer, "add backend servers") as doing:
        if refused := why_not_joining(load_balancer, weights):
            raise InvalidMembers({(server_id, 0): why for server_id, why in refused.items()})
        wanted = [BackendServer(server_id, weight=w) for server_id, w in weights.items()]
        doing.after = dict(weights)
        for batch in batched(wanted, MAX_SERVERS_PER_CALL):
            doing.cloud.slb.add_backend_servers(load_balancer.pk, batch)


def set_pool_weights(
    *, actor: Actor, load_balancer: LoadBalancer, weights: Mapping[str, int], seen: str
) -> bool:
    """New weights, {server_id: 0..100}, of servers that are in the pool; False when none differs.

    seen: fingerprint of the pool as the person saw it. Raises NotAllowed, Stale, CallFailed,
    NotReread.
    """
    with _changing(actor, load_balancer, "set backend server weights") as doing:
        doing.read_now(readings.attributes_and_pool(load_balancer.pk))
        if pool_fingerprint(load_balancer) != seen:
            raise Stale("pool")
        held = _held(load_balancer)
        changed = [
            replace(held[server_id], weight=weight)
            for server_id, weight in weights.items()
            if server_id in held and held[server_id].weight != weight
        ]
        doing.before = {server.server_id: held[server.server_id].weight for server in changed}
        doing.after = {server.server_id: server.weight for server in changed}
        for batch in batched(changed, MAX_SERVERS_PER_CALL):
            doing.cloud.slb.set_backend_servers(load_balancer.pk, batch)
    return bool(changed)


def remove_pool_servers(
    *, actor: Actor, load_balancer: LoadBalancer, server_ids: Collection[str]
) -> None:
    """Take servers out of the pool at once. Raises NotAllowed, CallFailed, NotReread."""
    with _changing(actor, load_balancer, "remove backend servers") as doing:
        held = _held(load_balancer)
        leaving = [held[server_id] for server_id in server_ids if server_id in held]
        doing.before = {server.server_id: server.weight for server in leaving}
        for batch in batched(leaving, MAX_SERVERS_PER_CALL):
            doing.cloud.slb.remove_backend_servers(load_balancer.pk, batch)


def _held(load_balancer: LoadBalancer) -> dict[str, BackendServer]:
    return {
        server.server_id or "": BackendServer(
            server_id=server.server_id or "",
            weight=server.weight,
            type=server.type,
            server_ip=server.server_ip,
            description=server.description,
        )
        for server in load_balancer.pool_servers.all()
    }


def _changing(actor: Actor, load_balancer: LoadBalancer, verb: str) -> AbstractContextManager[Act]:
    return act(
        actor=actor,
        action=Action.CHANGE_POOL,
        verb=verb,
        load_balancer=load_balancer,
        resource_type=RESOURCE,
        resource_id=load_balancer.pk,
        resource_name=load_balancer.name,
        reread=[
            readings.attributes_and_pool(load_balancer.pk),
            readings.health(load_balancer.pk),
        ],
    )
