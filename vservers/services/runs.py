"""Runs of the sync: asked for, carried out by one process at a time, shown, stopped, resumed."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from console.audit.models import AuditEntry
from console.audit.record import record
from vservers.cloud import CloudError
from vservers.models import AccountRegion, SyncRun

logger = logging.getLogger(__name__)

# How often a run tells how far it is, and hears whether it shall stop.
TELL_SECONDS = 0.5
# So many of the errors are kept with the run; the others are counted.
KEPT_ERRORS = 50
# So many failures in a row, none of anything that worked between, end a run: the cloud is away.
MOST_FAILURES_IN_A_ROW = 10
KEPT_RUNS = 200
# First half of the advisory locks' keys: "sync" as bytes.
_LOCKS = 0x73796E63

_UNFINISHED = (SyncRun.Status.QUEUED, SyncRun.Status.RUNNING)


class Stopped(Exception):
    """The run shall end before it is through. cancelled: for good; else it will be resumed."""

    def __init__(self, *, cancelled: bool) -> None:
        self.cancelled = cancelled
        super().__init__("cancelled" if cancelled else "stopped")


class CloudAway(Exception):
    """Too many failures in a row."""

    def __init__(self, error: CloudError) -> None:
        self.error = error
        super().__init__(str(error))


@contextmanager
def alone(place: AccountRegion) -> Iterator[bool]:
    """Whether nobody else syncs this region of this account; if so, nobody can until the end.

    The lock is the connection's: it ends with this process, however that ends.
    """
    keys = (_LOCKS, place.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", keys)
        held = bool(cursor.fetchone()[0])
    try:
        yield held
    finally:
        if held:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", keys)


def ask_for(place: AccountRegion, kind: SyncRun.Kind, *, by: str = "") -> SyncRun:
    """The unfinished run of this kind, or a new one that waits for somebody to carry it out."""
    run, _ = SyncRun.objects.get_or_create(
        account_id=place.account_id,
        region_id=place.region_id,
        kind=kind,
        status__in=_UNFINISHED,
        defaults={"status": SyncRun.Status.QUEUED, "requested_by": by},
    )
    return run


def cancel_run(*, actor: Actor, run: SyncRun) -> bool:
    """Stop a run at its next step; False when it has ended already. Raises NotAllowed."""
    check(actor, Action.SYNC)
    with transaction.atomic():
        waiting = SyncRun.objects.filter(pk=run.pk, status=SyncRun.Status.QUEUED).update(
            status=SyncRun.Status.CANCELLED, cancel_asked_by=actor.name, ended_at=timezone.now()
        )
        running = SyncRun.objects.filter(pk=run.pk, status=SyncRun.Status.RUNNING).update(
            cancel_asked_by=actor.name
        )
        if waiting or running:
            record(
                actor=actor,
                verb=gettext_noop("cancel sync"),
                outcome=AuditEntry.Outcome.DONE,
                resource_type=gettext_noop("sync"),
                resource_id=str(run.pk),
                resource_name=str(run),
                region_id=run.region_id,
            )
    return bool(waiting or running)


class Progress:
    """How far a run is, told to its row now and then.

    should_stop: asked as often, whether this process is to end. say: told each stage as words.
    """

    def __init__(
        self,
        run: SyncRun,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        say: Callable[[SyncRun], object] = lambda run: None,
    ) -> None:
        self.run = run
        self._should_stop = should_stop
        self._say = say
        self._told = 0.0
        self._failures_in_a_row = 0

    def stage(self, stage: SyncRun.Stage, *, total: int = 0, done: int = 0) -> None:
        self.run.stage, self.run.total, self.run.done = stage, total, done
        self._tell()

    def advance(self, count: int = 1, *, rows: int = 0) -> None:
        """So much more is done. Raises Stopped."""
        self._failures_in_a_row = 0
        self.run.done += count
        self.run.rows += rows
        self._tell_at_times()

    def failed(self, what: str, error: CloudError) -> None:
        """One thing could not be read; the rest goes on. Raises Stopped, CloudAway."""
        self.run.error_count += 1
        if len(self.run.errors) < KEPT_ERRORS:
            self.run.errors.append(_told(what, error))
        self.run.done += 1
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= MOST_FAILURES_IN_A_ROW:
            raise CloudAway(error)
        self._tell_at_times()

    def _tell_at_times(self) -> None:
        if time.monotonic() - self._told > TELL_SECONDS:
            self._tell()

    def _tell(self) -> None:
        self._told = time.monotonic()
        run = self.run
        run.heard_at = timezone.now()
        run.save(
            update_fields=[
                "stage",
                "done",
                "total",
                "rows",
                "errors",
                "error_count",
                "heard_at",
            ]
        )
        self._say(run)
        if SyncRun.objects.filter(pk=run.pk).exclude(cancel_asked_by="").exists():
            raise Stopped(cancelled=True)
        if self._should_stop():
            raise Stopped(cancelled=False)


def carry_out(
    run: SyncRun,
    work: Callable[[Progress], None],
    *,
    should_stop: Callable[[], bool] = lambda: False,
    say: Callable[[SyncRun], object] = lambda run: None,
) -> SyncRun:
    """Do the work of a run, and say in its row how it ended. Nothing happens when it has ended.

    work: raises Stopped, CloudAway and CloudError. Call it inside `alone`.
    """
    run.refresh_from_db()
    if not run.is_unfinished:
        return run
    now = timezone.now()
    run.status = SyncRun.Status.RUNNING
    # A run that died goes on from where it was: what was read since its first start stays read.
    run.started_at = run.started_at or now
    run.heard_at = now
    run.attempts += 1
    run.errors, run.error_count = [], 0
    run.save(
        update_fields=["status", "started_at", "heard_at", "attempts", "errors", "error_count"]
    )
    progress = Progress(run, should_stop=should_stop, say=say)
    try:
        work(progress)
    except Stopped as stopped:
        if not stopped.cancelled:
            # Left as running: whoever comes next finds the lock free, and resumes.
            return run
        run.status = SyncRun.Status.CANCELLED
        run.refresh_from_db(fields=["cancel_asked_by"])
    except (CloudAway, CloudError) as failure:
        error = failure.error if isinstance(failure, CloudAway) else failure
        _keep_error(run, error)
        run.status = SyncRun.Status.FAILED
    except Exception as error:
        # A mistake of ours, whatever it is: the run must not look as if it still went on. The next
        # starts anew, and the log has the traceback.
        logger.exception("%s failed", run)
        run.error_count += 1
        run.errors.append(
            {"object": "", "code": type(error).__name__, "message": "", "request_id": ""}
        )
        run.status = SyncRun.Status.FAILED
    else:
        run.status = SyncRun.Status.PARTLY_DONE if run.error_count else SyncRun.Status.DONE
    run.ended_at = run.heard_at = timezone.now()
    run.save(
        update_fields=["status", "done", "rows", "ended_at", "heard_at", "errors", "error_count"]
    )
    say(run)
    return run


def _told(what: str, error: CloudError) -> dict[str, str]:
    return {
        "object": what,
        "code": error.code,
        "message": error.message,
        "request_id": error.request_id,
    }


def _keep_error(run: SyncRun, error: CloudError) -> None:
    details = _told("", error)
    if not run.errors or run.errors[-1] | {"object": ""} != details:
        run.error_count += 1
        run.errors.append(details)


def forget_old_runs() -> None:
    """Keep the last runs of each region; the older ones tell nobody anything."""
    for place in AccountRegion.objects.all():
        rows = SyncRun.objects.filter(account=place.account_id, region=place.region_id)
        kept = list(rows.values_list("pk", flat=True)[:KEPT_RUNS])
        rows.exclude(pk__in=kept).exclude(status__in=_UNFINISHED).delete()
