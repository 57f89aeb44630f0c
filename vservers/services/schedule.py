"""Which sync is due, and who carries it out."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from console.audit.models import AuditEntry
from console.audit.record import record
from vservers.cloud import CloudError
from vservers.models import AccountRegion, CloudAccount, SyncRun

from .full_sync import full_sync
from .incremental_sync import incremental_sync
from .regions import sync_regions
from .runs import alone, ask_for, carry_out

_WORK = {SyncRun.Kind.FULL: full_sync, SyncRun.Kind.INCREMENTAL: incremental_sync}
# A full sync takes a tenth of the time at most, also where the pace makes it a long one.
_REST = 10
# A region without load balancers is looked at so much less often, and so is a cloud that is away.
_SELDOM = 10
_LEAST_PAUSE_SECONDS = 60


def places(account: CloudAccount) -> list[AccountRegion]:
    rows = account.account_regions.select_related("account", "region")
    return list(rows.order_by("region__position", "region"))


def regions_are_due(account: CloudAccount, now: datetime) -> bool:
    """Whether the list of the account's regions is to be read: as often as a full sync.

    After a failure it is tried seldom, for others wait while a cloud that is away does not answer.
    """
    if tried_at := account.regions_tried_at:
        pause = max(_SELDOM * settings.SYNC_SECONDS, _LEAST_PAUSE_SECONDS)
        return now - tried_at > timedelta(seconds=pause)
    every = timedelta(seconds=settings.FULL_SYNC_SECONDS)
    return account.regions_at is None or bool(every and now - account.regions_at > every)


def due(place: AccountRegion, now: datetime) -> SyncRun.Kind | None:
    """The kind of sync that is due in a region, None for none."""
    runs = SyncRun.objects.filter(account=place.account_id, region=place.region_id)
    last_full = runs.filter(kind=SyncRun.Kind.FULL).first()
    if last_full is None:
        return SyncRun.Kind.FULL
    last = runs.first() or last_full
    if last_full.is_unfinished:
        return SyncRun.Kind.FULL
    if last.is_unfinished:
        return SyncRun.Kind(last.kind)
    soon = timedelta(seconds=settings.SYNC_SECONDS)
    if not place.account.load_balancers.filter(region=place.region_id).exists():
        soon *= _SELDOM
    every = timedelta(seconds=max(settings.FULL_SYNC_SECONDS, _REST * last_full.seconds))
    if last_full.status == SyncRun.Status.FAILED:
        every = soon * _SELDOM
    if settings.FULL_SYNC_SECONDS and now - last_full.requested_at >= every:
        return SyncRun.Kind.FULL
    if soon and place.synced_at and now - last.requested_at >= soon:
        return SyncRun.Kind.INCREMENTAL
    return None


def ask_for_sync(*, actor: Actor, place: AccountRegion, kind: SyncRun.Kind) -> SyncRun:
    """What a person asks for; a worker takes it up. Raises NotAllowed."""
    check(actor, Action.SYNC)
    run = ask_for(place, kind, by=actor.name)
    record(
        actor=actor,
        verb=gettext_noop("start sync"),
        outcome=AuditEntry.Outcome.DONE,
        resource_type=gettext_noop("sync"),
        resource_id=str(run.pk),
        resource_name=str(run),
        region_id=place.region_id,
    )
    return run


def carry_out_all(
    place: AccountRegion,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    say: Callable[[SyncRun], object] = lambda run: None,
) -> list[SyncRun]:
    """Carry out what is asked for in a region, the full one first; nothing while another does."""
    finished = []
    with alone(place) as held:
        if not held:
            return []
        unfinished = SyncRun.objects.filter(
            account=place.account_id,
            region=place.region_id,
            status__in=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING],
        )
        for run in sorted(unfinished, key=lambda one: one.kind != SyncRun.Kind.FULL):
            if should_stop():
                break
            place.refresh_from_db()
            work = _WORK[SyncRun.Kind(run.kind)]
            finished.append(
                carry_out(
                    run,
                    lambda progress, work=work: work(place, progress),  # type: ignore[misc]
                    should_stop=should_stop,
                    say=say,
                )
            )
    return finished


def sync_now(
    account: CloudAccount,
    *,
    kind: SyncRun.Kind = SyncRun.Kind.FULL,
    region_id: str = "",
    by: str = "",
    say: Callable[[SyncRun], object] = lambda run: None,
) -> Iterator[SyncRun | AccountRegion]:
    """Sync an account's regions in this process: each run; the place where somebody else is at it.

    Raises CloudError when the list of regions cannot be read.
    """
    sync_regions(account)
    for place in places(account):
        if region_id in ("", place.region_id):
            ask_for(place, kind, by=by)
            finished = carry_out_all(place, say=say)
            yield from finished
            if not finished:
                yield place


def places_to_sync() -> Iterator[AccountRegion]:
    """Every region in which a sync is due; its run waits by then for somebody."""
    for account in CloudAccount.objects.filter(enabled=True):
        if regions_are_due(account, timezone.now()):
            # What is wrong with the account is seen on the page of accounts.
            with suppress(CloudError):
                sync_regions(account)
        for place in places(account):
            if kind := due(place, timezone.now()):
                ask_for(place, kind)
                yield place
