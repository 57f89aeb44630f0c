"""What changed in one region of an account since it was last read, in as few calls as that takes.

Lists tell most changes: one call for a hundred load balancers or listeners, one for each load
balancer's groups with their names, tags, numbers of servers and rules. What no list tells (weights,
an exchanged server, the default pool, primary/secondary groups) is found by reading again what was
read longest ago: so much in each run that everything is read within
settings.SYNC_GROUP_DUE_SECONDS, and first of all the groups that somebody changed or looked at a
short while ago. Health checks that call a server abnormal, or are not through yet, are asked in
every run.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import batched

from django.conf import settings
from django.db.models import Count, Exists, F, Model, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from vservers.cloud import CloudError
from vservers.cloud import types as api
from vservers.models import (
    AccountRegion,
    LoadBalancer,
    Member,
    Rule,
    ServerHealth,
    SyncRun,
    VServerGroup,
)

from . import readings, vanishing
from .connection import connect, connect_readers
from .crew import ask_all
from .full_sync import Question, read_many, read_whole
from .readings.listeners import other_listeners
from .regional_sync import sync_assets
from .regions import sync_balancers, sync_servers
from .runs import Progress

# Groups that were changed or looked at so recently are read in every run, up to so many.
RECENT = timedelta(minutes=15)
MOST_RECENT_GROUPS = 100
# Load balancers that a run asks again for health, at most: those with a server that is abnormal,
# and those with one of which no check has told yet. A person makes few of the latter at a time;
# after the first read of an account it may be all.
MOST_ABNORMAL = 100
MOST_UNTOLD = 20
# Load balancers whose lists are noted as read in one statement.
_CHUNK = 100


def incremental_sync(place: AccountRegion, progress: Progress) -> None:
    """Read the lists, and what they or the time since the last read say. Raises as full_sync."""
    run = progress.run
    began: datetime = run.started_at or timezone.now()
    account = place.account
    cloud = connect(account, place.region_id, background=True)
    servers_due = began - timedelta(seconds=settings.SYNC_SERVERS_DUE_SECONDS)
    if place.servers_at is None or place.servers_at <= servers_due:
        progress.stage(SyncRun.Stage.SERVERS)
        progress.advance(0, rows=sync_servers(cloud, account))
    sync_assets(cloud, place, progress)
    progress.stage(SyncRun.Stage.BALANCERS)
    sync_balancers(cloud, account, listed=lambda count: progress.advance(0))
    here = account.load_balancers.filter(region=place.region_id)
    new = list(here.filter(synced_at=None).order_by("pk").values_list("pk", flat=True))
    known = list(here.exclude(synced_at=None).order_by("pk").values_list("pk", flat=True))
    if new:
        progress.stage(SyncRun.Stage.PARTS, total=len(new))
        read_whole(place, new, progress)
    progress.stage(SyncRun.Stage.CHANGES, total=len(known))
    listeners_at = timezone.now()
    other = other_listeners(known, cloud.slb.describe_listeners())
    LoadBalancer.objects.filter(pk__in=set(known) - other).update(listeners_at=listeners_at)
    wanted = _Wanted()
    wanted.listeners |= other
    _compare_lists(place, known, progress, wanted)
    _add_due(place, began, _last_began(run), wanted)
    progress.stage(SyncRun.Stage.GROUPS, total=len(wanted.balancers))
    read_many(place, wanted.questions(), progress)
    if not run.error_count:
        AccountRegion.objects.filter(pk=place.pk).update(listed_at=began)


class _Wanted:
    """What is to be read: groups by load balancer, listeners with rules, pools with health, and
    health alone."""

    def __init__(self) -> None:
        self.groups: dict[str, set[str]] = defaultdict(set)
        self.listeners: set[str] = set()
        self.pools: set[str] = set()
        self.health: set[str] = set()

    @property
    def balancers(self) -> list[str]:
        return sorted({*self.groups, *self.listeners, *self.pools, *self.health})

    def questions(self) -> Iterator[Question]:
        for one in self.balancers:
            parts = []
            if one in self.pools:
                parts.append(readings.attributes_and_pool(one))
            if one in self.groups:
                parts.append(readings.some_groups(one, sorted(self.groups[one])))
            if one in self.pools or one in self.listeners:
                parts.append(readings.pairs(one))
            # After the groups: a new rule may send to a new group.
            if one in self.listeners:
                parts.append(readings.listeners(one))
            if one in self.pools or one in self.listeners or one in self.health:
                parts.append(readings.health(one))
            yield one, readings.together(parts), timezone.now()


def _compare_lists(
    place: AccountRegion, ids: list[str], progress: Progress, wanted: _Wanted
) -> None:
    """Which groups and rules are other than the mirror has them, by the lists of the groups."""
    cloud = connect_readers(place)

    def ask(load_balancer_id: str) -> tuple[datetime, list[api.VServerGroup]]:
        return timezone.now(), cloud().slb.describe_vserver_groups(
            load_balancer_id, with_rules=True
        )

    held_at = timezone.now()
    held, rules = _held_groups(ids), _held_rules(ids)
    for some in batched(ask_all(ask, ids), _CHUNK):
        # What was written since is held otherwise now.
        here = LoadBalancer.objects.filter(pk__in=[one for one, _ in some])
        touched = list(here.filter(touched_at__gte=held_at).values_list("pk", flat=True))
        held |= _held_groups(touched)
        rules |= _held_rules(touched)
        asked_at = {}
        for load_balancer_id, answer in some:
            if isinstance(answer, CloudError):
                if answer.is_missing:
                    vanishing.balancers_vanish([load_balancer_id])
                    progress.advance()
                else:
                    progress.failed(load_balancer_id, answer)
                continue
            asked_at[load_balancer_id], listed = answer
            other = _other_groups(held[load_balancer_id], listed)
            if other:
                wanted.groups[load_balancer_id] |= other
            if rules[load_balancer_id] != frozenset().union(*(one.rule_keys for one in listed)):
                wanted.listeners.add(load_balancer_id)
            progress.advance(rows=len(listed))
        if asked_at:
            read = LoadBalancer.objects.filter(pk__in=asked_at)
            read.update(listed_at=min(asked_at.values()))


_Groups = dict[str, tuple[str, dict[str, str], int]]


def _held_groups(ids: list[str]) -> dict[str, _Groups]:
    held: dict[str, _Groups] = {one: {} for one in ids}
    # Counted group by group, along the index: joined and grouped it took six times as long.
    members = Member.objects.filter(group=OuterRef("pk")).order_by().values("group")
    count = Coalesce(Subquery(members.annotate(n=Count("pk")).values("n")), 0)
    rows = VServerGroup.objects.filter(load_balancer__in=ids).annotate(count=count)
    for load_balancer_id, pk, name, tags, servers in rows.order_by().values_list(
        "load_balancer_id", "pk", "name", "tags", "count"
    ):
        held[load_balancer_id][pk] = (name, tags, servers)
    return held


def _held_rules(ids: list[str]) -> dict[str, frozenset[tuple[str, str, str, str]]]:
    held: dict[str, set[tuple[str, str, str, str]]] = {one: set() for one in ids}
    rows = Rule.objects.filter(listener__load_balancer__in=ids).order_by()
    for load_balancer_id, *key in rows.values_list(
        "listener__load_balancer_id", "pk", "name", "domain", "url"
    ):
        held[load_balancer_id].add((key[0], key[1], key[2], key[3]))
    return {one: frozenset(keys) for one, keys in held.items()}


def _other_groups(held: _Groups, listed: list[api.VServerGroup]) -> set[str]:
    """Groups that are new, other or gone; those that are gone are asked for to be sure."""
    now = {one.vserver_group_id: (one.name, one.tags, one.server_count) for one in listed}
    return {one for one in held.keys() | now.keys() if held.get(one) != now.get(one)}


def _last_began(run: SyncRun) -> datetime | None:
    """When the sync before this one began, that ended well."""
    rows = SyncRun.objects.filter(
        account=run.account_id, region=run.region_id, status=SyncRun.Status.DONE
    )
    last = rows.exclude(pk=run.pk).first()
    return last.started_at if last else None


def _add_due(
    place: AccountRegion, began: datetime, last_began: datetime | None, wanted: _Wanted
) -> None:
    """Add groups and pools that were read longest ago, groups of interest, and what is unwell."""
    due = timedelta(seconds=settings.SYNC_GROUP_DUE_SECONDS)
    share = min(1.0, (began - last_began) / due) if last_began and due else 1.0
    groups = VServerGroup.objects.filter(
        load_balancer__account=place.account_id,
        load_balancer__region=place.region_id,
        load_balancer__vanished_at=None,
    )
    recent = groups.filter(
        Q(changed_at__gt=began - RECENT) | Q(viewed_at__gt=began - RECENT), synced_at__lt=began
    ).order_by(F("viewed_at").desc(nulls_last=True), "pk")[:MOST_RECENT_GROUPS]
    for some in (recent, _longest_ago(groups, "synced_at", began - due, share)):
        for pk, load_balancer_id in some.values_list("pk", "load_balancer_id"):
            wanted.groups[load_balancer_id].add(pk)
    balancers = LoadBalancer.objects.filter(
        account=place.account_id, region=place.region_id, synced_at__isnull=False
    )
    pools = _longest_ago(balancers, "pool_at", began - due, share)
    wanted.pools.update(pools.values_list("pk", flat=True))
    wanted.health.update(_unwell(balancers, began))


def _unwell(balancers: QuerySet[LoadBalancer], began: datetime) -> Iterator[str]:
    """Load balancers with a server that is abnormal, or of which no check has told for a short
    while, by health read longest ago.

    A listener is read back before its first checks are through, and nothing else tells of them. A
    server of which no check tells for long waits for nothing.
    """
    checked = ServerHealth.objects.filter(
        listener__load_balancer=OuterRef("pk"), listener__health_check="on"
    )
    abnormal = checked.filter(status=ServerHealth.Status.ABNORMAL)
    untold = checked.filter(status=ServerHealth.Status.UNAVAILABLE, read_at__gt=began - RECENT)
    by_age = balancers.order_by(F("health_at").asc(nulls_first=True), "pk")
    for some, most in ((abnormal, MOST_ABNORMAL), (untold, MOST_UNTOLD)):
        yield from by_age.filter(Exists(some)).values_list("pk", flat=True)[:most]


def _longest_ago[M: Model](
    rows: QuerySet[M], column: str, before: datetime, share: float
) -> QuerySet[M]:
    """This run's share of the rows, the oldest of those read before a moment."""
    late = rows.filter(Q(**{f"{column}__lte": before}) | Q(**{column: None}))
    turn = math.ceil(rows.count() * share)
    return late.order_by(F(column).asc(nulls_first=True), "pk")[:turn]
