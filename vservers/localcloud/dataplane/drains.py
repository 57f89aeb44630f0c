"""When connections to a TCP server that was removed or fell ill end: at once, or after a time.

One whose weight is 0 takes no new connection, and those that it has end by themselves: that is what
the manual says of weight 0, with connection draining and without.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from vservers.localcloud.dataplane.names import ServerKey
from vservers.localcloud.dataplane.render import Server
from vservers.localcloud.dataplane.servers import ABNORMAL


class Drains:
    """Counts down per server; one that may have connections again is let off.

    cut: closes all connections to these servers.
    """

    def __init__(self, cut: Callable[[list[ServerKey]], Awaitable[None]]) -> None:
        self._cut = cut
        self._known: dict[ServerKey, Server] = {}
        self._unhealthy: set[ServerKey] = set()
        self._ends: dict[ServerKey, float] = {}
        self._done: set[ServerKey] = set()

    async def follow(self, servers: Mapping[ServerKey, Server]) -> None:
        """These are configured from now on."""
        before, self._known = self._known, {k: s for k, s in servers.items() if s.drain is not None}
        for key, server in before.items():
            if key not in self._known and key not in self._done:
                self._ends.setdefault(key, _now() + (server.drain or 0))
        self._done &= self._known.keys()
        self._count()
        await self.end()

    async def see(self, health: Mapping[ServerKey, str]) -> None:
        """The health of servers, as it is now."""
        self._unhealthy = {key for key in self._known if health.get(key) == ABNORMAL}
        self._count()
        await self.end()

    async def end(self) -> None:
        """Cut what is over."""
        over = [key for key, end in self._ends.items() if end <= _now()]
        if over:
            await self._cut(over)
            for key in over:
                self._ends.pop(key, None)
            self._done.update(key for key in over if key in self._known)

    def _count(self) -> None:
        for key, server in self._known.items():
            if key not in self._unhealthy:
                self._ends.pop(key, None)
                self._done.discard(key)
            elif key not in self._done:
                self._ends.setdefault(key, _now() + (server.drain or 0))


def _now() -> float:
    return asyncio.get_running_loop().time()
