"""Health per (listener, server, port): what the checks say, since when and why, and what they miss.

Health and weight are told apart: a server with weight 0 is drained, and keeps its health.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet

from vservers.models import (
    Listener,
    LoadBalancer,
    Member,
    PoolServer,
    Region,
    Rule,
    Server,
    ServerHealth,
    VServerGroup,
)

from .silent import silent

PAGE_SIZE = 50


class State(StrEnum):
    """Of one (listener, server, port), the worst first."""

    ABNORMAL = "abnormal"  # gets no new requests
    UNAVAILABLE = "unavailable"  # the check has not come to a result
    UNCHECKED = "unchecked"  # the check is switched off
    STOPPED = "stopped"  # the listener does not run, so nothing is checked
    NORMAL = "normal"


_ORDER = list(State)


@dataclass(frozen=True, slots=True)
class Filters:
    """state: a State or "drained"; listener: protocol:port; text: part of a name, ID or address."""

    state: str = ""
    listener: str = ""
    text: str = ""


DRAINED = "drained"


@dataclass(slots=True)
class HealthRow:
    """One (listener, server, port).

    groups: the VServer groups by which it is reached; in_pool: also, or only, by the default pool.
    weights: one for each of these, by the group's ID, "" for the pool. health: None where the cloud
    said nothing of it.
    """

    listener: Listener
    server_id: str
    port: int
    server: Server | None = None
    groups: list[VServerGroup] = field(default_factory=list)
    in_pool: bool = False
    weights: dict[str, int] = field(default_factory=dict)
    health: ServerHealth | None = None
    checked: bool = True

    @property
    def state(self) -> State:
        if self.listener.status == Listener.Status.STOPPED:
            return State.STOPPED
        if not self.checked:
            return State.UNCHECKED
        return State(self.health.status) if self.health else State.UNAVAILABLE

    @property
    def is_drained(self) -> bool:
        return bool(self.weights) and not any(self.weights.values())

    @property
    def since(self) -> datetime | None:
        """When it became so, None where nobody saw it."""
        told = self.state in (State.NORMAL, State.ABNORMAL, State.UNAVAILABLE)
        return self.health.changed_at if told and self.health else None

    @property
    def name(self) -> str:
        return self.server.name if self.server and self.server.name else self.server_id


@dataclass(frozen=True, slots=True)
class ListenerHealth:
    """A listener's servers summed up. level: as components/status.html has them.

    foreign_ports: ports of servers that the check does not try, because it has a port of its own.
    silent: as selectors.silent has it.
    """

    listener: Listener
    total: int
    normal: int
    abnormal: int
    drained: int
    checked: bool
    foreign_ports: tuple[int, ...]
    silent: tuple[str, ...] = ()

    @property
    def state(self) -> State | None:
        """None without servers."""
        if not self.total:
            return None
        if self.listener.status == Listener.Status.STOPPED:
            return State.STOPPED
        if not self.checked:
            return State.UNCHECKED
        if self.abnormal:
            return State.ABNORMAL
        return State.NORMAL if self.normal == self.total else State.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class BalancerHealth:
    """All of one load balancer: its listeners summed up, and a row per (listener, server, port)."""

    listeners: list[ListenerHealth]
    rows: list[HealthRow]


def balancer_health(load_balancer: LoadBalancer) -> BalancerHealth:
    """Everything that its listeners may send to, in five queries."""
    found = load_balancer.listeners.select_related("vserver_group")
    listeners: list[Listener] = list(found.annotate(silent=silent()))
    rules = list(Rule.objects.filter(listener__in=listeners).select_related("vserver_group"))
    rows = _Collector(load_balancer, listeners, rules).rows()
    return BalancerHealth([_summary(one, rows) for one in listeners], rows)


class _Collector:
    """Puts together what is expected, from groups and pool, and what the checks said."""

    def __init__(
        self, load_balancer: LoadBalancer, listeners: list[Listener], rules: list[Rule]
    ) -> None:
        self._listeners = {one.pk: one for one in listeners}
        self._rules = rules
        groups = {one.vserver_group_id for one in listeners}
        groups |= {one.vserver_group_id for one in rules}
        self._members: dict[str, list[Member]] = {}
        for member in Member.objects.filter(group__in=groups - {None}).select_related(
            "server", "group"
        ):
            self._members.setdefault(member.group_id, []).append(member)
        self._pool = list(load_balancer.pool_servers.select_related("server"))
        self._health = list(ServerHealth.objects.filter(listener__in=listeners))
        self._rows: dict[tuple[int, str, int], HealthRow] = {}

    def rows(self) -> list[HealthRow]:
        for listener in self._listeners.values():
            if listener.forward_port is not None:
                continue  # it sends every client elsewhere
            checked = listener.health_check != "off"
            if listener.vserver_group_id:
                self._add_group(listener, listener.vserver_group_id, checked)
            elif not listener.master_slave_server_group_id:
                self._add_pool(listener, checked)
        for rule in self._rules:
            listener = self._listeners[rule.listener_id]
            own = (rule.settings or {}).get("health_check") or listener.health_check
            if rule.vserver_group_id:
                self._add_group(listener, rule.vserver_group_id, own != "off")
        for health in self._health:
            if self._listeners[health.listener_id].forward_port is not None:
                continue
            key = (health.listener_id, health.server_id, health.port)
            # Of a primary/secondary group only the checks tell who is in it.
            row = self._row(*key, checked=self._listeners[key[0]].health_check != "off")
            row.health = health
        return list(self._rows.values())

    def _row(self, listener_id: int, server_id: str, port: int, *, checked: bool) -> HealthRow:
        key = (listener_id, server_id, port)
        if key not in self._rows:
            listener = self._listeners[listener_id]
            self._rows[key] = HealthRow(listener, server_id, port, checked=checked)
        return self._rows[key]

    def _add_group(self, listener: Listener, group_id: str, checked: bool) -> None:
        for member in self._members.get(group_id, []):
            row = self._row(listener.pk, member.server_id or "", member.port, checked=checked)
            row.server = row.server or member.server
            row.checked = row.checked or checked
            if member.group not in row.groups:
                row.groups.append(member.group)
                row.weights[group_id] = member.weight

    def _add_pool(self, listener: Listener, checked: bool) -> None:
        for server in self._pool:
            port = listener.backend_server_port or 0
            row = self._row(listener.pk, server.server_id or "", port, checked=checked)
            row.server = row.server or server.server
            row.in_pool = True
            row.weights[""] = server.weight


def _summary(listener: Listener, rows: Iterable[HealthRow]) -> ListenerHealth:
    mine = [row for row in rows if row.listener.pk == listener.pk]
    states = [row.state for row in mine]
    check_port = (listener.settings or {}).get("health_check_connect_port")
    ports = {row.port for row in mine}
    return ListenerHealth(
        listener,
        total=len(mine),
        normal=states.count(State.NORMAL),
        abnormal=states.count(State.ABNORMAL),
        drained=sum(row.is_drained for row in mine),
        checked=listener.health_check != "off",
        foreign_ports=tuple(sorted(ports - {check_port})) if check_port else (),
        silent=tuple(listener.silent or ()),  # type: ignore[attr-defined]
    )


SORTS: dict[str, Callable[[HealthRow], Any]] = {
    "state": lambda row: _ORDER.index(row.state),
    "listener": lambda row: (row.listener.port, row.listener.protocol),
    "server": lambda row: (row.name, row.server_id, row.port),
    "since": lambda row: (row.since is None, -row.since.timestamp() if row.since else 0),
}


def narrowed(rows: Iterable[HealthRow], filters: Filters, sort: str) -> list[HealthRow]:
    """The rows that match, in an order of SORTS ("-" in front: backwards); the worst first."""
    found = [row for row in rows if _matches(row, filters)]
    found.sort(key=SORTS["server"])
    found.sort(key=SORTS["listener"])
    found.sort(key=SORTS["state"])
    key = sort.removeprefix("-")
    if key in SORTS:
        found.sort(key=SORTS[key], reverse=sort.startswith("-"))
    return found


def rows_page(rows: list[HealthRow], number: str | int) -> Page[HealthRow]:
    return Paginator(rows, PAGE_SIZE).get_page(number)


def _matches(row: HealthRow, filters: Filters) -> bool:
    if filters.state == DRAINED:
        if not row.is_drained:
            return False
    elif filters.state and row.state != filters.state:
        return False
    listener = row.listener
    if filters.listener and filters.listener != f"{listener.protocol}:{listener.port}":
        return False
    if not filters.text:
        return True
    address = row.server.private_ip if row.server else ""
    known = (row.name, row.server_id, address, str(row.port), *map(str, row.groups))
    return any(filters.text.casefold() in one.casefold() for one in known)


def wrong_now(
    region: Region, *, status: str = "", text: str = "", page: str | int = 1
) -> Page[ServerHealth]:
    """What is not normal in a region, the newest first, with listener and load balancer.

    status: abnormal (also for ""), or unavailable. Each row has `place`: its HealthRow.
    """
    wanted = status or ServerHealth.Status.ABNORMAL
    rows = _wrong(region, wanted)
    if text:
        balancers = LoadBalancer.objects.filter(region=region, search_text__contains=text.lower())
        servers = Server.objects.filter(region=region, search_text__contains=text.lower())
        rows = rows.filter(
            Q(listener__load_balancer__in=balancers)
            | Q(server_id__in=servers.values("pk"))
            | Q(server_id__istartswith=text)
        )
    rows = rows.select_related("listener__load_balancer").order_by(
        "-changed_at", "listener__load_balancer", "listener", "server_id", "port"
    )
    found = Paginator(rows, PAGE_SIZE).get_page(page)
    _add_places(list(found.object_list))
    return found


def _wrong(region: Region, status: str) -> QuerySet[ServerHealth]:
    return ServerHealth.objects.filter(
        status=status,
        listener__load_balancer__region=region,
        listener__load_balancer__vanished_at=None,
        listener__status=Listener.Status.RUNNING,
    ).exclude(listener__health_check="off")


def wrong_counts(region: Region) -> dict[str, int]:
    """How many are abnormal and unavailable in a region."""
    return {
        status: _wrong(region, status).count()
        for status in (ServerHealth.Status.ABNORMAL, ServerHealth.Status.UNAVAILABLE)
    }


def _add_places(rows: list[ServerHealth]) -> None:
    """Server, group and weight of each row of a page: three queries for all of them."""
    ids = {row.server_id for row in rows}
    servers = Server.everything.in_bulk(ids)
    listeners = {row.listener_id: row.listener for row in rows}
    used: dict[int, set[str]] = {pk: set() for pk in listeners}
    for pk, listener in listeners.items():
        if listener.vserver_group_id:
            used[pk].add(listener.vserver_group_id)
    for rule in Rule.objects.filter(listener__in=listeners, vserver_group__isnull=False):
        used[rule.listener_id].add(rule.vserver_group_id or "")
    members = Member.objects.filter(
        group__in=set().union(*used.values()), server__in=ids
    ).select_related("group")
    held: dict[tuple[str, str, int], Member] = {
        (member.group_id, member.server_id or "", member.port): member for member in members
    }
    pools = {
        (one.load_balancer_id, one.server_id): one.weight
        for one in PoolServer.objects.filter(
            load_balancer__in={one.load_balancer_id for one in listeners.values()},
            server__in=ids,
        )
    }
    for row in rows:
        place = HealthRow(row.listener, row.server_id, row.port, health=row)
        place.server = servers.get(row.server_id)
        for group_id in sorted(used[row.listener_id]):
            if member := held.get((group_id, row.server_id, row.port)):
                place.groups.append(member.group)
                place.weights[member.group_id] = member.weight
        weight = pools.get((row.listener.load_balancer_id, row.server_id))
        if weight is not None and row.port == row.listener.backend_server_port:
            place.in_pool = True
            place.weights[""] = weight
        row.place = place  # type: ignore[attr-defined]
