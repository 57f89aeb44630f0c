"""Procedures as their pages show them, and the servers that they may be about."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q

from vservers.models import Member, PoolServer, Procedure, ProcedureMember, Server, VServerGroup

PAGE_SIZE = 30
UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows the list; "" leaves it wide. text: part of a name or ID, or of a reason."""

    kind: str = ""
    status: str = ""
    text: str = ""


def procedures_page(filters: Filters, *, page: str | int = 1) -> Page[Any]:
    """One page of procedures, newest first, each with member_count and balancer_count."""
    rows = Procedure.objects.all()
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.status == UNFINISHED:
        rows = rows.exclude(status__in=Procedure.OVER)
    elif filters.status:
        rows = rows.filter(status=filters.status)
    if text := filters.text.strip():
        rows = rows.filter(about(text))
    counted = rows.annotate(
        member_count=Count("members"),
        balancer_count=Count("members__load_balancer_id", distinct=True),
    )
    paginator = Paginator(counted.order_by("-pk"), PAGE_SIZE)
    paginator.count = rows.count()
    return paginator.get_page(page)


def about(text: str) -> Q:
    """With the text in name or reason, or about a server or group of that name or ID."""
    held = ProcedureMember.objects.filter(
        Q(server_id=text) | Q(server_name__icontains=text) | Q(vserver_group_id=text)
    )
    return Q(name__icontains=text) | Q(reason__icontains=text) | Q(pk__in=held.values("procedure"))


def maintenance_of(server_id: str) -> Procedure | None:
    """The maintenance that a server is in, or on its way into or out of."""
    return _open(Procedure.Kind.MAINTENANCE).filter(server_id=server_id).first()


def in_maintenance(server_ids: Collection[str]) -> dict[str, Procedure]:
    """{server_id: its maintenance} of those that are in one. One query."""
    rows = _open(Procedure.Kind.MAINTENANCE).filter(server_id__in=server_ids)
    return {row.server_id: row for row in rows}


def procedures_of_group(group: VServerGroup) -> list[Procedure]:
    """Drains and shifts of a group that are not over."""
    rows = Procedure.objects.exclude(status__in=Procedure.OVER)
    return list(
        rows.exclude(kind=Procedure.Kind.MAINTENANCE)
        .filter(members__vserver_group_id=group.pk)
        .distinct()
    )


def procedures_moving(server: Server) -> list[Procedure]:
    """Drains and shifts that are not over and that a server is in."""
    rows = Procedure.objects.exclude(status__in=Procedure.OVER)
    rows = rows.exclude(kind=Procedure.Kind.MAINTENANCE).order_by("pk")
    return list(rows.filter(members__server_id=server.pk).distinct())


def busy_members(members: Iterable[ProcedureMember]) -> list[ProcedureMember]:
    """Those of them that a drain or shift that is not over is about already."""
    members = list(members)
    rows = ProcedureMember.objects.filter(
        vserver_group_id__in={one.vserver_group_id for one in members},
        server_id__in={one.server_id for one in members},
    ).exclude(procedure__status__in=Procedure.OVER)
    keys = {
        (row.vserver_group_id, row.server_id, row.server_ip, row.port)
        for row in rows.exclude(procedure__kind=Procedure.Kind.MAINTENANCE)
    }
    return [
        one
        for one in members
        if (one.vserver_group_id, one.server_id, one.server_ip, one.port) in keys
    ]


def _open(kind: Procedure.Kind) -> Any:
    return Procedure.objects.filter(kind=kind).exclude(status__in=Procedure.OVER)


def members_of_server(server: Server) -> list[ProcedureMember]:
    """Every group and pool that holds a server, unsaved. Two queries."""
    members = (
        Member.objects.filter(
            server=server.pk, group__vanished_at=None, group__load_balancer__vanished_at=None
        )
        .select_related("group__load_balancer")
        .order_by("group__load_balancer__name", "group__name", "port")
    )
    pools = PoolServer.objects.filter(
        server=server.pk, load_balancer__vanished_at=None
    ).select_related("load_balancer")
    return [
        ProcedureMember(
            load_balancer_id=pool.load_balancer_id,
            load_balancer_name=pool.load_balancer.name,
            server_id=server.pk,
            server_name=server.name,
            server_ip=pool.server_ip,
            weight_before=pool.weight,
        )
        for pool in pools.order_by("load_balancer__name")
    ] + [_member(member, member.group, server.name) for member in members]


def members_of_groups(groups: Iterable[VServerGroup]) -> list[ProcedureMember]:
    """Every server of some groups of one load balancer, unsaved."""
    found = {group.pk: group for group in groups}
    rows = Member.objects.filter(group__in=found).select_related("server")
    return [
        _member(row, found[row.group_id], row.server.name if row.server else "")
        for row in rows.order_by("group__name", "server__name", "server_id", "port")
    ]


def _member(member: Member, group: VServerGroup, server_name: str) -> ProcedureMember:
    return ProcedureMember(
        load_balancer_id=group.load_balancer_id,
        load_balancer_name=group.load_balancer.name,
        vserver_group_id=group.pk,
        vserver_group_name=group.name,
        server_id=member.server_id or "",
        server_name=server_name,
        server_ip=member.server_ip,
        port=member.port,
        weight_before=member.weight,
    )
