"""Lists of VServer groups, of one load balancer or of a whole region: found, sorted, and paged."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from django.conf import settings
from django.core.paginator import Page
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

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
from vservers.models.prepared import execute

from .near_pages import NearPaginator

PAGE_SIZES = (20, 50, 100)
USES = ("used", "unused")
WEIGHTS = ("zero", "some", "empty")
# An owner filter beside the owners' names: those that some program manages, and the others.
ANY_OWNER, NO_OWNER = "any", "none"
SORTS = ("name", "servers", "created", "instance")
Place = LoadBalancer | Region
_SHOWN = (
    "vserver_group_id", "name", "owner", "tags",
    "load_balancer", "load_balancer__name", "load_balancer__region",
)  # fmt: skip
_WORST_FIRST = [
    ServerHealth.Status.ABNORMAL.value,
    ServerHealth.Status.UNAVAILABLE.value,
    ServerHealth.Status.NORMAL.value,
]
_LISTENERS_FIRST = "rule_id <> '', port, protocol, domain, url"
# What sends requests to the groups %(groups)s: a Use but for its region.
_USES = f"""
    SELECT vserver_group_id AS group_id, id AS listener_id, load_balancer_id, protocol, port,
        '' AS rule_id, '' AS domain, '' AS url
    FROM {Listener._meta.db_table} WHERE vserver_group_id = ANY(%(groups)s)
    UNION ALL
    SELECT rule.vserver_group_id, listener_id, load_balancer_id, protocol, port,
        rule_id, domain, url
    FROM {Rule._meta.db_table} rule
    JOIN {Listener._meta.db_table} listener ON listener.id = listener_id
    WHERE rule.vserver_group_id = ANY(%(groups)s)
"""  # noqa: S608 - names of our own tables
_USES_WITH_REGION = f"""
    SELECT group_id, listener_id, region_id, load_balancer_id, protocol, port, rule_id, domain, url
    FROM ({_USES}) used JOIN {LoadBalancer._meta.db_table} USING (load_balancer_id)
    ORDER BY {_LISTENERS_FIRST}
"""  # noqa: S608 - names of our own tables
# All that a list tells of groups beside their own columns. In one statement: members are many and
# their groups few, so that counting stays in the database. Prepared, as every list asks for it and
# planning takes longer than the answer.
_FACTS = f"""
    WITH used AS MATERIALIZED ({_USES}),
    counted AS (
        SELECT group_id, count(DISTINCT coalesce(server_id, '')) AS servers, count(*) AS ports,
            sum(weight) AS weight
        FROM {Member._meta.db_table} WHERE group_id = ANY(%(groups)s) GROUP BY group_id
    ),
    worst AS (
        SELECT member.group_id, min(array_position(%(statuses)s::text[], seen.status)) AS place
        FROM (SELECT DISTINCT group_id, listener_id FROM used) used
        JOIN {Member._meta.db_table} member USING (group_id)
        JOIN {Listener._meta.db_table} listener ON listener.id = used.listener_id
        JOIN {ServerHealth._meta.db_table} seen ON seen.listener_id = used.listener_id
            AND seen.server_id = member.server_id AND seen.port = member.port
        -- Of a check that is off no result is awaited; a rule may still have one of its own.
        WHERE listener.health_check <> 'off'
            OR seen.status <> '{ServerHealth.Status.UNAVAILABLE.value}'
        GROUP BY member.id
    ),
    health AS (
        SELECT group_id, count(*) FILTER (WHERE place = 1) AS abnormal,
            count(*) FILTER (WHERE place = 2) AS unavailable,
            count(*) FILTER (WHERE place = 3) AS normal
        FROM worst GROUP BY group_id
    )
    SELECT group_id, (
            SELECT json_agg(used ORDER BY {_LISTENERS_FIRST})
            FROM used WHERE used.group_id = asked.group_id
        ),
        coalesce(servers, 0), coalesce(ports, 0), coalesce(weight, 0),
        coalesce(abnormal, 0), coalesce(unavailable, 0), coalesce(normal, 0)
    FROM unnest(%(groups)s::text[]) AS asked (group_id)
    LEFT JOIN counted USING (group_id)
    LEFT JOIN health USING (group_id)
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
    holding = Member.objects.order_by().values("group")
    # Each by the members' index; one condition with "or" would read all of them.
    found = (
        Q(name__icontains=query)
        | Q(vserver_group_id__icontains=query)
        | Q(pk__in=holding.filter(server=query))
        | Q(pk__in=holding.filter(server__in=servers))
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
    """A group in a list, as values: two rows are equal where they show the same.

    name, balancer: of the group and its load balancer, else their IDs. tags: (key, value). uses:
    its listeners, then its rules. servers: different backend servers; ports: (server, port) pairs;
    weight: sum of the weights; abnormal, unavailable, normal: pairs by the worst that a using
    listener sees of them.
    """

    group_id: str
    name: str
    owner: str
    tags: tuple[tuple[str, str], ...]
    load_balancer_id: str
    balancer: str
    region_id: str
    uses: tuple[Use, ...]
    servers: int
    ports: int
    weight: int
    abnormal: int
    unavailable: int
    normal: int

    @property
    def all_zero(self) -> bool:
        """Whether no server takes new requests, of a group that has some."""
        return bool(self.ports) and not self.weight


def group_rows_page(
    place: Place, filters: GroupFilters, *, page: str | int = 1, size: int = PAGE_SIZES[0]
) -> Page[GroupRow]:
    """One page, in two queries and one that counts."""
    found = groups_of(place, filters)
    paginator = NearPaginator(
        _ordered(found, filters.sort).values_list(*_SHOWN), size, prepare=_group_rows
    )
    paginator.count = found.count()
    return paginator.get_page(page)


def _group_rows(groups: list[tuple[Any, ...]]) -> list[GroupRow]:
    """groups: _SHOWN of each."""
    asked = {"groups": [group_id for group_id, *_ in groups], "statuses": _WORST_FIRST}
    facts = {group_id: told for group_id, *told in execute(_FACTS, asked)}
    return [
        GroupRow(
            group_id,
            name or group_id,
            owner,
            tuple(tags.items()),
            balancer_id,
            balancer or balancer_id,
            region_id,
            tuple(Use(region_id=region_id, **use) for use in facts[group_id][0] or ()),
            *facts[group_id][1:],
        )
        for group_id, name, owner, tags, balancer_id, balancer, region_id in groups
    ]


def uses_of(group_ids: Iterable[str]) -> dict[str, list[Use]]:
    """{vserver_group_id: what sends requests to it}, listeners first; one query for all."""
    found: dict[str, list[Use]] = defaultdict(list)
    for row in execute(_USES_WITH_REGION, {"groups": list(group_ids)}):
        found[row[0]].append(Use(*row))
    return found
