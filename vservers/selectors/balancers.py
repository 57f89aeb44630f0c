"""Regions and load balancers, as the Instances page and the region selector show them."""

from django.core.paginator import Page, Paginator
from django.db.models import Count, Prefetch, Q, QuerySet

from console.accounts.actor import Actor
from console.shell.regions import RegionOption
from vservers.models import Listener, LoadBalancer, Region

PAGE_SIZE = 20


def region_options(actor: Actor) -> list[RegionOption]:
    """The regions with the number of load balancers in each, for the selector in the top bar."""
    rows = Region.objects.annotate(
        count=Count("load_balancers", filter=Q(load_balancers__vanished_at=None))
    )
    return [RegionOption(row.pk, row.name, row.count) for row in rows]


def balancers_page(*, region: Region, query: str = "", page: str | int = 1) -> Page[LoadBalancer]:
    """One page of a region's load balancers, listeners and their groups prefetched.

    query: part of a name, ID or service address, or a backend server's whole ID or private IP;
    several of them separated by commas find what any of them finds.
    """
    rows = region.load_balancers.select_related("account").prefetch_related(
        Prefetch("listeners", Listener.objects.select_related("vserver_group"))
    )
    found = Q()
    for word in filter(None, (part.strip() for part in query.split(","))):
        found |= (
            Q(name__icontains=word)
            | Q(load_balancer_id__icontains=word)
            | Q(address__icontains=word)
            | Q(pk__in=_holding_server(word))
        )
    return Paginator(rows.filter(found), PAGE_SIZE).get_page(page)


def _holding_server(word: str) -> QuerySet[LoadBalancer]:
    in_group = Q(vserver_groups__members__server=word) | Q(
        vserver_groups__members__server__private_ip=word
    )
    in_pool = Q(pool_servers__server=word) | Q(pool_servers__server__private_ip=word)
    return LoadBalancer.objects.filter(in_group | in_pool).only("pk")
