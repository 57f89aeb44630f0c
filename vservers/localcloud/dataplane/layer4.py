"""TCP listeners as HAProxy's frontends and backends."""

from collections.abc import Iterator

from vservers.localcloud.dataplane import access, words
from vservers.localcloud.dataplane.checks import PortMap, check_lines, settings_of
from vservers.localcloud.dataplane.names import backend_name, frontend_name, server_name
from vservers.localcloud.dataplane.topology import Backend, Listener

STICKY_CLIENTS = 100_000  # source addresses that a listener remembers at most
PEERS = "workers"

_SCHEDULERS = {
    "wrr": ("balance roundrobin",),
    "rr": ("balance roundrobin",),
    "wlc": ("balance leastconn",),
    "sch": ("balance source", "hash-type consistent"),
    # The other half of the four, address and port of the listener, is the same for all.
    "tch": ("balance hash src,concat(:,sess.port)", "hash-type consistent"),
}


def frontend(listener: Listener, real_port: int) -> Iterator[str]:
    yield f"frontend {frontend_name(listener)}"
    yield "    mode tcp"
    yield f"    bind {words.address(listener.address)}:{words.port(real_port)}"
    yield f"    timeout client {_idle(listener)}s"
    yield from access.haproxy_lines(listener.access)
    if listener.scheduler == "tch":
        yield "    tcp-request connection set-var(sess.port) src_port"
    if listener.default_backend:
        if listener.default_backend not in {one.key for one in listener.backends}:
            raise words.RenderError("backend of a listener", listener.default_backend)
        yield f"    default_backend {backend_name(listener, listener.default_backend)}"


def backend(listener: Listener, one: Backend, member_port: PortMap) -> Iterator[str]:
    settings = settings_of(listener, one)
    name = backend_name(listener, one.key)
    if settings.scheduler not in _SCHEDULERS:
        raise words.RenderError("scheduler", settings.scheduler)
    yield f"backend {name}"
    yield "    mode tcp"
    yield from (f"    {line}" for line in _SCHEDULERS[settings.scheduler])
    yield f"    timeout server {_idle(listener)}s"
    yield f"    timeout tunnel {_idle(listener)}s"
    if settings.health_check is not None:
        yield from check_lines(settings.health_check, member_port)
        if not drain_seconds(listener):
            yield "    default-server on-marked-down shutdown-sessions"
    kept = words.integer(listener.persistence_timeout, 0, 3600, "persistence_timeout")
    if kept:
        yield f"    stick-table type ip size {STICKY_CLIENTS} expire {kept}s peers {PEERS}"
        # By itself the engine still sends a client that it remembers to a server of weight 0.
        for number, member in enumerate(one.members, 1):
            yield (
                f"    tcp-request content set-var(txn.drained) int(1)"
                f" if {{ src,table_server_id({name}) eq {number} }}"
                f" {{ srv_weight({name}/{server_name(member)}) eq 0 }}"
            )
        yield "    stick match src unless { var(txn.drained) -m found }"
        yield "    stick store-request src"


def server_options(listener: Listener, number: int) -> str:
    """number: the server's place in its backend, from 1 on; the stick table remembers it."""
    return f" id {number}" if listener.persistence_timeout else ""


def drain_seconds(listener: Listener) -> int:
    return words.integer(listener.drain_timeout, 0, 900, "drain_timeout")


def _idle(listener: Listener) -> int:
    return words.integer(listener.established_timeout, 1, 900, "established_timeout")
