"""Connections that are open to each server now, over all workers of the engine.

A worker of an earlier configuration may have connections still, and those count, too: whoever waits
for a server to be quiet waits for all of them.
"""

import asyncio
import csv
import time
from collections import Counter
from collections.abc import Iterable

from vservers.localcloud.dataplane.engine import Engine, EngineError
from vservers.localcloud.dataplane.names import ServerKey, backend_name, server_name
from vservers.localcloud.dataplane.topology import Listener
from vservers.localcloud.dataplane.words import RenderError

# Several listeners of one load balancer are asked about at once.
KEPT_SECONDS = 0.3


class Sessions:
    """Asks the engine when somebody wants to know, and not more often than it changes much."""

    def __init__(self) -> None:
        self._counts: Counter[ServerKey] | None = None
        self._read_at = 0.0
        self._asking = asyncio.Lock()

    async def of(
        self, engine: Engine, listener: Listener | None
    ) -> dict[tuple[str, str, int], int]:
        """(backend key, server ID, member port) -> open connections; empty where nobody knows."""
        if not engine.running or listener is None:
            return {}
        async with self._asking:
            if time.monotonic() - self._read_at > KEPT_SECONDS:
                try:
                    self._counts = counts((await engine.servers()).values())
                except EngineError:
                    self._counts = None
                self._read_at = time.monotonic()
        if self._counts is None:
            return {}
        try:
            return {
                (backend.key, member.server_id, member.port): self._counts[
                    backend_name(listener, backend.key), server_name(member)
                ]
                for backend in listener.backends
                for member in backend.members
            }
        except RenderError:
            return {}  # never rendered, so never connected


def counts(answers: Iterable[str]) -> Counter[ServerKey]:
    """Sessions by server, of answers to "show stat" for servers (management guide, 9.1)."""
    found: Counter[ServerKey] = Counter()
    for answer in answers:
        for row in csv.DictReader(answer.strip().removeprefix("# ").splitlines()):
            if (row.get("scur") or "").isdigit():
                found[row["pxname"], row["svname"]] += int(row["scur"])
    return found
