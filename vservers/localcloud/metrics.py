"""Metrics of listeners: samples of the data plane's counters, kept as one point a period.

Counters are sampled a dozen times a period, so that averages, least and most of connections and
servers mean something, and added to the point of the period; a period that is over goes to disk.
A crash loses the running period, a stop nothing. The data plane's own counting begins at 0 with
each start, as this does, so that the first sample counts from 0.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from vservers.localcloud.dataplane.counters import COUNTERS, ListenerKey, Reading
from vservers.localcloud.metric_store import (
    GAUGES,
    PLACES,
    MetricStore,
    Point,
    Series,
    empty_point,
    merge,
)
from vservers.localcloud.model import Balancer

if TYPE_CHECKING:
    from vservers.localcloud.plane import Plane
    from vservers.localcloud.store import Store

PERIOD_SECONDS = 60
_SAMPLES_PER_PERIOD = 12
_LEAST_SECONDS = 0.2
# At most one part in so many of the time goes into sampling.
_SHARE = 50
_PRUNE_SECONDS = 3600
_LOG = logging.getLogger(__name__)


class Metrics:
    """Samples, keeps and finds points. period: seconds a point; clock: Unix seconds now."""

    def __init__(
        self, path: Path, period: int = PERIOD_SECONDS, clock: Callable[[], float] = time.time
    ) -> None:
        if not 1 <= period <= PERIOD_SECONDS or PERIOD_SECONDS % period:
            raise ValueError(f"a metric's period must divide {PERIOD_SECONDS} seconds")
        self.period = period
        self._pause = max(period / _SAMPLES_PER_PERIOD, _LEAST_SECONDS)
        self._clock = clock
        self._store = MetricStore(path)
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="localcloud-metrics")
        self._task: asyncio.Task[None] | None = None
        self._former: dict[ListenerKey, Mapping[str, float]] = {}
        self._moment = 0
        self._points: dict[ListenerKey, tuple[str, Point]] = {}
        self._pruned_at = 0.0

    def start(self, plane: "Plane", store: "Store") -> None:
        """Begin to sample."""
        self._task = asyncio.create_task(self._run(plane, store))

    async def stop(self) -> None:
        """Keep what is sampled, and close the file."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._disk.shutdown(wait=True)
        self._store.close()

    async def find(
        self, account: str, balancer: str, after: int, until: int, period: int
    ) -> list[tuple[int, Series, list[Point]]]:
        """(beginning of a period, listener, its points) of a load balancer, by time and port.

        after, until: Unix seconds; a period counts when it begins after the one, and not after the
        other. Periods that are not over yet are left out.
        """
        return await asyncio.get_running_loop().run_in_executor(
            self._disk, self._find, account, balancer, after, until, period
        )

    def _find(
        self, account: str, balancer: str, after: int, until: int, period: int
    ) -> list[tuple[int, Series, list[Point]]]:
        until = min(until, int(self._clock() - self._pause) - period)
        found = []
        for number, series in self._store.series(account, balancer).items():
            periods: dict[int, list[Point]] = {}
            for moment, point in self._store.points(number, after, until + period - 1):
                begins = moment - moment % period
                if after < begins <= until:
                    periods.setdefault(begins, []).append(point)
            found += [(begins, series, points) for begins, points in periods.items()]
        return sorted(found, key=lambda one: (one[0], one[1].port, one[1].protocol))

    async def _run(self, plane: "Plane", store: "Store") -> None:
        try:
            while True:
                began = time.perf_counter()
                try:
                    await self._turn_period(store)
                    self._sample(await plane.counters())
                except Exception:
                    _LOG.exception("metrics could not be sampled")
                await asyncio.sleep(max(self._pause, _SHARE * (time.perf_counter() - began)))
        finally:
            # What was counted since the last sample belongs to this period, too.
            with contextlib.suppress(Exception):
                self._sample(await plane.counters())
            with contextlib.suppress(Exception):
                await self._keep(store)

    async def _turn_period(self, store: "Store") -> None:
        now = int(self._clock())
        moment = now - now % self.period
        if moment != self._moment:
            await self._keep(store)
            self._moment = moment
        if now - self._pruned_at >= _PRUNE_SECONDS:
            self._pruned_at = now
            await asyncio.get_running_loop().run_in_executor(self._disk, self._store.prune, now)

    def _sample(self, readings: Iterable[Reading]) -> None:
        for reading in readings:
            former = self._former.get(reading.key, {})
            _, point = self._points.setdefault(reading.key, (reading.address, empty_point()))
            merge(point, _sampled(reading, former))
            self._former[reading.key] = reading.counted

    async def _keep(self, store: "Store") -> None:
        """Send the points of the period that is over to disk."""
        points, self._points = self._points, {}
        if not points:
            return
        owners = {entity.id: account for account, entity in store.everything(Balancer)}
        rows = [
            (Series(owners[key[0]], *key, address), point)
            for key, (address, point) in points.items()
            if key[0] in owners
        ]
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._disk, self._store.add, self._moment, rows)


def _sampled(reading: Reading, former: Mapping[str, float]) -> Point:
    """A point of one sample: what was counted since the former, and what is so now."""
    point = empty_point()
    for name in COUNTERS:
        now, before = reading.counted[name], former.get(name, 0.0)
        point[PLACES[name]] = now - before if now >= before else now
    point[PLACES["samples"]] = 1
    values = (reading.connections, reading.healthy, reading.unhealthy)
    for name, value in zip(GAUGES, values, strict=True):
        for word in ("sum", "min", "max"):
            point[PLACES[f"{name}_{word}"]] = value
    return point
