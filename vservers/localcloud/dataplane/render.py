"""Topology -> configuration text of HAProxy. Pure: no file, no process, no clock.

Only IDs in whitelisted form, hosts, url prefixes, cookie names, integers and addresses are written,
each through `words`, and hosts and prefixes in single quotes, where HAProxy expands nothing. Names
that people gave to things never come here.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from vservers.localcloud.dataplane import words
from vservers.localcloud.dataplane.ports import Endpoint, Place
from vservers.localcloud.dataplane.rules import match_order
from vservers.localcloud.dataplane.topology import (
    Backend,
    HealthCheck,
    Listener,
    Member,
    Route,
    StickySession,
    Topology,
)

type ServerKey = tuple[str, str]  # names of backend and server in the engine

PROTOCOLS = ("http",)
INSERTED_COOKIE = "SERVERID"
EVEN_WEIGHT = 100
MAX_TIMEOUT_SECONDS = 9999

# Longer than any request timeout of the cloud: a reload cuts no answer short, and no worker of
# an old configuration stays for ever.
HARD_STOP_SECONDS = 300
CONNECT_SECONDS = 5
TUNNEL_SECONDS = 3600

_COMPRESSED_TYPES = (
    "text/xml text/plain text/css text/html application/javascript application/x-javascript "
    "application/rss+xml application/atom+xml application/xml application/json"
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What the configuration says of the process itself.

    stats_socket, state_file: paths that need no quoting; owner: (uid, gid) to drop to; max_files:
    upper limit of open files.
    """

    stats_socket: str
    state_file: str
    owner: tuple[int, int] | None = None
    threads: int = 2
    max_files: int = 65536


@dataclass(frozen=True, slots=True)
class Server:
    """One server line: what decides whether an earlier health state still speaks of it."""

    address: str
    port: int
    weight: int
    checked: bool


@dataclass(frozen=True, slots=True)
class Rendered:
    """config is what to load. shape is the same text without weights: while it stays equal, the
    running engine needs to be told weights only.
    """

    config: str
    shape: str
    servers: Mapping[ServerKey, Server]


def backend_name(listener: Listener, key: str) -> str:
    return f"{frontend_name(listener)}.{words.identifier(key, 'backend')}"


def server_name(member: Member) -> str:
    return f"{words.identifier(member.server_id, 'server')}.{words.port(member.port)}"


def frontend_name(listener: Listener) -> str:
    # Listener and protocol are part of every name: a group used by two listeners is two backends.
    balancer = words.identifier(listener.load_balancer_id, "load balancer")
    if listener.protocol not in PROTOCOLS:
        raise words.RenderError("protocol", listener.protocol)
    return f"{balancer}.{listener.protocol}.{words.port(listener.port)}"


def served_part(topology: Topology) -> tuple[Topology, list[str]]:
    """The listeners that can be served, and a sentence for each that cannot."""
    served, notices = [], []
    for listener in topology.listeners:
        if listener.protocol in PROTOCOLS and not listener.forward_port and not listener.access:
            served.append(listener)
        else:
            where = f"{listener.address}:{listener.port} ({listener.protocol})"
            notices.append(f"{where} is not served: the data plane cannot do this yet")
    return Topology(tuple(served), topology.instances), notices


def render(
    topology: Topology,
    frame: Frame,
    places: Mapping[Endpoint, Place],
    member_port: Callable[[int], int],
) -> Rendered:
    """The configuration that serves this topology.

    places: where each listener's (address, port) is bound; a listener without a served place is
    left out. member_port: the port on which an instance really answers for a member's port.
    Raises RenderError.
    """
    config = _process(frame)
    shape = list(config)
    servers: dict[ServerKey, Server] = {}
    taken: set[str | Endpoint] = set()
    for listener in topology.listeners:
        # The engine would take two listeners on one port, and share out the connections.
        for once in (frontend_name(listener), (listener.address, listener.port)):
            if once in taken:
                raise words.RenderError("second listener", once)
            taken.add(once)
        place = places.get((listener.address, listener.port))
        if place is None or not place.served:
            continue
        block = list(_frontend(listener, place.port))
        config += block
        shape += block
        for backend in listener.backends:
            block = list(_backend(listener, backend, member_port))
            config += block
            shape += block
            full_name = backend_name(listener, backend.key)
            for member in backend.members:
                server = _server(listener, member, member_port)
                key = (full_name, server_name(member))
                if key in servers:
                    raise words.RenderError("server named twice", key)
                servers[key] = server
                line = _server_line(listener, key[1], server)
                shape.append(line)
                config.append(f"{line} weight {server.weight}")
    return Rendered("\n".join(config) + "\n", "\n".join(shape), servers)


