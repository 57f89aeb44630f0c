"""An account's regions, and the lists of what is in one: load balancers and servers."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import batched

from django.db import transaction
from django.utils import timezone

from vservers.cloud import Cloud, CloudError
from vservers.cloud import types as api
from vservers.cloud.slb import MAX_BALANCERS_PER_CALL
from vservers.models import AccountRegion, CloudAccount, LoadBalancer, Region, Server

from . import drift, explaining, vanishing
from .connection import connect
from .differences import EXISTS, Difference, Kind
from .owners import owner_of
from .readings import balancer_columns, balancer_differences
from .readings.rows import differing, held, upsert

# The region asked for the list of regions, which every endpoint answers alike.
ANY_REGION = "cn-hangzhou"
# DescribeInstances takes so many IDs.
_MAX_SERVERS_PER_CALL = 100
_SERVER_VALUES = [
    "name", "status", "zone_id", "network_type", "vpc_id", "private_ip", "public_ip",
    "instance_type", "tags",
]  # fmt: skip
_SERVER_COLUMNS = ["account_id", "region_id", *_SERVER_VALUES, "owner", "vanished_at"]


def sync_regions(account: CloudAccount) -> list[AccountRegion]:
    """Read the account's regions; what was in a region that it no longer has vanishes.

    Raises CloudError, which the account keeps: without regions no run tells of it.
    """
    read_at = timezone.now()
    row = CloudAccount.objects.filter(pk=account.pk)
    try:
        found = connect(account, ANY_REGION).slb.describe_regions()
    except CloudError as error:
        told = {"code": error.code, "message": error.message}
        row.update(regions_tried_at=read_at, regions_error=told)
        raise
    ids = [region.region_id for region in found]
    with transaction.atomic():
        Region.objects.bulk_create(
            [
                Region(region_id=region.region_id, name=region.local_name, position=position)
                for position, region in enumerate(found)
            ],
            update_conflicts=True,
            unique_fields=["region_id"],
            update_fields=["name", "position"],
        )
        AccountRegion.objects.bulk_create(
            [AccountRegion(account=account, region_id=one) for one in ids], ignore_conflicts=True
        )
    gone = account.account_regions.exclude(region_id__in=ids)
    lost = account.load_balancers.filter(region__in=gone.values("region"))
    vanishing.balancers_vanish(list(lost.values_list("pk", flat=True)))
    account.servers.filter(region__in=gone.values("region")).update(vanished_at=timezone.now())
    gone.delete()
    Region.objects.filter(account_regions=None, load_balancers=None, servers=None).delete()
    row.update(regions_at=read_at, regions_tried_at=None, regions_error=None)
    return list(account.account_regions.select_related("region").order_by("region"))


def sync_balancers(
    cloud: Cloud, account: CloudAccount, *, listed: Callable[[int], object] = lambda count: None
) -> list[str]:
    """Read the list of a region's load balancers: the IDs of those there. listed: told how many.

    One that the list left out is asked for by name before it is marked as gone: a list that is read
    page by page misses what moves between pages when something before it is deleted.
    """
    known_before = AccountRegion.objects.filter(
        account=account, region_id=cloud.region_id, synced_at__isnull=False
    ).exists()
    here: list[str] = []
    for page in batched(cloud.slb.describe_load_balancers(), MAX_BALANCERS_PER_CALL * 10):
        _write_balancers(cloud, account, page, known_before)
        here += [balancer.load_balancer_id for balancer in page]
        listed(len(here))
    rows = account.load_balancers.filter(region=cloud.region_id)
    missed = sorted(set(rows.values_list("pk", flat=True)) - set(here))
    for some in batched(missed, MAX_BALANCERS_PER_CALL):
        found = [one.load_balancer_id for one in cloud.slb.describe_load_balancers(some)]
        vanishing.balancers_vanish(set(some) - set(found))
        here += found
    return here


def _write_balancers(
    cloud: Cloud, account: CloudAccount, page: Sequence[api.LoadBalancer], known_before: bool
) -> None:
    """Write the load balancers that are new or other, each in a transaction of its own.

    Of a region that is read for the first time, where no load balancer has drift, all that are new
    at once.
    """
    after = {one.load_balancer_id: balancer_columns(one) for one in page}
    names = ["vanished_at", *next(iter(after.values()), {})]
    rows = held(
        LoadBalancer, ["load_balancer_id", *names], "load_balancer_id = ANY(%s)", list(after)
    )
    before = {pk: tuple(values) for pk, *values in rows}
    first_seen = []
    for one in page:
        columns = after[one.load_balancer_id]
        was = before.get(one.load_balancer_id)
        if was == (None, *columns.values()):
            continue
        fresh = LoadBalancer(
            load_balancer_id=one.load_balancer_id,
            account=account,
            region_id=cloud.region_id,
            **columns,
        )
        if was is None and not known_before:
            first_seen.append(fresh)
            continue
        row = None
        if was:
            held_now = dict(zip(names, was, strict=True))
            row = LoadBalancer(load_balancer_id=one.load_balancer_id, **held_now)
        with transaction.atomic():
            if row is None:
                LoadBalancer.objects.bulk_create([fresh], ignore_conflicts=True)
            else:
                LoadBalancer.everything.filter(pk=row.pk).update(
                    account=account, vanished_at=None, **columns
                )
            if row is None or row.vanished_at:
                name = {"name": one.name, "address": one.address}
                found = [
                    Difference(Kind.BALANCER, one.load_balancer_id, one.name, EXISTS, None, name)
                ]
            else:
                found = balancer_differences(row, columns)
            if found and known_before:
                explains = explaining.by_operations(fresh.pk)
                drift.note(
                    fresh,
                    [difference for difference in found if not explains(difference)],
                    [difference for difference in found if explains(difference)],
                )
    LoadBalancer.objects.bulk_create(first_seen, ignore_conflicts=True)


def sync_servers(cloud: Cloud, account: CloudAccount) -> int:
    """Read the ECS instances of the cloud's region: how many."""
    read_at = timezone.now()
    count = 0
    here: set[str] = set()
    for page in batched(cloud.ecs.describe_instances(), 1000):
        count += len(page)
        here.update(server.server_id for server in page)
        _write_servers(cloud, account, page)
    rows = Server.objects.filter(account=account, region=cloud.region_id)
    missed = sorted(set(rows.values_list("pk", flat=True)) - here)
    gone = []
    for some in batched(missed, _MAX_SERVERS_PER_CALL):
        found = {server.server_id for server in cloud.ecs.describe_instances(some)}
        gone += [one for one in some if one not in found]
    Server.objects.filter(pk__in=gone).update(vanished_at=timezone.now())
    _stamp(account, cloud.region_id, "servers_at", read_at)
    return count


def _write_servers(cloud: Cloud, account: CloudAccount, page: Iterable[api.Server]) -> None:
    after = {}
    for server in page:
        after[server.server_id] = (
            account.pk,
            cloud.region_id,
            *(getattr(server, column) for column in _SERVER_VALUES),
            owner_of(name=server.name, tags=server.tags),
            None,
        )
    rows = Server.everything.filter(pk__in=list(after)).order_by()
    before = {pk: tuple(values) for pk, *values in rows.values_list("pk", *_SERVER_COLUMNS)}
    changed = differing(before, after)
    with transaction.atomic():
        upsert(
            Server,
            ["server_id", *_SERVER_COLUMNS],
            [(pk, *after[pk]) for pk in sorted(changed)],
            key=["server_id"],
        )


def _stamp(account: CloudAccount, region_id: str, column: str, moment: datetime) -> None:
    AccountRegion.objects.filter(account=account, region=region_id).update(**{column: moment})
