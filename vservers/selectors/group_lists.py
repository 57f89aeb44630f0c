"""Lists of VServer groups, of one load balancer or of a whole region: found, sorted, and paged."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from django.conf import settings
from django.core.paginator import Page
from django.db import connection
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, JSONObject

from vservers.models import (
    Listener,
    LoadBalancer,
    Member,
    Region,
    Rule,
    Server,
    ServerHealth,
    VServerGroup,
)

from .near_pages import NearPaginator

PAGE_SIZES = (20, 50, 100)
USES = ("used", "unused")
WEIGHTS = ("zero", "some", "empty")
# An owner filter beside the owners' names: those that some program manages, and the others.
ANY_OWNER, NO_OWNER = "any", "none"
SORTS = ("name", "servers", "created", "instance")
Place = LoadBalancer | Region
_SHOWN = ("name", "tags", "owner", "load_balancer")
_WORST_FIRST = (
    ServerHealth.Status.ABNORMAL.value,
    ServerHealth.Status.UNAVAILABLE.value,
    ServerHealth.Status.NORMAL.value,
)
# Members are many and their groups few: what is counted stays in the database.
_COUNT_BY_WORST = f"""
    SELECT group_id, worst, count(*) FROM (
        SELECT member.id, member.group_id, min(array_position(%s::text[], seen.status)) AS worst
        FROM unnest(%s::text[], %s::bigint[]) AS used (group_id, listener_id)
        JOIN {Member._meta.db_table} member ON member.group_id = used.group_id
        JOIN {ServerHealth._meta.db_table} seen ON seen.listener_id = used.listener_id
            AND seen.server_id = member.server_id AND seen.port = member.port
        GROUP BY member.id
    ) pairs
    WHERE worst IS NOT NULL
    GROUP BY group_id, worst
"""  # noqa: S608 - names of our own tables


@dataclass(frozen=True, slots=True)
class GroupFilters:
    """What narrows and orders a list of groups, as its address says it; "" leaves it wide.

    q: part of a group's name or ID; a backend server's whole ID, name or private IP; or a tag as
    key=value. tag: a key, or key=value. use: one of USES. weights: one of WEIGHTS; "zero" where no
    server takes new requests. owner: an owner, ANY_OWNER or NO_OWNER. sort: one of SORTS, with "-"
    before it backwards.
    """

    q: str = ""
    tag: str = ""
    use: str = ""
    weights: str = ""
    owner: str = ""
    sort: str = "name"

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> Self:
        """From an address or a form; what is none of the choices counts for nothing."""
        found = {field.name: str(data.get(field.name, "")).strip() for field in fields(cls)}
        for name, known in (("use", USES), ("weights", WEIGHTS)):
            if found[name] not in known:
                found[name] = ""
        if found["sort"].removeprefix("-") not in SORTS:
            found["sort"] = "name"
        return cls(**found)

    @property
    def narrows(self) -> bool:
        """Whether anything is left out."""
        return any((self.q, self.tag, self.use, self.weights, self.owner))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The filters that are set, for an address or hidden inputs."""
        return [
            (field.name, value)
            for field in fields(self)
            if (value := getattr(self, field.name)) and (field.name, value) != ("sort", "name")
        ]


def known_owners() -> list[str]:
    """The programs that can be told as owners."""
    return sorted({str(rule["owner"]) for rule in settings.OWNER_RULES})


def groups_of(place: Place, filters: GroupFilters = GroupFilters()) -> QuerySet[VServerGroup]:
    """The groups of a load balancer or a region that the filters let through, unordered."""
    rows = VServerGroup.objects.order_by()
    if isinstance(place, LoadBalancer):
        rows = rows.filter(load_balancer=place)
    else:
        # Joined tables do not pass the default manager.
        rows = rows.filter(load_balancer__region=place, load_balancer__vanished_at=None)
    if filters.q:
        rows = rows.filter(_matching(filters.q))
    if filters.tag:
        rows = rows.filter(_tagged(filters.tag))
    listeners = Listener.objects.filter(vserver_group=OuterRef("pk"))
    rules = Rule.objects.filter(vserver_group=OuterRef("pk"))
    if filters.use == "used":
        rows = rows.filter(Q(Exists(listeners)) | Q(Exists(rules)))
    elif filters.use == "unused":
        rows = rows.filter(~Exists(listeners), ~Exists(rules))
    members = Member.objects.filter(group=OuterRef("pk")).order_by()
    if filters.weights == "zero":
        sums = Member.objects.order_by().values("group").annotate(most=Max("weight"))
        rows = rows.filter(pk__in=sums.filter(most=0).values("group"))
    elif filters.weights == "some":
        rows = rows.filter(Exists(members.filter(weight=0)), Exists(members.filter(weight__gt=0)))
    elif filters.weights == "empty":
        rows = rows.filter(~Exists(members))
    match filters.owner:
        case "":
            return rows
        case "any":
            return rows.exclude(owner="")
        case "none":
            return rows.filter(owner="")
        case owner:
            return rows.filter(owner=owner)


def _matching(query: str) -> Q:
    servers = Server.objects.filter(Q(name__iexact=query) | Q(private_ip=query)).values("pk")
    holding = Member.objects.order_by().filter(Q(server=query) | Q(server__in=servers))
    found = (
        Q(name__icontains=query)
        | Q(vserver_group_id__icontains=query)
        | Q(pk__in=holding.values("group"))
    )
    return found | _tagged(query) if "=" in query else found


