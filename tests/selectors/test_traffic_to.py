"""Which groups, listeners and rules send traffic to a server, from a real cloud's mirror."""

from typing import Any

import pytest

from tests.cloud import mirror, web
from tests.localcloud.certificates import pair, upload
from vservers.models import LoadBalancer, Server, ServerHealth
from vservers.selectors.routing import routing_of, who_gets
from vservers.selectors.traffic import Obstacle, Place, traffic_to


class Hands:
    """Makes things on one load balancer, as another program would."""

    def __init__(self, outsider: Any, balancer: LoadBalancer) -> None:
        self.call = outsider.call
        self.outsider = outsider
        self.where = {"LoadBalancerId": balancer.pk, "RegionId": balancer.region_id}

    def group(self, name: str, *rows: tuple[int, int, int]) -> str:
        """A group of (number of a web server, port, weight)."""
        servers = [{"ServerId": web(n), "Port": port, "Weight": w} for n, port, w in rows]
        return self.call(
            "CreateVServerGroup", VServerGroupName=name, BackendServers=servers, **self.where
        )["VServerGroupId"]

    def listener(self, port: int, *, start: bool = True, **params: Any) -> None:
        given = {"HealthCheck": "off", "ListenerPort": port} | params
        self.call("CreateLoadBalancerHTTPListener", **self.where, **given)
        if start:
            self.call("StartLoadBalancerListener", ListenerPort=port, **self.where)

    def rule(self, port: int, group: str, name: str, **params: Any) -> None:
        row = {"RuleName": name, "VServerGroupId": group} | params
        self.call("CreateRules", ListenerPort=port, RuleList=[row], **self.where)


@pytest.fixture
def hands(outsider, balancer) -> Hands:
    return Hands(outsider, balancer)


def places(number: int, balancer: LoadBalancer) -> dict[str, Place]:
    """Places of a web server on the balancer, by "group:port"; "pool" for the default pool."""
    mirror(balancer.pk)
    return {
        f"{place.vserver_group.name}:{place.port}" if place.vserver_group else "pool": place
        for place in traffic_to(Server.objects.get(pk=web(number)))
        if place.load_balancer == balancer
    }


def ways(place: Place) -> list[str]:
    return [f"{way.listener}{'/' + way.rule.name if way.rule else ''}" for way in place.ways]


def test_a_group_names_every_listener_and_rule_that_uses_it(hands, balancer):
    shop = hands.group("shop", (1, 80, 100), (2, 80, 100), (1, 81, 30))
    other = hands.group("other", (2, 80, 100))
    hands.listener(80, VServerGroupId=shop)
    hands.listener(81, VServerGroupId=other)
    hands.rule(81, shop, "api", Domain="api.a.com")
    hands.rule(81, other, "not-me", Domain="b.a.com")
    found = places(1, balancer)
    assert list(found) == ["shop:80", "shop:81"]
    assert [(one.port, one.weight, ways(one)) for one in found.values()] == [
        (80, 100, ["HTTP:80", "HTTP:81/api"]),
        (81, 30, ["HTTP:80", "HTTP:81/api"]),
    ]
    assert all(one.gets_traffic for one in found.values())


def test_a_drained_row_an_unused_group_and_a_stopped_listener_get_nothing(hands, balancer):
    hands.listener(80, VServerGroupId=hands.group("drained", (1, 80, 0)))
    hands.listener(81, VServerGroupId=hands.group("stopped", (1, 80, 100)), start=False)
    hands.group("unused", (1, 80, 100))
    found = places(1, balancer)
    assert [place.gets_traffic for place in found.values()] == [False, False, False]
    assert [place.is_drained for place in found.values()] == [True, False, False]
    assert [bool(place.ways) for place in found.values()] == [True, True, False]
    assert found["stopped:80"].ways[0].obstacle is Obstacle.LISTENER_STOPPED


def test_the_pool_is_used_by_listeners_without_group_on_their_port(hands, balancer):
    hands.call("AddBackendServers", BackendServers=[{"ServerId": web(1)}], **hands.where)
    hands.listener(80, BackendServerPort=8080)
    hands.listener(81, VServerGroupId=hands.group("own", (2, 80, 100)))
    found = places(1, balancer)
    assert ways(found["pool"]) == ["HTTP:80"]
    assert (found["pool"].port, found["pool"].ways[0].port) == (None, 8080)
    assert found["pool"].gets_traffic


