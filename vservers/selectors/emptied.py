"""Groups and pools that would be left without a server that takes new requests."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from vservers.models import Listener, Member, PoolServer, ProcedureMember, Rule


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


def emptied_by(members: Iterable[ProcedureMember]) -> list[Emptied]:
    """Those in use that have servers with a weight now, and none once these members have 0.

    Five queries, however many members.
    """
    members = list(members)
    groups = {one.vserver_group_id for one in members if one.vserver_group_id}
    pools = {one.load_balancer_id for one in members if not one.vserver_group_id}
    going = {
        (one.vserver_group_id or one.load_balancer_id, one.server_id, one.server_ip, one.port)
        for one in members
    }
    before: set[str] = set()
    after: set[str] = set()
    weighted = list(
        Member.objects.filter(group__in=groups, weight__gt=0)
        .order_by()
        .values_list("group", "server_id", "server_ip", "port")
    ) + [
        (balancer, server, ip, None)
        for balancer, server, ip in PoolServer.objects.filter(load_balancer__in=pools, weight__gt=0)
        .order_by()
        .values_list("load_balancer", "server_id", "server_ip")
    ]
    for row in weighted:
        before.add(row[0])
        if row not in going:
            after.add(row[0])
    used = _used(groups, pools)
    found: dict[str, Emptied] = {}
    for one in members:
        key = one.vserver_group_id or one.load_balancer_id
        if key in before - after and key in used:
            found[key] = Emptied(
                one.load_balancer_id,
                one.load_balancer_name,
                one.vserver_group_id,
                one.vserver_group_name,
            )
    return list(found.values())


def _used(groups: set[str], pools: set[str]) -> set[str]:
    """Of groups and of load balancers with a pool: those that a listener or a rule sends to."""
    listeners = Listener.objects.filter(
        Q(vserver_group__in=groups)
        | Q(
            load_balancer__in=pools,
            vserver_group=None,
            master_slave_server_group_id="",
            backend_server_port__isnull=False,
        )
    )
    rules = Rule.objects.filter(vserver_group__in=groups)
    return {
        group or balancer
        for group, balancer in listeners.order_by().values_list("vserver_group", "load_balancer")
    } | set(rules.order_by().values_list("vserver_group", flat=True))
