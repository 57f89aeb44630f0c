"""Where an operation takes place: one load balancer, or one region of an account.

A place is what one operation is alone at (`locks`), what it reads and writes as one (`store`), and
what its row names (`place_of`). An object that belongs to no load balancer, as a certificate does
or a load balancer that is yet to be made, is changed at its region, by a RegionalPlan. A new kind
of such objects takes:

- a `Kind` (`changes`), and where the cloud gives it its ID, a line in `creations`;
- the calls for its changes (`regional_planning`), and how the mirror holds it (`observing`);
- a reading (`readings`) and the scope by which an operation's row names that (`scopes`);
- its words for the pages (`pages/wording`), and what keeps it from being deleted (`undo`).
"""

from collections.abc import Callable, Iterable

from django.db.models import QuerySet

from vservers.cloud import Cloud
from vservers.models import AccountRegion, LoadBalancer, Operation

from . import scopes, sync
from .differences import Written
from .locks import region_lock

Place = LoadBalancer | AccountRegion


def load_balancer_id_of(place: Place) -> str:
    """ "" for a region as a whole."""
    return place.pk if isinstance(place, LoadBalancer) else ""


def lock_of(place: Place) -> str:
    """The name of the lock that whoever changes something there holds."""
    if isinstance(place, LoadBalancer):
        return str(place.pk)
    return region_lock(place.account_id, place.region_id)


def lock_of_operation(operation: Operation) -> str:
    return operation.load_balancer_id or region_lock(operation.account_id, operation.region_id)


def operations_at(place: Place) -> QuerySet[Operation]:
    """Every operation that took or takes place there."""
    if isinstance(place, LoadBalancer):
        return Operation.objects.filter(load_balancer_id=place.pk)
    return Operation.objects.filter(
        load_balancer_id="", account=place.account_id, region_id=place.region_id
    )


def place_of(operation: Operation, *, vanished: bool = False) -> Place | None:
    """Where it takes place; None when that does not exist any more.

    vanished: a load balancer that has gone counts too.
    """
    if operation.load_balancer_id:
        balancers = LoadBalancer.everything if vanished else LoadBalancer.objects
        return balancers.filter(pk=operation.load_balancer_id).first()
    rows = AccountRegion.objects.select_related("account")
    return rows.filter(account=operation.account_id, region=operation.region_id).first()


def store(
    cloud: Cloud,
    place: Place,
    wanted: Iterable[scopes.Scope],
    *,
    also: Callable[[], object] | None = None,
) -> Written:
    """Read some scopes of a place and write them to the mirror, as sync.store does."""
    reader = scopes.reader(place, wanted)
    if isinstance(place, LoadBalancer):
        return sync.store(cloud, place.pk, reader, also=also)
    return sync.store_region(cloud, place, reader, also=also)
