"""What the engine has counted, per listener, over all workers that there ever were.

A reload starts a worker whose counters are 0, and the worker before may finish connections for a
while. So what is added up are the differences of each worker's own counters; a worker that a reload
ends is held (Engine.hold) and asked until it has no connection left.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from vservers.localcloud.dataplane.engine import Engine, EngineError, HeldWorker
from vservers.localcloud.dataplane.names import STREAMS
from vservers.localcloud.dataplane.servers import ABNORMAL, NORMAL
from vservers.localcloud.dataplane.topology import Listener

log = logging.getLogger(__name__)

type ListenerKey = tuple[str, str, int]  # load balancer, protocol, port
type Health = Callable[[str, str, int], Mapping[tuple[str, str, int], str]]

# Columns of "show stat" (HAProxy's management guide, 9.1) to the names of counters here.
_OF_FRONTENDS = {
    "conn_tot": "connections",
    "bin": "bytes_in",
    "bout": "bytes_out",
    "req_tot": "requests",
    "hrsp_2xx": "status_2xx",
    "hrsp_3xx": "status_3xx",
    "hrsp_4xx": "status_4xx",
    "hrsp_5xx": "status_5xx",
    "hrsp_1xx": "status_other",
    "hrsp_other": "status_other",
    # Refused by an access control list: by connection, by session, by request.
    "dcon": "dropped",
    "dses": "dropped",
    "dreq": "dropped",
}
_OF_BACKENDS = {"hrsp_4xx": "upstream_4xx", "hrsp_5xx": "upstream_5xx"}
_COLUMNS = ("pxname", "svname", "type", "scur", "stot", "ttime", "rtime", *_OF_FRONTENDS)
_FRONTEND, _BACKEND = "0", "1"
# Between two questions to a worker that ends; below the idle time at which it would hang up (10 s).
_FIRST_PAUSE_SECONDS = 0.05
_MOST_PAUSE_SECONDS = 2.0

COUNTERS = (
    *dict.fromkeys([*_OF_FRONTENDS.values(), *_OF_BACKENDS.values()]),
    # Milliseconds of all requests together: the whole request, and the backend server's part.
    "total_ms",
    "upstream_ms",
)


@dataclass(slots=True)
class _Tally:
    """One listener's sums, and how many connections are open now by worker."""

    counted: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COUNTERS, 0.0))
    open_now: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """One listener now. counted: sums since the start, by COUNTERS; the rest as it is now.

    healthy, unhealthy: servers by (server, port), the worse of several checks counts; servers that
    are not checked are neither.
    """

    key: ListenerKey
    address: str
    counted: Mapping[str, float]
    connections: int
    healthy: int
    unhealthy: int


