"""What a child can be told to do, by name."""

from collections.abc import Callable

from .courses import ask, carry, carry_batch
from .kinds import KINDS
from .kinds.following import settle

TASKS: dict[str, Callable[..., object]] = {
    **{kind.name: kind.act for kind in KINDS.values()},
    "settle": settle,
    "carry": carry,
    "ask": ask,
    "carry batch": carry_batch,
}