def _process(frame: Frame) -> list[str]:
    lines = [
        "# Rendered from the local cloud's state at every change: edits are lost.",
        "global",
        f"    stats socket {frame.stats_socket} mode 600 level admin expose-fd listeners",
        f"    server-state-file {frame.state_file}",
        f"    nbthread {frame.threads}",
        f"    fd-hard-limit {frame.max_files}",
        f"    hard-stop-after {HARD_STOP_SECONDS}s",
        # Checks that start together would hit the servers together after every reload.
        "    spread-checks 5",
    ]
    if frame.owner:
        lines += [f"    uid {frame.owner[0]}", f"    gid {frame.owner[1]}"]
    return [
        *lines,
        "defaults",
        "    mode http",
        "    load-server-state-from-file global",
        # Without this, connections kept alive over a reload would be cut in the middle of their
        # next request.
        "    option idle-close-on-response",
        "    option http-ignore-probes",
        # A server that refuses the connection costs a try, not the request.
        "    retries 3",
        "    option redispatch 1",
        f"    timeout connect {CONNECT_SECONDS}s",
        f"    timeout tunnel {TUNNEL_SECONDS}s",
    ]


def _frontend(listener: Listener, real_port: int) -> Iterator[str]:
    idle = words.integer(listener.idle_timeout, 1, MAX_TIMEOUT_SECONDS, "idle_timeout")
    request = words.integer(listener.request_timeout, 1, MAX_TIMEOUT_SECONDS, "request_timeout")
    address = words.address(listener.address)
    yield f"frontend {frontend_name(listener)}"
    yield f"    bind {address}:{words.port(real_port)}"
    yield f"    timeout http-keep-alive {idle}s"
    yield f"    timeout http-request {max(idle, 10)}s"
    yield f"    timeout client {max(idle, request)}s"
    if listener.x_forwarded_for:
        yield "    option forwardfor"
    if listener.x_forwarded_proto:
        yield "    http-request set-header X-Forwarded-Proto http"
    if listener.slb_ip:
        yield f"    http-request set-header SLB-IP {address}"
    if listener.slb_id:
        balancer = words.identifier(listener.load_balancer_id, "load balancer")
        yield f"    http-request set-header SLB-ID {balancer}"
    if listener.gzip:
        yield "    filter compression"
        yield "    compression algo gzip"
        yield f"    compression type {_COMPRESSED_TYPES}"
    known = {backend.key for backend in listener.backends}
    if any(route.domain for route in listener.routes):
        # fhdr and not hdr: the latter would cut a Host with a comma into several values.
        yield "    http-request set-var(txn.host) req.fhdr(host),host_only,lower"
    for route in match_order(listener.routes):
        if route.backend_key not in known:
            raise words.RenderError("backend of a rule", route.backend_key)
        yield _use_backend(listener, route)
    # Without any backend the engine answers 503 by itself.
    if listener.default_backend:
        if listener.default_backend not in known:
            raise words.RenderError("backend of a listener", listener.default_backend)
        yield f"    default_backend {backend_name(listener, listener.default_backend)}"


def _use_backend(listener: Listener, route: Route) -> str:
    """One rule as a condition. A prefix is a plain string; the query counts where it has a "?"."""
    conditions = []
    if route.domain:
        domain = words.domain(route.domain)
        compare = "end" if domain.startswith("*.") else "str"
        conditions.append(f"{{ var(txn.host) -m {compare} -- '{domain.removeprefix('*')}' }}")
    if route.url:
        url = words.url(route.url)
        conditions.append(f"{{ {'pathq' if '?' in url else 'path'} -m beg -- '{url}' }}")
    if not conditions:
        raise words.RenderError("rule without domain and url", route.rule_id)
    return f"    use_backend {backend_name(listener, route.backend_key)} if {' '.join(conditions)}"


