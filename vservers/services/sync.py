"""Writing what was read to the mirror, and the reads that a person asks for."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from vservers.cloud import Cloud, CloudError, CloudRefused
from vservers.models import AccountRegion, Drift, LoadBalancer, Region, VServerGroup
from vservers.models.prepared import execute

from . import drift, explaining, readings, vanishing
from .connection import connect
from .differences import Written
from .errors import Gone, NotRead
from .readings.listeners import other_listeners
from .readings.rows import held, update
from .regions import sync_balancers

# A read that is overtaken by a write is made again; so often in a row means a storm of writes.
MAX_READS = 5
VIEWED_EVERY = timedelta(minutes=1)
# As many as a page of the Instances page has.
MOST_NEW_BALANCERS = 20
# All that a row of a load balancer holds but what PostgreSQL itself derives.
_COLUMNS = [field.attname for field in LoadBalancer._meta.concrete_fields if not field.generated]


def store(
    cloud: Cloud,
    load_balancer_id: str,
    reader: readings.Reader[readings.Locked],
    *,
    also: Callable[[], object] | None = None,
    explains: explaining.Explains | None = None,
    began: datetime | None = None,
) -> Written:
    """Read a part of a load balancer and write it to the mirror, both as one.

    A picture whose reading began before another part was written may be older than that part, so it
    is thrown away and read again. also: written in the same transaction. explains: whether a
    difference is our own doing; those that it does not claim, and no unfinished operation does,
    are drift. began: when the reading began, where a part of it was read before. Raises CloudError.
    """
    for remaining in reversed(range(MAX_READS)):
        read_at, began = began or timezone.now(), None
        write = reader(cloud)
        with transaction.atomic():
            _prepare(durable=also is not None)
            balancer = _locked_row(load_balancer_id)
            if balancer and _is_newer(balancer, read_at) and remaining:
                continue
            written = Written()
            if balancer:
                written = write(readings.Locked(balancer))
                # What was never read whole has nothing to differ from.
                if written.differences and balancer.synced_at:
                    _note_drift(balancer, written, explains)
                columns = {**written.columns, "touched_at": timezone.now()}
                update(LoadBalancer, load_balancer_id, columns)
            if also:
                also()
            return written
    raise AssertionError("the last read is always written")


def store_region(
    cloud: Cloud,
    place: AccountRegion,
    reader: readings.Reader[AccountRegion],
    *,
    also: Callable[[], object] | None = None,
) -> Written:
    """Read a part of what a region has beside its load balancers and write it, both as one.

    As `store` does it for a load balancer.
    """
    for remaining in reversed(range(MAX_READS)):
        read_at = timezone.now()
        write = reader(cloud)
        with transaction.atomic():
            row = AccountRegion.objects.select_for_update().filter(pk=place.pk).first()
            if row and _is_newer(row, read_at) and remaining:
                continue
            written = Written()
            if row:
                written = write(row)
                _note_drift_of_region(row, written)
                AccountRegion.objects.filter(pk=row.pk).update(
                    **written.columns, touched_at=timezone.now()
                )
            if also:
                also()
            return written
    raise AssertionError("the last read is always written")


def _prepare(*, durable: bool) -> None:
    """Settings for the rest of the transaction.

    The checks of foreign keys go by index: PostgreSQL plans them once a session, and one that plans
    them while the mirror is still empty would read whole tables for every row from then on, two
    thirds of a first sync of 10,000 groups. Where the mirror alone is written the commit does not
    wait for the disk: what a power cut takes is read from the cloud again.
    """
    execute(
        "SELECT set_config('enable_seqscan', 'off', true),"
        " set_config('synchronous_commit', %s, true)",
        ["on" if durable else "off"],
    )


def _locked_row(load_balancer_id: str) -> LoadBalancer | None:
    """The load balancer as the mirror has it, locked until the transaction ends."""
    here = "load_balancer_id = %s AND vanished_at IS NULL"
    rows = held(LoadBalancer, _COLUMNS, here, load_balancer_id, lock=True)
    return LoadBalancer(**dict(zip(_COLUMNS, rows[0], strict=True))) if rows else None


def _is_newer(place: LoadBalancer | AccountRegion, read_at: datetime) -> bool:
    """Whether a part of it was written after a reading began."""
    return place.touched_at is not None and place.touched_at > read_at


def _note_drift(
    balancer: LoadBalancer, written: Written, explains: explaining.Explains | None
) -> None:
    by_operations = explaining.by_operations(balancer.pk)
    explained = [
        difference
        for difference in written.differences
        if (explains and explains(difference)) or by_operations(difference)
    ]
    claimed = set(map(id, explained))
    drift.note(balancer, [one for one in written.differences if id(one) not in claimed], explained)


def _note_drift_of_region(place: AccountRegion, written: Written) -> None:
    read_before = {
        Drift.Kind.CERTIFICATE: place.certificates_at,
        Drift.Kind.CA_CERTIFICATE: place.certificates_at,
        Drift.Kind.ACCESS_LIST: place.access_lists_at,
    }
    seen = [one for one in written.differences if read_before[one.kind]]
    if not seen:
        return
    by_operations = explaining.by_operations_of_region(place)
    explained = [one for one in seen if by_operations(one)]
    claimed = set(map(id, explained))
    drift.note(place, [one for one in seen if id(one) not in claimed], explained)


def read_balancer(cloud: Cloud, load_balancer_id: str) -> Written | None:
    """Read one load balancer whole; None, and marked as gone, where the cloud does not know it."""
    try:
        return store(cloud, load_balancer_id, readings.whole_balancer(load_balancer_id))
    except CloudRefused as error:
        if not error.is_missing:
            raise
        vanishing.balancers_vanish([load_balancer_id])
        return None


def refresh_region(*, actor: Actor, region: Region) -> None:
    """Read what the list of a region's load balancers shows: they and their listeners.

    One that is new is read whole, for its listeners name groups; of many, a sync reads the others.
    Raises NotAllowed, CloudError.
    """
    check(actor, Action.REFRESH)
    for place in region.account_regions.select_related("account").filter(account__enabled=True):
        cloud = connect(place.account, region.pk)
        began = timezone.now()
        sync_balancers(cloud, place.account)
        here = place.account.load_balancers.filter(region=region)
        new = list(here.filter(synced_at=None).order_by("name", "pk")[:MOST_NEW_BALANCERS])
        for balancer in new:
            read_balancer(cloud, balancer.pk)
        known = set(here.exclude(synced_at=None).values_list("pk", flat=True))
        read_listeners(cloud, place, known)
        AccountRegion.objects.filter(pk=place.pk).update(listed_at=began)


def read_listeners(cloud: Cloud, place: AccountRegion, load_balancer_ids: Collection[str]) -> None:
    """Bring the listeners of some load balancers of a region up to date.

    One call for a hundred listeners tells of which the mirror has others. Raises CloudError.
    """
    known = set(load_balancer_ids)
    read_at = timezone.now()
    other = other_listeners(known, cloud.slb.describe_listeners())
    here = LoadBalancer.objects.filter(account=place.account_id, region=place.region_id)
    here.filter(pk__in=known - other).update(listeners_at=read_at)
    for load_balancer_id in sorted(other):
        store(cloud, load_balancer_id, readings.listeners(load_balancer_id))


def read_listeners_now(cloud: Cloud, place: AccountRegion) -> None:
    """Bring all known listeners of a region up to date, for what they use. Raises NotRead."""
    here = LoadBalancer.objects.filter(account=place.account_id, region=place.region_id)
    try:
        known = here.exclude(synced_at=None).values_list("pk", flat=True)
        read_listeners(cloud, place, list(known))
    except CloudError as error:
        raise NotRead(error) from error


def refresh_balancer(
    *, actor: Actor, load_balancer: LoadBalancer, group_ids: Collection[str] = ()
) -> None:
    """Read a load balancer itself, its pool, its listeners, and the list of its groups.

    group_ids: the groups that the page shows; they are read with their servers, and so are those
    that the list shows to be new or other. Raises NotAllowed, Gone, CloudError.
    """
    check(actor, Action.REFRESH)
    if load_balancer.synced_at is None:
        if read_balancer(connect(load_balancer), load_balancer.pk) is None:
            raise Gone(gettext_noop("instance"))
        return
    parts = [
        readings.attributes_and_pool(load_balancer.pk),
        readings.listed_groups(load_balancer.pk, also=group_ids),
        readings.pairs(load_balancer.pk),
        readings.listeners(load_balancer.pk),
        readings.health(load_balancer.pk),
    ]
    _refresh(load_balancer, readings.together(parts))


def refresh_groups(
    *, actor: Actor, load_balancer: LoadBalancer, group_ids: Collection[str] = ()
) -> None:
    """Read the list of groups, and those of a page with servers. Raises as refresh_balancer."""
    check(actor, Action.REFRESH)
    _refresh(load_balancer, readings.listed_groups(load_balancer.pk, also=group_ids))


def refresh_group(*, actor: Actor, group: VServerGroup) -> None:
    """Read one group with its servers and their health. Raises NotAllowed, Gone, CloudError."""
    check(actor, Action.REFRESH)
    balancer = group.load_balancer
    parts = [readings.one_group(balancer.pk, group.pk), readings.health(balancer.pk)]
    _refresh(balancer, readings.together(parts))
    if not VServerGroup.objects.filter(pk=group.pk).exists():
        raise Gone(gettext_noop("VServer group"))


def refresh_listeners(*, actor: Actor, load_balancer: LoadBalancer) -> None:
    """Read the listeners with rules and health. Raises NotAllowed, Gone, CloudError."""
    check(actor, Action.REFRESH)
    parts = [
        readings.pairs(load_balancer.pk),
        readings.listeners(load_balancer.pk),
        readings.health(load_balancer.pk),
    ]
    _refresh(load_balancer, readings.together(parts))


def refresh_pairs(*, actor: Actor, load_balancer: LoadBalancer) -> None:
    """Read the primary/secondary groups and listeners. Raises NotAllowed, Gone, CloudError."""
    check(actor, Action.REFRESH)
    parts = [readings.pairs(load_balancer.pk), readings.listeners(load_balancer.pk)]
    _refresh(load_balancer, readings.together(parts))


def refresh_pool(*, actor: Actor, load_balancer: LoadBalancer) -> None:
    """Read the default server pool with its health. Raises NotAllowed, Gone, CloudError."""
    check(actor, Action.REFRESH)
    parts = [readings.attributes_and_pool(load_balancer.pk), readings.health(load_balancer.pk)]
    _refresh(load_balancer, readings.together(parts))


def _refresh(load_balancer: LoadBalancer, reader: readings.Reader[readings.Locked]) -> None:
    try:
        store(connect(load_balancer), load_balancer.pk, reader)
    except CloudRefused as error:
        if not error.is_missing:
            raise
        # The group alone may be missing, and that its reader knows: so it is the load balancer.
        vanishing.balancers_vanish([load_balancer.pk])
        raise Gone(gettext_noop("instance")) from error


def refresh_health(*, actor: Actor, load_balancer: LoadBalancer) -> None:
    """Read what the health checks say now. Raises NotAllowed, NotRead."""
    check(actor, Action.VIEW)
    store(connect(load_balancer), load_balancer.pk, readings.health(load_balancer.pk))


def note_viewed(group: VServerGroup) -> None:
    """Somebody looks at the group: for a while it is read in every sync. Written once a minute."""
    now = timezone.now()
    if group.viewed_at is None or now - group.viewed_at > VIEWED_EVERY:
        VServerGroup.objects.filter(pk=group.pk).update(viewed_at=now)
