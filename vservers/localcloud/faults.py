"""Bad days on request: what the real cloud does to a client now and then, so that tests meet it.

Asked for through the admin interface (admin.py), kept in memory only: a restart is a good day.
A fault concerns the actions that its patterns name, and ends after so many calls or when cleared:

    latency   answers come `ms` later, plus up to `jitter_ms` more
    throttle  400 Throttling.User beyond `per_second` calls (with a burst of as many), or for the
              next `times` calls
    error     `status` and `code` instead of the action (503 ServiceUnavailable); nothing was done
    busy      400 `code` (ServiceIsConfiguring) instead of the action: an earlier change still runs
    drop      the action is carried out, and the connection closed without an answer
    lag       reads see the state as it was `ms` ago

Latency and lag add up over all faults that fit; of the others the oldest that fits is met.
"""

import fnmatch
import itertools
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vservers.localcloud.errors import ApiError
from vservers.localcloud.model import Entity
from vservers.localcloud.store import Changes, Draft, Key, Layer, Store

MAX_FAULTS = 100
MAX_MILLISECONDS = 600_000
_MAX_TIMES = 1_000_000
_MAX_PATTERNS = 100
_FIELDS = {
    "latency": {"ms", "jitter_ms"},
    "throttle": {"per_second"},
    "error": {"status", "code", "message"},
    "busy": {"code", "message"},
    "drop": set[str](),
    "lag": {"ms"},
}
_EVERY_KIND = {"kind", "actions", "times"}
_CODES = {"throttle": "Throttling.User", "error": "ServiceUnavailable"}
_MESSAGES = {
    "throttle": "Request was denied due to user flow control.",
    "busy": "The service is configuring, please try again later.",
}


class BadFault(ValueError):
    """A fault that cannot be asked for; the text says why."""


@dataclass(slots=True)
class Fault:
    """One asked-for fault. times: for how many more calls, None until it is cleared."""

    id: int
    kind: str
    actions: tuple[str, ...]
    times: int | None
    ms: int = 0
    jitter_ms: int = 0
    per_second: float = 0.0
    status: int = 400
    code: str = ""
    message: str = ""
    # Calls that a throttle lets through now, and when that was worked out.
    _tokens: float = 0.0
    _counted_at: float = 0.0

    def fits(self, action: str) -> bool:
        """Whether it concerns the action."""
        return any(fnmatch.fnmatchcase(action, pattern) for pattern in self.actions)

    def lets_through(self, now: float) -> bool:
        """Whether a throttle has a call left; takes it."""
        if not self.per_second:
            return False
        burst = max(self.per_second, 1.0)
        gained = (now - self._counted_at) * self.per_second
        self._tokens = min(burst, self._tokens + gained)
        self._counted_at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def error(self) -> ApiError:
        """What a call is answered that meets it."""
        return ApiError(self.code, self.message, status=self.status)

    def shown(self) -> dict[str, object]:
        """For people and programs that list the faults."""
        names = ("id", "kind", "actions", "times", *sorted(_FIELDS[self.kind]))
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Met:
    """What one call meets. refused: instead of carrying it out; dropped: instead of its answer."""

    seconds: float = 0.0
    refused: ApiError | None = None
    dropped: bool = False


_NOTHING = Met()


