"""Which function answers which action. A handler registers itself; nothing else lists actions."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vservers.localcloud.addresses import Addresses
from vservers.localcloud.metrics import Metrics
from vservers.localcloud.plane import Plane
from vservers.localcloud.quotas import Quotas
from vservers.localcloud.signatures import Caller
from vservers.localcloud.store import Edit, View

Answer = dict[str, object]


@dataclass(frozen=True, slots=True)
class Call[V: View]:
    """One validated request, as handlers see it.

    params: values by name (tables). state: the account's objects; an Edit for writing handlers.
    now: Unix milliseconds. host: where the client reached us, "127.0.0.1:8001". settling: for how
    many milliseconds a listener is "starting", "stopping" or "configuring".
    """

    action: str
    params: dict[str, Any]
    state: V
    now: int
    host: str
    plane: Plane
    addresses: Addresses
    caller: Caller
    quotas: Quotas
    settling: int
    metrics: Metrics

    @property
    def region(self) -> str:
        """RegionId, "" when the action was called without."""
        return str(self.params.get("RegionId", ""))

    def in_region(self, region: str) -> bool:
        """Whether an object of that region can be seen: nothing of another region ever is."""
        return self.region in ("", region)


Reading = Call[View]
Writing = Call[Edit]


@dataclass(frozen=True, slots=True)
class Action:
    """A handler and whether it writes. any_region: RegionId is not checked."""

    handler: Callable[[Any], Any]
    writes: bool
    any_region: bool


ACTIONS: dict[tuple[str, str], Action] = {}


def reads[F: Callable[[Reading], Answer | Awaitable[Answer]]](
    product: str, action: str, *, any_region: bool = False
) -> Callable[[F], F]:
    """Register a handler that only reads. product: the table's file name."""

    def register(handler: F) -> F:
        ACTIONS[product, action] = Action(handler, writes=False, any_region=any_region)
        return handler

    return register


def writes[F: Callable[[Writing], Answer]](product: str, action: str) -> Callable[[F], F]:
    """Register a handler whose changes are on disk before it is answered."""

    def register(handler: F) -> F:
        ACTIONS[product, action] = Action(handler, writes=True, any_region=False)
        return handler

    return register


_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LETTER_OF_BYTE = bytes(ord(_LETTERS[number % len(_LETTERS)]) for number in range(256))


def new_id(prefix: str) -> str:
    """A new ID in the cloud's form: prefix, "bp1" and 17 letters and digits."""
    return f"{prefix}-bp1{os.urandom(17).translate(_LETTER_OF_BYTE).decode()}"


def id_of(prefix: str, number: int) -> str:
    """The ID that a large random number stands for."""
    digits = []
    for _ in range(17):
        number, rest = divmod(number, len(_LETTERS))
        digits.append(_LETTERS[rest])
    return f"{prefix}-bp1{''.join(digits)}"


def utc(milliseconds: int) -> str:
    """A time as SLB writes it: 2024-05-06T07:08:09Z."""
    return datetime.fromtimestamp(milliseconds // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
