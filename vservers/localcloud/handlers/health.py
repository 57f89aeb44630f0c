"""Health of backend servers, as the data plane's checks see it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from vservers.localcloud.dataplane.results import CheckResult
from vservers.localcloud.handlers.lookup import (
    listeners_of,
    rules_of,
    server_of,
    the_balancer,
    the_listener,
)
from vservers.localcloud.model import Balancer, Group, Listener, MasterSlaveGroup, Member, Settings
from vservers.localcloud.registry import Answer, Reading, reads

# One server may be in two groups of one listener: the worse news counts.
_WORST_FIRST = ("abnormal", "unavailable", "normal")


Connections = dict[tuple[str, str, int], int]
Checks = dict[tuple[str, str, int], CheckResult]


@reads("slb", "DescribeHealthStatus")
async def describe_health(call: Reading) -> Answer:
    """One entry per server, port and listener: normal, abnormal, or unavailable (not checked).

    Beyond the cloud's fields, where the data plane knows: Connections that are open to it now, and
    LastCheck: what the check said, and since when the server is so.
    """
    balancer = the_balancer(call)
    if call.params.get("ListenerPort"):
        listeners = [the_listener(call, balancer)]
    else:
        protocol = call.params.get("ListenerProtocol", "")
        listeners = [
            listener
            for listener in listeners_of(call.state, balancer.id)
            if protocol in ("", listener.protocol)
        ]
    found: list[dict[str, object]] = []
    for listener in listeners:
        place = (balancer.id, listener.protocol, listener.port)
        opened = await call.plane.connections(*place)
        checks = await call.plane.check_results(*place) if listener.status == "running" else {}
        found += _of_listener(call, balancer, listener, opened, checks)
    return {"BackendServers": {"BackendServer": found}}


def _of_listener(
    call: Reading,
    balancer: Balancer,
    listener: Listener,
    opened: Connections,
    checks: Checks,
) -> Iterator[dict[str, object]]:
    running = listener.status == "running"
    known = call.plane.health(balancer.id, listener.protocol, listener.port) if running else {}
    worst: dict[tuple[str, int], tuple[str, CheckResult | None]] = {}
    connections: dict[tuple[str, int], int] = {}
    for key, member, port, checked in _backends(call, balancer, listener):
        state = known.get((key, member.server_id, port)) if checked else None
        said = checks.get((key, member.server_id, port)) if checked else None
        here = (state or "unavailable", said)
        before = worst.get((member.server_id, port), here)
        if (key, member.server_id, port) in opened:
            before_it = connections.get((member.server_id, port), 0)
            count = opened[key, member.server_id, port]
            connections[member.server_id, port] = before_it + count
        worst[member.server_id, port] = min(before, here, key=_badness)
    for (server_id, port), (state, said) in worst.items():
        server = server_of(call.state, server_id)
        yield {
            "ListenerPort": listener.port,
            "Protocol": listener.protocol,
            "ServerId": server_id,
            "ServerIp": server.address if server is not None else "",
            "Port": port,
            "ServerHealthStatus": state,
            **(
                {"Connections": connections[server_id, port]}
                if (server_id, port) in connections
                else {}
            ),
            **({"LastCheck": _last_check(said, call.now)} if said else {}),
        }


def _badness(one: tuple[str, CheckResult | None]) -> int:
    return _WORST_FIRST.index(one[0])


def _last_check(said: CheckResult, now: int) -> dict[str, object]:
    """A result as answers have it. now: in milliseconds."""
    changed = datetime.fromtimestamp(now // 1000 - said.unchanged_seconds, UTC)
    return {
        "Result": said.word,
        "Code": said.code,
        "Message": said.message,
        "Milliseconds": said.milliseconds,
        "ChangedAt": changed.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _backends(
    call: Reading, balancer: Balancer, listener: Listener
) -> Iterator[tuple[str, Member, int, bool]]:
    """Who the listener may send to: (backend key, member, port, whether it is checked).

    With its rules' groups, each checked as the listener says, or as the rule itself does.
    """
    checked = _is_checked(listener.settings)
    groups = {listener.group_id: (listener.group_id, checked)} if listener.group_id else {}
    for rule in rules_of(call.state, listener):
        own = bool(rule.settings)
        key = rule.id if own else rule.group_id
        groups[key] = (rule.group_id, _is_checked(rule.settings) if own else checked)
    if not listener.group_id:
        port = listener.settings.get("BackendServerPort", 0)
        yield from ((balancer.id, member, port, checked) for member in balancer.pool)
    for key, (group_id, group_checked) in groups.items():
        group = call.state.get(Group, group_id) or call.state.get(MasterSlaveGroup, group_id)
        if group is not None:
            yield from ((key, member, member.port, group_checked) for member in group.members)


def _is_checked(settings: Settings) -> bool:
    return settings.get("HealthCheck") == "on"