class Faults:
    """The faults in force. clock: seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._faults: dict[int, Fault] = {}
        self._numbers = itertools.count(1)
        # What was there before each change of the last seconds; kept while reads lag.
        self._former: deque[tuple[float, dict[Key, Entity | None]]] = deque()

    def add(self, wanted: Mapping[str, Any]) -> Fault:
        """Begin a fault. wanted: kind and its fields, as the module says. Raises BadFault."""
        if len(self._faults) >= MAX_FAULTS:
            raise BadFault(f"there are {MAX_FAULTS} faults already: clear some")
        fault = _fault(next(self._numbers), wanted)
        fault._tokens, fault._counted_at = max(fault.per_second, 1.0), self._clock()
        self._faults[fault.id] = fault
        return fault

    def clear(self, fault_id: int | None = None) -> int:
        """End one fault, or all; how many those were."""
        gone = list(self._faults) if fault_id is None else [fault_id]
        ended = sum(self._faults.pop(one, None) is not None for one in gone)
        if not self._lag("*"):
            self._former.clear()
        return ended

    def shown(self) -> list[dict[str, object]]:
        """All faults in force, oldest first."""
        return [fault.shown() for fault in self._faults.values()]

    def meet(self, action: str) -> Met:
        """What a call of the action meets; counts it."""
        if not self._faults:
            return _NOTHING
        seconds, struck = 0.0, None
        for fault in list(self._faults.values()):
            if fault.kind == "lag" or not fault.fits(action):
                continue
            if fault.kind == "latency":
                seconds += (fault.ms + random.uniform(0, fault.jitter_ms)) / 1000  # noqa: S311
            elif struck is not None or (
                fault.kind == "throttle" and fault.lets_through(self._clock())
            ):
                continue
            else:
                struck = fault
            self._count(fault)
        if struck is None:
            return Met(seconds)
        if struck.kind == "drop":
            return Met(seconds, dropped=True)
        return Met(seconds, refused=struck.error())

    def _count(self, fault: Fault) -> None:
        if fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                del self._faults[fault.id]

    def remember(self, store: Store, changes: Changes) -> None:
        """Called before changes are published: keeps what they replace for reads that lag."""
        longest = self._lag("*") if self._faults else 0.0
        now = self._clock()
        while self._former and self._former[0][0] < now - longest:
            self._former.popleft()
        if longest:
            self._former.append((now, {key: store.find(key) for key in changes}))

    def layer(self, store: Store, action: str) -> Layer:
        """What a reading action sees: the store, or the store as it was a while ago."""
        lag = self._lag(action) if self._faults else 0.0
        if not lag:
            return store
        for fault in list(self._faults.values()):
            if fault.kind == "lag" and fault.fits(action):
                self._count(fault)
        since = self._clock() - lag
        before = Draft(store)
        # Newest first, so that the oldest of several former values stays.
        for moment, former in reversed(self._former):
            if moment < since:
                break
            _put_back(before, store, former)
        return before

    def _lag(self, action: str) -> float:
        """By how many seconds reads of the action lag; "*": the most of any."""
        fits = [f for f in self._faults.values() if f.kind == "lag"]
        return sum(f.ms for f in fits if action == "*" or f.fits(action)) / 1000


def _put_back(draft: Draft, store: Store, former: Mapping[Key, Entity | None]) -> None:
    for key, entity in former.items():
        now = store.find(key) or draft.find(key)
        if entity is not None:
            draft.put(key[0], entity)
        elif now is not None:
            draft.delete(key[0], now)


def _fault(number: int, wanted: Mapping[str, Any]) -> Fault:
    kind = wanted.get("kind")
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise BadFault(f"kind must be one of {', '.join(_FIELDS)}")
    unknown = wanted.keys() - _FIELDS[kind] - _EVERY_KIND
    if unknown:
        raise BadFault(f"a fault of kind {kind} has no {', '.join(sorted(map(str, unknown)))}")
    fault = Fault(
        id=number,
        kind=kind,
        actions=_patterns(wanted.get("actions", ["*"])),
        times=_whole(wanted, "times", 1, _MAX_TIMES) if wanted.get("times") is not None else None,
        ms=_whole(wanted, "ms", 0, MAX_MILLISECONDS),
        jitter_ms=_whole(wanted, "jitter_ms", 0, MAX_MILLISECONDS),
        per_second=_rate(wanted.get("per_second", 0)),
        status=_whole(wanted, "status", 400, 599, 503) if kind == "error" else 400,
        code=_text(wanted, "code", _CODES.get(kind, "ServiceIsConfiguring")),
        message=_text(wanted, "message", _MESSAGES.get(kind, "")),
    )
    if kind == "lag" and not fault.ms:
        raise BadFault("ms must say by how much reads lag")
    if kind == "throttle" and not fault.per_second and fault.times is None:
        raise BadFault("a throttle needs per_second or times")
    return fault


def _patterns(value: object) -> tuple[str, ...]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, Iterable) or isinstance(values, Mapping):
        raise BadFault("actions must be a list of names or patterns such as Describe*")
    patterns = tuple(values)
    if not 1 <= len(patterns) <= _MAX_PATTERNS or not all(
        isinstance(pattern, str) and 0 < len(pattern) <= 100 for pattern in patterns
    ):
        raise BadFault("actions must be a list of names or patterns such as Describe*")
    return patterns


def _whole(wanted: Mapping[str, Any], name: str, low: int, high: int, default: int = 0) -> int:
    if name not in wanted:
        return default
    value = wanted[name]
    if type(value) is not int or not low <= value <= high:
        raise BadFault(f"{name} must be a whole number from {low} to {high}")
    return value


def _rate(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 100_000:
        raise BadFault("per_second must be a number from 0 to 100000")
    return float(value)


def _text(wanted: Mapping[str, Any], name: str, default: str) -> str:
    value = wanted.get(name, default)
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise BadFault(f"{name} must be a short text")
    return value
