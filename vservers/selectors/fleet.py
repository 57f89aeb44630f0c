"""ECS instances as their own pages show them: the list of a region, and one with its places."""

from collections import Counter
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Q, Sum

from vservers.models import Member, PoolServer, Region, Server

from .traffic import Place, traffic_to

PAGE_SIZE = 30
IN_USE, NOT_IN_USE = "used", "unused"


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows the list; "" leaves it wide. query: part of a name, ID or address. status: as
    the cloud has it. use: IN_USE or NOT_IN_USE."""

    query: str = ""
    status: str = ""
    use: str = ""


@dataclass(frozen=True, slots=True)
class ServerRow:
    """A server of the list. groups: VServer groups that hold it; pools: default server pools."""

    server: Server
    groups: int
    pools: int


def servers_page(
    region: Region, filters: Filters, *, page: str | int = 1
) -> tuple[list[ServerRow], Page[Server]]:
    """One page of a region's servers by name: its rows, and the page itself. Five queries."""
    rows = Server.objects.filter(region=region)
    if query := filters.query.strip():
        rows = rows.filter(
            Q(name__icontains=query)
            | Q(server_id__icontains=query)
            | Q(private_ip__icontains=query)
            | Q(public_ip__icontains=query)
        )
    if filters.status:
        rows = rows.filter(status=filters.status)
    if filters.use:
        used = Q(pk__in=Member.objects.values("server")) | Q(
            pk__in=PoolServer.objects.values("server")
        )
        rows = rows.filter(used) if filters.use == IN_USE else rows.exclude(used)
    found = Paginator(rows, PAGE_SIZE).get_page(page)
    shown = [server.pk for server in found]
    pairs = Member.objects.filter(
        server__in=shown, group__vanished_at=None, group__load_balancer__vanished_at=None
    )
    # Of a server with two ports in one group, one row is left.
    groups = Counter(
        server for server, _ in pairs.order_by().values_list("server", "group").distinct()
    )
    pools = Counter(
        PoolServer.objects.filter(server__in=shown, load_balancer__vanished_at=None)
        .order_by()
        .values_list("server", flat=True)
    )
    return [ServerRow(server, groups[server.pk], pools[server.pk]) for server in found], found


def statuses(region: Region) -> list[str]:
    """Every state that a server of the region is in."""
    rows = Server.objects.filter(region=region).order_by("status")
    return list(rows.values_list("status", flat=True).distinct())


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A place with the server's part of its group's or pool's weights: percent, None for all 0.

    connections: open to it there, None where that is not known.
    """

    place: Place
    share: float | None
    connections: int | None = None


def find_server(region_id: str, server_id: str) -> Server | None:
    """The server, also one that vanished, or that only groups and pools still hold (unsaved)."""
    known = Server.everything.select_related("account", "region").filter(pk=server_id).first()
    if known:
        return known if known.region_id == region_id else None
    held = (
        Member.objects.filter(server=server_id, group__load_balancer__region=region_id).exists()
        or PoolServer.objects.filter(server=server_id, load_balancer__region=region_id).exists()
    )
    return Server(pk=server_id, region_id=region_id, status="") if held else None


def place_rows(server: Server) -> list[PlaceRow]:
    """Where the server is held, with its shares. Seven queries."""
    places = traffic_to(server)
    groups = [place.vserver_group.pk for place in places if place.vserver_group]
    pools = [place.load_balancer.pk for place in places if not place.vserver_group]
    sums: dict[str, int] = dict(
        Member.objects.filter(group__in=groups)
        .order_by()
        .values_list("group")
        .annotate(Sum("weight"))
    )
    sums |= dict(
        PoolServer.objects.filter(load_balancer__in=pools)
        .order_by()
        .values_list("load_balancer")
        .annotate(Sum("weight"))
    )
    rows = []
    for place in places:
        total = sums.get(place.vserver_group.pk if place.vserver_group else place.load_balancer.pk)
        rows.append(PlaceRow(place, place.weight * 100 / total if total else None))
    return rows
