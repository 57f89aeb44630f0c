"""Everything of one region of an account."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import batched

from django.db.models import Q
from django.utils import timezone

from vservers.cloud import CloudError
from vservers.cloud import types as api
from vservers.cloud.slb import MAX_BALANCERS_PER_CALL
from vservers.models import (
    AccountRegion,
    Listener,
    LoadBalancer,
    Member,
    PoolServer,
    Rule,
    Server,
    ServerHealth,
    SyncRun,
    VServerGroup,
)

from . import readings, vanishing
from .connection import connect, connect_readers
from .crew import ask_all
from .differences import Written
from .readings.rows import count_rows
from .regional_sync import sync_assets
from .regions import sync_balancers, sync_servers
from .runs import Progress
from .sync import store

# The tables that a region of many load balancers fills.
_MOST_ROWS = (LoadBalancer, VServerGroup, Member, Listener, Rule, PoolServer, Server, ServerHealth)
# A load balancer, what to read of it, and when the reading of any part of that began.
Question = tuple[str, readings.Reader[readings.Locked], datetime]


def full_sync(place: AccountRegion, progress: Progress) -> None:
    """Read the servers, the list of load balancers, and each load balancer whole.

    One transaction per load balancer. What was read since the first start of the run is not read
    again, so a run that died goes on where it was. Raises CloudError, Stopped, CloudAway.
    """
    run, first = progress.run, place.synced_at is None
    began: datetime = run.started_at or timezone.now()
    account = place.account
    cloud = connect(account, place.region_id, background=True)
    if place.servers_at is None or place.servers_at < began:
        progress.stage(SyncRun.Stage.SERVERS)
        progress.advance(0, rows=sync_servers(cloud, account))
    sync_assets(cloud, place, progress)
    progress.stage(SyncRun.Stage.BALANCERS)
    sync_balancers(cloud, account, listed=lambda count: progress.advance(0, rows=0))
    here = account.load_balancers.filter(region=place.region_id)
    missing = here.filter(Q(synced_at=None) | Q(synced_at__lt=began)).order_by("pk")
    ids = list(missing.values_list("pk", flat=True))
    total = here.count()
    progress.stage(SyncRun.Stage.PARTS, total=total, done=total - len(ids))
    read_whole(place, ids, progress)
    if first:
        count_rows(_MOST_ROWS)
    if not run.error_count:
        AccountRegion.objects.filter(pk=place.pk).update(synced_at=began, listed_at=began)


def read_whole(place: AccountRegion, load_balancer_ids: Sequence[str], progress: Progress) -> None:
    """Read load balancers whole, several at once, and write each as soon as it was read."""
    questions = _with_listeners(place, load_balancer_ids)
    read_many(place, questions, progress)


def _with_listeners(place: AccountRegion, ids: Sequence[str]) -> Iterator[Question]:
    """Each load balancer with its reader; the listeners of ten are listed in one call."""
    cloud = connect(place.account, place.region_id, background=True)
    for some in batched(ids, MAX_BALANCERS_PER_CALL):
        began = timezone.now()
        listed: dict[str, list[api.Listener]] = {one: [] for one in some}
        try:
            for listener in cloud.slb.describe_listeners(*some):
                listed[listener.load_balancer_id].append(listener)
        except CloudError:
            # One of them may be gone; each then asks for its own.
            listed = {}
        for one in some:
            yield one, readings.whole_balancer(one, listed=listed.get(one)), began


def read_many(place: AccountRegion, questions: Iterator[Question], progress: Progress) -> None:
    """Read and write several load balancers at once, each in its own transaction."""

    cloud = connect_readers(place)

    def ask(question: Question) -> Written:
        load_balancer_id, reader, began = question
        return store(cloud(), load_balancer_id, reader, began=began)

    for (load_balancer_id, *_), answer in ask_all(ask, questions):
        if not isinstance(answer, CloudError):
            progress.advance(rows=answer.rows)
        elif answer.is_missing:
            vanishing.balancers_vanish([load_balancer_id])
            progress.advance()
        else:
            progress.failed(load_balancer_id, answer)
