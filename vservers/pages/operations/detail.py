"""One operation as its page shows it."""

from dataclasses import dataclass

from django.urls import reverse

from console.accounts.actor import Actor
from console.accounts.permissions import Action, may
from vservers.models import Operation, OperationCall, VServerGroup
from vservers.pages.wording import Row, Wording
from vservers.services.changes import NEW, Change

Outcome = OperationCall.Outcome
Status = Operation.Status

# As components/status.html has them.
STATUS_LEVELS: dict[str, str] = {
    Status.RUNNING: "busy",
    Status.WAITING: "busy",
    Status.DONE: "ok",
    Status.PARTLY_DONE: "warn",
    Status.FAILED: "bad",
    Status.UNKNOWN: "warn",
}
_OUTCOME_LEVELS: dict[str, str] = {
    Outcome.SENDING: "busy",
    Outcome.DONE: "ok",
    Outcome.REFUSED: "bad",
    Outcome.UNREACHABLE: "bad",
    Outcome.LOST: "bad",
    Outcome.CHANGED: "warn",
    Outcome.UNKNOWN: "warn",
}


@dataclass(frozen=True, slots=True)
class CallShown:
    """A call with its rows in words; level: of its outcome."""

    call: OperationCall
    level: str
    rows: list[Row]


def calls_shown(operation: Operation) -> list[CallShown]:
    """The calls in their order."""
    group_id = operation.resource_id or NEW
    calls = [
        (call, [Change.from_json(change).named(group_id) for change in call.changes])
        for call in operation.calls.all()
    ]
    wording = Wording(change for _, changes in calls for change in changes)
    return [
        CallShown(
            call,
            _OUTCOME_LEVELS.get(call.outcome, "off"),
            [row for change in changes for row in wording.rows(change)],
        )
        for call, changes in calls
    ]


def resource_url(operation: Operation) -> str:
    """The page of what the operation is about, "" where it has none."""
    region, balancer = operation.region_id, operation.load_balancer_id
    match operation.resource_type:
        case "VServer group":
            groups = VServerGroup.everything.filter(load_balancer=balancer)
            group = groups.filter(pk=operation.resource_id).first()
            return reverse("groups-detail", args=[region, balancer, group.pk]) if group else ""
        case "listener" if balancer:
            return reverse("listeners-list", args=[region, balancer])
        case "server":
            return reverse("servers-detail", args=[region, operation.resource_id])
    return ""


def may_change(actor: Actor, operation: Operation) -> bool:
    """Whether the actor may do again, or undo, what the operation is about."""
    return may(actor, Action[operation.permission])


def has_rest(operation: Operation) -> bool:
    """Whether something is left that could be tried again."""
    left = any(call.outcome != Outcome.DONE for call in operation.calls.all())
    return operation.is_settled and left and not operation.retries.all()


def can_be_undone(operation: Operation) -> bool:
    """Whether something was done that nobody has taken back."""
    done = any(call.outcome == Outcome.DONE for call in operation.calls.all())
    undone = any(undo.status != Status.FAILED for undo in operation.undos.all())
    return operation.is_settled and done and not undone
