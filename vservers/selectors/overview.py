"""What the frame of every page shows: the regions with their counts, and what waits in the menu."""

from functools import cache
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from console.accounts.actor import Actor
from console.shell.regions import Overview, RegionOption
from vservers.models import Drift, LoadBalancer, Region


def overview(actor: Actor) -> Overview:
    """In one query. Drift stands at a region, so without a region there is none."""
    rows: list[Any] = list(Region.objects.raw(*_statement()))
    return Overview(
        [RegionOption(row.pk, row.name, row.count, row) for row in rows],
        {"drift-list": rows[0].open_drift if rows else 0},
    )


@cache
def _statement() -> tuple[str, tuple[Any, ...]]:
    """Built once: it is the same for every page, and building it takes longer than its answer."""
    balancers = LoadBalancer.objects.order_by().filter(region=OuterRef("pk")).values("region")
    drift = Drift.objects.order_by().filter(status=Drift.Status.OPEN).values("status")
    rows = Region.objects.annotate(count=_number(balancers), open_drift=_number(drift))
    return rows.query.sql_with_params()


def _number(rows: QuerySet) -> Coalesce:
    """How many rows one group of them has."""
    counted = Subquery(rows.annotate(n=Count("pk")).values("n"), output_field=IntegerField())
    return Coalesce(counted, 0)
