"""The VServer group family."""

from dataclasses import replace

from vservers.localcloud.errors import ApiError, missing
from vservers.localcloud.handlers.backends import (
    changed,
    new_members,
    refuse_repeated,
    refuse_same_address,
    refuse_too_many,
    wire_members,
    without,
)
from vservers.localcloud.handlers.lookup import (
    given_tags,
    has_tags,
    the_balancer,
    the_group,
    users_of_groups,
    wire_tags,
)
from vservers.localcloud.model import Balancer, Group
from vservers.localcloud.quotas import exceeded
from vservers.localcloud.registry import Answer, Reading, Writing, new_id, reads, utc, writes


@writes("slb", "CreateVServerGroup")
def create_group(call: Writing) -> Answer:
    """A new group, with servers or empty. Names may repeat, and so may the whole request."""
    balancer = the_balancer(call)
    if exceeded(call.state.count(Group, balancer.id) + 1, call.quotas.groups):
        raise ApiError("OverQuota")
    group = Group(
        id=new_id("rsp"),
        balancer_id=balancer.id,
        region=balancer.region,
        name=call.params.get("VServerGroupName", ""),
        created=call.now,
        members=new_members(call.state, balancer, call.params.get("BackendServers", ())),
        tags=given_tags(call.params),
    )
    call.state.put(group)
    refuse_too_many(call, balancer, group=group, added=group.members)
    return _members_answer(group)


@reads("slb", "DescribeVServerGroups")
def describe_groups(call: Reading) -> Answer:
    """The balancer's groups, without their servers; with their users when asked for."""
    balancer = the_balancer(call)
    name = call.params.get("Description", "")
    with_listeners = call.params.get("IncludeListener", False)
    with_rules = call.params.get("IncludeRule", False)
    listeners, rules = (
        users_of_groups(call.state, balancer.id) if with_listeners or with_rules else ({}, {})
    )
    found = [
        {
            "VServerGroupId": group.id,
            "VServerGroupName": group.name,
            "ServerCount": len(group.members),
            "CreateTime": utc(group.created),
            "Tags": {"Tag": wire_tags(group.tags)},
            "AssociatedObjects": {
                "Listeners": {
                    "Listener": [
                        {"Protocol": listener.protocol, "Port": listener.port}
                        for listener in (listeners.get(group.id, ()) if with_listeners else ())
                    ]
                },
                "Rules": {
                    "Rule": [
                        {
                            "RuleId": rule.id,
                            "RuleName": rule.name,
                            "Domain": rule.domain,
                            "Url": rule.url,
                        }
                        for rule in (rules.get(group.id, ()) if with_rules else ())
                    ]
                },
            },
        }
        for group in call.state.children(Group, balancer.id)
        if name in ("", group.name) and has_tags(group.tags, call.params.get("Tag", ()))
    ]
    return {"VServerGroups": {"VServerGroup": found}}


@reads("slb", "DescribeVServerGroupAttribute")
def describe_group(call: Reading) -> Answer:
    """One group with all its servers."""
    group = the_group(call)
    return {
        **_members_answer(group),
        "VServerGroupName": group.name,
        "LoadBalancerId": group.balancer_id,
        "CreateTime": utc(group.created),
        "Tags": {"Tag": wire_tags(group.tags)},
    }


@writes("slb", "SetVServerGroupAttribute")
def set_group(call: Writing) -> Answer:
    """Change the name, and weight and description of servers that are in the group."""
    group = the_group(call)
    rows = call.params.get("BackendServers")
    name = call.params.get("VServerGroupName", "")
    if rows is None and not name:
        raise ApiError(
            "MissingParameter", "The VServerGroupName or BackendServers is required at lease one."
        )
    group = replace(group, name=name or group.name, members=changed(group.members, rows or ()))
    call.state.put(group)
    return {**_members_answer(group), "VServerGroupName": group.name}


@writes("slb", "AddVServerGroupBackendServers")
def add_members(call: Writing) -> Answer:
    """Add servers; one that is there already, on that port, is refused."""
    group = the_group(call)
    return _put_members(call, group, (), call.params["BackendServers"])


@writes("slb", "RemoveVServerGroupBackendServers")
def remove_members(call: Writing) -> Answer:
    """Remove servers; unknown ones are ignored."""
    group = the_group(call)
    return _put_members(call, group, call.params["BackendServers"], ())


@writes("slb", "ModifyVServerGroupBackendServers")
def modify_members(call: Writing) -> Answer:
    """Replace old servers with new ones, in one step."""
    group = the_group(call)
    old = call.params.get("OldBackendServers")
    new = call.params.get("NewBackendServers")
    if old is None and new is None:
        raise missing("NewBackendServers")
    return _put_members(call, group, old or (), new or ())


@writes("slb", "DeleteVServerGroup")
def delete_group(call: Writing) -> Answer:
    """Delete a group that no listener and no rule uses."""
    group = the_group(call)
    listeners, rules = users_of_groups(call.state, group.balancer_id)
    if group.id in listeners:
        raise ApiError("RspoolVipExist")
    if group.id in rules:
        raise ApiError("RspoolRuleExist")
    call.state.delete(group)
    return {}


def _put_members(
    call: Writing,
    group: Group,
    gone: tuple[dict[str, object], ...],
    rows: tuple[dict[str, object], ...],
) -> Answer:
    balancer = call.state.get(Balancer, group.balancer_id)
    assert balancer is not None, "a group lives as long as its balancer"  # noqa: S101
    kept = group.members
    if gone:
        kept = without(kept, gone)
        # Stored before the new ones are looked at: what leaves in this call does not bind them.
        call.state.put(replace(group, members=kept))
    added = new_members(call.state, balancer, rows)
    group = replace(group, members=kept + added)
    refuse_repeated(group.members)
    refuse_same_address(call.state, group.members)
    call.state.put(group)
    if added:
        refuse_too_many(call, balancer, group=group, added=added)
    return _members_answer(group)


def _members_answer(group: Group) -> Answer:
    return {
        "VServerGroupId": group.id,
        "BackendServers": wire_members(group.members, with_port=True),
    }
