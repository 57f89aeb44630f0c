"""What the data plane is asked to serve: plain values, made anew from the store after each write.

The API side builds a Topology, the data plane renders and drives it. Nothing here knows HAProxy,
the store or the wire format.
"""

from dataclasses import dataclass, field

Scheduler = str  # "wrr" | "rr" | "wlc"


@dataclass(frozen=True, slots=True)
class Member:
    """One backend server of a backend: an ECS instance on one port.

    address: loopback address of the instance; port 1..65535; weight 0..100 (0 takes no new
    requests); running: False when the instance is stopped, it then answers nothing.
    """

    server_id: str
    address: str
    port: int
    weight: int
    running: bool = True


@dataclass(frozen=True, slots=True)
class Backend:
    """The servers that one listener sends one share of its requests to.

    key: the VServer group's ID, or the load balancer's ID for the default server pool. A group used
    by two listeners is two backends, for health and scheduling belong to the listener.
    """

    key: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A forwarding rule: domain ("" for any; may start with "*."), url prefix ("" for any)."""

    rule_id: str
    domain: str
    url: str
    backend_key: str


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Active check of a listener's backends. Times in seconds; port None is the member's own."""

    method: str = "head"
    uri: str = "/"
    domain: str = ""
    http_codes: tuple[str, ...] = ("http_2xx",)
    port: int | None = None
    interval: int = 2
    timeout: int = 5
    healthy_threshold: int = 3
    unhealthy_threshold: int = 3


@dataclass(frozen=True, slots=True)
class StickySession:
    """Session persistence by cookie: kind "insert" (lifetime in seconds) or "server" (by name)."""

    kind: str
    cookie: str = ""
    cookie_timeout: int = 0


@dataclass(frozen=True, slots=True)
class Listener:
    """A running listener of a running load balancer. Timeouts in seconds."""

    load_balancer_id: str
    address: str
    port: int
    protocol: str
    default_backend: str
    backends: tuple[Backend, ...]
    routes: tuple[Route, ...] = ()
    scheduler: Scheduler = "wrr"
    health_check: HealthCheck | None = None
    sticky: StickySession | None = None
    idle_timeout: int = 15
    request_timeout: int = 60
    gzip: bool = True
    x_forwarded_for: bool = True
    x_forwarded_proto: bool = False
    slb_ip: bool = False
    slb_id: bool = False


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything to serve now. instances: (server_id, address) of every running ECS instance."""

    listeners: tuple[Listener, ...] = ()
    instances: tuple[tuple[str, str], ...] = field(default=())
