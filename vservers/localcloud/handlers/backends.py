"""Which servers a load balancer may take, for groups and the default pool alike.

Source: "Backend servers" and the network matrix of the SLB manual; codes of the API's error tables.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from vservers.localcloud.errors import ApiError
from vservers.localcloud.handlers.lookup import server_of
from vservers.localcloud.model import Balancer, Group, Instance, MasterSlaveGroup, Member
from vservers.localcloud.quotas import exceeded
from vservers.localcloud.registry import Writing
from vservers.localcloud.store import View

_REPEATED = "The specified {name} contain duplicated value of ServerID and Port."


def new_members(
    state: View, balancer: Balancer, rows: Sequence[dict[str, Any]], *, name: str = "BackendServers"
) -> tuple[Member, ...]:
    """Members of validated rows, each server checked for being fit for the balancer.

    Raises InvalidParameter (repeated row), ObtainIpFail (no such running server in the region),
    NetworkConflict, InvalidBackendServers.Inconsistent, BackendServer.InvalidType (interfaces need
    a guaranteed-performance instance), InvalidBackendServers.ServerIpConflict.
    All rows are refused when one is.
    """
    members = [_member(row) for row in rows]
    refuse_repeated(members, name)
    servers = {one: server_of(state, one) for one in {member.server_id for member in members}}
    members = [_checked(balancer, member, servers[member.server_id]) for member in members]
    _check_network_of_all(state, balancer, servers.values())
    refuse_same_address(state, members)
    return tuple(members)


def refuse_repeated(members: Sequence[Member], name: str = "BackendServers") -> None:
    """Raises InvalidParameter when two members have the same key."""
    if len({(member.server_id, member.port) for member in members}) < len(members):
        raise ApiError("InvalidParameter", _REPEATED.format(name=name))


def refuse_same_address(state: View, members: Collection[Member]) -> None:
    """An instance and its own network interface on one port are one address twice."""
    if {member.type for member in members} <= {"ecs"}:
        return
    seen: set[tuple[str, int]] = set()
    for member in members:
        server = server_of(state, member.server_id)
        place = (server.id if server is not None else member.server_id, member.port)
        if place in seen:
            raise ApiError("InvalidBackendServers.ServerIpConflict")
        seen.add(place)


def refuse_too_many(
    call: Writing,
    balancer: Balancer,
    *,
    group: Group | MasterSlaveGroup | None = None,
    added: Iterable[Member] = (),
) -> None:
    """Check the limits on the state after a change. added: the members that are new with it.

    Raises InstanceBackendServerNumberOverLimit: too many members in the group, different servers
    behind the balancer, or groups and pools of the account with one of the new servers.
    """
    state, quotas = call.state, call.quotas
    if group is not None and exceeded(len(group.members), quotas.group_members):
        raise ApiError("InstanceBackendServerNumberOverLimit")
    # Members are instances of the region or their interfaces: where these are few enough, the
    # groups need not be looked through.
    if exceeded(2 * state.count(Instance, balancer.region), quotas.servers):
        servers = {member.server_id for member in balancer.pool}
        servers = servers.union(*(one.server_ids for one in groups_of(state, balancer)))
        if exceeded(len(servers), quotas.servers):
            raise ApiError("InstanceBackendServerNumberOverLimit")
    if quotas.server_uses and any(
        exceeded(state.uses(server_id), quotas.server_uses)
        for server_id in {member.server_id for member in added}
    ):
        raise ApiError(
            "InstanceBackendServerNumberOverLimit",
            "A server is a backend server too many times.",
        )


def groups_of(state: View, balancer: Balancer) -> Iterator[Group | MasterSlaveGroup]:
    """The balancer's groups of both kinds."""
    yield from state.children(Group, balancer.id)
    yield from state.children(MasterSlaveGroup, balancer.id)


