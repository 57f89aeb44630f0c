"""VServer groups as pages show them: with their servers, shares, health and users."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Prefetch, Q, QuerySet, Sum

from vservers.models import (
    Listener,
    LoadBalancer,
    Member,
    PoolServer,
    Rule,
    ServerHealth,
    VServerGroup,
)

PAGE_SIZE = 20


def _with_users(groups: QuerySet[VServerGroup]) -> QuerySet[VServerGroup]:
    return groups.prefetch_related(
        "listeners", Prefetch("rules", Rule.objects.select_related("listener"))
    )


def groups_page(
    *, load_balancer: LoadBalancer, query: str = "", page: str | int = 1
) -> Page[VServerGroup]:
    """One page of groups, by name, each with server_count, port_count and weight_sum.

    server_count: different ECS instances; port_count: (server, port) pairs; weight_sum: None when
    empty, 0 when every server is drained. listeners and rules are prefetched. query: part of name
    or ID, or a backend server's whole ID or private IP.
    """
    rows = load_balancer.vserver_groups.annotate(
        server_count=Count("members__server", distinct=True),
        port_count=Count("members"),
        weight_sum=Sum("members__weight"),
    )
    if query := query.strip():
        holding = Member.objects.filter(Q(server=query) | Q(server__private_ip=query))
        rows = rows.filter(
            Q(name__icontains=query)
            | Q(vserver_group_id__icontains=query)
            | Q(pk__in=holding.values("group"))
        )
    # Grouping drops the order of the model.
    rows = rows.order_by("name", "pk")
    return Paginator(_with_users(rows), PAGE_SIZE).get_page(page)


def find_group(*, load_balancer: LoadBalancer, vserver_group_id: str) -> VServerGroup:
    """The group with its users. Raises VServerGroup.DoesNotExist."""
    return _with_users(load_balancer.vserver_groups.all()).get(pk=vserver_group_id)


def users_of(group: VServerGroup) -> tuple[list[Listener], list[Rule]]:
    """The listeners and forwarding rules that send requests to the group now."""
    return list(group.listeners.all()), list(group.rules.select_related("listener"))


def shares(weights: Sequence[int]) -> list[float | None]:
    """Each weight's part of the requests in percent; None where all weights are 0."""
    total = sum(weights)
    return [weight * 100 / total if total else None for weight in weights]


@dataclass(frozen=True, slots=True)
class MemberRow:
    """One (server, port) of a group. share: percent or None; health: "" where nothing checks it."""

    member: Member
    share: float | None
    health: str

    @property
    def is_drained(self) -> bool:
        return self.member.weight == 0


def member_rows(group: VServerGroup) -> list[MemberRow]:
    """The servers of a group with share, and the worst health that a using listener sees."""
    members = list(group.members.select_related("server"))
    health = _worst_health(
        ServerHealth.objects.filter(
            Q(listener__vserver_group=group) | Q(listener__rules__vserver_group=group)
        )
    )
    return [
        MemberRow(member, share, health.get((member.server_id or "", member.port), ""))
        for member, share in zip(members, shares([m.weight for m in members]), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One server of the default pool; health over the ports of the listeners that use the pool."""

    pool_server: PoolServer
    share: float | None
    health: str


def pool_rows(load_balancer: LoadBalancer) -> list[PoolRow]:
    """The default server pool with share, and the worst health that a using listener sees."""
    servers = list(load_balancer.pool_servers.select_related("server"))
    seen = _worst_health(
        ServerHealth.objects.filter(
            listener__load_balancer=load_balancer,
            listener__vserver_group=None,
            listener__master_slave_server_group_id="",
            # The groups of its rules have servers on ports of their own.
            port=F("listener__backend_server_port"),
        )
    )
    health: dict[str, str] = {}
    for (server_id, _), status in seen.items():
        health[server_id] = ServerHealth.worse(health.get(server_id, status), status)
    return [
        PoolRow(server, share, health.get(server.server_id or "", ""))
        for server, share in zip(servers, shares([s.weight for s in servers]), strict=True)
    ]


def _worst_health(rows: Iterable[ServerHealth]) -> dict[tuple[str, int], str]:
    worst: dict[tuple[str, int], str] = {}
    for row in rows:
        key = (row.server_id, row.port)
        worst[key] = ServerHealth.worse(worst.get(key, row.status), row.status)
    return worst
