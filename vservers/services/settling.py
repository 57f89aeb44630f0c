"""Bringing operations to an end that the process which began them could not.

A worker calls this now and then. It never sends what was not agreed to: what may have been sent is
found out by reading the cloud, and only an operation that waits for a busy cloud goes on.
"""

import logging
from datetime import timedelta

from django.utils import timezone

from vservers.cloud import CloudError, OutcomeUnknown
from vservers.cloud.transport import CONNECT_SECONDS, READ_SECONDS
from vservers.models import LoadBalancer, Operation, OperationCall

from .connection import connect
from .locks import release, try_hold
from .running import Run

logger = logging.getLogger(__name__)

Outcome = OperationCall.Outcome
Status = Operation.Status

# How long a worker waits for a busy cloud at one call before it takes its no for an answer. The
# Terraform provider waits up to five minutes for a VServer group.
BACKGROUND_SECONDS = 300
# A call that a dead process has sent may still be under way for so long.
IN_FLIGHT_SECONDS = CONNECT_SECONDS + READ_SECONDS


def unsettled() -> list[int]:
    """The operations that are not over, oldest first; also those that somebody is at work on."""
    rows = Operation.objects.filter(status__in=Operation.UNSETTLED).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def settle_all() -> int:
    """Settle every operation that nobody is at work on; how many were settled."""
    return sum(settle(operation_id) for operation_id in unsettled())


def settle(operation_id: int, *, in_flight_seconds: float = IN_FLIGHT_SECONDS) -> bool:
    """Settle one operation; whether it is settled now.

    False also when a process is at work on it, or a call may still be on its way to the cloud.
    """
    operation = Operation.objects.get(pk=operation_id)
    if not try_hold(operation.load_balancer_id):
        return False
    try:
        operation.refresh_from_db()
        if operation.is_settled:
            return True
        sending = operation.calls.filter(outcome=Outcome.SENDING).first()
        if sending and sending.sent_at:
            age = timezone.now() - sending.sent_at
            if age < timedelta(seconds=in_flight_seconds):
                return False
        return _settle(operation)
    except CloudError as error:
        logger.warning("Operation %s cannot be settled yet: %s", operation_id, error)
        return False
    finally:
        release(operation.load_balancer_id)


def _settle(operation: Operation) -> bool:
    load_balancer = LoadBalancer.objects.filter(pk=operation.load_balancer_id).first()
    if load_balancer is None:
        _give_up(operation, "The load balancer does not exist any more.")
        return True
    waits = operation.status == Status.WAITING
    patience = BACKGROUND_SECONDS if waits else 0
    cloud = connect(load_balancer)
    run = Run(operation, load_balancer, cloud, patience=patience, last=True)
    if waits:
        operation.status = Status.RUNNING
        operation.save(update_fields=["status"])
        run.proceed()
        return operation.is_settled
    for call in operation.calls.filter(outcome__in=[Outcome.SENDING, Outcome.UNKNOWN]):
        interrupted = OutcomeUnknown(
            action=call.action,
            code=call.code or "Interrupted",
            message="The console was stopped before it had an answer.",
            request_id=call.request_id,
        )
        run.find_out(call, interrupted)
    interrupted_words = "The console was stopped in the middle; a worker found out what was done."
    run.settle(note=operation.note or interrupted_words)
    return operation.is_settled


def _give_up(operation: Operation, why: str) -> None:
    operation.calls.filter(outcome=Outcome.PLANNED).update(outcome=Outcome.NOT_SENT)
    operation.calls.filter(outcome=Outcome.SENDING).update(outcome=Outcome.LOST)
    operation.status = Status.FAILED
    operation.note = why
    operation.ended_at = timezone.now()
    operation.save(update_fields=["status", "note", "ended_at"])
