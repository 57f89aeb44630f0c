"""SLB's writes as data: what would be sent, in the API's words, before anything is sent.

Here those of what serves requests: groups of all kinds, and the default pool.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .types import BackendServer

# Add, Remove, Set, Modify and Create take this many servers; one more is TooManyBackendServers.
MAX_SERVERS_PER_CALL = 20


@dataclass(frozen=True, slots=True)
class Call:
    """One call. params: API names; text, integers, or JSON as text.

    product: slb, version 2014-05-15, which every write is of; of reads also ecs and cms.
    """

    action: str
    params: Mapping[str, str | int]
    product: str = "slb"


def call(action: str, **params: Any) -> Call:
    """What is not given is left out."""
    return Call(action, {name: value for name, value in params.items() if value not in (None, "")})


def as_json(value: Any) -> str:
    """A parameter that the API takes as JSON text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


# VServer groups


def create_vserver_group(
    load_balancer_id: str, name: str, servers: Sequence[BackendServer]
) -> Call:
    """At most MAX_SERVERS_PER_CALL servers; there is no client token."""
    return call(
        "CreateVServerGroup",
        LoadBalancerId=load_balancer_id,
        VServerGroupName=name,
        BackendServers=_servers(servers),
    )


def add_vserver_group_backend_servers(
    vserver_group_id: str, servers: Sequence[BackendServer]
) -> Call:
    return call(
        "AddVServerGroupBackendServers",
        VServerGroupId=vserver_group_id,
        BackendServers=_servers(servers),
    )


def remove_vserver_group_backend_servers(
    vserver_group_id: str, servers: Sequence[BackendServer]
) -> Call:
    """Servers that are not in the group are ignored by the cloud."""
    return call(
        "RemoveVServerGroupBackendServers",
        VServerGroupId=vserver_group_id,
        BackendServers=_servers(servers),
    )


def set_vserver_group_attribute(
    vserver_group_id: str, *, name: str = "", servers: Sequence[BackendServer] = ()
) -> Call:
    """A new name, or new weights of servers that are in the group; one of both at least."""
    return call(
        "SetVServerGroupAttribute",
        VServerGroupId=vserver_group_id,
        VServerGroupName=name,
        BackendServers=_servers(servers),
    )


def delete_vserver_group(vserver_group_id: str) -> Call:
    return call("DeleteVServerGroup", VServerGroupId=vserver_group_id)


# Default server pool


def add_backend_servers(load_balancer_id: str, servers: Sequence[BackendServer]) -> Call:
    return _pool("AddBackendServers", load_balancer_id, servers)


def set_backend_servers(load_balancer_id: str, servers: Sequence[BackendServer]) -> Call:
    """New weights of servers that are in the pool."""
    return _pool("SetBackendServers", load_balancer_id, servers)


def remove_backend_servers(load_balancer_id: str, servers: Sequence[BackendServer]) -> Call:
    return _pool("RemoveBackendServers", load_balancer_id, servers)


def _pool(action: str, load_balancer_id: str, servers: Sequence[BackendServer]) -> Call:
    return call(action, LoadBalancerId=load_balancer_id, BackendServers=_servers(servers))


def _servers(servers: Sequence[BackendServer]) -> str:
    return as_json([server.to_api() for server in servers]) if servers else ""


# Primary/secondary groups


def create_master_slave_server_group(
    load_balancer_id: str, name: str, primary: BackendServer, secondary: BackendServer
) -> Call:
    """There is no client token, and no call that changes such a group."""
    servers = [
        {**server.to_api(), "ServerType": role}
        for server, role in ((primary, "Master"), (secondary, "Slave"))
    ]
    return call(
        "CreateMasterSlaveServerGroup",
        LoadBalancerId=load_balancer_id,
        MasterSlaveServerGroupName=name,
        MasterSlaveBackendServers=as_json(servers),
    )


def delete_master_slave_server_group(group_id: str) -> Call:
    return call("DeleteMasterSlaveServerGroup", MasterSlaveServerGroupId=group_id)
