"""A procedure as its pages show it: progress, servers, steps, operations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.models import Operation, Procedure, ProcedureMember
from vservers.pages.operations.detail import STATUS_LEVELS

Kind = Procedure.Kind
Status = Procedure.Status
Phase = Procedure.Phase
State = ProcedureMember.State

# As components/status.html has them.
LEVELS: dict[str, str] = {
    Status.RUNNING: "busy",
    Status.HOLDING: "warn",
    Status.PAUSED: "warn",
    Status.DONE: "ok",
    Status.STOPPED: "off",
    Status.ROLLED_BACK: "off",
    Status.FAILED: "bad",
}
_STATE_LEVELS: dict[str, str] = {
    State.WAITING: "off",
    State.SENT: "busy",
    State.SET: "ok",
    State.RESTORED: "ok",
    State.REMOVED: "ok",
    State.LEFT: "warn",
    State.GONE: "off",
    State.FAILED: "bad",
}
# What a procedure has done that came to its end.
_DONE: dict[str, Any] = {
    Kind.MAINTENANCE: gettext_lazy("Weights restored"),
    Kind.DRAIN: gettext_lazy("Servers removed"),
    Kind.SHIFT: gettext_lazy("Traffic shifted"),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """percent: None where nobody can say; words: of the phase; until: when the next thing is due,
    with what that is."""

    percent: int | None
    words: str
    until: datetime | None = None
    what: str = ""


def progress_of(procedure: Procedure) -> Progress:
    """How far it is."""
    words = str(procedure.get_phase_display())
    if procedure.kind == Kind.SHIFT and procedure.phase == Phase.STEPPING:
        total = len(procedure.steps) - 1
        words = _("Step %(done)s of %(total)s done") % {"done": procedure.position, "total": total}
        percent = procedure.position * 100 // total if total else 0
        running = procedure.status == Status.RUNNING and 0 < procedure.position < total
        until = procedure.step_at if running else None
        return Progress(percent, words, until, _("next step"))
    if procedure.is_over:
        return Progress(100, str(_DONE[procedure.kind]) if procedure.status == Status.DONE else "")
    if procedure.phase == Phase.WATCHING and procedure.deadline_at:
        whole = (procedure.deadline_at - procedure.created_at).total_seconds()
        gone = (timezone.now() - procedure.created_at).total_seconds()
        percent = min(100, int(gone * 100 / whole)) if whole > 0 else 100
        return Progress(percent, words, procedure.deadline_at, _("removed at the latest"))
    if procedure.status == Status.HOLDING:
        return Progress(None, "")
    return Progress(None, words)


@dataclass(frozen=True, slots=True)
class MemberShown:
    member: ProcedureMember
    level: str


def member_rows(procedure: Procedure) -> list[MemberShown]:
    """The servers, by instance and group. One query."""
    rows = procedure.members.all()
    return [MemberShown(member, _STATE_LEVELS[member.state]) for member in rows]


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step of a shift, the first being how it was before. state: done, next, later. moving: the
    weights in the order of the members; shares: (group, percent that those that take get)."""

    number: int
    state: str
    moving: list[int]
    shares: list[tuple[str, float | None]]


def step_rows(procedure: Procedure, members: Sequence[ProcedureMember]) -> list[StepShown]:
    """The steps of a shift, none of other kinds."""
    if not procedure.steps:
        return []
    names = {one.vserver_group_id: one.vserver_group_name for one in members}
    return [
        StepShown(
            number,
            "done"
            if number <= procedure.position
            else "next"
            if number == procedure.position + 1 and not procedure.is_over
            else "later",
            [step["weights"][str(one.pk)] for one in members],
            [(names.get(pk) or pk, share) for pk, share in step["shares"].items()],
        )
        for number, step in enumerate(procedure.steps)
    ]


def operation_rows(procedure: Procedure) -> list[tuple[Operation, str]]:
    """What was sent for it, newest first, with levels."""
    return [(one, STATUS_LEVELS[one.status]) for one in procedure.operations.order_by("-pk")[:50]]
