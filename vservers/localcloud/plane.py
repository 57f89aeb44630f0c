"""What the API needs of the data plane, and the one that serves nothing."""

from collections.abc import Sequence
from typing import Protocol

from vservers.localcloud.dataplane.counters import Reading
from vservers.localcloud.dataplane.results import CheckResult
from vservers.localcloud.dataplane.topology import Topology


class PlaneStatus(Protocol):
    """Whether traffic is served, and why not."""

    @property
    def on(self) -> bool:
        """True while load balancers answer."""

    @property
    def reason(self) -> str:
        """Why they do not; "" while on."""


class Plane(Protocol):
    """The data plane as the API uses it (vservers.localcloud.dataplane.DataPlane)."""

    @property
    def status(self) -> PlaneStatus:
        """On or off."""

    async def start(self) -> None:
        """Begin to serve."""

    async def stop(self) -> None:
        """End all processes."""

    def submit(self, topology: Topology) -> None:
        """Serve this instead; returns at once."""

    async def settled(self) -> None:
        """Wait until what was submitted last is served."""

    def health(
        self, load_balancer_id: str, protocol: str, port: int
    ) -> dict[tuple[str, str, int], str]:
        """Health by (backend key, server ID, port) of a listener."""

    async def connections(
        self, load_balancer_id: str, protocol: str, port: int
    ) -> dict[tuple[str, str, int], int]:
        """Open connections by (backend key, server ID, port) of a listener; empty: not known."""

    async def check_results(
        self, load_balancer_id: str, protocol: str, port: int
    ) -> dict[tuple[str, str, int], CheckResult]:
        """What the last check of each server said, by the keys of `health`."""

    def served_at(self, address: str, port: int, protocol: str = "tcp") -> tuple[str, int, str]:
        """Where an address and port are really served, and what to say about it."""

    def notices(self) -> list[str]:
        """What a person should know of the data plane."""

    async def counters(self) -> Sequence[Reading]:
        """What each served listener has counted since the start."""


class _Off:
    on = False

    def __init__(self, reason: str) -> None:
        self.reason = reason


class NoPlane:
    """Stands in where there is no data plane: the API works, nothing is served."""

    def __init__(self, reason: str) -> None:
        self.status: PlaneStatus = _Off(reason)

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    def submit(self, topology: Topology) -> None:
        """Nothing is served."""

    async def settled(self) -> None:
        """Always settled."""

    def health(
        self, load_balancer_id: str, protocol: str, port: int
    ) -> dict[tuple[str, str, int], str]:
        """Nothing is checked."""
        return {}

    async def connections(
        self, load_balancer_id: str, protocol: str, port: int
    ) -> dict[tuple[str, str, int], int]:
        """Nobody knows."""
        return {}

    async def check_results(
        self, load_balancer_id: str, protocol: str, port: int
    ) -> dict[tuple[str, str, int], CheckResult]:
        """Nothing is checked."""
        return {}

    def served_at(self, address: str, port: int, protocol: str = "tcp") -> tuple[str, int, str]:
        """Where it would be."""
        return address, port, ""

    def notices(self) -> list[str]:
        """None."""
        return []

    async def counters(self) -> Sequence[Reading]:
        """Nothing is counted."""
        return ()
