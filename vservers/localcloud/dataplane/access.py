"""Access control: who may connect to a listener."""

import itertools
from collections.abc import Iterator

from vservers.localcloud.dataplane import words
from vservers.localcloud.dataplane.topology import AccessControl

NETWORKS_PER_LINE = 20  # the engine reads at most 64 words a line


def networks(access: AccessControl) -> list[str]:
    """The networks that a list names, each once. Raises RenderError."""
    if access.kind not in ("white", "black"):
        raise words.RenderError("access control", access.kind)
    return [n for n in dict.fromkeys(map(words.network, access.networks)) if n]


def haproxy_lines(access: AccessControl | None) -> Iterator[str]:
    """Refuse a connection before anything of it is read, its TLS handshake included."""
    if access is None:
        return
    listed = networks(access)
    for part in itertools.batched(listed, NETWORKS_PER_LINE):
        yield f"    acl listed src {' '.join(part)}"
    if access.kind == "white":
        yield f"    tcp-request connection reject{' unless listed' if listed else ''}"
    elif listed:
        yield "    tcp-request connection reject if listed"


def nginx_lines(access: AccessControl | None) -> Iterator[str]:
    """The same for datagrams: the first line that fits a client decides."""
    if access is None:
        return
    white = access.kind == "white"
    for network in networks(access):
        yield f"        {'allow' if white else 'deny'} {network};"
    if white:
        yield "        deny all;"
