"""Every kind of write: what it starts from, how it is done, and what must stand at its end.

`prepare` makes the start in the cloud and returns the arguments of `act`, as JSON; `act` is what a
child does and may die of; `stands` asks a picture of the cloud whether all of it was done.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from console.accounts.actor import Actor
from tests.cloud import REGION, web
from tests.crashes.pictures import Picture
from tests.localcloud.client import Client
from vservers.cloud.settings import HTTPSettings
from vservers.cloud.types import BackendServer
from vservers.models import Listener, LoadBalancer, Operation, Rule, VServerGroup
from vservers.selectors.fingerprints import (
    fingerprint,
    listener_fingerprint,
    pool_fingerprint,
    rule_fingerprint,
)
from vservers.services import groups, listeners, pool, rules, running, settling, undo
from vservers.services.errors import Waiting

SETTINGS = HTTPSettings(health_check="off")
Arguments = dict[str, Any]


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


@dataclass(frozen=True)
class Kind:
    name: str
    prepare: Callable[[Start], Arguments]
    act: Callable[..., object]
    stands: Callable[[Picture], bool]


def rows(*members: tuple[str, int, int]) -> list[BackendServer]:
    return [BackendServer(server_id, port, weight) for server_id, port, weight in members]


def many(count: int) -> list[tuple[str, int, int]]:
    return [(web(1 + i % 5), 8000 + i, i % 101) for i in range(count)]


def weights(members: list[tuple[str, int, int]]) -> dict[tuple[str, int], int]:
    return {(server_id, port): weight for server_id, port, weight in members}


# Groups


def create_group(user: Arguments, balancer_id: str) -> None:
    groups.create_group(
        actor=Actor(**user),
        load_balancer=LoadBalancer.objects.get(pk=balancer_id),
        name="new",
        members=rows(*many(25)),
    )


OLD = [(web(1), 80, 10), (web(2), 80, 20), (web(3), 80, 30)]
NEW = [(web(1), 80, 11), (web(2), 80, 20), (web(4), 80, 40)]


def _prepare_group(start: Start) -> Arguments:
    made = start.group(*OLD)
    start.mirror()
    return {"group_id": made}


def change_group(user: Arguments, group_id: str) -> None:
    group = VServerGroup.objects.get(pk=group_id)
    groups.change_group(
        actor=Actor(**user),
        group=group,
        name="second",
        members=rows(*NEW),
        seen=fingerprint(group),
    )


def delete_group(user: Arguments, group_id: str) -> None:
    groups.delete_group(actor=Actor(**user), group=VServerGroup.objects.get(pk=group_id))


def _prepare_alone(start: Start) -> Arguments:
    start.mirror()
    return {"balancer_id": start.balancer_id}


# Listeners


def _prepare_two_groups(start: Start) -> Arguments:
    made = [start.group((web(n), 80, n), name=f"g{n}") for n in (1, 2)]
    start.mirror()
    return {"group_id": made[0], "balancer_id": start.balancer_id}


def _listening(*, running: bool = True, rule_count: int = 0) -> Callable[[Start], Arguments]:
    def prepare(start: Start) -> Arguments:
        one, other = (start.group((web(n), 80, n), name=f"g{n}") for n in (1, 2))
        start.listener(one, start=running)
        if rule_count:
            start.rules(one, rule_count)
        start.mirror()
        return {"balancer_id": start.balancer_id, "group_id": other}

    return prepare


def _listener(balancer_id: str) -> Listener:
    return Listener.objects.get(load_balancer=balancer_id, protocol="http", port=80)


def create_listener(user: Arguments, balancer_id: str, group_id: str) -> None:
    listeners.create_listener(
        actor=Actor(**user),
        load_balancer=LoadBalancer.objects.get(pk=balancer_id),
        protocol="http",
        port=80,
        spec=listeners.ListenerSpec(
            settings=SETTINGS,
            vserver_group=VServerGroup.objects.get(pk=group_id),
            backend_server_port=None,
            description="shop",
        ),
        start=True,
    )


def change_listener(user: Arguments, balancer_id: str, group_id: str) -> None:
    listener = _listener(balancer_id)
    listeners.change_listener(
        actor=Actor(**user),
        listener=listener,
        spec=listeners.ListenerSpec(
            settings=HTTPSettings(health_check="off", idle_timeout=33),
            vserver_group=VServerGroup.objects.get(pk=group_id),
            description="sold",
        ),
        seen=listener_fingerprint(listener),
    )


def start_listener(user: Arguments, balancer_id: str, group_id: str) -> None:
    listeners.start_listener(actor=Actor(**user), listener=_listener(balancer_id))


def stop_listener(user: Arguments, balancer_id: str, group_id: str) -> None:
    listeners.stop_listener(actor=Actor(**user), listener=_listener(balancer_id))


def delete_listener(user: Arguments, balancer_id: str, group_id: str) -> None:
    listeners.delete_listener(actor=Actor(**user), listener=_listener(balancer_id))


# Rules


def create_rules(user: Arguments, balancer_id: str, group_id: str) -> None:
    group = VServerGroup.objects.get(pk=group_id)
    rules.create_rules(
        actor=Actor(**user),
        listener=_listener(balancer_id),
        rules=[rules.NewRule(f"n{n}", f"{n}.example.com", "/new", group) for n in range(12)],
    )


def _rule(balancer_id: str) -> Rule:
    return Rule.objects.get(listener__load_balancer=balancer_id, url="/old0")


def change_rule(user: Arguments, balancer_id: str, group_id: str) -> None:
    rule = _rule(balancer_id)
    rules.change_rule(
        actor=Actor(**user),
        rule=rule,
        name="renamed",
        vserver_group=VServerGroup.objects.get(pk=group_id),
        settings=None,
        seen=rule_fingerprint(rule),
    )


def delete_rule(user: Arguments, balancer_id: str, group_id: str) -> None:
    rules.delete_rule(actor=Actor(**user), rule=_rule(balancer_id))


# The default pool


def _prepare_pool(start: Start) -> Arguments:
    held = [{"ServerId": web(n), "Weight": 10 * n} for n in (1, 2)]
    start.call("AddBackendServers", BackendServers=held)
    start.mirror()
    return {"balancer_id": start.balancer_id}


def add_to_pool(user: Arguments, balancer_id: str) -> None:
    pool.add_pool_servers(
        actor=Actor(**user),
        load_balancer=LoadBalancer.objects.get(pk=balancer_id),
        weights={web(3): 30, web(4): 40},
    )


def set_in_pool(user: Arguments, balancer_id: str) -> None:
    balancer = LoadBalancer.objects.get(pk=balancer_id)
    pool.set_pool_weights(
        actor=Actor(**user),
        load_balancer=balancer,
        weights={web(1): 99},
        seen=pool_fingerprint(balancer),
    )


def remove_from_pool(user: Arguments, balancer_id: str) -> None:
    pool.remove_pool_servers(
        actor=Actor(**user),
        load_balancer=LoadBalancer.objects.get(pk=balancer_id),
        server_ids=[web(2)],
    )


# What follows an operation


def _latest(balancer_id: str) -> Operation:
    return Operation.objects.filter(load_balancer_id=balancer_id).latest("pk")


def _prepare_partly_done(start: Start) -> Arguments:
    """A change whose second of three calls was refused."""
    arguments = _prepare_group(start)
    start.refuse("SetVServerGroupAttribute", "ActionNotAllowed")
    with suppress(groups_failure()):
        change_group(dict(start.user), **arguments)
    return {"operation_id": _latest(start.balancer_id).pk}


def groups_failure() -> type[Exception]:
    from vservers.services.errors import CallFailed

    return CallFailed


def _prepare_done(
    prepare: Callable[[Start], Arguments], act: Callable[..., object]
) -> Callable[[Start], Arguments]:
    def prepared(start: Start) -> Arguments:
        act(dict(start.user), **prepare(start))
        return {"operation_id": _latest(start.balancer_id).pk}

    return prepared


def _prepare_waiting(start: Start) -> Arguments:
    """A change that met a busy cloud at its second call, whose patience is over."""
    arguments = _prepare_group(start)
    start.refuse("SetVServerGroupAttribute", "VServerGroupProcessing")
    with suppress(Waiting):
        change_group(dict(start.user), **arguments)
    operation = _latest(start.balancer_id)
    assert operation.status == Operation.Status.WAITING
    return {"operation_id": operation.pk}


def retry_rest(user: Arguments, operation_id: int) -> None:
    undo.retry_rest(actor=Actor(**user), operation=Operation.objects.get(pk=operation_id))


def take_back(user: Arguments, operation_id: int) -> None:
    undo.undo(actor=Actor(**user), operation=Operation.objects.get(pk=operation_id))


def resume(user: Arguments, operation_id: int) -> None:
    settling.settle(operation_id, in_flight_seconds=0)


def settle(operation_id: int) -> None:
    """What a worker does later: nothing is under way any more, and no reading lags."""
    running.CONFIRM_SECONDS = 0
    settling.settle(operation_id, in_flight_seconds=0)


# What must stand


def _groups(*wanted: tuple[str, list[tuple[str, int, int]]]) -> Callable[[Picture], bool]:
    """These groups, by name, and no other."""
    expected = sorted((name, sorted(weights(members).items())) for name, members in wanted)
    return lambda cloud: (
        sorted((g.name, sorted(g.weights.items())) for g in cloud.groups.values()) == expected
    )


def _http(cloud: Picture) -> dict[str, Any]:
    return cloud.listeners.get(("http", 80), {})


def _group_named(cloud: Picture, name: str) -> str:
    return next(group_id for group_id, group in cloud.groups.items() if group.name == name)


def _listener_is(**wanted: Any) -> Callable[[Picture], bool]:
    return lambda cloud: wanted.items() <= _http(cloud).items()


def _pool_is(wanted: dict[str, int]) -> Callable[[Picture], bool]:
    return lambda cloud: {one.server_id: one.weight for one in cloud.pool} == wanted


def _new_rules_stand(cloud: Picture) -> bool:
    group_id = _group_named(cloud, "g2")
    return {
        (key[2], key[3]): (rule["name"], rule["vserver_group_id"])
        for key, rule in cloud.rules.items()
    } == {(f"{n}.example.com", "/new"): (f"n{n}", group_id) for n in range(12)}


def _rule_was_changed(cloud: Picture) -> bool:
    rule = cloud.rules["http", 80, "", "/old0"]
    wanted = "renamed", _group_named(cloud, "g2")
    return (rule["name"], rule["vserver_group_id"]) == wanted and len(cloud.rules) == 2


_GROUPS = [
    Kind("create group", _prepare_alone, create_group, _groups(("new", many(25)))),
    Kind("change group", _prepare_group, change_group, _groups(("second", NEW))),
    Kind("delete group", _prepare_group, delete_group, _groups()),
]
_LISTENERS = [
    Kind(
        "create listener",
        _prepare_two_groups,
        create_listener,
        _listener_is(status="running", description="shop"),
    ),
    Kind(
        "change listener",
        _listening(),
        change_listener,
        lambda cloud: (
            _listener_is(status="running", description="sold", idle_timeout=33)(cloud)
            and _http(cloud)["vserver_group_id"] == _group_named(cloud, "g2")
        ),
    ),
    Kind(
        "start listener",
        _listening(running=False),
        start_listener,
        _listener_is(status="running"),
    ),
    Kind("stop listener", _listening(), stop_listener, _listener_is(status="stopped")),
    Kind(
        "delete listener",
        _listening(rule_count=2),
        delete_listener,
        lambda cloud: not cloud.listeners and not cloud.rules,
    ),
]
_RULES = [
    Kind("create rules", _listening(), create_rules, _new_rules_stand),
    Kind("change rule", _listening(rule_count=2), change_rule, _rule_was_changed),
    Kind(
        "delete rule",
        _listening(rule_count=2),
        delete_rule,
        lambda cloud: [key[3] for key in cloud.rules] == ["/old1"],
    ),
]
_POOL = [
    Kind(
        "add to pool",
        _prepare_pool,
        add_to_pool,
        _pool_is({web(1): 10, web(2): 20, web(3): 30, web(4): 40}),
    ),
    Kind("set in pool", _prepare_pool, set_in_pool, _pool_is({web(1): 99, web(2): 20})),
    Kind("remove from pool", _prepare_pool, remove_from_pool, _pool_is({web(1): 10})),
]
_FOLLOWING = [
    Kind("retry the rest", _prepare_partly_done, retry_rest, _groups(("second", NEW))),
    Kind(
        "undo change group",
        _prepare_done(_prepare_group, change_group),
        take_back,
        _groups(("first", OLD)),
    ),
    Kind(
        "undo delete group",
        _prepare_done(_prepare_group, delete_group),
        take_back,
        _groups(("first", OLD)),
    ),
    Kind(
        "undo delete listener",
        _prepare_done(_listening(rule_count=2), delete_listener),
        take_back,
        lambda cloud: _http(cloud).get("status") == "running" and len(cloud.rules) == 2,
    ),
    Kind("resume what waits", _prepare_waiting, resume, _groups(("second", NEW))),
]
KINDS = {kind.name: kind for kind in [*_GROUPS, *_LISTENERS, *_RULES, *_POOL, *_FOLLOWING]}
TASKS: dict[str, Callable[..., object]] = {
    **{kind.name: kind.act for kind in KINDS.values()},
    "settle": settle,
}
