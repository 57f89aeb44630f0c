"""From changes to the calls that make them, in the order in which it is safe to send them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import batched

from console.shell.said import gettext as _
from vservers.cloud import calls, listener_calls
from vservers.cloud.calls import MAX_SERVERS_PER_CALL, Call
from vservers.cloud.settings import settings_of
from vservers.cloud.types import BackendServer

from .changes import NEW, Change, Kind, Values, backend_server
from .planned import CannotPlan as CannotPlan
from .planned import PlannedCall as PlannedCall
from .planning_balancers import release_call, settings_calls, tag_calls
from .planning_rules import delete_rules, new_rules, set_rules

_SERVED = {"running", "stopped"}


def plan_calls(load_balancer_id: str, changes: Iterable[Change]) -> list[PlannedCall]:
    """The calls for changes of one load balancer.

    First what is added, then what gets other values, then what is removed: so that a group is never
    empty on the way, and nothing names what is not there. A load balancer that is released takes
    all with it. Raises CannotPlan.
    """
    changes = list(changes)
    of = {kind: [change for change in changes if change.kind is kind] for kind in Kind}
    for balancer in of[Kind.BALANCER]:
        if balancer.after is None:
            return [release_call(balancer, [one for one in changes if one is not balancer])]
    tags_put, tags_taken = tag_calls(of[Kind.TAG])
    stages = [
        _stage_groups(load_balancer_id, of[Kind.GROUP], of[Kind.MEMBER]),
        _stage_pool(load_balancer_id, of[Kind.POOL_SERVER]),
        _stage_pairs(load_balancer_id, of[Kind.PAIR]),
        _stage_listeners(load_balancer_id, of[Kind.LISTENER], of[Kind.RULE]),
        _stage_extensions(load_balancer_id, of[Kind.EXTENSION], of[Kind.LISTENER]),
    ]
    # Groups stand before listeners and rules refer to them, and go after these have let go.
    return [
        *(planned for stage in stages for planned in stage.add),
        *tags_put,
        *settings_calls(of[Kind.BALANCER]),
        *(planned for stage in stages for planned in stage.set),
        *tags_taken,
        *(planned for stage in reversed(stages) for planned in stage.remove),
    ]


@dataclass(frozen=True, slots=True)
class _Stages:
    add: list[PlannedCall]
    set: list[PlannedCall]
    remove: list[PlannedCall]


def _split(changes: Sequence[Change]) -> tuple[list[Change], list[Change], list[Change]]:
    """(additions, new values, removals)."""
    return (
        [change for change in changes if change.before is None],
        [change for change in changes if change.before is not None and change.after is not None],
        [change for change in changes if change.after is None],
    )


def _wanted(changes: Iterable[Change]) -> list[BackendServer]:
    return [backend_server(change.key, change.after or change.before or {}) for change in changes]


def _stage_groups(
    load_balancer_id: str, groups: Sequence[Change], members: Sequence[Change]
) -> _Stages:
    new, renamed, gone = _split(groups)
    stages = _Stages([], [], [])
    for group in new:
        servers = [member for member in members if member.key[0] == group.key[0]]
        first, rest = servers[:MAX_SERVERS_PER_CALL], servers[MAX_SERVERS_PER_CALL:]
        name = str((group.after or {})["name"])
        call = calls.create_vserver_group(load_balancer_id, name, _wanted(first))
        stages.add.append(PlannedCall(call, (group, *first)))
        stages.add.extend(_member_calls(NEW, calls.add_vserver_group_backend_servers, rest))
    deleted = {group.key[0] for group in gone}
    created = {group.key[0] for group in new}
    names = {group.key[0]: group for group in renamed}
    touched = {member.key[0] for member in members} | set(names)
    for group_id in sorted(map(str, touched - deleted - created)):
        here = [member for member in members if member.key[0] == group_id]
        added, changed, removed = _split(here)
        stages.add.extend(_member_calls(group_id, calls.add_vserver_group_backend_servers, added))
        stages.set.extend(_set_calls(group_id, names.get(group_id), changed))
        stages.remove.extend(
            _member_calls(group_id, calls.remove_vserver_group_backend_servers, removed)
        )
    for group in gone:
        servers = [member for member in members if member.key[0] == group.key[0]]
        call = calls.delete_vserver_group(str(group.key[0]))
        stages.remove.append(PlannedCall(call, (group, *servers)))
    return stages


def _member_calls(
    group_id: str,
    build: Callable[[str, Sequence[BackendServer]], Call],
    members: Sequence[Change],
) -> list[PlannedCall]:
    return [
        PlannedCall(build(group_id, _wanted(batch)), batch)
        for batch in batched(members, MAX_SERVERS_PER_CALL)
    ]


def _set_calls(group_id: str, group: Change | None, members: Sequence[Change]) -> list[PlannedCall]:
    """New weights in batches; a new name goes with the first of them."""
    batches: list[tuple[Change, ...]] = list(batched(members, MAX_SERVERS_PER_CALL))
    if group and not batches:
        batches = [()]
    planned = []
    for number, batch in enumerate(batches):
        renamed = group if number == 0 else None
        name = str((renamed.after or {})["name"]) if renamed else ""
        call = calls.set_vserver_group_attribute(group_id, name=name, servers=_wanted(batch))
        planned.append(PlannedCall(call, (renamed, *batch) if renamed else batch))
    return planned


def _stage_pool(load_balancer_id: str, servers: Sequence[Change]) -> _Stages:
    builders = (calls.add_backend_servers, calls.set_backend_servers, calls.remove_backend_servers)
    return _Stages(
        *(
            [
                PlannedCall(build(load_balancer_id, _wanted(batch)), batch)
                for batch in batched(some, MAX_SERVERS_PER_CALL)
            ]
            for build, some in zip(builders, _split(servers), strict=True)
        )
    )


def _stage_listeners(
    load_balancer_id: str, listeners: Sequence[Change], rules: Sequence[Change]
) -> _Stages:
    new, changed, gone = _split(listeners)
    stages = _Stages([], [], [])
    for listener in new:
        stages.add.extend(_new_listener(load_balancer_id, listener))
    for listener in changed:
        stages.set.extend(_changed_listener(load_balancer_id, listener))
    deleted = {listener.key for listener in gone}
    left = [rule for rule in rules if rule.key[:2] not in deleted]
    stages.add.extend(new_rules(load_balancer_id, left))
    stages.set.extend(set_rules(left))
    stages.remove.extend(delete_rules(left))
    for listener in gone:
        call = listener_calls.delete_listener(
            load_balancer_id, str(listener.key[0]), int(listener.key[1])
        )
        its_rules = [rule for rule in rules if rule.key[:2] == listener.key]
        stages.remove.append(PlannedCall(call, (listener, *its_rules)))
    return stages


def _stage_extensions(
    load_balancer_id: str, extensions: Sequence[Change], listeners: Iterable[Change]
) -> _Stages:
    """Those of a listener that goes need no call of their own."""
    deleted = {listener.key for listener in listeners if listener.after is None}
    added, changed, removed = _split(
        [extension for extension in extensions if extension.owner[1] not in deleted]
    )
    stages = _Stages([], [], [])
    for one in added:
        _, port, domain = one.key
        certificate_id = str((one.after or {})["server_certificate_id"])
        call = listener_calls.create_domain_extension(
            load_balancer_id, int(port), str(domain), certificate_id
        )
        stages.add.append(PlannedCall(call, (one,)))
    for one in changed:
        call = listener_calls.set_domain_extension(
            (one.before or {})["domain_extension_id"], (one.after or {})["server_certificate_id"]
        )
        stages.set.append(PlannedCall(call, (one,)))
    for one in removed:
        call = listener_calls.delete_domain_extension((one.before or {})["domain_extension_id"])
        stages.remove.append(PlannedCall(call, (one,)))
    return stages


def _stage_pairs(load_balancer_id: str, pairs: Sequence[Change]) -> _Stages:
    new, changed, gone = _split(pairs)
    if changed:
        raise CannotPlan(_("A primary/secondary group cannot be changed: make another one."))
    stages = _Stages([], [], [])
    for pair in new:
        values = dict(pair.after or {})
        by_role = {server["role"]: _pair_server(server) for server in values["servers"]}
        call = calls.create_master_slave_server_group(
            load_balancer_id, values["name"], by_role["Master"], by_role["Slave"]
        )
        stages.add.append(PlannedCall(call, (pair,)))
    for pair in gone:
        call = calls.delete_master_slave_server_group(str(pair.key[0]))
        stages.remove.append(PlannedCall(call, (pair,)))
    return stages


def _pair_server(values: Values) -> BackendServer:
    return BackendServer(
        server_id=values["server_id"],
        server_ip=values["server_ip"],
        port=values["port"],
        weight=values["weight"],
        type=values["type"],
    )


def _new_listener(load_balancer_id: str, listener: Change) -> list[PlannedCall]:
    protocol, port = str(listener.key[0]), int(listener.key[1])
    after = dict(listener.after or {})
    status = after.pop("status", "stopped")
    call = listener_calls.create_listener(
        load_balancer_id,
        protocol,
        port,
        settings_of(protocol, after),
        vserver_group_id=after["vserver_group_id"] or "",
        master_slave_server_group_id=after.get("master_slave_server_group_id") or "",
        backend_server_port=after["backend_server_port"],
        description=after["description"],
        forward_port=after.get("forward_port"),
    )
    planned = [PlannedCall(call, (Change(Kind.LISTENER, listener.key, None, after),))]
    if status == "running":
        made = Change(Kind.LISTENER, listener.key, {"status": "stopped"}, {"status": "running"})
        planned += _changed_listener(load_balancer_id, made)
    return planned


def _changed_listener(load_balancer_id: str, listener: Change) -> list[PlannedCall]:
    protocol, port = str(listener.key[0]), int(listener.key[1])
    before, after = dict(listener.before or {}), dict(listener.after or {})
    planned = []
    was, status = before.pop("status", None), after.pop("status", None)
    if after and before != after:
        call = listener_calls.set_listener_attribute(
            load_balancer_id,
            protocol,
            port,
            settings_of(protocol, after),
            vserver_group_id=after["vserver_group_id"] or "",
            master_slave_server_group_id=after.get("master_slave_server_group_id") or "",
            description=after["description"],
        )
        planned.append(PlannedCall(call, (Change(Kind.LISTENER, listener.key, before, after),)))
    if status in _SERVED and status != was:
        build = (
            listener_calls.start_listener if status == "running" else listener_calls.stop_listener
        )
        moved = Change(Kind.LISTENER, listener.key, {"status": was}, {"status": status})
        planned.append(PlannedCall(build(load_balancer_id, protocol, port), (moved,)))
    return planned