class Meter:
    """Adds up what workers count."""

    def __init__(self) -> None:
        self._tallies: dict[ListenerKey, _Tally] = {}
        # Worker -> (proxy's name, column) -> the value seen last.
        self._seen: dict[int, dict[tuple[str, str], int]] = {}
        self._asking = asyncio.Lock()
        self._held: dict[int, asyncio.Task[None]] = {}

    async def readings(
        self, engine: Engine | None, listeners: Iterable[Listener], health: Health
    ) -> list[Reading]:
        """All listeners' sums up to now; none while the engine does not answer."""
        if engine is None or not engine.running:
            return []
        try:
            async with self._asking:
                self.take(await engine.stats())
        except EngineError as error:
            log.info("counters could not be read: %s", error)
            return []
        return [
            self.reading(one, health(one.load_balancer_id, one.protocol, one.port))
            for one in listeners
            if one.protocol in STREAMS
        ]

    @contextlib.asynccontextmanager
    async def over_reload(self, engine: Engine) -> AsyncIterator[None]:
        """Take all that the worker counts that a reload in this block ends."""
        if not engine.running:
            yield
            return
        worker = await engine.hold()
        try:
            yield
        except BaseException:
            worker.let_go()
            raise
        self._held[worker.pid] = asyncio.create_task(self._count_out(worker))

    async def close(self) -> None:
        """Let go what is held."""
        tasks = list(self._held.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _count_out(self, worker: HeldWorker) -> None:
        """Take what an old worker counts until its last connection has ended."""
        pause = _FIRST_PAUSE_SECONDS
        try:
            while True:
                async with self._asking:
                    self.take({worker.pid: await worker.stats()}, others=True)
                if not any(tally.open_now.get(worker.pid) for tally in self._tallies.values()):
                    return
                await asyncio.sleep(pause)
                pause = min(2 * pause, _MOST_PAUSE_SECONDS)
        except EngineError as error:
            log.info("an old worker's counters could not be read: %s", error)
        finally:
            worker.let_go()
            self._held.pop(worker.pid, None)

    def take(self, answers: Mapping[int, str], *, others: bool = False) -> None:
        """Add what workers have counted since the last time. answers: "show stat" by worker.

        others: there are more workers than those that answer.
        """
        for gone in () if others else self._seen.keys() - answers.keys() - self._held.keys():
            del self._seen[gone]
            for tally in self._tallies.values():
                tally.open_now.pop(gone, None)
        for pid, answer in answers.items():
            seen = self._seen.setdefault(pid, {})
            for row in _rows(answer):
                self._take_row(pid, seen, row)

    def reading(self, listener: Listener, states: Mapping[tuple[str, str, int], str]) -> Reading:
        """A listener's sums. states: (backend key, server ID, port) -> health."""
        key = (listener.load_balancer_id, listener.protocol, listener.port)
        tally = self._tallies.get(key) or _Tally()
        unhealthy = {server[1:] for server, state in states.items() if state == ABNORMAL}
        healthy = {server[1:] for server, state in states.items() if state == NORMAL} - unhealthy
        return Reading(
            key=key,
            address=listener.address,
            counted=dict(tally.counted),
            connections=sum(tally.open_now.values()),
            healthy=len(healthy),
            unhealthy=len(unhealthy),
        )

    def _take_row(self, pid: int, seen: dict[tuple[str, str], int], row: Mapping[str, str]) -> None:
        key = _listener_of(row["pxname"])
        if key is None or row["type"] not in (_FRONTEND, _BACKEND):
            return
        tally = self._tallies.setdefault(key, _Tally())
        frontend = row["type"] == _FRONTEND
        if frontend:
            tally.open_now[pid] = _number(row, "scur")
        for column, name in (_OF_FRONTENDS if frontend else _OF_BACKENDS).items():
            tally.counted[name] += _grown(seen, row, column)
        if not frontend:
            # The engine gives averages over its last 1,024 requests, so that these are near.
            requests = _grown(seen, row, "stot")
            tally.counted["total_ms"] += requests * _number(row, "ttime")
            tally.counted["upstream_ms"] += requests * _number(row, "rtime")


def _rows(answer: str) -> Iterator[Mapping[str, str]]:
    head, *lines = answer.strip().splitlines() or [""]
    columns = head.lstrip("# ").split(",")
    places = {column: columns.index(column) for column in _COLUMNS if column in columns}
    for line in lines:
        # Only the descriptions of servers are quoted, and servers are not asked for.
        parts = line.split(",")
        if len(parts) >= len(columns):
            yield {column: parts[place] for column, place in places.items()}


def _listener_of(name: str) -> ListenerKey | None:
    """Whose frontend or backend this is: names begin with load balancer, protocol and port."""
    parts = name.split(".")
    if len(parts) < 3 or not parts[2].isdigit():
        return None
    return parts[0], parts[1], int(parts[2])


def _grown(seen: dict[tuple[str, str], int], row: Mapping[str, str], column: str) -> int:
    """By how much a counter has grown; a runtime command may have set it back."""
    now = _number(row, column)
    key = (f"{row['svname']} {row['pxname']}", column)
    before = seen.get(key, 0)
    seen[key] = now
    return now - before if now >= before else now


def _number(row: Mapping[str, str], column: str) -> int:
    text = row.get(column) or ""
    return int(text) if text.isdigit() else 0
