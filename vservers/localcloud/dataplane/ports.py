"""Where an address and port of the cloud is really served on this machine.

A port that this user may not bind moves up by 61000; a port that another program holds is left
out, and both are said.
"""

import asyncio
import errno
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

type Endpoint = tuple[str, int]

MOVED_BY = 61000
_CLAIM_TRIES = 3
_CLAIM_PAUSE_SECONDS = 0.05
_PRIVILEGED_BELOW = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_PRIVILEGED_BELOW_BY_DEFAULT = 1024


@dataclass(frozen=True, slots=True)
class Place:
    """The port that stands for an asked-for one; served is False when nothing can be bound."""

    port: int
    served: bool = True
    notice: str = ""


def lowest_bindable_port() -> int:
    """The lowest port that this process may bind: 1 with the right to, else usually 1024."""
    try:
        start = int(_PRIVILEGED_BELOW.read_text())
    except (OSError, ValueError):
        start = _PRIVILEGED_BELOW_BY_DEFAULT
    if start <= 1:
        return 1
    # Rights are asked of the kernel, not guessed from the user: a container may lack them as root.
    # It checks them before it looks whether the port is free.
    refusal = _refusal("127.0.0.1", start - 1)
    return start if refusal == errno.EACCES else 1


def served_port(port: int, lowest: int) -> int:
    """The port to bind for an asked-for one."""
    return port if port >= lowest else MOVED_BY + port


def claim(
    wanted: Iterable[Endpoint],
    held: Mapping[Endpoint, Place],
    lowest: int,
    *,
    datagrams: bool = False,
) -> dict[Endpoint, Place]:
    """A place for each wanted endpoint, for connections or for datagrams.

    held: what the running engine has bound; it is kept without asking, for asking means binding.
    """
    places: dict[Endpoint, Place] = {}
    bound = {(address, place.port) for (address, _), place in held.items() if place.served}
    for endpoint in sorted(set(wanted)):
        address, port = endpoint
        kept = held.get(endpoint)
        if kept is not None and kept.served:
            places[endpoint] = kept
            continue
        real = served_port(port, lowest)
        taken = (address, real) in bound
        refusal = errno.EADDRINUSE if taken else _refusal(address, real, datagrams=datagrams)
        if refusal == 0:
            bound.add((address, real))
            places[endpoint] = Place(real, notice=_moved(address, port, real))
        else:
            places[endpoint] = Place(real, served=False, notice=_unserved(address, real, refusal))
    return places


async def claim_patiently(
    wanted: Iterable[Endpoint], held: Mapping[Endpoint, Place], lowest: int
) -> dict[Endpoint, Place]:
    """As `claim`, again for a moment: an ending worker may be about to let go of just a port."""
    for _ in range(_CLAIM_TRIES):
        places = claim(wanted, held, lowest)
        if all(place.served or endpoint in held for endpoint, place in places.items()):
            break
        await asyncio.sleep(_CLAIM_PAUSE_SECONDS)
    return places


def _refusal(address: str, port: int, *, datagrams: bool = False) -> int:
    """The error number of binding and listening there once, 0 when it works."""
    kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            if not datagrams:
                # Connections of before in TIME_WAIT are no hindrance; a listener of another program
                # is. For datagrams the option would share the port instead.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
            if not datagrams:
                probe.listen(1)
        except OSError as error:
            return error.errno or errno.EIO
    return 0


def _moved(address: str, port: int, real: int) -> str:
    if real == port:
        return ""
    return (
        f"{address}:{port} is served on {address}:{real}: "
        f"this user may not open port {port} on this machine"
    )


def _unserved(address: str, port: int, refusal: int) -> str:
    if refusal == errno.EADDRINUSE:
        return f"{address}:{port} is not served: another program holds this port"
    if refusal == errno.EADDRNOTAVAIL:
        return f"{address}:{port} is not served: this machine does not have this address"
    return f"{address}:{port} is not served: the system refuses it ({errno.errorcode[refusal]})"
