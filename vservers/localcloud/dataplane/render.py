"""Topology -> configuration text of HAProxy. Pure: no file, no process, no clock.

Only IDs in whitelisted form, hosts, url prefixes, cookie names, integers and addresses are written,
each through `words`, and hosts and prefixes in single quotes, where HAProxy expands nothing. Names
that people gave to things never come here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from vservers.localcloud.dataplane import layer4, layer7, words
from vservers.localcloud.dataplane.checks import PortMap, settings_of
from vservers.localcloud.dataplane.names import (
    DATAGRAMS,
    ServerKey,
    backend_name,
    frontend_name,
    server_name,
)
from vservers.localcloud.dataplane.ports import Endpoint, Place
from vservers.localcloud.dataplane.topology import Backend, Listener, Member, Topology

EVEN_WEIGHT = 100

# Longer than any request timeout of the cloud: a reload cuts no answer short, and no worker of
# an old configuration stays for ever. TCP connections may be older than any request.
# The oldest of too many workers ends all the same, for each takes memory.
HARD_STOP_SECONDS = 300
HARD_STOP_SECONDS_WITH_TCP = 3600
MAX_OLD_WORKERS = 50
CONNECT_SECONDS = 5
TUNNEL_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Frame:
    """What the configuration says of the process itself.

    stats_socket, state_file, tls_folder: paths that need no quoting; secret: letters and digits
    that nobody else knows, by which an old and a new worker know each other; owner: (uid, gid) to
    drop to; max_files: upper limit of open files.
    """

    stats_socket: str
    state_file: str
    tls_folder: str
    secret: str
    owner: tuple[int, int] | None = None
    threads: int = 2
    max_files: int = 65536


@dataclass(frozen=True, slots=True)
class Server:
    """One server line: what decides whether an earlier health state still speaks of it.

    drain: seconds that connections to it may go on once it is gone; None lets them end by
    themselves.
    """

    address: str
    port: int
    weight: int
    checked: bool
    backup: bool = False
    drain: int | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """config is what to load. shape is the same text without weights: while it stays equal, the
    running engine needs to be told weights only. left_out: a sentence for each listener that may
    not be written.
    """

    config: str
    shape: str
    servers: Mapping[ServerKey, Server]
    left_out: tuple[str, ...] = ()

    def weights_unlike(self, live: Self) -> dict[ServerKey, int]:
        """The weights that are other ones in a live configuration of the same shape."""
        return {
            key: server.weight
            for key, server in self.servers.items()
            if server.weight != live.servers[key].weight
        }


@dataclass(frozen=True, slots=True)
class Block:
    """One listener's part of a configuration, and all that it was made of."""

    listener: Listener
    port: int
    target_port: int
    config: str
    shape: str
    servers: Mapping[ServerKey, Server]


def render(
    topology: Topology,
    frame: Frame,
    places: Mapping[Endpoint, Place],
    member_port: PortMap,
    known: dict[str, Block] | None = None,
) -> Rendered:
    """The configuration that serves this topology's listeners of streams.

    places: where each listener's (address, port) is bound; a listener without a served place is
    left out. member_port: the port on which an instance really answers for a member's port.
    known: blocks of the last time with the same frame and member_port; those that are the same
    still are taken as they are, and the dictionary is left with the blocks of this time.
    A listener that may not be written is left out, so that it takes no other with it.
    """
    listeners = [one for one in topology.listeners if one.protocol not in DATAGRAMS]
    blocks: dict[str, Block] = {}
    left_out: list[str] = []
    taken: set[Endpoint] = set()
    for listener in listeners:
        at = (listener.address, listener.port)
        place = places.get(at)
        if place is None or not place.served:
            continue
        target = places.get((listener.address, listener.forward_port))
        target_port = listener.forward_port if target is None else target.port
        same = (listener, place.port, target_port)
        try:
            name = frontend_name(listener)
            # The engine would take two listeners on one port, and share out the connections.
            if name in blocks or at in taken:
                raise words.RenderError("second listener", name)
            last = known.get(name) if known else None
            if last is not None and (last.listener, last.port, last.target_port) == same:
                blocks[name] = last
            else:
                blocks[name] = _block(*same, frame, member_port)
        except words.RenderError as error:
            left_out.append(f"{at[0]}:{at[1]} ({listener.protocol}) is not served: {error}")
        else:
            taken.add(at)
    if known is not None:
        known.clear()
        known.update(blocks)
    process = "\n".join(_process(frame, listeners))
    servers: dict[ServerKey, Server] = {}
    for block in blocks.values():
        servers.update(block.servers)
    return Rendered(
        config="\n".join([process, *(block.config for block in blocks.values()), ""]),
        shape="\n".join([process, *(block.shape for block in blocks.values())]),
        servers=servers,
        left_out=tuple(left_out),
    )


