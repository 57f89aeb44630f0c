"""Connections that are open to each server now, over all workers of the engine, and its last check.

A worker of an earlier configuration may have connections still, and those count, too: whoever waits
for a server to be quiet waits for all of them.
"""

import asyncio
import contextlib
import csv
import time
from collections import Counter
from collections.abc import Iterable

from vservers.localcloud.dataplane.engine import Engine, EngineError
from vservers.localcloud.dataplane.names import ServerKey, backend_name, server_name
from vservers.localcloud.dataplane.results import CheckResult, parse
from vservers.localcloud.dataplane.topology import Listener
from vservers.localcloud.dataplane.words import RenderError

# Several listeners of one load balancer are asked about at once.
KEPT_SECONDS = 0.3


class Sessions:
    """Asks the engine when somebody wants to know, and not more often than it changes much."""

    def __init__(self) -> None:
        self._counts: Counter[ServerKey] | None = None
        self._results: dict[ServerKey, CheckResult] = {}
        self._read_at = 0.0
        self._asking = asyncio.Lock()

    async def of(
        self, engine: Engine, listener: Listener | None
    ) -> dict[tuple[str, str, int], int]:
        """(backend key, server ID, member port) -> open connections; empty where nobody knows."""
        await self._read(engine)
        names = _names(listener)
        return {key: self._counts[name] for key, name in names} if self._counts is not None else {}

    async def checks(
        self, engine: Engine, listener: Listener | None
    ) -> dict[tuple[str, str, int], CheckResult]:
        """What the last check of each server said, by the same keys; only of what was checked."""
        await self._read(engine)
        found = self._results
        return {key: found[name] for key, name in _names(listener) if name in found}

    async def _read(self, engine: Engine) -> None:
        async with self._asking:
            if time.monotonic() - self._read_at <= KEPT_SECONDS:
                return
            self._counts, self._results = None, {}
            with contextlib.suppress(EngineError):
                if engine.running and (answers := list((await engine.servers()).values())):
                    self._counts = counts(answers)
                    # The last is the worker that takes new connections.
                    self._results = dict(parse(answers[-1]))
            self._read_at = time.monotonic()


def _names(listener: Listener | None) -> list[tuple[tuple[str, str, int], ServerKey]]:
    """((backend key, server ID, member port), name in the engine) of a listener's servers."""
    if listener is None:
        return []
    try:
        return [
            (
                (backend.key, member.server_id, member.port),
                (backend_name(listener, backend.key), server_name(member)),
            )
            for backend in listener.backends
            for member in backend.members
        ]
    except RenderError:
        return []  # never rendered, so never served


def counts(answers: Iterable[str]) -> Counter[ServerKey]:
    """Sessions by server, of answers to "show stat" for servers (management guide, 9.1)."""
    found: Counter[ServerKey] = Counter()
    for answer in answers:
        for row in csv.DictReader(answer.strip().removeprefix("# ").splitlines()):
            if (row.get("scur") or "").isdigit():
                found[row["pxname"], row["svname"]] += int(row["scur"])
    return found
