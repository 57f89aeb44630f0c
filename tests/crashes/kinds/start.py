"""What a kind of write is, and where it starts from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from console.accounts.actor import Actor
from tests.cloud import REGION, place, web
from tests.localcloud.client import Client
from vservers.cloud.types import BackendServer
from vservers.models import AccountRegion, Listener, LoadBalancer, Operation
from vservers.services import changes

Arguments = dict[str, Any]
Members = list[tuple[str, int, int]]


@dataclass(frozen=True)
class Start:
    """Where a kind begins: a new load balancer, somebody else with the key, and who acts."""

    outsider: Client
    balancer_id: str
    mirror: Callable[[], LoadBalancer]
    # Lets the cloud answer the next call of an action with a code.
    refuse: Callable[[str, str], object]
    user: Mapping[str, Any]

    def call(self, action: str, **parameters: Any) -> dict[str, Any]:
        return self.outsider.call(
            action, RegionId=REGION, LoadBalancerId=self.balancer_id, **parameters
        )

    def group(self, *servers: tuple[str, int, int], name: str = "first") -> str:
        """A new group; its ID."""
        rows = [{"ServerId": s, "Port": port, "Weight": weight} for s, port, weight in servers]
        made = self.call("CreateVServerGroup", VServerGroupName=name, BackendServers=rows[:20])
        if rows[20:]:
            self.outsider.call(
                "AddVServerGroupBackendServers",
                RegionId=REGION,
                VServerGroupId=made["VServerGroupId"],
                BackendServers=rows[20:],
            )
        return str(made["VServerGroupId"])

    def listener(self, group_id: str, *, start: bool = True) -> None:
        self.call(
            "CreateLoadBalancerHTTPListener",
            ListenerPort=80,
            HealthCheck="off",
            VServerGroupId=group_id,
            Description="shop",
        )
        if start:
            self.call("StartLoadBalancerListener", ListenerPort=80)

    def rules(self, group_id: str, count: int) -> None:
        made = [
            {"RuleName": f"r{n}", "Url": f"/old{n}", "VServerGroupId": group_id}
            for n in range(count)
        ]
        self.call("CreateRules", ListenerPort=80, RuleList=made)

    def tag(self, resource_type: str, resource_id: str, **tags: str) -> None:
        given: dict[str, str] = {"ResourceType": resource_type, "ResourceId.1": resource_id}
        for number, (key, value) in enumerate(tags.items(), 1):
            given |= {f"Tag.{number}.Key": key, f"Tag.{number}.Value": value}
        self.outsider.call("TagResources", RegionId=REGION, **given)


@dataclass(frozen=True)
class Kind:
    """A kind of write.

    prepare: makes the start in the cloud; the arguments of `act`, as JSON. act: what a child does
    and may die of. stands: asks a picture of the cloud whether all of it was done. about: the kinds
    of objects that it changes. of_region: it takes place in a region, not in a load balancer.
    brief: its steps are much like those of others, so that one of them is enough in each run.
    """

    name: str
    about: frozenset[changes.Kind]
    prepare: Callable[[Start], Arguments]
    act: Callable[..., object]
    stands: Callable[[Any], bool]
    of_region: bool = False
    brief: bool = True


def about(*kinds: changes.Kind) -> frozenset[changes.Kind]:
    return frozenset(kinds)


def actor_of(user: Arguments) -> Actor:
    return Actor(**user)


def balancer_of(balancer_id: str) -> LoadBalancer:
    return LoadBalancer.objects.get(pk=balancer_id)


def listener_of(balancer_id: str, protocol: str = "http", port: int = 80) -> Listener:
    return Listener.objects.get(load_balancer=balancer_id, protocol=protocol, port=port)


def region() -> AccountRegion:
    return place()


def latest(balancer_id: str) -> Operation:
    return Operation.objects.filter(load_balancer_id=balancer_id).latest("pk")


def rows(*members: tuple[str, int, int]) -> list[BackendServer]:
    return [BackendServer(server_id, port, weight) for server_id, port, weight in members]


def many(count: int) -> Members:
    return [(web(1 + i % 5), 8000 + i, i % 101) for i in range(count)]


def weights(members: Members) -> dict[tuple[str, int], int]:
    return {(server_id, port): weight for server_id, port, weight in members}


def alone(start: Start) -> Arguments:
    """Nothing but the load balancer."""
    start.mirror()
    return {"balancer_id": start.balancer_id}


def listening(*, running: bool = True, rule_count: int = 0) -> Callable[[Start], Arguments]:
    """Groups g1 and g2, and a listener of the first, with rules that lead to it as well."""

    def prepare(start: Start) -> Arguments:
        one, other = (start.group((web(n), 80, n), name=f"g{n}") for n in (1, 2))
        start.listener(one, start=running)
        if rule_count:
            start.rules(one, rule_count)
        start.mirror()
        return {"balancer_id": start.balancer_id, "group_id": other}

    return prepare
