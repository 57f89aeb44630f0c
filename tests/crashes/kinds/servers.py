"""The default server pool and primary/secondary groups."""

from collections.abc import Callable

from tests.cloud import web
from tests.crashes.kinds.start import (
    Arguments,
    Kind,
    Start,
    about,
    actor_of,
    alone,
    balancer_of,
)
from tests.crashes.pictures import Picture
from vservers.cloud.types import BackendServer
from vservers.models import MasterSlaveGroup
from vservers.selectors.fingerprints import pool_fingerprint
from vservers.services import pairs, pool
from vservers.services.changes import Kind as Object


def _prepare_pool(start: Start) -> Arguments:
    held = [{"ServerId": web(n), "Weight": 10 * n} for n in (1, 2)]
    start.call("AddBackendServers", BackendServers=held)
    start.mirror()
    return {"balancer_id": start.balancer_id}


def add_to_pool(user: Arguments, balancer_id: str) -> None:
    pool.add_pool_servers(
        actor=actor_of(user),
        load_balancer=balancer_of(balancer_id),
        weights={web(3): 30, web(4): 40},
    )


def set_in_pool(user: Arguments, balancer_id: str) -> None:
    balancer = balancer_of(balancer_id)
    pool.set_pool_weights(
        actor=actor_of(user),
        load_balancer=balancer,
        weights={web(1): 99},
        seen=pool_fingerprint(balancer),
    )


def remove_from_pool(user: Arguments, balancer_id: str) -> None:
    pool.remove_pool_servers(
        actor=actor_of(user),
        load_balancer=balancer_of(balancer_id),
        server_ids=[web(2)],
    )


# What follows an operation


def _pool_is(wanted: dict[str, int]) -> Callable[[Picture], bool]:
    return lambda cloud: {one.server_id: one.weight for one in cloud.pool} == wanted


PRIMARY = BackendServer(web(1), 80, 100)
SECONDARY = BackendServer(web(2), 81, 100)


def create_pair(user: Arguments, balancer_id: str) -> None:
    pairs.create_pair(
        actor=actor_of(user),
        load_balancer=balancer_of(balancer_id),
        name="pair",
        primary=PRIMARY,
        secondary=SECONDARY,
    )


def paired(start: Start) -> Arguments:
    both = [
        {"ServerId": one.server_id, "Port": one.port, "Weight": 100, "ServerType": role}
        for one, role in ((PRIMARY, "Master"), (SECONDARY, "Slave"))
    ]
    start.call(
        "CreateMasterSlaveServerGroup",
        MasterSlaveServerGroupName="pair",
        MasterSlaveBackendServers=both,
    )
    return alone(start)


def delete_pair(user: Arguments, balancer_id: str) -> None:
    pairs.delete_pair(
        actor=actor_of(user), group=MasterSlaveGroup.objects.get(load_balancer=balancer_id)
    )


def one_pair(cloud: Picture) -> bool:
    (pair,) = cloud.pairs.values()
    servers = [(one["role"], one["server_id"], one["port"]) for one in pair["servers"]]
    return servers == [("Master", web(1), 80), ("Slave", web(2), 81)] and pair["name"] == "pair"


_POOL = about(Object.POOL_SERVER)

SERVERS = [
    Kind(
        "add to pool",
        _POOL,
        _prepare_pool,
        add_to_pool,
        _pool_is({web(1): 10, web(2): 20, web(3): 30, web(4): 40}),
        brief=False,
    ),
    Kind(
        "set in pool",
        _POOL,
        _prepare_pool,
        set_in_pool,
        _pool_is({web(1): 99, web(2): 20}),
        brief=False,
    ),
    Kind(
        "remove from pool",
        _POOL,
        _prepare_pool,
        remove_from_pool,
        _pool_is({web(1): 10}),
        brief=False,
    ),
    Kind("create primary/secondary group", about(Object.PAIR), alone, create_pair, one_pair),
    Kind(
        "delete primary/secondary group",
        about(Object.PAIR),
        paired,
        delete_pair,
        lambda cloud: not cloud.pairs,
    ),
]
