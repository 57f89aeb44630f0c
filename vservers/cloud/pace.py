"""How often an account may be called: a token bucket for each family of actions.

Where the buckets are kept is not decided here: all processes that use one account must share them.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

READ, WRITE = "read", "write"
# How many calls may leave at once after a rest, as seconds of the rate; one at least.
BURST_SECONDS = 1.0
# A process reserves so many seconds' worth of calls at once, so that a high rate is not slowed by
# asking for each; what it reserved and did not use is lost.
BLOCK_SECONDS = 0.02


def is_read(action: str) -> bool:
    return action.startswith(("Describe", "List"))


@dataclass(frozen=True, slots=True)
class Limit:
    """per_second: calls; burst: how many may leave at once after a rest."""

    per_second: float

    @property
    def burst(self) -> int:
        return max(1, int(self.per_second * BURST_SECONDS))

    @property
    def block(self) -> int:
        return max(1, int(self.per_second * BLOCK_SECONDS))


# family, limit, how many calls -> seconds from now until the first of them may leave; below zero:
# it could have left so long ago. The others follow at 1 / per_second.
Reserve = Callable[[str, Limit, int], float]


class Pace:
    """Waits before each call for as long as its family needs; shared by the threads of a process.

    per_second: {family: calls}; a family is an action, "read" or "write"; 0 or absent: no limit.
    """

    def __init__(
        self,
        per_second: Mapping[str, float],
        reserve: Reserve,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limits = {family: Limit(rate) for family, rate in per_second.items() if rate > 0}
        self._reserve = reserve
        self._sleep = sleep
        self._lock = Lock()
        # Moments of time.monotonic() at which calls of a block may leave.
        self._reserved: dict[str, deque[float]] = {family: deque() for family in self._limits}

    def __call__(self, action: str) -> None:
        """Return when the action may be sent."""
        for family in (action, READ if is_read(action) else WRITE):
            if family in self._limits:
                self._wait(family)

    def _wait(self, family: str) -> None:
        wait = self._next(family) - time.monotonic()
        if wait > 0:
            self._sleep(wait)

    def _next(self, family: str) -> float:
        limit = self._limits[family]
        with self._lock:
            moments = self._reserved[family]
            # An old reservation would leave beside those that others have made since.
            while moments and moments[0] < time.monotonic() - BLOCK_SECONDS:
                moments.popleft()
            if not moments:
                first = time.monotonic() + self._reserve(family, limit, limit.block)
                moments.extend(first + n / limit.per_second for n in range(limit.block))
            return moments.popleft()