def _tagged(words: str) -> Q:
    key, equals, value = words.partition("=")
    key, value = key.strip(), value.strip()
    return Q(tags__contains={key: value}) if equals else Q(tags__has_key=key)


def _ordered(rows: QuerySet[VServerGroup], sort: str) -> QuerySet[VServerGroup]:
    """In a total order: what is equal goes by name and ID."""
    backwards, name = sort.startswith("-"), sort.removeprefix("-")
    members = Member.objects.filter(group=OuterRef("pk")).order_by().values("group")
    order: list[Any] = ["name", "vserver_group_id"]
    match name:
        case "servers":
            count = members.annotate(n=Count("pk")).values("n")
            rows = rows.annotate(order=Coalesce(Subquery(count), 0))
            order.insert(0, "order")
        case "created":
            order.insert(0, F("created_at").asc(nulls_first=True))
        case "instance":
            order[:0] = ["load_balancer__name", "load_balancer_id"]
    rows = rows.order_by(*order)
    return rows.reverse() if backwards else rows


@dataclass(frozen=True, slots=True)
class Use:
    """A listener or, with domain or URL, a forwarding rule that sends requests to a group."""

    group_id: str
    listener_id: int
    region_id: str
    load_balancer_id: str
    protocol: str
    port: int
    rule_id: str = ""
    domain: str = ""
    url: str = ""

    def __str__(self) -> str:
        return f"{self.domain}{self.url}" if self.rule_id else self.listener

    @property
    def listener(self) -> str:
        """The listener itself, or that of the rule."""
        return f"{self.protocol.upper()}:{self.port}"


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group in a list. balancer: its load balancer's name, else ID. uses: its listeners, then its
    rules.

    servers: different backend servers; ports: (server, port) pairs; weight: sum of the weights;
    normal, abnormal, unavailable: pairs by the worst that a using listener sees of them.
    """

    group: VServerGroup
    balancer: str
    uses: list[Use]
    servers: int = 0
    ports: int = 0
    weight: int = 0
    normal: int = 0
    abnormal: int = 0
    unavailable: int = 0

    @property
    def all_zero(self) -> bool:
        """Whether no server takes new requests, of a group that has some."""
        return bool(self.ports) and not self.weight

    @property
    def unchecked(self) -> int:
        return self.ports - self.normal - self.abnormal - self.unavailable


def group_rows_page(
    place: Place, filters: GroupFilters, *, page: str | int = 1, size: int = PAGE_SIZES[0]
) -> Page[GroupRow]:
    """One page, in three queries and one that counts.

    Of a group and its load balancer only what a row shows is read.
    """
    found = groups_of(place, filters)
    rows = _ordered(found, filters.sort).only(*_SHOWN)
    rows = rows.annotate(numbers=_numbers(), balancer_name=F("load_balancer__name"))
    paginator = NearPaginator(rows, size, prepare=_group_rows)
    paginator.count = found.count()
    return paginator.get_page(page)


def _group_rows(groups: list[VServerGroup]) -> list[GroupRow]:
    uses = uses_of(groups)
    health = _health_of(uses)
    return [
        GroupRow(
            group,
            group.balancer_name or group.load_balancer_id,  # type: ignore[attr-defined]
            uses[group.pk],
            **(group.numbers or {}),  # type: ignore[attr-defined]
            **health.get(group.pk, {}),
        )
        for group in groups
    ]


def _numbers() -> Subquery:
    """servers, ports and weight of a GroupRow; None for a group without members."""
    members = Member.objects.order_by().filter(group=OuterRef("pk")).values("group")
    counts = JSONObject(
        servers=Count(Coalesce("server", Value("")), distinct=True),
        ports=Count("pk"),
        weight=Sum("weight"),
    )
    return Subquery(members.annotate(counts=counts).values("counts"))


def uses_of(groups: Iterable[VServerGroup]) -> dict[str, list[Use]]:
    """{vserver_group_id: what sends requests to it}, listeners first; one query for all."""
    found: dict[str, list[Use]] = defaultdict(list)
    balancers = {group.load_balancer_id for group in groups}
    wanted = {group.pk for group in groups}
    rows = (
        Listener.objects.filter(load_balancer__in=balancers)
        .filter(Q(vserver_group__in=wanted) | Q(rules__vserver_group__in=wanted))
        .order_by("port", "protocol", "rules__domain", "rules__url")
        .values_list(
            "pk", "load_balancer__region", "load_balancer", "protocol", "port", "vserver_group",
            "rules", "rules__domain", "rules__url", "rules__vserver_group",
        )
    )  # fmt: skip
    rules: dict[str, list[Use]] = defaultdict(list)
    seen: set[int] = set()
    for pk, region, balancer, protocol, port, group, rule, domain, url, rule_group in rows:
        place = (pk, region, balancer, protocol, port)
        if group in wanted and pk not in seen:
            seen.add(pk)
            found[group].append(Use(group, *place))
        if rule_group in wanted:
            rules[rule_group].append(Use(rule_group, *place, rule, domain, url))
    for group_id, some in rules.items():
        found[group_id] += some
    return found


def _health_of(uses: Mapping[str, list[Use]]) -> dict[str, dict[str, int]]:
    """{vserver_group_id: {status: pairs}}: each pair once, by the worst seen of it."""
    pairs = {(group, use.listener_id) for group, some in uses.items() for use in some}
    if not pairs:
        return {}
    groups, listeners = zip(*pairs, strict=True)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_BY_WORST, [list(_WORST_FIRST), list(groups), list(listeners)])
        for group, worst, count in cursor.fetchall():
            found[group][_WORST_FIRST[worst - 1]] = count
    return found
