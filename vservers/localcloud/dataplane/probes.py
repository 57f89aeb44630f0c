"""Health of UDP servers. The engine has no active checks for them, so we ask them ourselves."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from vservers.localcloud.dataplane import words
from vservers.localcloud.dataplane.checks import check_times
from vservers.localcloud.dataplane.names import ServerKey
from vservers.localcloud.dataplane.servers import ABNORMAL, NORMAL, UNAVAILABLE
from vservers.localcloud.dataplane.topology import HealthCheck
from vservers.localcloud.dataplane.udp import Target


class Probes:
    """One task per checked server. on_change: called when a server goes or comes."""

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._targets: dict[ServerKey, Target] = {}
        self._tasks: dict[ServerKey, asyncio.Task[None]] = {}
        self._health: dict[ServerKey, str] = {}

    def health(self, key: ServerKey) -> str:
        return self._health.get(key, UNAVAILABLE)

    def healthy(self, key: ServerKey) -> bool:
        """Whether it may be sent something: it is not known to be down."""
        return self._health.get(key) != ABNORMAL

    async def watch(self, targets: Mapping[ServerKey, Target]) -> None:
        """Check these and no others; one that is checked as before keeps its health."""
        gone = [key for key, target in self._targets.items() if targets.get(key) != target]
        await self._end(gone)
        for key, target in targets.items():
            if key not in self._tasks:
                self._targets[key] = target
                self._tasks[key] = asyncio.create_task(self._check(key, target))

    async def stop(self) -> None:
        await self._end(list(self._tasks))

    async def _end(self, keys: list[ServerKey]) -> None:
        tasks = [self._tasks.pop(key) for key in keys]
        for key in keys:
            del self._targets[key]
            self._health.pop(key, None)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _check(self, key: ServerKey, target: Target) -> None:
        """Ask for ever. The first answer decides at once, later ones by the thresholds."""
        interval, timeout, rise, fall = check_times(target.check)
        healthy, against = True, fall - 1
        while True:
            good = await ask(target.address, target.port, target.check, timeout)
            against = against + 1 if good != healthy else 0
            if against >= (fall if healthy else rise):
                healthy, against = not healthy, 0
            self._set(key, NORMAL if healthy else ABNORMAL)
            await asyncio.sleep(interval)

    def _set(self, key: ServerKey, health: str) -> None:
        usable = self.healthy(key)
        self._health[key] = health
        if self.healthy(key) != usable:
            self._on_change()


async def ask(address: str, port: int, check: HealthCheck, timeout: float) -> bool:  # noqa: ASYNC109
    """Send one datagram; whether what comes back within this time speaks for the server.

    With an expected answer it must come. Without one, only the system's word that nobody listens
    there speaks against it.
    """
    request = words.probe(check.request, "check request").encode()
    expect = words.probe(check.expect, "check expectation").encode()
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bool] = loop.create_future()
    try:
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Answer(answered, expect), remote_addr=(address, port)
        )
    except OSError:
        return False
    try:
        transport.sendto(request)
        async with asyncio.timeout(timeout):
            return await answered
    except TimeoutError:
        return not expect
    finally:
        transport.close()


class _Answer(asyncio.DatagramProtocol):
    def __init__(self, answered: asyncio.Future[bool], expect: bytes) -> None:
        self._answered = answered
        self._expect = expect

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self._expect in data:
            self._say(True)

    def error_received(self, exc: Exception) -> None:
        self._say(False)

    def connection_lost(self, exc: Exception | None) -> None:
        with contextlib.suppress(asyncio.InvalidStateError):
            self._answered.cancel()

    def _say(self, good: bool) -> None:
        if not self._answered.done():
            self._answered.set_result(good)
