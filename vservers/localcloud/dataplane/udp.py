"""UDP listeners as nginx's stream module serves them. Pure: no file, no process, no clock.

The same rule as for HAProxy holds: only IDs, integers and addresses are written, each through
`words`. What a check sends and expects never comes here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from vservers.localcloud.dataplane import access, words
from vservers.localcloud.dataplane.checks import PortMap, check_times, settings_of
from vservers.localcloud.dataplane.names import (
    DATAGRAMS,
    ServerKey,
    backend_name,
    frontend_name,
    server_name,
)
from vservers.localcloud.dataplane.ports import Endpoint, Place
from vservers.localcloud.dataplane.render import effective_weight
from vservers.localcloud.dataplane.topology import Backend, HealthCheck, Listener, Topology

FLOW_SECONDS = 10  # a client that is silent for so long is scheduled anew
MAX_CONNECTIONS = 65536  # two a flow, all of them while they last

_SCHEDULERS = {
    "wrr": "",
    "rr": "",
    "wlc": "least_conn",
    "sch": "hash $remote_addr consistent",
    "tch": "hash $remote_addr:$remote_port consistent",
    # The engine does not read the ID of a QUIC connection. While its client keeps address and
    # port, this sends the connection to the same server as well.
    "qch": "hash $remote_addr:$remote_port consistent",
}


@dataclass(frozen=True, slots=True)
class UdpFrame:
    """module: what to load for streams, "" when built in; user: to become, "" for none."""

    module: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A server as it is checked: on which address and port, and how."""

    address: str
    port: int
    check: HealthCheck


def targets(topology: Topology, member_port: PortMap) -> dict[ServerKey, Target]:
    """The servers of UDP listeners that have a check, which the secondary ones have not."""
    found = {}
    for listener, backend in _backends(topology):
        check = settings_of(listener, backend).health_check
        for member in backend.members:
            if check is not None and not member.backup:
                _validated(check)
                port = words.port(member.port if check.port is None else check.port, "check port")
                key = (backend_name(listener, backend.key), server_name(member))
                found[key] = Target(words.address(member.address), member_port(port), check)
    return found


def render_udp(
    topology: Topology,
    frame: UdpFrame,
    places: Mapping[Endpoint, Place],
    member_port: PortMap,
    healthy: Callable[[ServerKey], bool],
) -> str:
    """The configuration that serves the topology's UDP listeners. Raises RenderError.

    places: where each listener's (address, port) is bound. healthy: whether a server may be sent
    something.
    """
    lines = ["# Rendered from the local cloud's state at every change: edits are lost."]
    if frame.module:
        lines.append(f"load_module {frame.module};")
    if frame.user:
        lines.append(f"user {frame.user};")
    lines += [
        "daemon off;",
        "worker_processes 1;",
        "error_log stderr crit;",
        f"events {{ worker_connections {MAX_CONNECTIONS}; }}",
        "stream {",
        f"    proxy_timeout {FLOW_SECONDS}s;",
    ]
    taken: set[Endpoint] = set()
    for listener in topology.listeners:
        if listener.protocol not in DATAGRAMS:
            continue
        if (listener.address, listener.port) in taken:
            raise words.RenderError("second listener", frontend_name(listener))
        taken.add((listener.address, listener.port))
        place = places.get((listener.address, listener.port))
        if place is not None and place.served:
            for backend in listener.backends:
                lines += _upstream(listener, backend, member_port, healthy)
            lines += _server(listener, place.port)
    return "\n".join([*lines, "}", ""])


def _backends(topology: Topology) -> Iterator[tuple[Listener, Backend]]:
    for listener in topology.listeners:
        if listener.protocol in DATAGRAMS:
            for backend in listener.backends:
                yield listener, backend


def _validated(check: HealthCheck) -> None:
    """Refuse here what would otherwise fail in the middle of a check."""
    check_times(check)
    words.probe(check.request, "check request")
    words.probe(check.expect, "check expectation")
    if check.kind != "udp":
        raise words.RenderError("health check", check.kind)


def _upstream(
    listener: Listener,
    backend: Backend,
    member_port: PortMap,
    healthy: Callable[[ServerKey], bool],
) -> Iterator[str]:
    name = backend_name(listener, backend.key)
    scheduler = settings_of(listener, backend).scheduler
    if scheduler not in _SCHEDULERS:
        raise words.RenderError("scheduler", scheduler)
    if not backend.members:
        return
    yield f"    upstream {name} {{"
    # A pair of primary and secondary leaves nothing to choose, and a hash takes no secondary.
    if _SCHEDULERS[scheduler] and not any(member.backup for member in backend.members):
        yield f"        {_SCHEDULERS[scheduler]};"
    for member in backend.members:
        address = f"{words.address(member.address)}:{member_port(words.port(member.port))}"
        weight = effective_weight(scheduler, member)
        # Whether a server is there is found out by our own checks, not by lost datagrams.
        options = f" weight={weight} max_fails=0" if weight else " down"
        if weight and not healthy((name, server_name(member))):
            options += " down"
        yield f"        server {address}{options}{' backup' if member.backup else ''};"
    yield "    }"


def _server(listener: Listener, real_port: int) -> Iterator[str]:
    served = {backend.key for backend in listener.backends if backend.members}
    if listener.default_backend not in {backend.key for backend in listener.backends} | {""}:
        raise words.RenderError("backend of a listener", listener.default_backend)
    yield f"    server {{  # {frontend_name(listener)}"
    yield f"        listen {words.address(listener.address)}:{words.port(real_port)} udp;"
    if listener.default_backend in served:
        yield from access.nginx_lines(listener.access)
        yield f"        proxy_pass {backend_name(listener, listener.default_backend)};"
    else:
        yield "        deny all;"
        yield '        return "";'
    yield "    }"