def test_a_listener_that_forwards_to_https_sends_nothing(hands, balancer):
    certificate = upload(hands.outsider, pair("www.example.com"))
    group = hands.group("shop", (1, 80, 100))
    secure = {"ListenerPort": 443, "HealthCheck": "off", "Bandwidth": -1, **hands.where}
    hands.call(
        "CreateLoadBalancerHTTPSListener",
        VServerGroupId=group,
        ServerCertificateId=certificate,
        **secure,
    )
    hands.listener(80, ListenerForward="on", ForwardPort=443, VServerGroupId=group)
    way = {str(way.listener): way.obstacle for way in places(1, balancer)["shop:80"].ways}
    assert way == {
        "HTTP:80": Obstacle.LISTENER_REDIRECTS,
        "HTTPS:443": Obstacle.LISTENER_STOPPED,
    }
    answer = who_gets(
        routing_of(balancer.listeners.get(port=80)), host="www.example.com", path="/a"
    )
    assert answer.redirect_to == "https://www.example.com/a"


def test_a_stopped_instance_is_said_before_its_listeners(hands, balancer):
    hands.listener(80, VServerGroupId=hands.group("shop", (1, 80, 100)))
    hands.call("SetLoadBalancerStatus", LoadBalancerStatus="inactive", **hands.where)
    (way,) = places(1, balancer)["shop:80"].ways
    assert way.obstacle is Obstacle.INSTANCE_STOPPED


def test_an_abnormal_server_gets_nothing(hands, balancer):
    hands.listener(80, VServerGroupId=hands.group("shop", (1, 80, 100)))
    assert places(1, balancer)["shop:80"].gets_traffic
    ServerHealth.objects.filter(server_id=web(1)).update(status="abnormal")
    (place,) = (
        place
        for place in traffic_to(Server.objects.get(pk=web(1)))
        if place.load_balancer == balancer
    )
    assert (place.ways[0].health, place.gets_traffic) == ("abnormal", False)


def test_a_server_of_nobody_is_nowhere(hands, balancer):
    assert places(7, balancer) == {}


def test_the_number_of_queries_does_not_grow(hands, balancer, django_assert_num_queries):
    for number in range(5):
        hands.listener(80 + number, VServerGroupId=hands.group(f"g{number}", (1, 80, 100)))
        hands.rule(80 + number, hands.group(f"r{number}", (1, 81, 9)), "one", Url="/one")
    mirror(balancer.pk)
    server = Server.objects.get(pk=web(1))
    with django_assert_num_queries(5):
        found = [place for place in traffic_to(server) if place.load_balancer == balancer]
        assert [place.gets_traffic for place in found] == [True] * 10
        assert all(str(way.listener.load_balancer) for place in found for way in place.ways)
    with django_assert_num_queries(5):
        whole = routing_of(balancer.listeners.get(port=80))
        answer = who_gets(whole, host="a.com", path="/one/two")
        assert answer.taken
        assert answer.taken.rule
        assert answer.taken.rule.vserver_group.name == "r0"
        assert [one.backend.name for one in answer.servers] == ["web-01"]


def test_a_rule_with_settings_of_its_own_is_mirrored_with_its_scheduler(hands, balancer):
    group = hands.group("shop", (1, 80, 90), (2, 80, 10))
    hands.listener(80, VServerGroupId=group)
    hands.rule(80, group, "own", Url="/own")
    mirror(balancer.pk)
    rule = balancer.listeners.get(port=80).rules.get()
    hands.call(
        "SetRule",
        RegionId=balancer.region_id,
        RuleId=rule.pk,
        ListenerSync="off",
        Scheduler="rr",
        StickySession="off",
        HealthCheck="off",
    )
    mirror(balancer.pk)
    whole = routing_of(balancer.listeners.get(port=80))
    shares = {
        path: [one.share for one in who_gets(whole, host="a.com", path=path).servers]
        for path in ("/", "/own")
    }
    assert shares == {"/": [90, 10], "/own": [50, 50]}
