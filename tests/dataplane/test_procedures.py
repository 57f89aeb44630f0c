"""Drains and shifts under real traffic through HAProxy."""

import http.client
import shutil
import time
from collections import Counter
from collections.abc import Callable

import pytest

from console.accounts.models import User
from tests.cloud import (  # noqa: F401 - fixtures of this module
    balancer,
    cloud,
    connect,
    mirror,
    new_balancer,
    outsider,
    web,
)
from tests.localcloud.client import Client
from vservers.models import LoadBalancer, Procedure, VServerGroup
from vservers.services import drains, procedures, shifts

from .test_who_gets import Shop

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.xdist_group("served"),
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed"),
]
PORT = 9400
SECONDS = 30
Status = Procedure.Status


@pytest.fixture(autouse=True)
def at_once(settings) -> None:
    settings.PROCEDURE_POLL_SECONDS = 0
    settings.DRAIN_QUIET_SECONDS = 0


@pytest.fixture
def shop(outsider: Client, balancer: LoadBalancer) -> Shop:  # noqa: F811 - a fixture
    made = Shop(outsider, balancer)
    made.mirrored()
    return made


def group_of(shop: Shop, *rows: tuple[int, int]) -> VServerGroup:
    """A group of (number of a web server, weight)."""
    pk = shop.group([(number, PORT, weight) for number, weight in rows])
    mirror(shop.balancer.pk)
    return VServerGroup.objects.get(pk=pk)


def until_so(happens: Callable[[], bool]) -> None:
    """Wait for it, with a generous limit."""
    deadline = time.monotonic() + SECONDS
    while not happens():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.05)


def until(procedure: Procedure, happens: Callable[[Procedure], bool]) -> Procedure:
    """Look at it as a worker does until something is so."""

    def looked() -> bool:
        procedures.advance(procedure.pk)
        procedure.refresh_from_db()
        return happens(procedure)

    until_so(looked)
    return procedure


def test_a_server_is_removed_when_its_last_connection_has_ended(shop: Shop, operator: User) -> None:
    group = group_of(shop, (1, 100), (2, 0))
    shop.call(
        "CreateLoadBalancerTCPListener",
        ListenerPort=90,
        Bandwidth=-1,
        VServerGroupId=group.pk,
        **shop.where,
    )
    shop.call("StartLoadBalancerListener", ListenerPort=90, **shop.where)
    mirror(shop.balancer.pk)
    address = shop.balancer.listeners.get(port=90).served_at
    until_so(lambda: answers(address))
    talking = connected(address)
    assert ask(talking) == web(1)
    shop.call(
        "SetVServerGroupAttribute",
        VServerGroupId=group.pk,
        BackendServers=[{"ServerId": web(2), "Port": PORT, "Weight": 100}],
        **shop.where,
    )
    mirror(shop.balancer.pk)
    begun = drains.start_drain(
        actor=operator.as_actor(), group=group, chosen={(web(1), PORT)}, minutes=60
    )
    until(begun, lambda one: one.members.get().connections == 1)
    # Whoever comes now gets another server; whoever is there is still served.
    until(begun, lambda _: ask(connected(address)) == web(2))
    assert begun.phase == Procedure.Phase.WATCHING
    assert ask(talking) == web(1)
    talking.close()
    done = until(begun, lambda one: one.is_over)
    assert done.status == Status.DONE
    found = connect().slb.describe_vserver_group_attribute(group.pk)
    assert [one.server_id for one in found.servers] == [web(2)]


def connected(address: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(address, timeout=10)


def answers(address: str) -> bool:
    """Whether the listener is served by now."""
    try:
        return bool(ask(connected(address)))
    except ConnectionError:
        return False


def ask(connection: http.client.HTTPConnection) -> str:
    """Who answers on a connection, which stays open."""
    connection.request("GET", "/")
    return connection.getresponse().read().decode().splitlines()[0]


def test_traffic_follows_the_steps_of_a_shift(shop: Shop, operator: User) -> None:
    group = group_of(shop, (1, 100), (2, 0))
    shop.set_group(group.pk)
    shop.set_rules([])
    mirror(shop.balancer.pk)
    sides = {(group.pk, web(1), PORT): "from", (group.pk, web(2), PORT): "to"}
    begun = shifts.start_shift(
        actor=operator.as_actor(),
        groups=[group],
        sides=sides,
        count=2,
        pause_seconds=0,
        percent=100,
    )

    def split() -> dict[str, int]:
        return dict(Counter(shop.ask("a.com", "/")[1] for _ in range(20)))

    until_so(lambda: split() == {web(1): 20})
    procedures.advance(begun.pk)
    until_so(lambda: split() == {web(1): 10, web(2): 10})
    procedures.advance(begun.pk)
    until_so(lambda: split() == {web(2): 20})
    begun.refresh_from_db()
    assert begun.status == Status.DONE


def check(shop: Shop, group: VServerGroup, good: str) -> None:
    """Have the listener send to a group and check it quickly. good: the status codes."""
    shop.call(
        "SetLoadBalancerHTTPListenerAttribute",
        HealthCheck="on",
        HealthCheckInterval=1,
        HealthCheckTimeout=1,
        UnhealthyThreshold=2,
        HealthyThreshold=2,
        HealthCheckURI="/",
        HealthCheckHttpCode=good,
        VServerGroup="on",
        VServerGroupId=group.pk,
        **shop.at,
    )


def test_a_target_that_dies_stops_the_shift(shop: Shop, operator: User) -> None:
    group = group_of(shop, (1, 100), (2, 0))
    check(shop, group, "http_2xx")
    shop.set_rules([])
    mirror(shop.balancer.pk)
    sides = {(group.pk, web(1), PORT): "from", (group.pk, web(2), PORT): "to"}
    begun = shifts.start_shift(
        actor=operator.as_actor(),
        groups=[group],
        sides=sides,
        count=2,
        pause_seconds=3600,
        percent=100,
    )
    procedures.advance(begun.pk)
    # From now on its answers are not those that the check wants.
    check(shop, group, "http_5xx")
    paused = until(begun, lambda one: one.status == Status.PAUSED)
    assert "web-02:9400 is abnormal" in paused.note
    assert paused.position == 1
