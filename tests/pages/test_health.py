"""Health: each state told apart, since when and why, what is wrong in a region, who sees it."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.cloud import REGION, mirror, web
from tests.pages.addresses import HTMX, address
from vservers.cloud.types import Health
from vservers.models import Listener, PoolServer, Rule, ServerHealth
from vservers.selectors.health import State, balancer_health
from vservers.services import readings
from vservers.services.sync import store

SOME = {"HealthCheck": "on", "HealthCheckConnectPort": 9000}


@pytest.fixture
def served(balancer, outsider):
    """A running HTTP listener on a group with three servers, one drained, and a rule on another."""

    def group(name: str, *servers: dict[str, object]) -> str:
        return outsider.call(
            "CreateVServerGroup",
            RegionId=REGION,
            LoadBalancerId=balancer.pk,
            VServerGroupName=name,
            BackendServers=list(servers),
        )["VServerGroupId"]

    blue = group(
        "blue",
        {"ServerId": web(1), "Port": 80},
        {"ServerId": web(2), "Port": 80, "Weight": 0},
        {"ServerId": web(3), "Port": 81},
    )
    green = group("green", {"ServerId": web(4), "Port": 80})
    place = {"LoadBalancerId": balancer.pk, "ListenerPort": 80}
    outsider.call("CreateLoadBalancerHTTPListener", **place, VServerGroupId=blue, **SOME)
    rule = {"RuleName": "api", "Domain": "api.example.com", "VServerGroupId": green}
    outsider.call("CreateRules", RegionId=REGION, **place, RuleList=[rule])
    outsider.call("StartLoadBalancerListener", **place)
    return mirror(balancer.pk)


def say(balancer, server_id: str, status: str, port: int = 80, **more) -> None:
    ServerHealth.objects.filter(
        listener__load_balancer=balancer, server_id=server_id, port=port
    ).update(status=status, **more)


def states(balancer) -> dict[tuple[str, int], State]:
    return {(row.server_id, row.port): row.state for row in balancer_health(balancer).rows}


def test_a_check_without_result_is_unavailable_and_a_result_counts(served):
    assert set(states(served).values()) == {State.UNAVAILABLE}
    assert len(states(served)) == 4, "the rule's group is checked, too"
    say(served, web(1), "normal")
    say(served, web(3), "abnormal", port=81)
    found = states(served)
    assert found[web(1), 80] is State.NORMAL
    assert found[web(3), 81] is State.ABNORMAL


def test_a_drained_server_keeps_its_health(client_of, reader, served):
    say(served, web(2), "normal")
    row = next(row for row in balancer_health(served).rows if row.server_id == web(2))
    assert row.is_drained
    assert row.state is State.NORMAL
    part = client_of(reader).get(address("health-list", served), {"state": "drained"})
    assert [one.row.server_id for one in part.context["rows"]] == [web(2)]


def test_what_is_not_checked_or_stopped_is_said_so(served):
    listener = served.listeners.get()
    listener.health_check = "off"
    listener.save(update_fields=["health_check"])
    assert set(states(served).values()) == {State.UNCHECKED}
    rule = Rule.objects.get(listener=listener)
    rule.settings = {"health_check": "on"}
    rule.save(update_fields=["settings"])
    assert states(served)[web(4), 80] is State.UNAVAILABLE, "the rule has a check of its own"
    listener.status = Listener.Status.STOPPED
    listener.save(update_fields=["status"])
    assert set(states(served).values()) == {State.STOPPED}


def test_a_listener_is_summed_up(client_of, reader, served):
    def words() -> tuple[str, str]:
        page = client_of(reader).get(address("health-list", served))
        return page.context["listeners"][0][1:3]

    assert words() == ("busy", "4 are being checked")
    for number, port in ((1, 80), (2, 80), (3, 81), (4, 80)):
        say(served, web(number), "normal", port=port)
    assert words() == ("ok", "Normal")
    say(served, web(3), "abnormal", port=81)
    assert words() == ("warn", "1 of 4 abnormal")
    served.listeners.update(health_check="off")
    assert words() == ("off", "Not enabled")


def test_a_level_without_a_server_that_takes_requests_is_named(client_of, reader, served):
    def words() -> tuple[str, str]:
        """As the health page has them; the lists of listeners and instances say the same."""
        client = client_of(reader)
        listed = client.get(address("listeners-list", served)).context["rows"][0]
        page = client.get(reverse("balancers-list", args=[REGION]), {"id": served.pk})
        (line,) = page.context["page"].object_list[0].listeners
        health = client.get(address("health-list", served)).context["listeners"][0][1:3]
        if served.listeners.get().status == "running":
            assert (listed.level, listed.health) == line.health == health
        return health

    for number, port in ((1, 80), (2, 80), (3, 81), (4, 80)):
        say(served, web(number), "normal", port=port)
    say(served, web(4), "abnormal")
    assert words() == ("bad", "No server of green takes requests"), "three others are normal"
    say(served, web(1), "abnormal")
    say(served, web(3), "abnormal", port=81)
    assert words() == ("bad", "No server of blue, green takes requests"), "web-02 is drained"
    served.listeners.update(vserver_group=None, backend_server_port=80)
    assert words() == ("bad", "No server of green takes requests"), "the pool has no servers"
    PoolServer.objects.create(load_balancer=served, server_id=web(1), weight=100)
    assert words() == ("bad", "No server of Backend Servers, green takes requests"), "abnormal"
    PoolServer.objects.create(load_balancer=served, server_id=web(2), weight=1)
    assert words() == ("bad", "No server of green takes requests")
    served.listeners.update(status="stopped")
    assert words() == ("off", "Listener stopped")


def test_a_listener_that_redirects_has_no_servers(client_of, reader, served):
    """Whatever the cloud says of the pool behind it."""
    served.listeners.update(forward_port=443, health_check="off")
    Rule.objects.all().delete()
    page = client_of(reader).get(address("health-list", served))
    assert page.context["listeners"][0][2] == "Redirects"
    assert page.context["listeners"][0][0].total == 0
    assert "every server gets requests" not in page.content.decode()


def test_a_listener_without_servers_says_so(client_of, reader, balancer, listener):
    page = client_of(reader).get(address("health-list", balancer)).content.decode()
    assert "No servers" in page
    assert "Nothing to check" in page


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"check_result": "status", "check_code": 503}, "HTTP 503"),
        ({"check_result": "refused"}, "Connection refused"),
        ({"check_result": "timeout"}, "No answer in time"),
        ({"check_result": "failed", "check_message": "odd thing"}, "odd thing"),
    ],
)
def test_why_a_server_is_abnormal_is_said(client_of, reader, served, said, words):
    say(served, web(1), "abnormal", changed_at=timezone.now() - timedelta(hours=2), **said)
    page = client_of(reader).get(address("health-list", served)).content.decode()
    assert words in page
    assert "2\xa0hours ago" in page


def test_a_check_port_that_no_server_serves_on_is_warned_of(client_of, reader, served):
    page = client_of(reader).get(address("health-list", served)).content.decode()
    assert "Servers serve on port 80, 81, which the check does not try" in page
    assert "port 9000" in page


def test_the_times_of_a_check_are_worked_out(client_of, reader, served):
    check = client_of(reader).get(address("health-list", served)).context["listeners"][0][3]
    assert (check.down, check.up) == (19, 4)


def test_rows_are_filtered_and_sorted_by_the_address(client_of, reader, served):
    say(served, web(4), "abnormal")
    client = client_of(reader)

    def shown(**query: str) -> list[str]:
        page = client.get(address("health-list", served), query, headers=HTMX)
        assert "<html" not in page.content.decode()
        return [one.row.server_id for one in page.context["rows"]]

    assert shown()[0] == web(4), "the worst first"
    assert shown(sort="server") == [web(1), web(2), web(3), web(4)]
    assert shown(sort="-server") == [web(4), web(3), web(2), web(1)]
    assert shown(state="abnormal") == [web(4)]
    assert shown(text="green") == [web(4)]
    assert shown(text="81") == [web(3)]
    assert len(shown(listener="http:80")) == 4
    assert shown(listener="http:81") == []


@pytest.mark.parametrize("count", [1, 60])
def test_the_number_of_queries_does_not_grow(
    client_of, reader, served, django_assert_max_num_queries, count
):
    listener = served.listeners.get()
    ServerHealth.objects.bulk_create(
        ServerHealth(
            listener=listener,
            server_id=f"i-{n}",
            port=80,
            status="abnormal",
            read_at=timezone.now(),
        )
        for n in range(count)
    )
    client = client_of(reader)
    for url in (address("health-list", served), reverse("health-region", args=[REGION])):
        client.get(url)
        with django_assert_max_num_queries(15):
            client.get(url)


def test_a_region_shows_what_is_abnormal_now(client_of, reader, served):
    client, url = client_of(reader), reverse("health-region", args=[REGION])
    assert "No server is abnormal" in client.get(url).content.decode()
    say(served, web(4), "abnormal", check_result="status", check_code=500)
    page = client.get(url)
    row = page.context["rows"][0].row
    assert [str(group) for group in row.groups] == ["green"]
    assert list(row.weights.values()) == [100]
    assert "HTTP 500" in page.content.decode()
    assert len(client.get(url, {"q": web(4)}).context["rows"]) == 1
    assert len(client.get(url, {"q": served.pk}).context["rows"]) == 1
    assert not client.get(url, {"q": web(5)}).context["rows"]
    waiting = client.get(url, {"state": "unavailable"}, headers=HTMX)
    assert len(waiting.context["rows"]) == 3
    served.listeners.update(status="stopped")
    assert not client.get(url).context["rows"], "of what is stopped nothing is checked"


def test_now_reads_from_the_cloud_and_links_do_not(client_of, reader, served):
    ServerHealth.objects.all().delete()
    page = client_of(reader).get(address("health-list", served), {"now": "1", "every": "10"})
    assert ServerHealth.objects.filter(listener__load_balancer=served).count() == 4
    html = page.content.decode()
    assert 'hx-trigger="every 10s"' in html
    assert not re.search(r'href="[^"]*now=1', html), "only the part asks again"


def test_refresh_reads_health_and_comes_back(client_of, reader, served, flaky_cloud):
    ServerHealth.objects.all().delete()
    url, back = address("health-refresh", served), address("health-list", served)
    assert client_of(reader).post(url)["Location"] == back
    assert ServerHealth.objects.count() == 4
    flaky_cloud.refuse("DescribeHealthStatus", "InternalError", 1)
    page = client_of(reader).post(url, {"next": back}, follow=True).content.decode()
    assert "Health could not be read" in page


def test_a_stranger_sees_nothing_and_pages_answer_reads(client_of, stranger, reader, served):
    urls = [address("health-list", served), reverse("health-region", args=[REGION])]
    for url in urls:
        assert client_of(stranger).get(url).status_code == 404
        assert client_of(reader).post(url).status_code == 405
    assert client_of(reader).get(address("health-refresh", served)).status_code == 405
    assert client_of(stranger).post(address("health-refresh", served)).status_code == 404


def read(balancer, status: str, **more) -> ServerHealth:
    """What the mirror holds after the cloud said this of one server."""
    listener = balancer.listeners.get()
    answer = [Health(web(1), 80, listener.port, listener.protocol, status, **more)]
    cloud = SimpleNamespace(slb=SimpleNamespace(describe_health_status=lambda _: answer))
    store(cloud, balancer.pk, readings.health(balancer.pk))
    return ServerHealth.objects.get(listener=listener)


def test_the_moment_of_a_change_is_kept_while_nothing_changes(served):
    ServerHealth.objects.all().delete()
    assert read(served, "normal").changed_at is None, "nobody saw it become so"
    first = read(served, "abnormal", check_result="refused")
    assert first.changed_at
    again = read(served, "abnormal", check_result="timeout")
    assert (again.changed_at, again.read_at) == (first.changed_at, first.read_at)
    assert again.check_result == "timeout"


def test_the_cloud_knows_better_since_when(served):
    ServerHealth.objects.all().delete()
    moment = timezone.now() - timedelta(hours=3)
    assert read(served, "abnormal", changed_at=moment).changed_at == moment
    wavering = moment + timedelta(seconds=2)
    assert read(served, "abnormal", changed_at=wavering).changed_at == moment
    flapped = moment + timedelta(hours=1)
    assert read(served, "abnormal", changed_at=flapped).changed_at == flapped
