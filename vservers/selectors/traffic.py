"""What sends traffic to one ECS instance: groups and pools that hold it, and who uses those."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q

from vservers.models import (
    Listener,
    LoadBalancer,
    Member,
    PoolServer,
    Rule,
    Server,
    ServerHealth,
    VServerGroup,
)


class Obstacle(StrEnum):
    """Why nothing comes along a way, the first that holds. "" for none: requests may come."""

    NONE = ""
    INSTANCE_STOPPED = "instance stopped"
    LISTENER_STOPPED = "listener stopped"
    LISTENER_REDIRECTS = "listener redirects"


@dataclass(frozen=True, slots=True)
class Way:
    """A listener that sends to the server, by a rule or (rule None) by itself.

    port: of the server. health: as the listener's check sees it, "" where nothing checks.
    """

    listener: Listener
    rule: Rule | None
    port: int
    health: str

    @property
    def obstacle(self) -> Obstacle:
        listener = self.listener
        if listener.load_balancer.status != LoadBalancer.Status.ACTIVE:
            return Obstacle.INSTANCE_STOPPED
        if listener.status != Listener.Status.RUNNING:
            return Obstacle.LISTENER_STOPPED
        if listener.forward_port is not None:
            return Obstacle.LISTENER_REDIRECTS
        return Obstacle.NONE


@dataclass(frozen=True, slots=True)
class Place:
    """One row of a VServer group, or of a default server pool (group None, port None), that holds
    the server, with every way by which requests come to it; none where nothing uses the group."""

    load_balancer: LoadBalancer
    vserver_group: VServerGroup | None
    port: int | None
    weight: int
    ways: tuple[Way, ...]

    @property
    def is_drained(self) -> bool:
        """Weight 0: no new requests, those that run end."""
        return self.weight == 0

    @property
    def gets_traffic(self) -> bool:
        """Whether new requests may come now, as far as the cloud's settings say."""
        return not self.is_drained and any(
            way.obstacle is Obstacle.NONE and way.health != ServerHealth.Status.ABNORMAL
            for way in self.ways
        )


def traffic_to(server: Server) -> list[Place]:
    """Where the server is held, by load balancer, group and port, pools first. Five queries."""
    members = list(Member.objects.filter(server=server).select_related("group__load_balancer"))
    pools = list(PoolServer.objects.filter(server=server).select_related("load_balancer"))
    groups = {member.group_id for member in members}
    rules = list(
        Rule.objects.filter(vserver_group__in=groups).select_related("listener__load_balancer")
    )
    listeners = list(
        Listener.objects.filter(
            Q(vserver_group__in=groups)
            | Q(
                load_balancer__in={row.load_balancer_id for row in pools},
                vserver_group=None,
                master_slave_server_group_id="",
                backend_server_port__isnull=False,
            )
        ).select_related("load_balancer")
    )
    users: dict[str, list[tuple[Listener, Rule | None]]] = defaultdict(list)
    for listener in listeners:
        # Of a listener without group the pool is its load balancer's.
        users[listener.vserver_group_id or listener.load_balancer_id].append((listener, None))
    for rule in rules:
        users[rule.vserver_group_id or ""].append((rule.listener, rule))
    health = _health(server, {listener.pk for used in users.values() for listener, _ in used})

    def ways(used: str, port: int | None) -> Iterator[Way]:
        for listener, rule in users[used]:
            on = port or listener.backend_server_port or 0
            yield Way(listener, rule, on, health.get((listener.pk, on), ""))

    places = [
        Place(row.load_balancer, None, None, row.weight, tuple(ways(row.load_balancer_id, None)))
        for row in pools
    ] + [
        Place(
            row.group.load_balancer,
            row.group,
            row.port,
            row.weight,
            tuple(ways(row.group_id, row.port)),
        )
        for row in members
    ]
    return sorted(places, key=_order)


def _health(server: Server, listeners: set[int]) -> dict[tuple[int, int], str]:
    rows = ServerHealth.objects.filter(server_id=server.pk, listener__in=listeners)
    return {
        (listener, port): status
        for listener, port, status in rows.values_list("listener", "port", "status")
    }


def _order(place: Place) -> tuple[str, str, str, str, int]:
    group = place.vserver_group
    balancer = place.load_balancer
    in_group = (group.name, group.pk) if group else ("", "")
    return balancer.name, balancer.pk, *in_group, place.port or 0
