"""Keeping the mirror true: full reads at start and on request, part reads after each write."""

import logging
from collections.abc import Callable, Iterable

from django.db import transaction
from django.utils import timezone

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from vservers.cloud import Cloud, CloudRefused
from vservers.models import LoadBalancer, Region, Server

from . import readings
from .connection import connect
from .errors import Gone

logger = logging.getLogger(__name__)

# A read that is overtaken by a write is made again; so often in a row means a storm of writes.
MAX_READS = 5
# The region asked for the list of regions, which every endpoint answers alike.
ANY_REGION = "cn-hangzhou"


def store(
    cloud: Cloud,
    load_balancer_id: str,
    reader: readings.Reader,
    *,
    also: Callable[[], object] | None = None,
) -> None:
    """Read a part of a load balancer and write it to the mirror, both as one.

    A picture whose reading began before another part was written may be older than that part, so it
    is thrown away and read again. also: written in the same transaction. Raises CloudError.
    """
    for remaining in reversed(range(MAX_READS)):
        read_at = timezone.now()
        write = reader(cloud)
        with transaction.atomic():
            balancer = LoadBalancer.objects.select_for_update().filter(pk=load_balancer_id).first()
            overtaken = balancer and balancer.touched_at and balancer.touched_at > read_at
            if overtaken and remaining:
                continue
            if balancer:
                write()
                LoadBalancer.objects.filter(pk=load_balancer_id).update(touched_at=timezone.now())
            if also:
                also()
            return


def refresh_balancer(*, actor: Actor, load_balancer: LoadBalancer) -> None:
    """Read one load balancer whole, and its region's servers.

    Raises NotAllowed, Gone, NotRead.
    """
    check(actor, Action.REFRESH)
    cloud = connect(load_balancer.region_id)
    sync_servers(cloud)
    if not _sync_balancer(cloud, load_balancer.pk):
        raise Gone("instance")


def refresh_health(*, actor: Actor, load_balancer: LoadBalancer) -> None:
    """Read what the health checks say now. Raises NotAllowed, NotRead."""
    check(actor, Action.VIEW)
    cloud = connect(load_balancer.region_id)
    store(cloud, load_balancer.pk, readings.health(load_balancer.pk))


def refresh_region(*, actor: Actor, region: Region) -> None:
    """Read one region whole. Raises NotAllowed, NotRead."""
    check(actor, Action.REFRESH)
    sync_region(region)


def sync_regions() -> list[Region]:
    """Read the account's regions; regions that are gone go with all that was in them."""
    found = connect(ANY_REGION).slb.describe_regions()
    with transaction.atomic():
        Region.objects.exclude(pk__in=[region.region_id for region in found]).delete()
        Region.objects.bulk_create(
            [
                Region(region_id=region.region_id, name=region.local_name, position=position)
                for position, region in enumerate(found)
            ],
            update_conflicts=True,
            unique_fields=["region_id"],
            update_fields=["name", "position"],
        )
    return list(Region.objects.all())


def sync_region(region: Region) -> None:
    """Read all servers and load balancers of a region. One transaction per load balancer."""
    read_at = timezone.now()
    cloud = connect(region.pk)
    sync_servers(cloud)
    found = list(cloud.slb.describe_load_balancers())
    with transaction.atomic():
        region.load_balancers.exclude(pk__in=[b.load_balancer_id for b in found]).delete()
        LoadBalancer.objects.bulk_create(
            [
                LoadBalancer(
                    load_balancer_id=balancer.load_balancer_id,
                    region=region,
                    **readings.balancer_columns(balancer),
                )
                for balancer in found
            ],
            update_conflicts=True,
            unique_fields=["load_balancer_id"],
            update_fields=list(readings.balancer_columns(found[0])) if found else ["name"],
        )
    for balancer in found:
        _sync_balancer(cloud, balancer.load_balancer_id)
    region.synced_at = read_at
    region.save(update_fields=["synced_at"])


def sync_servers(cloud: Cloud) -> None:
    """Read the ECS instances of the cloud's region."""
    found = list(cloud.ecs.describe_instances())
    columns = [
        "name",
        "status",
        "zone_id",
        "network_type",
        "vpc_id",
        "private_ip",
        "public_ip",
        "instance_type",
    ]
    with transaction.atomic():
        Server.objects.filter(region_id=cloud.region_id).exclude(
            pk__in=[server.server_id for server in found]
        ).delete()
        Server.objects.bulk_create(
            [
                Server(
                    server_id=server.server_id,
                    region_id=cloud.region_id,
                    **{column: getattr(server, column) for column in columns},
                )
                for server in found
            ],
            update_conflicts=True,
            unique_fields=["server_id"],
            update_fields=columns,
            batch_size=1000,
        )


def sync_all(*, progress: Callable[[str], object] = logger.info) -> Iterable[Region]:
    """Read every region. progress: told what is read next. Raises CloudError."""
    regions = sync_regions()
    for region in regions:
        progress(f"Reading {region.name} ({region.pk})")
        sync_region(region)
    return regions


def _sync_balancer(cloud: Cloud, load_balancer_id: str) -> bool:
    """Whether it is there; what the cloud does not know any more leaves the mirror."""
    try:
        store(cloud, load_balancer_id, readings.whole_balancer(load_balancer_id))
    except CloudRefused as error:
        if not error.is_missing:
            raise
        LoadBalancer.objects.filter(pk=load_balancer_id).delete()
        return False
    return True
