"""What listeners, backends and servers are called in the engines."""

from vservers.localcloud.dataplane import words
from vservers.localcloud.dataplane.topology import Listener, Member

type ServerKey = tuple[str, str]  # names of backend and server in an engine

STREAMS = ("http", "https", "tcp")
DATAGRAMS = ("udp",)


def frontend_name(listener: Listener) -> str:
    # Listener and protocol are part of every name: a group used by two listeners is two backends.
    balancer = words.identifier(listener.load_balancer_id, "load balancer")
    if listener.protocol not in STREAMS + DATAGRAMS:
        raise words.RenderError("protocol", listener.protocol)
    return f"{balancer}.{listener.protocol}.{words.port(listener.port)}"


def backend_name(listener: Listener, key: str) -> str:
    return f"{frontend_name(listener)}.{words.identifier(key, 'backend')}"


def server_name(member: Member) -> str:
    return f"{words.identifier(member.server_id, 'server')}.{words.port(member.port)}"
