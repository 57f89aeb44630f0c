"""Loopback addresses for load balancers and instances, so that a person can curl them.

A network such as 127.64.0.0/16 is cut in halves: the lower is for load balancers, the upper for
instances.
"""

import ipaddress
from collections.abc import Iterable, Iterator


class NetworkFull(Exception):
    """Every address of a half is in use."""


class Addresses:
    """Hands out addresses. taken: those in use already, of any network.

    An address comes back only with the next start: what is given out anew at once could still be
    served by the engine's old process.
    """

    def __init__(self, network: str, taken: Iterable[str]) -> None:
        whole = ipaddress.IPv4Network(network)
        if not whole.subnet_of(ipaddress.IPv4Network("127.0.0.0/8")) or whole.prefixlen > 24:
            raise ValueError(f"{network} is no loopback network of at least 256 addresses")
        self._taken = set(taken)
        lower, upper = whole.subnets(prefixlen_diff=1)
        self._balancers = lower.hosts()
        self._instances = upper.hosts()

    def for_balancer(self) -> str:
        """An address that no load balancer has."""
        return self._next(self._balancers)

    def for_instance(self) -> str:
        """An address that no instance has."""
        return self._next(self._instances)

    def _next(self, hosts: Iterator[ipaddress.IPv4Address]) -> str:
        for host in hosts:
            text = str(host)
            # .0 and .255 look like a network's own addresses to people and to some tools.
            if text not in self._taken and host.packed[3] not in (0, 255):
                self._taken.add(text)
                return text
        raise NetworkFull