def _backend(
    listener: Listener, backend: Backend, member_port: Callable[[int], int]
) -> Iterator[str]:
    name = backend_name(listener, backend.key)
    yield f"backend {name}"
    yield f"    balance {_balance(listener)}"
    yield f"    timeout server {listener.request_timeout}s"
    if listener.health_check is not None:
        yield from _check(listener.health_check, member_port)
    if listener.sticky is not None:
        cookie = _cookie_name(listener.sticky)
        yield f"    cookie {cookie} {_cookie_mode(listener.sticky)}"
        # By itself the engine still sends a client with a cookie to a server of weight 0. With a
        # cookie of no server it chooses again, and tells the client.
        for member in backend.members:
            server = server_name(member)
            this = f"^(.*; *|){re.escape(cookie)}={_cookie_value(server)}(.*)$"
            yield (
                f"    http-request replace-header Cookie '{this}' '\\1{cookie}=none\\2'"
                f" if {{ srv_weight({name}/{server}) eq 0 }}"
            )


def _balance(listener: Listener) -> str:
    try:
        return {"wrr": "roundrobin", "rr": "roundrobin", "wlc": "leastconn"}[listener.scheduler]
    except KeyError:
        raise words.RenderError("scheduler", listener.scheduler) from None


def _check(check: HealthCheck, member_port: Callable[[int], int]) -> Iterator[str]:
    interval = words.integer(check.interval, 1, 50, "interval")
    # The cloud counts a timeout below the interval as the interval.
    timeout = max(words.integer(check.timeout, 1, 300, "timeout"), interval)
    rise = words.integer(check.healthy_threshold, 1, 10, "healthy_threshold")
    fall = words.integer(check.unhealthy_threshold, 1, 10, "unhealthy_threshold")
    named = check.domain not in ("", "$_ip")
    # bc_dst is the address that is being checked.
    host = words.host(check.domain, "check domain") if named else "%[bc_dst]"
    settings = f"inter {interval}s rise {rise} fall {fall}"
    if check.port is not None:
        settings += f" port {member_port(words.port(check.port, 'check port'))}"
    yield f"    timeout check {timeout}s"
    yield "    option httpchk"
    yield (
        f"    http-check send meth {words.method(check.method)}"
        f" uri '{words.url(check.uri, 'check uri')}' ver HTTP/1.1 hdr Host '{host}'"
    )
    yield f"    http-check expect status {words.status_ranges(check)}"
    yield f"    default-server {settings}"


def _cookie_name(sticky: StickySession) -> str:
    return words.cookie(sticky.cookie) if sticky.kind == "server" else INSERTED_COOKIE


def _cookie_mode(sticky: StickySession) -> str:
    if sticky.kind == "insert":
        seconds = words.integer(sticky.cookie_timeout, 1, 86400, "cookie_timeout")
        return f"insert indirect nocache httponly maxlife {seconds}s"
    if sticky.kind == "server":
        # The server's own cookie is marked on its way out and given back as the server wrote it.
        return "prefix nocache"
    raise words.RenderError("sticky", sticky.kind)


def _cookie_value(server: str) -> str:
    """A short stand-in for a server's name, so that a cookie does not tell what is behind."""
    return hashlib.sha256(server.encode()).hexdigest()[:16]


def _server(listener: Listener, member: Member, member_port: Callable[[int], int]) -> Server:
    weight = words.integer(member.weight, 0, 100, "weight")
    if listener.scheduler == "rr" and weight:
        weight = EVEN_WEIGHT
    return Server(
        address=words.address(member.address),
        port=member_port(words.port(member.port)),
        weight=weight,
        checked=listener.health_check is not None,
    )


def _server_line(listener: Listener, name: str, server: Server) -> str:
    line = f"    server {name} {server.address}:{server.port}"
    if server.checked:
        line += " check"
    if listener.sticky is not None:
        line += f" cookie {_cookie_value(name)}"
    return line
