"""Groups and pools that would be left without a server that takes new requests."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Q
from django.utils.translation import gettext as _

from vservers.models import Listener, Member, PoolServer, ProcedureMember, Rule, ServerHealth


@dataclass(frozen=True, slots=True)
class Emptied:
    """A group, or a default server pool (vserver_group_id ""), that listeners or rules use."""

    load_balancer_id: str
    load_balancer_name: str
    vserver_group_id: str
    vserver_group_name: str

    def __str__(self) -> str:
        balancer = self.load_balancer_name or self.load_balancer_id
        group = self.vserver_group_name or self.vserver_group_id
        return f"{group or _('Backend Servers')} ({balancer})"


class _Use(NamedTuple):
    """A listener that sends to a group, itself or by a rule, or to a pool.

    place: the group's ID, or that of the load balancer with the pool; port: of the pool's servers.
    """

    place: str
    listener: int
    port: int | None


class _Held(NamedTuple):
    """A server with a weight; port: None in a pool."""

    place: str
    server_id: str
    server_ip: str
    port: int | None


def emptied_by(members: Iterable[ProcedureMember]) -> list[Emptied]:
    """Those in use that have a server that takes requests now, and none once these have weight 0.

    A server takes requests where it has a weight and the listener's check does not find it
    abnormal. Five queries, however many members.
    """
    members = list(members)
    groups = {one.vserver_group_id for one in members if one.vserver_group_id}
    pools = {one.load_balancer_id for one in members if not one.vserver_group_id}
    going = {
        _Held(one.vserver_group_id or one.load_balancer_id, one.server_id, one.server_ip, one.port)
        for one in members
    }
    weighted: dict[str, list[_Held]] = {}
    for held in _weighted(groups, pools):
        weighted.setdefault(held.place, []).append(held)
    uses = _uses(groups, pools)
    ill = _abnormal(uses)
    silenced: set[str] = set()
    for use in uses:
        answering = {
            held
            for held in weighted.get(use.place, [])
            if (use.listener, held.server_id, held.port or use.port) not in ill
        }
        if answering and not answering - going:
            silenced.add(use.place)
    found: dict[str, Emptied] = {}
    for one in members:
        place = one.vserver_group_id or one.load_balancer_id
        if place in silenced:
            found[place] = Emptied(
                one.load_balancer_id,
                one.load_balancer_name,
                one.vserver_group_id,
                one.vserver_group_name,
            )
    return list(found.values())


def _weighted(groups: set[str], pools: set[str]) -> list[_Held]:
    members = Member.objects.filter(group__in=groups, weight__gt=0).order_by()
    servers = PoolServer.objects.filter(load_balancer__in=pools, weight__gt=0).order_by()
    return [
        _Held(group, server or "", ip, port)
        for group, server, ip, port in members.values_list(
            "group", "server_id", "server_ip", "port"
        )
    ] + [
        _Held(balancer, server or "", ip, None)
        for balancer, server, ip in servers.values_list("load_balancer", "server_id", "server_ip")
    ]


def _uses(groups: set[str], pools: set[str]) -> set[_Use]:
    """Which listeners send to the groups and to the load balancers' pools."""
    listeners = Listener.objects.filter(
        Q(vserver_group__in=groups)
        | Q(
            load_balancer__in=pools,
            vserver_group=None,
            master_slave_server_group_id="",
            backend_server_port__isnull=False,
        )
    )
    rules = Rule.objects.filter(vserver_group__in=groups).order_by()
    return {
        _Use(group or balancer, pk, port)
        for pk, group, balancer, port in listeners.order_by().values_list(
            "pk", "vserver_group", "load_balancer", "backend_server_port"
        )
    } | {
        _Use(group or "", listener, None)
        for group, listener in rules.values_list("vserver_group", "listener")
    }


def _abnormal(uses: Iterable[_Use]) -> set[tuple[int, str, int]]:
    """(listener, server, port) of those that a check finds abnormal."""
    rows = ServerHealth.objects.filter(
        listener__in={use.listener for use in uses}, status=ServerHealth.Status.ABNORMAL
    )
    return set(rows.order_by().values_list("listener", "server_id", "port"))
