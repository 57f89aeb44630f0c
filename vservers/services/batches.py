"""Batches: many changes, looked at together and carried out one after another, each by itself.

Every item is an operation of its own, with its own lock, plan, outcome and audit entry: what one
item meets does not matter to the next. A worker that dies leaves an item `running`; the operation
that it may have begun is found by the request ID that is the item's own.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.utils import timezone

from console.accounts.actor import Actor
from console.accounts.models import User
from console.accounts.permissions import NotAllowed, check
from console.shell.said import gettext as _
from vservers.cloud import CloudError
from vservers.models import Batch, BatchItem, LoadBalancer, Operation

from .batch_verbs import VERBS, permission_of
from .changes import Change
from .errors import NotReread, OperationFailed, Refusal, Stale, Waiting
from .locks import LostHold, release, try_hold
from .planned import CannotPlan

logger = logging.getLogger(__name__)

Outcome = BatchItem.Outcome
Status = Batch.Status

MAX_ITEMS = 2000
# A draft that nobody has begun is forgotten after so long.
DRAFT_LIFE = timedelta(days=1)
_OPEN = (Outcome.PLANNED, Outcome.RUNNING, Outcome.WAITING)
_OF_OPERATION = {
    Operation.Status.DONE: Outcome.DONE,
    Operation.Status.PARTLY_DONE: Outcome.PARTLY_DONE,
    Operation.Status.FAILED: Outcome.FAILED,
}


@dataclass(frozen=True, slots=True)
class Task:
    """One item to be. verb: one of batch_verbs.VERBS; arguments: what that verb takes, as JSON.

    load_balancer: None where the item is to make it.
    """

    verb: str
    load_balancer: LoadBalancer | None
    object_id: str
    object_name: str
    arguments: dict[str, Any]
    changes: list[Change] = field(default_factory=list)


@transaction.atomic
def draft(
    *,
    actor: Actor,
    verb: str,
    region_id: str,
    tasks: Iterable[Task],
    load_balancer_id: str = "",
    unchanged: int = 0,
) -> Batch:
    """Keep tasks for a person to look at; nothing is sent. Raises NotAllowed.

    unchanged: how many objects were looked at and need no task.
    """
    check(actor, permission_of(verb))
    batch = Batch.objects.create(
        verb=verb,
        region_id=region_id,
        load_balancer_id=load_balancer_id,
        unchanged=unchanged,
        actor_name=actor.name,
        actor_id=actor.user_id,
    )
    BatchItem.objects.bulk_create(
        BatchItem(
            batch=batch,
            position=position,
            verb=task.verb,
            load_balancer_id=task.load_balancer.pk if task.load_balancer else "",
            load_balancer_name=task.load_balancer.name if task.load_balancer else "",
            object_id=task.object_id,
            object_name=task.object_name[:120],
            arguments=task.arguments,
            changes=[change.as_json() for change in task.changes],
        )
        for position, task in enumerate(tasks)
    )
    return batch


def start(*, actor: Actor, batch: Batch) -> bool:
    """Give a draft to the workers; False when it was begun already. Raises NotAllowed."""
    check(actor, permission_of(batch.verb))
    drafts = Batch.objects.filter(pk=batch.pk, status=Status.DRAFT)
    return bool(
        drafts.update(
            status=Status.RUNNING,
            actor_name=actor.name,
            actor_id=actor.user_id,
            started_at=timezone.now(),
        )
    )


def discard(*, actor: Actor, batch: Batch) -> bool:
    """Forget a draft; False when it was begun already. Raises NotAllowed."""
    check(actor, permission_of(batch.verb))
    deleted, _rows = Batch.objects.filter(pk=batch.pk, status=Status.DRAFT).delete()
    return bool(deleted)


@transaction.atomic
def stop(*, actor: Actor, batch: Batch) -> bool:
    """Leave what is not begun; False when it is over already. Raises NotAllowed."""
    check(actor, permission_of(batch.verb))
    running = Batch.objects.filter(pk=batch.pk, status=Status.RUNNING)
    if not running.update(status=Status.STOPPED, ended_at=timezone.now()):
        return False
    batch.items.filter(outcome=Outcome.PLANNED).update(outcome=Outcome.SKIPPED)
    return True


def running() -> list[int]:
    """The batches that a worker has something to do for."""
    open_items = BatchItem.objects.filter(outcome__in=_OPEN).values("batch")
    rows = Batch.objects.filter(status=Status.RUNNING) | Batch.objects.filter(
        status=Status.STOPPED, pk__in=open_items
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


def forget_drafts() -> int:
    """Remove drafts that nobody begins any more; how many."""
    old = Batch.objects.filter(status=Status.DRAFT, created_at__lt=timezone.now() - DRAFT_LIFE)
    count = old.count()
    old.delete()
    return count


def carry_out(batch_id: int, *, should_stop: Callable[[], bool] = lambda: False) -> bool:
    """Carry out what is left of a batch; whether it is over.

    False also where another worker is at work on it, or where an item waits for the cloud.
    """
    lock = f"batch {batch_id}"
    if not try_hold(lock):
        return False
    try:
        batch = Batch.objects.select_related("actor").get(pk=batch_id)
        _take_up(batch)
        while not should_stop() and (item := _next(batch)):
            _do(batch, item)
        return _end(batch)
    finally:
        release(lock)


def _request_id(item: BatchItem) -> str:
    """What an operation of the item carries, and of no other."""
    return f"batch-{item.batch_id}-{item.position}"


def _operation_of(item: BatchItem) -> Operation | None:
    return Operation.objects.filter(web_request_id=_request_id(item)).order_by("-pk").first()


def _take_up(batch: Batch) -> None:
    """What a worker that died was at work on: follow its operation, or do it again."""
    for item in batch.items.filter(outcome=Outcome.RUNNING):
        item.operation = _operation_of(item)
        item.outcome = Outcome.WAITING if item.operation else Outcome.PLANNED
        item.save(update_fields=["operation", "outcome"])


def _next(batch: Batch) -> BatchItem | None:
    """The next item, marked as being carried out; None after the last, or when it was stopped."""
    with transaction.atomic():
        # One who stops it changes this row, and waits.
        current = Batch.objects.select_for_update().get(pk=batch.pk)
        if current.status != Status.RUNNING:
            return None
        item = batch.items.filter(outcome=Outcome.PLANNED).first()
        if item:
            item.outcome = Outcome.RUNNING
            item.save(update_fields=["outcome"])
        return item


def _do(batch: Batch, item: BatchItem) -> None:
    try:
        item.outcome = _outcome(_actor(batch, item), item)
    except (LostHold, DatabaseError):
        # It stays as one that is being carried out: whoever takes the batch up finds out about it.
        raise
    except Exception:
        # A mistake of ours with one item, whatever it is, must not keep the others from their turn.
        logger.exception("Item %s of batch %s failed", item.position, batch.pk)
        item.operation = _operation_of(item)
        # What had begun is brought to its end by a worker.
        unsettled = item.operation and not item.operation.is_settled
        item.outcome = Outcome.WAITING if unsettled else Outcome.FAILED
        item.message = _("The console made a mistake; its log says which.")
    item.operation = item.operation or _operation_of(item)
    item.save(update_fields=["outcome", "message", "operation"])


def _actor(batch: Batch, item: BatchItem) -> Actor:
    """The person who began the batch, with the role of now; nobody where they are gone."""
    user: User | None = batch.actor
    if user is None:
        return Actor(name=batch.actor_name, role="", request_id=_request_id(item))
    user.refresh_from_db(fields=["role", "is_active"])
    actor = user.as_actor(request_id=_request_id(item))
    return actor if user.is_active else Actor(actor.name, "", actor.user_id, actor.request_id)


def _outcome(actor: Actor, item: BatchItem) -> BatchItem.Outcome:
    """Carry out one item; what became of it, and why in its message."""
    try:
        changed = VERBS[item.verb](actor, item)
    except Waiting as waiting:
        item.operation, item.message = waiting.operation, str(waiting)
        return Outcome.WAITING
    except NotReread as unread:
        item.message = str(unread)
        return Outcome.DONE
    except OperationFailed as failed:
        item.operation, item.message = failed.operation, str(failed)
        partly = failed.operation and failed.operation.status == Operation.Status.PARTLY_DONE
        return Outcome.PARTLY_DONE if partly else Outcome.FAILED
    except Stale:
        item.message = _("Somebody changed it since the preview, so it was left as it is.")
        return Outcome.REFUSED
    except (Refusal, NotAllowed, CannotPlan) as refusal:
        item.message = str(refusal)
        return Outcome.REFUSED
    except CloudError as error:
        item.message = str(error)
        return Outcome.FAILED
    return Outcome.UNCHANGED if changed is False else Outcome.DONE


def _end(batch: Batch) -> bool:
    """Settle items whose operation came to an end meanwhile; whether nothing is left."""
    for item in batch.items.filter(outcome=Outcome.WAITING).select_related("operation"):
        operation = item.operation
        if operation is None or operation.is_settled:
            ended = Operation.Status(operation.status) if operation else Operation.Status.FAILED
            item.outcome = _OF_OPERATION.get(ended, Outcome.FAILED)
            item.message = operation.note if operation else ""
            item.save(update_fields=["outcome", "message"])
    if batch.items.filter(outcome__in=_OPEN).exists():
        return False
    Batch.objects.filter(pk=batch.pk, status=Status.RUNNING).update(
        status=Status.DONE, ended_at=timezone.now()
    )
    return True
