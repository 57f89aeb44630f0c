"""Primary/secondary groups: two servers, of which the second serves while the first cannot."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from vservers.localcloud.errors import ApiError, master_slave_not_found, missing
from vservers.localcloud.handlers.backends import new_members, refuse_too_many
from vservers.localcloud.handlers.lookup import (
    given_tags,
    has_tags,
    listeners_of,
    refuse_locked,
    the_balancer,
    wire_tags,
)
from vservers.localcloud.model import MasterSlaveGroup, Member
from vservers.localcloud.registry import Answer, Call, Reading, Writing, new_id, reads, utc, writes
from vservers.localcloud.store import View


@writes("slb", "CreateMasterSlaveServerGroup")
def create_pair(call: Writing) -> Answer:
    """A new group of one primary and one secondary server.

    Raises BACKEND_SERVERS_NUM_MUST_BE_TWO, BACKEND_SERVERS_HAVE_SAME_PORT_AND_SERVERID,
    BACKEND_SERVERS_CAN_ONLY_CONTAIN_ONE_MASTER_AND_ONE_SLAVE, and what backend servers raise.
    """
    balancer = the_balancer(call)
    if "MasterSlaveBackendServers" not in call.params:
        raise missing("MasterSlaveBackendServers")
    rows = call.params["MasterSlaveBackendServers"]
    if len(rows) != 2:
        raise ApiError("BACKEND_SERVERS_NUM_MUST_BE_TWO")
    if len({(row["ServerId"], row["Port"]) for row in rows}) == 1:
        raise ApiError("BACKEND_SERVERS_HAVE_SAME_PORT_AND_SERVERID")
    if Counter(row["ServerType"] for row in rows) != Counter(("Master", "Slave")):
        raise ApiError("BACKEND_SERVERS_CAN_ONLY_CONTAIN_ONE_MASTER_AND_ONE_SLAVE")
    group = MasterSlaveGroup(
        id=new_id("rsp"),
        balancer_id=balancer.id,
        region=balancer.region,
        name=call.params.get("MasterSlaveServerGroupName", ""),
        created=call.now,
        members=new_members(call.state, balancer, rows),
        tags=given_tags(call.params),
    )
    call.state.put(group)
    refuse_too_many(call, balancer, group=group, added=group.members)
    return {"MasterSlaveServerGroupId": group.id, **_wire_members(group.members)}


@reads("slb", "DescribeMasterSlaveServerGroups")
def describe_pairs(call: Reading) -> Answer:
    """The balancer's primary/secondary groups; with their listeners when asked for."""
    balancer = the_balancer(call)
    name = call.params.get("Description", "")
    listeners = listeners_of(call.state, balancer.id) if call.params.get("IncludeListener") else []
    found = [
        {
            "MasterSlaveServerGroupId": group.id,
            "MasterSlaveServerGroupName": group.name,
            "CreateTime": utc(group.created),
            "Tags": {"Tag": wire_tags(group.tags)},
            "AssociatedObjects": {
                "Listeners": {
                    "Listener": [
                        {"Protocol": listener.protocol, "Port": listener.port}
                        for listener in listeners
                        if listener.group_id == group.id
                    ]
                }
            },
        }
        for group in call.state.children(MasterSlaveGroup, balancer.id)
        if name in ("", group.name) and has_tags(group.tags, call.params.get("Tag", ()))
    ]
    return {"MasterSlaveServerGroups": {"MasterSlaveServerGroup": found}}


@reads("slb", "DescribeMasterSlaveServerGroupAttribute")
def describe_pair(call: Reading) -> Answer:
    """One primary/secondary group with both servers."""
    group = _the_pair(call)
    return {
        "MasterSlaveServerGroupId": group.id,
        "MasterSlaveServerGroupName": group.name,
        "LoadBalancerId": group.balancer_id,
        "CreateTime": utc(group.created),
        "Tags": {"Tag": wire_tags(group.tags)},
        **_wire_members(group.members),
    }


@writes("slb", "DeleteMasterSlaveServerGroup")
def delete_pair(call: Writing) -> Answer:
    """Delete one that no listener uses. Raises RspoolVipExist."""
    group = _the_pair(call)
    users = listeners_of(call.state, group.balancer_id)
    if any(listener.group_id == group.id for listener in users):
        raise ApiError("RspoolVipExist")
    call.state.delete(group)
    return {}


def _the_pair[V: View](call: Call[V]) -> MasterSlaveGroup:
    group = call.state.get(MasterSlaveGroup, call.params["MasterSlaveServerGroupId"])
    if group is None or not call.in_region(group.region):
        raise master_slave_not_found()
    refuse_locked(call, group.balancer_id)
    return group


def _wire_members(members: Iterable[Member]) -> dict[str, Any]:
    rows = []
    for member in members:
        row: dict[str, Any] = {
            "ServerId": member.server_id,
            "Port": member.port,
            "Weight": member.weight,
            "Type": member.type,
            "ServerType": member.role,
        }
        if member.description:
            row["Description"] = member.description
        rows.append(row)
    return {"MasterSlaveBackendServers": {"MasterSlaveBackendServer": rows}}