def changed(members: Sequence[Member], rows: Iterable[dict[str, Any]]) -> tuple[Member, ...]:
    """Members with the weights, types and descriptions of rows; what a row leaves out stays.

    Raises InvalidParameter for a row that is no member, or comes twice.
    """
    result = {member.key: member for member in members}
    seen: set[tuple[str, int]] = set()
    for row in rows:
        key = _key(row)
        if key in seen:
            raise ApiError("InvalidParameter", _REPEATED.format(name="BackendServers"))
        seen.add(key)
        member = result.get(key)
        if member is None:
            raise ApiError("InvalidParameter", "The specified BackendServers is invalid.")
        result[key] = member._replace(
            weight=row.get("Weight", member.weight),
            description=row.get("Description", member.description),
        )
    return tuple(result.values())


def without(members: Iterable[Member], rows: Iterable[dict[str, Any]]) -> tuple[Member, ...]:
    """Members less those that rows name; unknown rows are ignored, as the cloud does."""
    gone = {_key(row) for row in rows}
    return tuple(member for member in members if member.key not in gone)


def wire_members(
    members: Iterable[Member], *, with_port: bool
) -> dict[str, list[dict[str, object]]]:
    """Members as answers spell them; Description and ServerIp are left out when unset."""
    rows = []
    for member in members:
        row: dict[str, object] = {"ServerId": member.server_id}
        if with_port:
            row["Port"] = member.port
        row["Weight"] = member.weight
        row["Type"] = member.type
        if member.server_ip:
            row["ServerIp"] = member.server_ip
        if member.description:
            row["Description"] = member.description
        rows.append(row)
    return {"BackendServer": rows}


def _member(row: dict[str, Any]) -> Member:
    server_type = row["Type"]
    # By position: names would take longer than all the rest.
    return Member(
        row["ServerId"],
        row.get("Port", 0),
        row["Weight"],
        server_type,
        row.get("Description", ""),
        row.get("ServerIp", "") if server_type != "ecs" else "",
        row.get("ServerType", ""),
    )


def _key(row: dict[str, Any]) -> tuple[str, int]:
    return (row["ServerId"], row.get("Port", 0))


def _checked(balancer: Balancer, member: Member, server: Instance | None) -> Member:
    """The member, with its address where it is a network interface. server: the one behind it."""
    if member.type != "ecs" and not balancer.spec:
        raise ApiError(
            "BackendServer.InvalidType",
            f"The load balancer does not support backend servers of type {member.type}.",
        )
    # There are no container instances here, so that none is found.
    fits = member.type == ("eni" if member.server_id.startswith("eni-") else "ecs")
    if server is None or not fits or server.region != balancer.region or not server.running:
        raise ApiError(
            "ObtainIpFail",
            f"Obtain ip failed: the server {member.server_id} does not exist or is not running.",
        )
    if balancer.address_type == "intranet" and server.vpc_id != balancer.vpc_id:
        raise ApiError("NetworkConflict")
    if member.type == "ecs":
        return member
    if member.server_ip not in ("", server.address):
        raise ApiError(
            "ObtainIpFail", f"Obtain ip failed: {member.server_id} has no {member.server_ip}."
        )
    return member._replace(server_ip=server.address)


def _check_network_of_all(
    state: View, balancer: Balancer, added: Iterable[Instance | None]
) -> None:
    """All backends of a balancer are classic or of one VPC.

    The members that are there agree already, so that the first of them speaks for all.
    """
    networks = {_network(server) for server in added}
    if not networks:
        return
    present = next(iter(_members(state, balancer)), None)
    if present is not None:
        networks.add(_network(server_of(state, present.server_id)))
    if len(networks) > 1:
        raise ApiError("InvalidBackendServers.Inconsistent")


def _network(server: Instance | None) -> str:
    return server.vpc_id if server is not None else ""


def _members(state: View, balancer: Balancer) -> Iterable[Member]:
    yield from balancer.pool
    for group in groups_of(state, balancer):
        yield from group.members
