"""HTTP and HTTPS listeners as HAProxy's frontends and backends."""

import hashlib
import re
from collections.abc import Iterator

from vservers.localcloud.dataplane import access, tls, words
from vservers.localcloud.dataplane.checks import PortMap, check_lines, settings_of
from vservers.localcloud.dataplane.names import backend_name, frontend_name, server_name
from vservers.localcloud.dataplane.rules import match_order
from vservers.localcloud.dataplane.topology import Backend, Listener, Route, StickySession

INSERTED_COOKIE = "SERVERID"
MAX_TIMEOUT_SECONDS = 9999
HTTPS_PORT = 443

_COMPRESSED_TYPES = (
    "text/xml text/plain text/css text/html application/javascript application/x-javascript "
    "application/rss+xml application/atom+xml application/xml application/json"
)
_SCHEDULERS = {"wrr": "roundrobin", "rr": "roundrobin", "wlc": "leastconn"}


def frontend(listener: Listener, real_port: int, tls_folder: str) -> Iterator[str]:
    """real_port: where it is bound. tls_folder: where the files of its certificates are."""
    idle = words.integer(listener.idle_timeout, 1, MAX_TIMEOUT_SECONDS, "idle_timeout")
    request = words.integer(listener.request_timeout, 1, MAX_TIMEOUT_SECONDS, "request_timeout")
    bind = f"    bind {words.address(listener.address)}:{words.port(real_port)}"
    yield f"frontend {frontend_name(listener)}"
    yield f"{bind} {tls.bind_options(listener, tls_folder)}" if _secure(listener) else bind
    yield f"    timeout http-keep-alive {idle}s"
    yield f"    timeout http-request {max(idle, 10)}s"
    yield f"    timeout client {max(idle, request)}s"
    yield from access.haproxy_lines(listener.access)
    yield from _headers(listener)
    if listener.gzip:
        yield "    filter compression"
        yield "    compression algo gzip"
        yield f"    compression type {_COMPRESSED_TYPES}"
    yield from _choice(listener)


def redirect(listener: Listener, real_port: int, target_port: int) -> Iterator[str]:
    """A listener that only sends its clients to the HTTPS listener on target_port."""
    address = words.address(listener.address)
    port = words.port(target_port, "forward_port")
    suffix = "" if port == HTTPS_PORT else f":{port}"
    yield f"frontend {frontend_name(listener)}"
    yield f"    bind {address}:{words.port(real_port)}"
    yield f"    timeout client {words.integer(listener.idle_timeout, 1, 9999, 'idle_timeout')}s"
    yield from access.haproxy_lines(listener.access)
    # What a client calls the host goes back to that client only, and only if it looks like a host.
    yield "    http-request set-var(txn.host) req.fhdr(host),host_only"
    yield (
        f"    http-request redirect code 301 location https://{address}{suffix}%[capture.req.uri]"
        " unless { var(txn.host) -m reg '^[A-Za-z0-9._-]+$' }"
    )
    yield (
        "    http-request redirect code 301"
        f" location https://%[var(txn.host)]{suffix}%[capture.req.uri]"
    )


def _secure(listener: Listener) -> bool:
    return listener.protocol == "https"


def _headers(listener: Listener) -> Iterator[str]:
    def header(name: str, value: str) -> str:
        return f"    http-request set-header {name} {value}"

    if listener.x_forwarded_for:
        # One header with all addresses, as the cloud's proxy writes it: of two with the same name,
        # many programs read only the first, which is the client's own.
        one = "{ req.fhdr_cnt(x-forwarded-for) eq 1 }"
        yield f"{header('X-Forwarded-For', "'%[req.fhdr(x-forwarded-for)], %[src]'")} if {one}"
        yield f"    http-request add-header X-Forwarded-For %[src] unless {one}"
    if listener.x_forwarded_proto:
        yield header("X-Forwarded-Proto", "https" if _secure(listener) else "http")
    if listener.slb_ip:
        yield header("SLB-IP", words.address(listener.address))
    if listener.slb_id:
        yield header("SLB-ID", words.identifier(listener.load_balancer_id, "load balancer"))
    if listener.slb_port:
        yield header("X-Forwarded-Port", str(words.port(listener.port)))
    if listener.client_src_port:
        yield header("X-Forwarded-Client-srcport", "%[src_port]")


def _choice(listener: Listener) -> Iterator[str]:
    """The rules, strongest first, then the default."""
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


def backend(listener: Listener, one: Backend, member_port: PortMap) -> Iterator[str]:
    settings = settings_of(listener, one)
    name = backend_name(listener, one.key)
    if settings.scheduler not in _SCHEDULERS:
        raise words.RenderError("scheduler", settings.scheduler)
    yield f"backend {name}"
    yield f"    balance {_SCHEDULERS[settings.scheduler]}"
    yield f"    timeout server {listener.request_timeout}s"
    if settings.health_check is not None:
        yield from check_lines(settings.health_check, member_port)
    if settings.sticky is not None:
        cookie = _cookie_name(settings.sticky)
        yield f"    cookie {cookie} {_cookie_mode(settings.sticky)}"
        # By itself the engine still sends a client with a cookie to a server of weight 0. With a
        # cookie of no server it chooses again, and tells the client.
        for member in one.members:
            server = server_name(member)
            this = f"^(.*; *|){re.escape(cookie)}={_cookie_value(server)}(.*)$"
            yield (
                f"    http-request replace-header Cookie '{this}' '\\1{cookie}=none\\2'"
                f" if {{ srv_weight({name}/{server}) eq 0 }}"
            )


def server_options(listener: Listener, one: Backend, server: str) -> str:
    """What a server line says beside address and check."""
    sticky = settings_of(listener, one).sticky
    return f" cookie {_cookie_value(server)}" if sticky is not None else ""


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
