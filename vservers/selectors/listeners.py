"""Listeners as pages show them: with their rules counted and their health summed up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.models import (
    AccessControlList,
    Listener,
    LoadBalancer,
    MasterSlaveGroup,
    Rule,
    ServerHealth,
)

from .silent import silent, silent_words


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows the list; "" leaves it wide. q: a part of a port, name, group or certificate."""

    q: str = ""
    protocol: str = ""
    status: str = ""
    target: str = ""

    @property
    def narrows(self) -> bool:
        return any((self.q, self.protocol, self.status, self.target))


# Of Filters.target: a group, the default pool, a primary/secondary group, or another listener.
TARGETS = [
    ("group", gettext_lazy("VServer group")),
    ("pool", gettext_lazy("Backend Servers")),
    ("pair", gettext_lazy("Primary/secondary group")),
    ("redirect", gettext_lazy("Redirect to HTTPS")),
]


@dataclass(frozen=True, slots=True)
class ListenerRow:
    """A listener of a list. level: ok, warn, bad or off, as components/status.html has them.

    unavailable: servers of which no check has told. pair: the name of its primary/secondary group.
    access_lists: {ID: name} of its access control lists, of which some regions allow several, by
    their IDs with commas.
    """

    listener: Listener
    rule_count: int
    level: str
    health: str
    pair: str = ""
    access_lists: Mapping[str, str] = field(default_factory=dict)
    unavailable: int = 0

    @property
    def persistence(self) -> str:
        """Session persistence in words, "" where it is off."""
        settings = self.listener.settings
        if timeout := settings.get("persistence_timeout"):
            return _("source IP, %(seconds)s s") % {"seconds": timeout}
        if settings.get("sticky_session") != "on":
            return ""
        if settings.get("sticky_session_type") == "insert":
            return _("insert cookie, %(seconds)s s") % {"seconds": settings["cookie_timeout"]}
        return _("rewrite cookie %(cookie)s") % {"cookie": settings.get("cookie")}

    @property
    def is_unchecked(self) -> bool:
        """Whether its checks, which are on, have told nothing of some server."""
        return bool(self.unavailable) and self.listener.health_check == "on"

    @property
    def bandwidth(self) -> str:
        limit = self.listener.settings.get("bandwidth", -1)
        return _("no limit") if limit == -1 else f"{limit} Mbit/s"

    @property
    def access(self) -> str:
        kinds = {"white": _("Whitelist"), "black": _("Blacklist"), "": _("Off")}
        return kinds[self.listener.acl_status]


def listener_rows(load_balancer: LoadBalancer, filters: Filters | None = None) -> list[ListenerRow]:
    """The listeners of a load balancer, by port; a load balancer has 50 at most."""
    filters = filters or Filters()
    found = load_balancer.listeners.select_related("vserver_group").filter(_matching(filters))
    return list(rows_of(list(counted(found))).values())


def counted(listeners: QuerySet[Listener]) -> QuerySet[Listener]:
    """With what `rows_of` needs of each: rule_count, health_counts ({status: servers}), silent."""
    rules = Rule.objects.order_by().filter(listener=OuterRef("pk")).values("listener")
    health = ServerHealth.objects.order_by().filter(listener=OuterRef("pk")).values("listener")
    by_status = JSONObject(
        **{status: Count("pk", filter=Q(status=status)) for status in ServerHealth.Status.values}
    )
    return listeners.annotate(
        rule_count=Coalesce(Subquery(rules.annotate(n=Count("pk")).values("n")), 0),
        health_counts=Subquery(health.annotate(counts=by_status).values("counts")),
        silent=silent(),
    )


