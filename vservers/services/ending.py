"""The end of an operation: what it amounts to, in its row and in the audit trail."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from django.db import transaction
from django.utils import timezone

from console.accounts.actor import Actor
from console.audit.models import AuditEntry
from console.audit.record import record
from vservers.models import Operation, OperationCall

from .changes import Change, Key, Kind

Outcome = OperationCall.Outcome
Status = Operation.Status


def status_of(calls: Iterable[OperationCall]) -> Operation.Status:
    """What the outcomes of its calls make of an operation."""
    outcomes = {call.outcome for call in calls}
    if outcomes <= {Outcome.DONE}:
        return Status.DONE
    if outcomes & {Outcome.UNKNOWN, Outcome.SENDING}:
        return Status.UNKNOWN
    return Status.PARTLY_DONE if Outcome.DONE in outcomes else Status.FAILED


@transaction.atomic
def enter(operation: Operation, calls: Sequence[OperationCall]) -> None:
    """Save the operation as ended, with its entry in the audit trail."""
    operation.ended_at = timezone.now()
    operation.waiting_code = operation.waiting_message = ""
    operation.next_try_at = None
    operation.save(
        update_fields=[
            "status",
            "note",
            "ended_at",
            "waiting_code",
            "waiting_message",
            "next_try_at",
        ]
    )
    record(
        actor=Actor(
            name=operation.actor_name,
            role="",
            user_id=operation.actor_id,
            request_id=operation.web_request_id,
        ),
        verb=operation.verb,
        outcome=AuditEntry.Outcome(operation.status),
        resource_type=operation.resource_type,
        resource_id=operation.resource_id,
        resource_name=operation.resource_name,
        region_id=operation.region_id,
        load_balancer_id=operation.load_balancer_id,
        before=operation.before,
        after=operation.after,
        reason=operation.note or _reason(calls),
        calls=[call.as_audit() for call in calls if call.sent_at],
        operation_id=operation.pk,
    )


def _reason(calls: Iterable[OperationCall]) -> str:
    return next(
        (
            f"{call.action}: {call.code}: {call.message}".replace(": :", ":")
            for call in calls
            if call.outcome not in {Outcome.DONE, Outcome.NOT_SENT}
        ),
        "",
    )


def last_words(changes: Iterable[Change]) -> list[Change]:
    """One change an object: from how it was before the first to how it is after the last.

    A listener, for one, may be made by one call and started by the next.
    """
    merged: dict[tuple[Kind, Key], Change] = {}
    for change in changes:
        key = change.kind, change.key
        if earlier := merged.get(key):
            before, after = earlier.before, change.after
            if before is not None and change.before is not None:
                # Each call tells of the fields that it sets; a field of both was first as first.
                before = {**change.before, **before}
            if after is not None and earlier.after is not None:
                after = {**earlier.after, **after}
            change = replace(change, before=before, after=after)
        merged[key] = change
    return list(merged.values())
