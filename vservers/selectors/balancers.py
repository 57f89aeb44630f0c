"""Regions and load balancers, as the Instances page and the region selector show them."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

from django.core.paginator import Page
from django.db.models import CharField, Count, F, Func, Q, QuerySet

from vservers.models import (
    AccountRegion,
    Listener,
    LoadBalancer,
    MasterSlaveGroup,
    PoolServer,
    Region,
    Rule,
    ServerHealth,
    VServerGroup,
)
from vservers.models.prepared import execute

from .listeners import summed_up
from .near_pages import NearPaginator
from .silent import silent_places

PAGE_SIZE = 20
PAGE_SIZES = (20, 50, 100)
# A name or ID filter takes so many values, as the cloud's own does.
MOST_VALUES = 10
_MOST_TAG_KEYS = 100
# What the list has columns for; tags and the account's name beside them.
_SHOWN = (
    "load_balancer_id", "region_id", "name", "status", "address", "address_type", "network_type",
    "vpc_id", "vswitch_id", "master_zone_id", "slave_zone_id", "spec", "pay_type",
    "internet_charge_type", "bandwidth", "delete_protection", "modification_protection",
    "modification_protection_reason", "resource_group_id", "owner", "created_at",
)  # fmt: skip
# As a ListenerLine has it. In one statement, prepared: the list asks for it on every page, and to
# build and plan it takes longer than its answer.
_LISTENERS = f"""
    SELECT listener.load_balancer_id, listener.protocol, listener.port, listener.status,
        listener.health_check, listener.forward_port, listener.backend_server_port,
        coalesce(listener.vserver_group_id, ''),
        coalesce(nullif(vserver_group.name, ''), listener.vserver_group_id, ''),
        listener.master_slave_server_group_id,
        coalesce(nullif(pair.name, ''), listener.master_slave_server_group_id),
        health.normal, health.abnormal, health.servers,
        array_to_json({silent_places("listener", some_abnormal="health.abnormal > 0")})::text
    FROM {Listener._meta.db_table} listener
    LEFT JOIN {VServerGroup._meta.db_table} vserver_group USING (vserver_group_id)
    LEFT JOIN {MasterSlaveGroup._meta.db_table} pair
        ON pair.group_id = listener.master_slave_server_group_id
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE status = '{ServerHealth.Status.NORMAL.value}') AS normal,
            count(*) FILTER (WHERE status = '{ServerHealth.Status.ABNORMAL.value}') AS abnormal,
            count(*) AS servers
        FROM {ServerHealth._meta.db_table} WHERE listener_id = listener.id
    ) health
    WHERE listener.load_balancer_id = ANY(%s)
    ORDER BY listener.port, listener.protocol
"""  # noqa: S608 - names of our own tables
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
        named = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: value for name, value in named.items() if value}

    def condition(self) -> Q:
        wanted = _any_of(self.q, _matches_anywhere)
        wanted &= _any_of(self.name, lambda word: Q(name__icontains=word))
        wanted &= _any_of(self.id, lambda word: Q(load_balancer_id__icontains=word))
        if self.address:
            wanted &= Q(address__icontains=self.address)
        if self.server:
            wanted &= _with_server(server=self.server)
        if self.server_ip:
            wanted &= _with_server(server__private_ip=self.server_ip)
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
class ListenerLine:
    """A listener in a row of the list, with its health counted.

    vserver_group, pair: names, else IDs, "" without one. normal, abnormal, servers: (server, port)
    pairs that its check has told of. silent: as selectors.silent has it, as JSON.
    """

    load_balancer_id: str
    protocol: str
    port: int
    status: str
    health_check: str
    forward_port: int | None
    backend_server_port: int | None
    vserver_group_id: str
    vserver_group: str
    master_slave_server_group_id: str
    pair: str
    normal: int
    abnormal: int
    servers: int
    silent: str | None

    def __str__(self) -> str:
        return f"{self.protocol.upper()}:{self.port}"

    @property
    def get_status_display(self) -> str:
        return str(dict(Listener.Status.choices).get(self.status, self.status))

    @property
    def health(self) -> tuple[str, str]:
        """Level and word, as a listener's own page has them."""
        running = self.status != Listener.Status.STOPPED
        return summed_up(
            self.health_check,
            self.normal,
            self.abnormal,
            self.servers,
            silent=json.loads(self.silent) if self.silent and running else (),
        )


@dataclass(frozen=True, slots=True)
class BalancerRow:
    """A load balancer of the list with its listeners; two rows are equal where they show the same.

    shown: the values of _SHOWN. account: its name.
    """

    shown: tuple[Any, ...]
    tags: tuple[tuple[str, str], ...]
    account: str
    listeners: tuple[ListenerLine, ...]

    @property
    def balancer(self) -> LoadBalancer:
        """What the row shows of the load balancer, with all that a model says of its values."""
        return LoadBalancer(**dict(zip(_SHOWN, self.shown, strict=True)), tags=dict(self.tags))


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
) -> Page[BalancerRow]:
    """One page of the region's load balancers that match, in two queries and one that counts.

    sort: a key of SORTS, with "-" in front backwards.
    """
    found = matching(region=region, filters=filters)
    shown = _sorted(found, sort).values_list(*_SHOWN, "tags", "account__name")
    paginator = NearPaginator(shown, size, prepare=_balancer_rows)
    paginator.count = found.count()
    return paginator.get_page(page)


def _balancer_rows(balancers: list[tuple[Any, ...]]) -> list[BalancerRow]:
    """balancers: _SHOWN of each, its tags, and its account's name."""
    listeners = _listeners_of([balancer_id for balancer_id, *_ in balancers])
    return [
        BalancerRow(tuple(shown), tuple(tags.items()), account, tuple(listeners[shown[0]]))
        for *shown, tags, account in balancers
    ]


def _listeners_of(balancer_ids: list[str]) -> dict[str, list[ListenerLine]]:
    """Those of each load balancer, by port; one query for all."""
    found: dict[str, list[ListenerLine]] = defaultdict(list)
    for row in execute(_LISTENERS, [balancer_ids]):
        found[row[0]].append(ListenerLine(*row))
    return found


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
        | _with_server(server=word)
        | _with_server(server__private_ip=word)
    )


def _with_server(**server: str) -> Q:
    """Those of which a group, a pair or the pool has the server. server: as a member has it."""
    found = Q()
    # Each by its own index; one statement that joins them would read all members.
    for model in (VServerGroup, MasterSlaveGroup):
        members = {f"members__{name}": value for name, value in server.items()}
        found |= Q(pk__in=model.objects.order_by().filter(**members).values("load_balancer"))
    return found | Q(pk__in=PoolServer.objects.order_by().filter(**server).values("load_balancer"))