def rows_of(listeners: Sequence[Listener]) -> dict[int, ListenerRow]:
    """The rows of some listeners by their keys, in their order.

    listeners: as `counted` annotates them.
    """
    pairs = _names(MasterSlaveGroup, [one.master_slave_server_group_id for one in listeners])
    lists_of = {one.pk: (one.settings.get("acl_id") or "").split(",") for one in listeners}
    lists = _names(AccessControlList, chain.from_iterable(lists_of.values()))
    return {
        one.pk: ListenerRow(
            one,
            one.rule_count,  # type: ignore[attr-defined]
            *_health(one, one.health_counts or {}),  # type: ignore[attr-defined]
            pair=pairs.get(one.master_slave_server_group_id, ""),
            access_lists={pk: lists.get(pk) or pk for pk in lists_of[one.pk] if pk},
            unavailable=(one.health_counts or {}).get(ServerHealth.Status.UNAVAILABLE, 0),  # type: ignore[attr-defined]
        )
        for one in listeners
    }


def _names(
    model: type[MasterSlaveGroup | AccessControlList], ids: Iterable[str | None]
) -> dict[str, str]:
    """The names of those that are there; asks for nothing where nothing is named."""
    wanted = {one for one in ids if one}
    return {pk: str(row) for pk, row in model.objects.in_bulk(wanted).items()} if wanted else {}


_ON_POOL = Q(vserver_group=None, master_slave_server_group_id="", forward_port=None)


def _matching(filters: Filters) -> Q:
    wanted = Q()
    if filters.protocol:
        wanted &= Q(protocol=filters.protocol)
    if filters.status:
        wanted &= Q(status=filters.status)
    match filters.target:
        case "group":
            wanted &= Q(vserver_group__isnull=False)
        case "pool":
            wanted &= _ON_POOL
        case "pair":
            wanted &= ~Q(master_slave_server_group_id="")
        case "redirect":
            wanted &= Q(forward_port__isnull=False)
    if text := filters.q.strip():
        protocol, _colon, port = text.rpartition(":")
        words = (
            Q(description__icontains=text)
            | Q(protocol__iexact=text)
            | Q(vserver_group__name__icontains=text)
            | Q(vserver_group__vserver_group_id=text)
            | Q(master_slave_server_group_id=text)
            | Q(settings__server_certificate_id=text)
            | Q(settings__acl_id=text)
        )
        if port.isdecimal() and len(port) <= 5:
            named = Q(protocol__iexact=protocol) if protocol else Q()
            words |= named & Q(port=int(port))
        wanted &= words
    return wanted


def summed_up(
    health_check: str, normal: int, abnormal: int, servers: int, *, silent: Sequence[str]
) -> tuple[str, str]:
    """Level and word for what a listener's checks say of its servers.

    silent: as selectors.silent has it, () where the listener is stopped.
    """
    if silent:
        return "bad", silent_words(silent)
    if health_check == "off":
        return "off", _("Not enabled")
    if not servers:
        return "off", _("No servers")
    if abnormal:
        return "bad" if abnormal == servers else "warn", _("%(abnormal)s of %(total)s abnormal") % {
            "abnormal": abnormal,
            "total": servers,
        }
    return ("ok", _("Normal")) if normal == servers else ("off", _("Unavailable"))


def _health(listener: Listener, counts: Mapping[str, int]) -> tuple[str, str]:
    normal, abnormal = (
        counts.get(status, 0)
        for status in (ServerHealth.Status.NORMAL, ServerHealth.Status.ABNORMAL)
    )
    running = listener.status != Listener.Status.STOPPED
    silent: Sequence[str] = listener.silent or ()  # type: ignore[attr-defined]
    return summed_up(
        listener.health_check,
        normal,
        abnormal,
        sum(counts.values()),
        silent=silent if running else (),
    )


def listeners_on_pool(load_balancer: LoadBalancer) -> list[Listener]:
    """The listeners that send to the default server pool what no rule takes."""
    return list(load_balancer.listeners.filter(_ON_POOL))


def listener_on_port(
    load_balancer: LoadBalancer, port: int, *, protocol: str = Listener.Protocol.HTTP
) -> Listener | None:
    """The listener that keeps one of a protocol from the port. UDP shares it with the others."""
    udp = Listener.Protocol.UDP
    taken = load_balancer.listeners.filter(port=port)
    return (taken.filter(protocol=udp) if protocol == udp else taken.exclude(protocol=udp)).first()
