"""Load balancers that may be there no more, or not yet."""

from collections.abc import Collection

from django.utils import timezone

from vservers.cloud import Cloud, CloudRefused
from vservers.models import (
    AccountRegion,
    Listener,
    LoadBalancer,
    MasterSlaveGroup,
    PoolServer,
)
from vservers.services.differences import EXISTS, Difference, Kind, Written

from .balancers import attributes_and_pool, balancer_columns
from .groups import groups_vanish
from .reader import Locked, Reader, Writer


def balancer_vanishes(load_balancer_id: str) -> Written:
    """Mark a load balancer as gone; what was in it goes, its groups stay marked."""
    balancer = LoadBalancer.objects.select_for_update().filter(pk=load_balancer_id).first()
    if balancer is None:
        return Written()
    groups_vanish(balancer.pk, keep=())
    Listener.objects.filter(load_balancer=balancer).delete()
    PoolServer.objects.filter(load_balancer=balancer).delete()
    MasterSlaveGroup.objects.filter(load_balancer=balancer).delete()
    now = timezone.now()
    LoadBalancer.objects.filter(pk=balancer.pk).update(
        vanished_at=now, touched_at=now, synced_at=None
    )
    was = {"name": balancer.name, "address": balancer.address}
    gone = Difference(Kind.BALANCER, balancer.pk, balancer.name, EXISTS, was, None)
    return Written((gone,), 1)


def itself_or_gone(load_balancer_id: str) -> Reader[Locked]:
    """The load balancer itself and its pool; one that the cloud does not know vanishes."""
    read_parts = attributes_and_pool(load_balancer_id)

    def read(cloud: Cloud) -> Writer[Locked]:
        try:
            return read_parts(cloud)
        except CloudRefused as error:
            if not error.is_missing:
                raise
            return lambda locked: balancer_vanishes(load_balancer_id)

    return read


def new_balancers(
    place: AccountRegion, balancer_ids: Collection[str] = ()
) -> Reader[AccountRegion]:
    """Load balancers of a region by their list, those named or all; the rest of them is unread.

    Of those named, the ones that the cloud does not know vanish.
    """

    def read(cloud: Cloud) -> Writer[AccountRegion]:
        found = list(cloud.slb.describe_load_balancers(list(balancer_ids)))

        def write(locked: AccountRegion) -> Written:
            ids = [one.load_balancer_id for one in found]
            known = set(LoadBalancer.objects.filter(pk__in=ids).values_list("pk", flat=True))
            for one in found:
                if one.load_balancer_id not in known:
                    LoadBalancer.everything.update_or_create(
                        pk=one.load_balancer_id,
                        defaults={
                            "account_id": place.account_id,
                            "region_id": place.region_id,
                            "vanished_at": None,
                            **balancer_columns(one),
                        },
                    )
            for balancer_id in set(balancer_ids) - set(ids):
                balancer_vanishes(balancer_id)
            return Written(rows=len(found))

        return write

    return read
