"""Accounts, and the runs of their sync, as pages show them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.core.paginator import Page, Paginator
from django.db.models import Count, OuterRef, Q, Subquery

from vservers.models import AccountRegion, CloudAccount, LoadBalancer, Region, SyncRun
from vservers.models.prepared import execute

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A region of an account: how much it holds, what runs there now, and what ran last."""

    place: AccountRegion
    balancer_count: int
    running: SyncRun | None
    last: SyncRun | None


def place_rows() -> list[PlaceRow]:
    """Every region of every account; those that hold something first."""
    places = AccountRegion.objects.select_related("account", "region").order_by(
        "account", "region__position", "region"
    )
    counted = (
        LoadBalancer.objects.order_by().values_list("account", "region").annotate(n=Count("pk"))
    )
    counts = {(account, region): count for account, region, count in counted}
    unfinished = [SyncRun.Status.QUEUED, SyncRun.Status.RUNNING]
    running: dict[tuple[int, str], SyncRun] = {}
    for run in SyncRun.objects.filter(status__in=unfinished).order_by("kind", "-requested_at"):
        # The one that is under way, not the one that waits for it.
        key = (run.account_id, run.region_id)
        if key not in running or run.status == SyncRun.Status.RUNNING:
            running[key] = run
    newest = (
        SyncRun.objects.filter(account=OuterRef("account"), region=OuterRef("region"))
        .exclude(status__in=unfinished)
        .order_by("-requested_at")
        .values("pk")[:1]
    )
    ids = AccountRegion.objects.annotate(last=Subquery(newest)).values_list("last", flat=True)
    last = {
        (run.account_id, run.region_id): run
        for run in SyncRun.objects.filter(pk__in=[pk for pk in ids if pk])
    }
    rows = [
        PlaceRow(place, counts.get(key, 0), running.get(key), last.get(key))
        for place in places
        for key in [(place.account_id, place.region_id)]
    ]
    return sorted(rows, key=lambda row: row.balancer_count == 0)


def runs_page(*, page: str | int = 1) -> Page[SyncRun]:
    """What ran so far, newest first."""
    rows = SyncRun.objects.select_related("account", "region")
    return Paginator(rows, PAGE_SIZE).get_page(page)


def anything_runs() -> bool:
    return SyncRun.objects.filter(
        status__in=[SyncRun.Status.QUEUED, SyncRun.Status.RUNNING]
    ).exists()


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account with what it holds, and the last error that a run of it or the reading of its
    regions met, None for none."""

    account: CloudAccount
    region_count: int
    balancer_count: int
    last_error: dict[str, str] | None


def account_rows() -> list[AccountRow]:
    accounts = CloudAccount.objects.annotate(
        region_count=Count("account_regions", distinct=True),
        balancer_count=Count(
            "load_balancers", filter=Q(load_balancers__vanished_at=None), distinct=True
        ),
    )
    errors: dict[int, dict[str, str]] = defaultdict(dict)
    newest = (
        SyncRun.objects.filter(account=OuterRef("pk"), ended_at__isnull=False)
        .order_by("-ended_at")
        .values("pk")[:1]
    )
    ids = CloudAccount.objects.annotate(last=Subquery(newest)).values_list("last", flat=True)
    for run in SyncRun.objects.filter(pk__in=[pk for pk in ids if pk]):
        if run.errors:
            errors[run.account_id] = run.errors[0]
    return [
        AccountRow(
            one, one.region_count, one.balancer_count, one.regions_error or errors.get(one.pk)
        )
        for one in accounts
    ]


# Prepared: the list of instances asks for it on every page, and to build it takes longer than its
# answer.
_ACCOUNTS = f"""
    SELECT account.name, enabled, here.id, here.listed_at
    FROM {CloudAccount._meta.db_table} account
    LEFT JOIN {AccountRegion._meta.db_table} here
        ON here.account_id = account.id AND here.region_id = %s
    ORDER BY from_environment DESC, account.name
"""  # noqa: S608 - names of our own tables


@dataclass(frozen=True, slots=True)
class Accounts:
    """names: of all accounts, in their order. listed_at: when a region's list of load balancers was
    read, of the account read longest ago; None where one was not.
    """

    names: list[str]
    listed_at: datetime | None


def accounts_of(region: Region) -> Accounts:
    """All accounts, and how old the list of a region's load balancers is; in one query."""
    rows = execute(_ACCOUNTS, [region.pk]).fetchall()
    moments = [moment for _name, enabled, place, moment in rows if enabled and place]
    known = [moment for moment in moments if moment]
    return Accounts(
        [row[0] for row in rows], min(known) if known and len(known) == len(moments) else None
    )


def several_accounts() -> bool:
    """Whether it needs to be said of which account something is."""
    return CloudAccount.objects.count() > 1
