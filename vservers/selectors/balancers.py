"""Regions and load balancers, as the Instances page and the region selector show them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

from django.core.paginator import Page, Paginator
from django.db.models import CharField, Count, F, Func, Prefetch, Q, QuerySet

from vservers.models import AccountRegion, Listener, LoadBalancer, Region, Rule, VServerGroup

from .listeners import ListenerRow, counted, rows_of

PAGE_SIZE = 20
PAGE_SIZES = (20, 50, 100)
# A name or ID filter takes so many values, as the cloud's own does.
MOST_VALUES = 10
_MOST_TAG_KEYS = 100
# What a list can be sorted by, and the columns for it; the ID decides between equals.
SORTS = {
    "name": "name",
    "address": "address",
    "status": "status",
    "spec": "spec",
    "created": "created_at",
    "account": "account__name",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows the list; "" leaves it wide.

    q: part of a name, ID or service address, or a backend server's whole ID or private IP. name,
    id: parts, several of them separated by commas find what any of them finds, as in q. address: a
    part. server, server_ip: of a backend server, whole. tag_key, tag_value: whole; a value counts
    with its key only. status, type, account: exact.
    """

    q: str = ""
    name: str = ""
    id: str = ""
    address: str = ""
    server: str = ""
    server_ip: str = ""
    tag_key: str = ""
    tag_value: str = ""
    status: str = ""
    type: str = ""
    account: str = ""

    def as_query(self) -> dict[str, str]:
        """Those that are set, as an address has them."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in named.items() if value}

    def condition(self) -> Q:
        wanted = _any_of(self.q, _matches_anywhere)
        wanted &= _any_of(self.name, lambda word: Q(name__icontains=word))
        wanted &= _any_of(self.id, lambda word: Q(load_balancer_id__icontains=word))
        if self.address:
            wanted &= Q(address__icontains=self.address)
        if self.server:
            wanted &= Q(pk__in=_with_server(server=self.server))
        if self.server_ip:
            wanted &= Q(pk__in=_with_server(server__private_ip=self.server_ip))
        if self.tag_key and self.tag_value:
            wanted &= Q(tags__contains={self.tag_key: self.tag_value})
        elif self.tag_key:
            wanted &= Q(tags__has_key=self.tag_key)
        if self.status:
            wanted &= Q(status=self.status)
        if self.type:
            wanted &= Q(address_type=self.type)
        if self.account:
            wanted &= Q(account__name=self.account)
        return wanted


@dataclass(frozen=True, slots=True)
class BalancerRow:
    """A load balancer of the list with its listeners, each with its health summed up."""

    balancer: LoadBalancer
    listeners: list[ListenerRow]


def values_of(text: str) -> list[str]:
    """The values of a filter that takes several."""
    return [word for word in (part.strip() for part in text.split(",")) if word]


def counts_by_region(filters: Filters) -> dict[str, int]:
    """How many load balancers match in each region that has some."""
    rows = LoadBalancer.objects.filter(filters.condition()).order_by()
    return dict(rows.values_list("region").annotate(Count("pk")))


def matching(*, region: Region, filters: Filters) -> QuerySet[LoadBalancer]:
    """The region's load balancers that match, by name."""
    return region.load_balancers.filter(filters.condition())


def balancers_page(
    *,
    region: Region,
    filters: Filters,
    sort: str = "name",
    page: str | int = 1,
    size: int = PAGE_SIZE,
) -> tuple[list[BalancerRow], Page[LoadBalancer]]:
    """One page of the region's load balancers that match: its rows, and the page itself.

    sort: a key of SORTS, with "-" in front backwards.
    """
    found = Paginator(_sorted(matching(region=region, filters=filters), sort), size).get_page(page)
    listeners = counted(Listener.objects.select_related("vserver_group"))
    shown = found.object_list
    assert isinstance(shown, QuerySet)  # noqa: S101 - the paginator's slice
    balancers = list(
        shown.select_related("account").prefetch_related(Prefetch("listeners", listeners))
    )
    found.object_list = balancers
    rows = rows_of([one for balancer in balancers for one in balancer.listeners.all()])
    return [
        BalancerRow(balancer, [rows[one.pk] for one in balancer.listeners.all()])
        for balancer in balancers
    ], found


def _sorted(rows: QuerySet[LoadBalancer], sort: str) -> QuerySet[LoadBalancer]:
    column = SORTS.get(sort.removeprefix("-"), "name")
    order = F(column).desc(nulls_last=True) if sort.startswith("-") else F(column).asc()
    return rows.order_by(order, "load_balancer_id")


def places_of(region: Region) -> list[AccountRegion]:
    """The region as each account has it that may be called."""
    rows = region.account_regions.select_related("account").filter(account__enabled=True)
    return list(rows.order_by("-account__from_environment", "account__name"))


def tag_keys(region: Region) -> list[str]:
    """The tag keys of the region's load balancers, for the filter to suggest."""
    keys = Func(F("tags"), function="jsonb_object_keys", output_field=CharField())
    rows = region.load_balancers.order_by().annotate(tag_key=keys)
    return sorted(rows.values_list("tag_key", flat=True).distinct()[:_MOST_TAG_KEYS])


def balancers_by_id(ids: Iterable[str], *, region: Region) -> list[LoadBalancer]:
    """Those of the region among the IDs given, by name."""
    return list(region.load_balancers.filter(pk__in=list(ids)))


def counts_within(load_balancers: Iterable[LoadBalancer]) -> tuple[int, int, int]:
    """How many listeners, forwarding rules and VServer groups they have in all."""
    ids = [balancer.pk for balancer in load_balancers]
    return (
        Listener.objects.filter(load_balancer__in=ids).count(),
        Rule.objects.filter(listener__load_balancer__in=ids).count(),
        VServerGroup.objects.filter(load_balancer__in=ids).count(),
    )


def _any_of(text: str, one: Callable[[str], Q]) -> Q:
    found = Q()
    for word in values_of(text)[:MOST_VALUES]:
        found |= one(word)
    return found


def _matches_anywhere(word: str) -> Q:
    return (
        Q(name__icontains=word)
        | Q(load_balancer_id__icontains=word)
        | Q(address__icontains=word)
        | Q(pk__in=_with_server(server=word))
        | Q(pk__in=_with_server(server__private_ip=word))
    )


def _with_server(**server: str) -> QuerySet[LoadBalancer]:
    in_group = Q(**{f"vserver_groups__members__{name}": one for name, one in server.items()})
    in_pool = Q(**{f"pool_servers__{name}": one for name, one in server.items()})
    return LoadBalancer.objects.filter(in_group | in_pool).only("pk")
