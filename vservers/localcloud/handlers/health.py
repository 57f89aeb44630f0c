"""Health of backend servers, as the data plane's checks see it."""

from collections.abc import Iterator

from vservers.localcloud.handlers.lookup import (
    listeners_of,
    rules_of,
    the_balancer,
    the_listener,
)
from vservers.localcloud.model import Balancer, Group, Instance, Listener, Member
from vservers.localcloud.registry import Answer, Reading, reads

# One server may be in two groups of one listener: the worse news counts.
_WORST_FIRST = ("abnormal", "unavailable", "normal")


@reads("slb", "DescribeHealthStatus")
def describe_health(call: Reading) -> Answer:
    """One entry per server, port and listener: normal, abnormal, or unavailable (not checked)."""
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
    found = [entry for listener in listeners for entry in _of_listener(call, balancer, listener)]
    return {"BackendServers": {"BackendServer": found}}


def _of_listener(
    call: Reading, balancer: Balancer, listener: Listener
) -> Iterator[dict[str, object]]:
    checked = listener.status == "running" and listener.settings.get("HealthCheck") == "on"
    known = call.plane.health(balancer.id, listener.protocol, listener.port) if checked else {}
    worst: dict[tuple[str, int], str] = {}
    for key, member, port in _backends(call, balancer, listener):
        state = known.get((key, member.server_id, port), "unavailable")
        before = worst.get((member.server_id, port), "normal")
        worst[member.server_id, port] = min(state, before, key=_WORST_FIRST.index)
    for (server_id, port), state in worst.items():
        server = call.state.get(Instance, server_id)
        yield {
            "ListenerPort": listener.port,
            "Protocol": listener.protocol,
            "ServerId": server_id,
            "ServerIp": server.address if server is not None else "",
            "Port": port,
            "ServerHealthStatus": state,
        }


def _backends(
    call: Reading, balancer: Balancer, listener: Listener
) -> Iterator[tuple[str, Member, int]]:
    """Who the listener may send to: (backend key, member, port), its rules' groups too."""
    group_ids = {rule.group_id: None for rule in rules_of(call.state, listener)}
    if listener.group_id:
        group_ids[listener.group_id] = None
    else:
        port = listener.settings.get("BackendServerPort", 0)
        yield from ((balancer.id, member, port) for member in balancer.pool)
    for group_id in group_ids:
        group = call.state.get(Group, group_id)
        if group is not None:
            yield from ((group.id, member, member.port) for member in group.members)
