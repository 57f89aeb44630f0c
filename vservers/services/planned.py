"""What planning makes: calls, each with the rows that it changes."""

from dataclasses import dataclass

from vservers.cloud.calls import Call

from .changes import Change


class CannotPlan(Exception):
    """The API has no call for this change; the text says why."""


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call, and the rows that it changes."""

    call: Call
    changes: tuple[Change, ...]
