"""Which ECS instances may join the groups of a load balancer, and why the others may not."""

from collections.abc import Collection
from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from vservers.models import LoadBalancer, Server

from .search import holding

PAGE_SIZE = 10
CLASSIC = LoadBalancer.NetworkType.CLASSIC.value
VPC = LoadBalancer.NetworkType.VPC.value


@dataclass(frozen=True, slots=True)
class NetworkRule:
    """What the network of a load balancer allows.

    allowed: network types that its backend servers may have, the usual one first; vpc_id: the one
    VPC that they must be in, "" for any; reasons: why a network type is impossible.

    Source: an intranet VPC instance takes servers of its own VPC only, an intranet classic one only
    classic servers, and all servers of an internet one are either classic or of one single VPC.
    """

    allowed: tuple[str, ...]
    vpc_id: str
    reasons: dict[str, str]

    def why_not(self, server: Server) -> str:
        """Why the server cannot join, in words; "" when it can."""
        if server.status != Server.RUNNING:
            return _("The server is %(status)s. Only running servers can be added.") % {
                "status": _(server.status.lower())
            }
        if server.network_type not in self.allowed:
            return self.reasons[server.network_type]
        if self.vpc_id and server.network_type == VPC and server.vpc_id != self.vpc_id:
            return _("The server is in %(vpc_id)s. Only servers of %(needed)s can be added.") % {
                "vpc_id": server.vpc_id,
                "needed": self.vpc_id,
            }
        return ""


def network_rule(load_balancer: LoadBalancer, *, chosen: Collection[Server] = ()) -> NetworkRule:
    """The rule of a load balancer as it stands, with the servers chosen beside those it has.

    The first of those that it has speaks for all: also what is about to leave is there until then.
    """
    if load_balancer.address_type == LoadBalancer.AddressType.INTRANET:
        if load_balancer.network_type == VPC:
            words = _("This intranet instance takes servers of its VPC %(vpc)s only.")
            reason = words % {"vpc": load_balancer.vpc_id}
            return NetworkRule((VPC,), load_balancer.vpc_id, {CLASSIC: reason})
        reason = _(
            "This intranet instance is in the classic network and takes classic servers only."
        )
        return NetworkRule((CLASSIC,), "", {VPC: reason})
    first = _first_backend(load_balancer) or next(iter(chosen), None)
    if first is None:
        return NetworkRule((VPC, CLASSIC), "", {})
    if first.network_type == VPC:
        reason = _("The servers of this instance are in %(vpc_id)s; networks cannot be mixed.") % {
            "vpc_id": first.vpc_id
        }
        return NetworkRule((VPC,), first.vpc_id, {CLASSIC: reason})
    reason = _("The servers of this instance are in the classic network; networks cannot be mixed.")
    return NetworkRule((CLASSIC,), "", {VPC: reason})


def _first_backend(load_balancer: LoadBalancer) -> Server | None:
    """Of any group or of the default pool; what has gone from the cloud counts for nothing."""
    here = load_balancer.vserver_groups.all()
    used = (
        Q(memberships__group__in=here)
        | Q(pools__load_balancer=load_balancer)
        | Q(pairs__group__load_balancer=load_balancer)
    )
    return Server.objects.filter(used).order_by("pk").first()


@dataclass(frozen=True, slots=True)
class AvailableServer:
    """A row of the Available Servers list. ports: of its selected rows, those that are typed."""

    server: Server
    why_not: str
    is_selected: bool
    ports: tuple[int, ...]


def available_servers(
    *,
    load_balancer: LoadBalancer,
    rule: NetworkRule,
    network_type: str,
    query: str = "",
    page: str | int = 1,
    selected: Collection[tuple[str, int | None]] = (),
) -> tuple[list[AvailableServer], Page[Server]]:
    """One page of the region's servers of a network type: its rows, and the page itself.

    query: words of a name, ID, address or tag. selected: (server_id, port) pairs in the Selected
    list; port None where none is typed yet.
    """
    rows = _matching(load_balancer, network_type, query)
    ports: dict[str, list[int]] = {}
    for server_id, port in selected:
        ports.setdefault(server_id, []).extend([port] if port is not None else [])
    found = Paginator(rows, PAGE_SIZE).get_page(page)
    available = [
        AvailableServer(
            server,
            why_not=rule.why_not(server),
            is_selected=server.pk in ports,
            ports=tuple(sorted(ports.get(server.pk, []))),
        )
        for server in found
    ]
    return available, found


def joinable_servers(
    *, load_balancer: LoadBalancer, rule: NetworkRule, network_type: str, query: str, most: int
) -> tuple[list[str], int]:
    """The IDs of the servers that match and can join, `most` of them at most; and how many can."""
    rows = _matching(load_balancer, network_type, query).filter(status=Server.RUNNING)
    if rule.vpc_id and network_type == VPC:
        rows = rows.filter(vpc_id=rule.vpc_id)
    if network_type not in rule.allowed:
        rows = rows.none()
    return list(rows.values_list("pk", flat=True)[:most]), rows.count()


def _matching(load_balancer: LoadBalancer, network_type: str, query: str) -> QuerySet[Server]:
    return servers_within_reach(load_balancer).filter(holding(query), network_type=network_type)


def servers_by_id(server_ids: Collection[str], *, load_balancer: LoadBalancer) -> dict[str, Server]:
    """Of the IDs given, the servers within reach of a load balancer."""
    return servers_within_reach(load_balancer).in_bulk(list(server_ids))


def servers_within_reach(load_balancer: LoadBalancer) -> QuerySet[Server]:
    """A load balancer sends to servers of its own region and account."""
    return Server.objects.filter(
        region_id=load_balancer.region_id, account_id=load_balancer.account_id
    )