def _block(
    listener: Listener, port: int, target_port: int, frame: Frame, member_port: PortMap
) -> Block:
    """target_port: where a listener that redirects sends its clients."""
    config = list(_frontend(listener, port, target_port, frame))
    shape = list(config)
    servers: dict[ServerKey, Server] = {}
    # A listener that redirects has nothing behind it.
    for backend in () if listener.forward_port else listener.backends:
        layer = layer4 if listener.protocol == "tcp" else layer7
        lines = list(layer.backend(listener, backend, member_port))
        config += lines
        shape += lines
        for number, (key, server) in enumerate(_servers(listener, backend, member_port), 1):
            if key in servers:
                raise words.RenderError("server named twice", key)
            servers[key] = server
            line = _server_line(listener, backend, key[1], server, number)
            shape.append(line)
            config.append(f"{line} weight {server.weight}")
    return Block(listener, port, target_port, "\n".join(config), "\n".join(shape), servers)


def _process(frame: Frame, listeners: list[Listener]) -> list[str]:
    tcp = any(listener.protocol == "tcp" for listener in listeners)
    lines = [
        "# Rendered from the local cloud's state at every change: edits are lost.",
        "global",
        f"    stats socket {frame.stats_socket} mode 600 level admin expose-fd listeners",
        f"    server-state-file {frame.state_file}",
        f"    localpeer {frame.secret}",
        f"    nbthread {frame.threads}",
        f"    fd-hard-limit {frame.max_files}",
        f"    hard-stop-after {HARD_STOP_SECONDS_WITH_TCP if tcp else HARD_STOP_SECONDS}s",
        f"    mworker-max-reloads {MAX_OLD_WORKERS}",
        # Checks that start together would hit the servers together after every reload.
        "    spread-checks 5",
    ]
    if frame.owner:
        lines += [f"    uid {frame.owner[0]}", f"    gid {frame.owner[1]}"]
    lines += [
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
    if any(listener.persistence_timeout for listener in listeners if listener.protocol == "tcp"):
        # The new worker learns from the old one which client belongs to which server. A socket
        # without a file: the workers may not enter the folder of the one who started them.
        lines += [
            f"peers {layer4.PEERS}",
            f"    peer {frame.secret} abns@{frame.secret}",
        ]
    return lines


def _frontend(listener: Listener, port: int, target_port: int, frame: Frame) -> Iterator[str]:
    if listener.protocol == "tcp":
        return layer4.frontend(listener, port)
    if listener.forward_port:
        return layer7.redirect(listener, port, target_port)
    return layer7.frontend(listener, port, frame.tls_folder)


def _servers(
    listener: Listener, backend: Backend, member_port: PortMap
) -> Iterator[tuple[ServerKey, Server]]:
    name = backend_name(listener, backend.key)
    settings = settings_of(listener, backend)
    drain = layer4.drain_seconds(listener) if listener.protocol == "tcp" else None
    for member in backend.members:
        yield (
            (name, server_name(member)),
            Server(
                address=words.address(member.address),
                port=member_port(words.port(member.port)),
                weight=effective_weight(settings.scheduler, member),
                checked=settings.health_check is not None and not member.backup,
                backup=member.backup,
                drain=drain,
            ),
        )


def effective_weight(scheduler: str, member: Member) -> int:
    """What the engine is told: rr ignores weights, but nobody is sent to a weight of 0."""
    weight = words.integer(member.weight, 0, 100, "weight")
    return EVEN_WEIGHT if scheduler == "rr" and weight else weight


def _server_line(
    listener: Listener, backend: Backend, name: str, server: Server, number: int
) -> str:
    line = f"    server {name} {server.address}:{server.port}"
    if server.checked:
        line += " check"
    if server.backup:
        line += " backup"
    if listener.protocol == "tcp":
        return line + layer4.server_options(listener, number)
    return line + layer7.server_options(listener, backend, name)
