"""Which servers a load balancer may take, for groups and the default pool alike.

Source: "Backend servers" and the network matrix of the SLB manual; codes of the API's error tables.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from vservers.localcloud.errors import ApiError
from vservers.localcloud.model import Balancer, Group, Instance, Member
from vservers.localcloud.store import View

MAX_SERVERS_PER_BALANCER = 200
MAX_MEMBERS_PER_GROUP = 200
_REPEATED = "The specified {name} contain duplicated value of ServerID and Port."


def new_members(
    state: View, balancer: Balancer, rows: Sequence[dict[str, Any]], *, name: str = "BackendServers"
) -> tuple[Member, ...]:
    """Members of validated rows, each server checked for being fit for the balancer.

    Raises InvalidParameter (repeated row), ObtainIpFail (no such running server in the region),
    NetworkConflict, InvalidBackendServers.Inconsistent, InstanceBackendServerNumberOverLimit.
    All rows are refused when one is.
    """
    members = tuple(_member(row) for row in rows)
    refuse_repeated(members, name)
    for member in members:
        _check_server(state, balancer, member)
    _check_network_of_all(state, balancer, members)
    return members


def refuse_repeated(members: Iterable[Member], name: str = "BackendServers") -> None:
    """Raises InvalidParameter when two members have the same key."""
    seen: set[tuple[str, str, int]] = set()
    for member in members:
        if member.key in seen:
            raise ApiError("InvalidParameter", _REPEATED.format(name=name))
        seen.add(member.key)


def refuse_too_many(state: View, balancer: Balancer, *, group: Group | None = None) -> None:
    """Check the limits on the state after a change.

    Raises InstanceBackendServerNumberOverLimit: more than 200 members in the group, or more than
    200 different servers behind the balancer.
    """
    if group is not None and len(group.members) > MAX_MEMBERS_PER_GROUP:
        raise ApiError("InstanceBackendServerNumberOverLimit")
    servers = {member.server_id for member in balancer.pool}
    servers = servers.union(*(one.server_ids for one in state.children(Group, balancer.id)))
    if len(servers) > MAX_SERVERS_PER_BALANCER:
        raise ApiError("InstanceBackendServerNumberOverLimit")


def changed(members: Sequence[Member], rows: Iterable[dict[str, Any]]) -> tuple[Member, ...]:
    """Members with the weights, types and descriptions of rows; what a row leaves out stays.

    Raises InvalidParameter for a row that is no member, or comes twice.
    """
    result = {member.key: member for member in members}
    seen: set[tuple[str, str, int]] = set()
    for row in rows:
        key = _key(row)
        if key in seen:
            raise ApiError("InvalidParameter", _REPEATED.format(name="BackendServers"))
        seen.add(key)
        member = result.get(key)
        if member is None:
            raise ApiError("InvalidParameter", "The specified BackendServers is invalid.")
        result[key] = replace(
            member,
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
    return Member(
        server_id=row["ServerId"],
        port=row.get("Port", 0),
        weight=row["Weight"],
        type=row["Type"],
        description=row.get("Description", ""),
        server_ip=row.get("ServerIp", "") if row["Type"] != "ecs" else "",
    )


def _key(row: dict[str, Any]) -> tuple[str, str, int]:
    server_ip = "" if row["ServerId"].startswith("i-") else row.get("ServerIp", "")
    return (row["ServerId"], server_ip, row.get("Port", 0))


def _check_server(state: View, balancer: Balancer, member: Member) -> None:
    # There are no network interfaces and containers here, so an ENI's or ECI's ID is not found.
    server = state.get(Instance, member.server_id)
    if server is None or server.region != balancer.region or not server.running:
        raise ApiError(
            "ObtainIpFail",
            f"Obtain ip failed: the server {member.server_id} does not exist or is not running.",
        )
    if balancer.address_type == "intranet" and server.vpc_id != balancer.vpc_id:
        raise ApiError("NetworkConflict")


def _check_network_of_all(state: View, balancer: Balancer, members: Iterable[Member]) -> None:
    """All backends of a balancer are classic or of one VPC.

    The members that are there agree already, so that the first of them speaks for all.
    """
    networks = {_network(state, member) for member in members}
    if not networks:
        return
    present = next(iter(_members(state, balancer)), None)
    if present is not None:
        networks.add(_network(state, present))
    if len(networks) > 1:
        raise ApiError("InvalidBackendServers.Inconsistent")


def _network(state: View, member: Member) -> str:
    server = state.get(Instance, member.server_id)
    return server.vpc_id if server is not None else ""


def _members(state: View, balancer: Balancer) -> Iterable[Member]:
    yield from balancer.pool
    for group in state.children(Group, balancer.id):
        yield from group.members
