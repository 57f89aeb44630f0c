"""Bringing operations to an end that the process which began them could not.

A worker calls this now and then. It never sends what was not agreed to: what may have been sent is
found out by reading the cloud, and only an operation that waits for a busy cloud goes on.
"""

import logging
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_noop

from vservers.cloud import CloudError, OutcomeUnknown
from vservers.models import Operation, OperationCall

from .connection import connect
from .ending import enter
from .locks import IN_FLIGHT_SECONDS, release, try_hold, under_way
from .places import lock_of_operation, place_of
from .running import Run

logger = logging.getLogger(__name__)

Outcome = OperationCall.Outcome
Status = Operation.Status

# How long a worker waits for a busy cloud at one call, while people cannot change the same
# place; then others get their turn, and the operation its next.
PATIENCE_SECONDS = 8
# So old an operation takes the busy cloud's no for an answer. The Terraform provider waits up to
# five minutes for a VServer group.
GIVE_UP_SECONDS = 300


def unsettled() -> list[int]:
    """The operations that are not over, oldest first; also those that somebody is at work on."""
    rows = Operation.objects.filter(status__in=Operation.UNSETTLED).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def settle(operation_id: int, *, in_flight_seconds: float = IN_FLIGHT_SECONDS) -> bool:
    """Settle one operation; whether it is settled now.

    False also when a process is at work on it, or a call may still be on its way to the cloud.
    """
    operation = Operation.objects.get(pk=operation_id)
    lock = lock_of_operation(operation)
    if not try_hold(lock):
        return False
    try:
        operation.refresh_from_db()
        if operation.is_settled:
            return True
        if under_way(lock, seconds=in_flight_seconds):
            return False
        return _settle(operation)
    except CloudError as error:
        logger.warning("Operation %s cannot be settled yet: %s", operation_id, error)
        return False
    finally:
        release(lock)


def _settle(operation: Operation) -> bool:
    place = place_of(operation, vanished=_releases(operation))
    if place is None:
        lost_balancer = gettext_noop("The load balancer does not exist any more.")
        lost_region = gettext_noop("The region of this account does not exist any more.")
        _give_up(operation, lost_balancer if operation.load_balancer_id else lost_region)
        return True
    waits = operation.status == Status.WAITING
    age = timezone.now() - operation.created_at
    run = Run(
        operation,
        place,
        connect(place),
        patience=PATIENCE_SECONDS if waits else 0,
        last=not waits or age > timedelta(seconds=GIVE_UP_SECONDS),
    )
    for call in operation.calls.filter(outcome__in=[Outcome.SENDING, Outcome.UNKNOWN]):
        interrupted = OutcomeUnknown(
            action=call.action,
            code=call.code or "Interrupted",
            message=call.message
            or gettext_noop("The console was stopped before it had an answer."),
            request_id=call.request_id,
        )
        run.find_out(call, interrupted)
    if operation.calls.filter(outcome=Outcome.UNKNOWN).exists():
        Operation.objects.filter(pk=operation.pk).update(status=Status.UNKNOWN)
        return False
    if waits:
        # Until its end it stays one that waits, so that another worker goes on if this one dies.
        run.proceed()
        return operation.is_settled
    stopped = operation.status == Status.RUNNING
    words = gettext_noop("The console was stopped in the middle; a worker found out what was done.")
    run.settle(note=words if stopped else operation.note, must_read=True)
    return operation.is_settled


def _releases(operation: Operation) -> bool:
    """Whether the end of the load balancer is what it is about."""
    return operation.calls.filter(action="DeleteLoadBalancer").exists()


def _give_up(operation: Operation, why: str) -> None:
    left = operation.calls.filter(outcome=Outcome.PLANNED)
    left.update(outcome=Outcome.NOT_SENT, sealed="")
    unknown = operation.calls.filter(outcome__in=[Outcome.SENDING, Outcome.UNKNOWN])
    unknown.update(outcome=Outcome.LOST, message=why, sealed="")
    operation.status = Status.FAILED
    operation.note = why
    enter(operation, list(operation.calls.all()))
