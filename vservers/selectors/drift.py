"""Drift as pages list it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Q

from vservers.models import Drift, LoadBalancer, Region

PAGE_SIZE = 50
# A page of one object shows so many of its open ones.
MOST_ON_PAGE = 20


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows the list; "" leaves it wide. text: a part of a name, ID or item."""

    region: str = ""
    balancer: str = ""
    type: str = ""
    status: str = Drift.Status.OPEN
    text: str = ""


def drift_page(filters: Filters, *, page: str | int = 1) -> Page[Drift]:
    """One page of the drift that matches, newest first."""
    rows = Drift.objects.all()
    for column, value in (
        ("region_id", filters.region),
        ("load_balancer_id", filters.balancer),
        ("object_type", filters.type),
        ("status", filters.status),
    ):
        if value:
            rows = rows.filter(**{column: value})
    if filters.text:
        rows = rows.filter(about(filters.text))
    return Paginator(rows, PAGE_SIZE).get_page(page)


def about(text: str) -> Q:
    """Drift with the text in a name, an ID, its item or its field."""
    return (
        Q(object_name__icontains=text)
        | Q(object_id__icontains=text)
        | Q(load_balancer_name__icontains=text)
        | Q(load_balancer_id__icontains=text)
        | Q(item__icontains=text)
        | Q(field__icontains=text)
    )


def open_drift(load_balancer: LoadBalancer, *kinds: Drift.Kind, object_id: str = "") -> list[Drift]:
    """The open drift of a load balancer, of some kinds of object only or of one object."""
    rows = Drift.objects.filter(load_balancer_id=load_balancer.pk, status=Drift.Status.OPEN)
    if kinds:
        rows = rows.filter(object_type__in=kinds)
    if object_id:
        rows = rows.filter(object_id=object_id)
    return list(rows[:MOST_ON_PAGE])


def open_drift_of_region(region: Region, *kinds: Drift.Kind, object_id: str = "") -> list[Drift]:
    """The same of what a region has beside its load balancers, in all accounts."""
    rows = Drift.objects.filter(
        region_id=region.pk, load_balancer_id="", object_type__in=kinds, status=Drift.Status.OPEN
    )
    if object_id:
        rows = rows.filter(object_id=object_id)
    return list(rows[:MOST_ON_PAGE])


def regions_with_drift() -> list[Region]:
    ids = Drift.objects.order_by().values("region_id").distinct()
    return list(Region.objects.filter(pk__in=ids))


def balancers_here(rows: Iterable[Drift]) -> set[str]:
    """The IDs of the load balancers of some drift that the mirror has."""
    ids = {row.load_balancer_id for row in rows}
    return set(LoadBalancer.objects.filter(pk__in=ids).values_list("pk", flat=True))
