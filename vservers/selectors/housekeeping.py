"""What nobody needs any more, or what cannot work: to be tidied up."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from vservers.models import (
    Listener,
    LoadBalancer,
    Member,
    PoolServer,
    Server,
    VServerGroup,
)

from .group_lists import GroupFilters, Place, groups_of

UNUSED, ZERO, LOST, EMPTY, IDLE = "unused", "zero", "lost", "empty", "idle"
KINDS = (UNUSED, ZERO, LOST, EMPTY, IDLE)


def unused_groups(place: Place) -> QuerySet[VServerGroup]:
    """Groups that no listener and no rule sends requests to."""
    return groups_of(place, GroupFilters(use="unused"))


def zero_groups(place: Place) -> QuerySet[VServerGroup]:
    """Groups whose servers all have the weight 0."""
    return groups_of(place, GroupFilters(weights="zero"))


def lost_members(place: Place) -> QuerySet[Member]:
    """Servers of groups that the region has no more, or that do not run; ENIs are not judged."""
    here: dict[str, Any] = (
        {"group__load_balancer": place}
        if isinstance(place, LoadBalancer)
        else {"group__load_balancer__region": place, "group__load_balancer__vanished_at": None}
    )
    # The join is an outer one: a server that the mirror does not hold has no status.
    lost = (
        Q(server__status__isnull=True)
        | Q(server__vanished_at__isnull=False)
        | ~Q(server__status=Server.RUNNING)
    )
    rows = Member.objects.filter(lost, group__vanished_at=None, type="ecs", **here)
    return rows.order_by("group__load_balancer__name", "group__name", "group", "server", "port")


def why_lost(member: Member) -> str:
    """In words, why a member of `lost_members` serves nobody."""
    server = member.server
    if server is None or server.vanished_at:
        return _("The server is gone")
    return _("The server is %(status)s") % {"status": server.status.lower()}


def empty_listeners(place: Place) -> QuerySet[Listener]:
    """Listeners that have no server to send a request to, unless they send clients elsewhere.

    By their own group or the pool; what their rules have is left aside.
    """
    members = Member.objects.filter(group=OuterRef("vserver_group"))
    pool = PoolServer.objects.filter(load_balancer=OuterRef("load_balancer"))
    nobody = Q(~Exists(members), vserver_group__isnull=False) | Q(
        ~Exists(pool), vserver_group__isnull=True
    )
    rows = _in(Listener.objects.all(), place, "load_balancer").filter(
        nobody, forward_port=None, master_slave_server_group_id=""
    )
    return rows.order_by("load_balancer__name", "load_balancer", "port", "protocol")


def idle_instances(place: Place) -> QuerySet[LoadBalancer]:
    """Load balancers that serve nobody, each with what `why_idle` asks for.

    Source of the causes: the vendor's page of idle instances. Since when is not known here.
    """
    listeners = Listener.objects.filter(load_balancer=OuterRef("pk"))
    members = Member.objects.filter(group__load_balancer=OuterRef("pk"))
    pool = PoolServer.objects.filter(load_balancer=OuterRef("pk"))
    rows = LoadBalancer.objects.filter(
        **({"pk": place.pk} if isinstance(place, LoadBalancer) else {"region": place})
    ).annotate(
        has_listener=Exists(listeners),
        has_running=Exists(listeners.exclude(status=Listener.Status.STOPPED)),
        has_server=Exists(members) | Exists(pool),
        has_weight=Exists(members.filter(weight__gt=0)) | Exists(pool.filter(weight__gt=0)),
    )
    idle = (
        Q(status=LoadBalancer.Status.INACTIVE)
        | Q(has_running=False)
        | Q(has_server=False)
        | Q(has_weight=False)
    )
    return rows.filter(idle, synced_at__isnull=False).order_by("name", "pk")


def why_idle(balancer: Any) -> list[str]:
    """The causes, in words; balancer: of `idle_instances`."""
    causes = []
    if balancer.status == LoadBalancer.Status.INACTIVE:
        causes.append(_("It is stopped"))
    if not balancer.has_listener:
        causes.append(_("No listener"))
    elif not balancer.has_running:
        causes.append(_("All listeners are stopped"))
    if not balancer.has_server:
        causes.append(_("No server"))
    elif not balancer.has_weight:
        causes.append(_("All weights are 0"))
    return causes


def _in(rows: QuerySet[Listener], place: Place, through: str) -> QuerySet[Listener]:
    if isinstance(place, LoadBalancer):
        return rows.filter(**{through: place})
    return rows.filter(**{f"{through}__region": place, f"{through}__vanished_at": None})


def counts(place: Place) -> dict[str, int]:
    """{kind: how many}, in one query each."""
    return {
        UNUSED: unused_groups(place).count(),
        ZERO: zero_groups(place).count(),
        LOST: lost_members(place).order_by().count(),
        EMPTY: empty_listeners(place).order_by().count(),
        IDLE: idle_instances(place).order_by().count(),
    }


@dataclass(frozen=True, slots=True)
class LostRow:
    """A member that serves nobody, and why. used: whether requests would go to its group."""

    member: Member
    why: str
    uses: int


def lost_rows(members: Iterable[Member], uses: dict[str, list[Any]]) -> list[LostRow]:
    """The members of one page. uses: of `group_lists.uses_of` their groups."""
    return [
        LostRow(member, why_lost(member), len(uses.get(member.group_id, []))) for member in members
    ]
