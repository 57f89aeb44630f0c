"""What the data plane is asked to serve: plain values, made anew from the store after each write.

The API side builds a Topology, the data plane renders and drives it. Nothing here knows HAProxy,
the store or the wire format.
"""

from dataclasses import dataclass, field

Scheduler = str  # "wrr" | "rr" | "wlc"; layer 4 also "sch" | "tch"; UDP also "qch"


@dataclass(frozen=True, slots=True)
class Member:
    """One backend server of a backend: an ECS instance on one port.

    address: loopback address of the instance; port 1..65535; weight 0..100 (0 takes no new
    requests); running: False when the instance is stopped, it then answers nothing. backup: the
    secondary server of a primary/secondary group; it serves while no other member can, unchecked.
    """

    server_id: str
    address: str
    port: int
    weight: int
    running: bool = True
    backup: bool = False


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Active check of a listener's backends. Times in seconds; port None is the member's own.

    kind: "http" (HTTP, HTTPS and TCP listeners), "tcp" (TCP listeners; a connection is enough) or
    "udp". request, expect: for "udp", what is sent and what the answer must contain; without both a
    server is healthy as long as its system does not say that nobody listens there.
    """

    method: str = "head"
    uri: str = "/"
    domain: str = ""
    http_codes: tuple[str, ...] = ("http_2xx",)
    port: int | None = None
    interval: int = 2
    timeout: int = 5
    healthy_threshold: int = 3
    unhealthy_threshold: int = 3
    kind: str = "http"
    request: str = ""
    expect: str = ""


@dataclass(frozen=True, slots=True)
class StickySession:
    """Session persistence by cookie: kind "insert" (lifetime in seconds) or "server" (by name)."""

    kind: str
    cookie: str = ""
    cookie_timeout: int = 0


@dataclass(frozen=True, slots=True)
class OwnSettings:
    """What a rule with ListenerSync=off sets for its requests, in place of the listener's."""

    scheduler: Scheduler = "wrr"
    health_check: HealthCheck | None = None
    sticky: StickySession | None = None


@dataclass(frozen=True, slots=True)
class Backend:
    """The servers that one listener sends one share of its requests to.

    key: unique in the listener: the group's ID, the load balancer's ID for the default server pool,
    or the rule's ID for a rule with settings of its own (the same group may then stand in one
    listener several times). A group used by two listeners is two backends, for health and
    scheduling belong to the listener. settings: None for the listener's.
    """

    key: str
    members: tuple[Member, ...]
    settings: OwnSettings | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """A forwarding rule: domain ("" for any; may start with "*."), url prefix ("" for any)."""

    rule_id: str
    domain: str
    url: str
    backend_key: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM text: a chain with the server's certificate first and its key; a CA has no key."""

    certificate_id: str
    chain: str = field(repr=False)
    key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """versions: of "TLSv1.0" to "TLSv1.3". ciphers: OpenSSL's names, those of TLS 1.3 as well."""

    versions: tuple[str, ...]
    ciphers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccessControl:
    """kind "white": only these networks pass, so with none nobody; "black": these do not pass.

    networks: IPv4 in CIDR notation or single addresses; those of IPv6 match nobody here.
    """

    kind: str
    networks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listener:
    """A running listener of a running load balancer. Timeouts in seconds.

    protocol: "http", "https", "tcp" or "udp". The fields of each protocol say nothing to others.
    """

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
    slb_port: bool = False
    client_src_port: bool = False
    # HTTP: redirect everything to the HTTPS listener on this port; 0 serves. No backends then.
    forward_port: int = 0
    # All protocols: None lets everybody in.
    access: AccessControl | None = None
    # HTTPS. extensions: (domain, certificate), the domain exact or with a leading "*.".
    # ca_certificate: clients must show a certificate of this CA. tls_policy: None for TLS 1.2 and
    # 1.3 with the engine's own ciphers.
    certificate: Certificate | None = None
    extensions: tuple[tuple[str, Certificate], ...] = ()
    ca_certificate: Certificate | None = None
    tls_policy: TlsPolicy | None = None
    http2: bool = True
    # TCP. persistence_timeout: keep a source address on its server for so long, 0 for not.
    # established_timeout: of an idle connection. drain_timeout: how long connections to a server
    # that was removed or found unhealthy go on; 0 (ConnectionDrain=off) cuts them.
    persistence_timeout: int = 0
    established_timeout: int = 900
    drain_timeout: int = 0


@dataclass(frozen=True, slots=True)
class Topology:
    """Everything to serve now. instances: (server_id, address) of every running ECS instance."""

    listeners: tuple[Listener, ...] = ()
    instances: tuple[tuple[str, str], ...] = field(default=())
