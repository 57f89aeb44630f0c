"""The worker's jobs. Any number of workers on any number of machines share one queue in Postgres.

Each job may run at any time, and again: two workers never sync one region of one account, for the
work takes a lock that ends with its process (services.runs.alone). So a job whose worker was killed
needs no care: its run is found unfinished and unlocked, and goes on where it was. `queueing_lock`
keeps a job from waiting in the queue twice.
"""

from contextlib import suppress

from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from procrastinate import JobContext
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Status

from vservers.models import AccountRegion
from vservers.services import batches, procedures, runs, schedule, settling, vanishing

# Six fields: the last one is seconds.
_EVERY_FIVE_SECONDS = "* * * * * */5"
_EVERY_TEN_SECONDS = "* * * * * */10"
_EVERY_TEN_MINUTES = "*/10 * * * *"


@app.periodic(cron=_EVERY_TEN_SECONDS)
@app.task(name="look_for_due_syncs", queueing_lock="look_for_due_syncs", pass_context=True)
def look_for_due_syncs(context: JobContext, timestamp: int = 0) -> None:
    """Ask for the syncs whose time has come, and for those that died under way."""
    for place in schedule.places_to_sync():
        if context.should_abort():
            return
        defer_sync(place)


@app.task(name="sync_region", pass_context=True)
def sync_region(context: JobContext, place_id: int) -> None:
    """Carry out the syncs that wait in one region of one account."""
    place = AccountRegion.objects.select_related("account", "region").filter(pk=place_id).first()
    if place and place.account.enabled:
        schedule.carry_out_all(place, should_stop=context.should_abort)


def defer_sync(place: AccountRegion) -> None:
    """Put the work of a region into the queue, unless it waits there already."""
    job = sync_region.configure(queueing_lock=f"sync_region {place.pk}")
    with suppress(AlreadyEnqueued), transaction.atomic():
        job.defer(place_id=place.pk)


@app.periodic(cron=_EVERY_FIVE_SECONDS)
@app.task(name="look_for_unsettled_operations", queueing_lock="look_for_unsettled_operations")
def look_for_unsettled_operations(timestamp: int = 0) -> None:
    """Ask for the settling of operations that wait for a busy cloud, or that a process has left."""
    for operation_id in settling.unsettled():
        job = settle_operation.configure(queueing_lock=f"settle_operation {operation_id}")
        with suppress(AlreadyEnqueued), transaction.atomic():
            job.defer(operation_id=operation_id)


@app.task(name="settle_operation")
def settle_operation(operation_id: int) -> None:
    """Bring one operation to its end. Of several who try, one holds the load balancer's lock."""
    settling.settle(operation_id)


@app.periodic(cron=_EVERY_FIVE_SECONDS)
@app.task(name="look_for_due_procedures", queueing_lock="look_for_due_procedures")
def look_for_due_procedures(timestamp: int = 0) -> None:
    """Ask for the maintenances, drains and shifts of which something is due."""
    for procedure_id in procedures.due():
        defer_procedure(procedure_id)


@app.task(name="advance_procedure")
def advance_procedure(procedure_id: int) -> None:
    """Do what is due of one procedure. Of several who try, one holds its lock."""
    procedures.advance(procedure_id)


def defer_procedure(procedure_id: int) -> None:
    """Have a worker look at a procedure soon, unless one is about to."""
    job = advance_procedure.configure(queueing_lock=f"advance_procedure {procedure_id}")
    with suppress(AlreadyEnqueued), transaction.atomic():
        job.defer(procedure_id=procedure_id)


@app.periodic(cron=_EVERY_TEN_MINUTES)
@app.task(name="tidy_up", queueing_lock="tidy_up")
def tidy_up(timestamp: int = 0) -> None:
    """Remove what vanished longer ago than the grace period, and what tells nobody anything now."""
    vanishing.remove_vanished()
    runs.forget_old_runs()
    batches.forget_drafts()
    SessionStore.clear_expired()


@app.periodic(cron=_EVERY_TEN_MINUTES)
@app.task(name="forget_stalled_jobs", queueing_lock="forget_stalled_jobs", pass_context=True)
async def forget_stalled_jobs(context: JobContext, timestamp: int = 0) -> None:
    """Take jobs of killed workers out of the queue: what they did is found by other means."""
    manager = context.app.job_manager
    for job in await manager.get_stalled_jobs():
        if job.id is not None:
            await manager.finish_job_by_id_async(job.id, Status.FAILED, delete_job=True)


@app.periodic(cron=_EVERY_FIVE_SECONDS)
@app.task(name="look_for_batches", queueing_lock="look_for_batches")
def look_for_batches(timestamp: int = 0) -> None:
    """Ask for the batches that wait, or that a worker has left in the middle."""
    for batch_id in batches.running():
        defer_batch(batch_id)


@app.task(name="carry_out_batch", pass_context=True)
def carry_out_batch(context: JobContext, batch_id: int) -> None:
    """Go on with a batch. Of several who try, one holds its lock."""
    batches.carry_out(batch_id, should_stop=context.should_abort)


def defer_batch(batch_id: int) -> None:
    """Put a batch into the queue, unless it waits there already."""
    job = carry_out_batch.configure(queueing_lock=f"carry_out_batch {batch_id}")
    with suppress(AlreadyEnqueued), transaction.atomic():
        job.defer(batch_id=batch_id)
