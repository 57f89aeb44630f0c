"""Drift as pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from vservers.models import Drift, LoadBalancer, Region

PAGE_SIZE = 50
# A page of one object shows so many of its open ones.
MOST_ON_PAGE = 20

_FIELDS = {
    "exists": gettext_lazy("Object"),
    "server": gettext_lazy("Server"),
    "name": gettext_lazy("Name"),
    "vserver_group_id": gettext_lazy("VServer group"),
    "backend_server_port": gettext_lazy("Backend port"),
    "server_certificate_id": gettext_lazy("Certificate"),
    "network": gettext_lazy("Network"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows the list; "" leaves it wide. text: a part of a name, ID or item."""

    region: str = ""
    balancer: str = ""
    type: str = ""
    status: str = Drift.Status.OPEN
    text: str = ""


@dataclass(frozen=True, slots=True)
class DriftRow:
    """A drift in words: what it is about, as it was and as it is."""

    drift: Drift
    what: str
    before: str
    after: str
    has_balancer: bool


def drift_page(filters: Filters, *, page: str | int = 1) -> tuple[list[DriftRow], Page[Drift]]:
    """One page of the drift that matches, newest first: its rows, and the page itself."""
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
    found = Paginator(rows, PAGE_SIZE).get_page(page)
    return in_words(list(found)), found


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


def open_drift(
    load_balancer: LoadBalancer, *kinds: Drift.Kind, object_id: str = ""
) -> list[DriftRow]:
    """The open drift of a load balancer, of some kinds of object only or of one object."""
    rows = Drift.objects.filter(load_balancer_id=load_balancer.pk, status=Drift.Status.OPEN)
    if kinds:
        rows = rows.filter(object_type__in=kinds)
    if object_id:
        rows = rows.filter(object_id=object_id)
    return in_words(list(rows[:MOST_ON_PAGE]))


def open_drift_of_region(region: Region, *kinds: Drift.Kind, object_id: str = "") -> list[DriftRow]:
    """The same of what a region has beside its load balancers, in all accounts."""
    rows = Drift.objects.filter(
        region_id=region.pk, load_balancer_id="", object_type__in=kinds, status=Drift.Status.OPEN
    )
    if object_id:
        rows = rows.filter(object_id=object_id)
    return in_words(list(rows[:MOST_ON_PAGE]))


def regions_with_drift() -> list[Region]:
    ids = Drift.objects.order_by().values("region_id").distinct()
    return list(Region.objects.filter(pk__in=ids))


def in_words(rows: Sequence[Drift]) -> list[DriftRow]:
    """Drift for a table, in a number of queries that rows do not change."""
    if not rows:
        return []
    ids = {row.load_balancer_id for row in rows}
    here = set(LoadBalancer.objects.filter(pk__in=ids).values_list("pk", flat=True))
    return [
        DriftRow(
            row,
            _field(row),
            _words(row, row.before),
            _words(row, row.after),
            row.load_balancer_id in here,
        )
        for row in rows
    ]


def _field(row: Drift) -> str:
    words = _FIELDS.get(row.field, row.field.replace("_", " ").capitalize())
    return f"{words} {row.item}" if row.item else str(words)


def _words(row: Drift, value: Any) -> str:
    """A value for people, also where there was or is nothing."""
    if value is None and row.field in {"server", "network", "exists"}:
        return _("not there")
    if value is None or value == "":
        return "—"
    if row.field == "settings":
        return _("settings of its own") if value else _("as its listener")
    if not isinstance(value, dict):
        return str(value)
    if "comment" in value:
        return _("there, “%(comment)s”") % value if value["comment"] else _("there")
    if "networks" in value:
        count = len(value["networks"])
        return ngettext(
            "%(name)s with %(number)s network", "%(name)s with %(number)s networks", count
        ) % {"name": value["name"], "number": count}
    if "weight" in value:
        text = _("weight %(weight)s") % {"weight": value["weight"]}
        return f"{text}, “{value['description']}”" if value.get("description") else text
    if "servers" in value:
        count = len(value["servers"])
        return ngettext(
            "%(name)s with %(number)s server", "%(name)s with %(number)s servers", count
        ) % {"name": value["name"] or row.object_id, "number": count}
    name = str(value.get("name") or row.object_name or row.object_id)
    if certificate_id := value.get("server_certificate_id"):
        return f"{name} → {certificate_id}" if row.object_type == Drift.Kind.EXTENSION else name
    return name
