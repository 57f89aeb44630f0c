"""Who gets this request?: each level of the order, the end in words, who may ask and send."""

import pytest

from tests.cloud import REGION, mirror, web
from tests.pages.addresses import HTMX, address
from vservers.models import LoadBalancer

KEY = ("http", 80)


@pytest.fixture
def shop(balancer, outsider):
    """A running listener on the pool with a group "blue" for shop.test and /img, mirrored."""
    outsider.call(
        "AddBackendServers", LoadBalancerId=balancer.pk, BackendServers=[{"ServerId": web(3)}]
    )
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        BackendServerPort=8080,
        HealthCheck="off",
    )
    outsider.call("StartLoadBalancerListener", LoadBalancerId=balancer.pk, ListenerPort=80)
    group = outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        VServerGroupName="blue",
        BackendServers=[
            {"ServerId": web(1), "Port": 80, "Weight": 75},
            {"ServerId": web(2), "Port": 80, "Weight": 25},
        ],
    )["VServerGroupId"]
    outsider.call(
        "CreateRules",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        RuleList=[
            {"RuleName": "cart", "Domain": "shop.test", "Url": "/cart", "VServerGroupId": group},
            {"RuleName": "img", "Url": "/img", "VServerGroupId": group},
        ],
    )
    mirror(balancer.pk)
    return LoadBalancer.objects.get(pk=balancer.pk)


@pytest.fixture
def ask(client_of, reader, shop):
    """`ask(host, path)`: the answer to the question."""
    client = client_of(reader)

    def asked(host="", path="", **headers):
        return client.get(
            address("rules-who-gets", shop, *KEY), {"host": host, "path": path}, headers=headers
        )

    return asked


def states(answer):
    return [level.state.value for level in answer.context["levels"]]


def test_a_rule_takes_the_request_and_the_levels_after_it_are_not_reached(ask):
    answer = ask("shop.test", "/cart/7")
    assert states(answer) == ["takes", "absent", "later"]
    page = answer.content.decode()
    assert "2 servers of blue answer" in page
    assert "75.0 %" in page
    assert "25.0 %" in page
    assert "It is the first rule that matches." in page
    assert "/cart/7 does not begin with /img." in page


def test_without_a_rule_the_pool_takes_it_and_each_level_says_why(ask):
    answer = ask("other.test", "/")
    assert states(answer) == ["passed", "absent", "takes"]
    page = answer.content.decode()
    assert "None of 2 rules takes the request." in page
    assert "web-03:8080 of the default server pool answers" in page


def test_a_domain_with_rules_for_other_urls_only_is_warned_of(ask):
    assert "The vendor documents" in ask("shop.test", "/else").content.decode()
    assert "The vendor documents" not in ask("other.test", "/else").content.decode()


def test_a_whole_address_typed_as_the_host_is_taken_apart(ask):
    answer = ask("http://shop.test/cart?x=1")
    assert (answer.context["host"], answer.context["path"]) == ("shop.test", "/cart?x=1")
    assert states(answer)[0] == "takes"


def test_without_anything_typed_the_request_is_for_the_service_address(ask, shop):
    answer = ask()
    assert (answer.context["host"], answer.context["path"]) == (shop.address, "/")


@pytest.mark.parametrize(
    ("host", "path"), [("shop test", "/"), ("a\r\nX: y", "/"), ("shop.test", "cart"), ("", "/ä")]
)
def test_what_no_browser_could_send_is_said_beside_its_field(ask, host, path):
    answer = ask(host, path)
    assert answer.status_code == 422
    assert "answer" not in answer.context
    assert answer.context["form"].errors


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": 0}, "Every weight in it is 0"),
        ({"members": False}, "There is no server in it"),
    ],
)
def test_a_level_without_servers_that_can_answer_ends_with_503(ask, shop, change, words):
    group = shop.vserver_groups.get()
    if "weights" in change:
        group.members.update(weight=0)
    else:
        group.members.all().delete()
    page = ask("shop.test", "/cart").content.decode()
    assert "The client gets 503" in page
    assert words in page


def test_a_stopped_listener_and_a_redirect_are_said(ask, shop):
    shop.listeners.update(status="stopped")
    assert "the listener is not running" in ask().content.decode()
    shop.listeners.update(status="running", forward_port=443)
    page = ask("shop.test", "/cart").content.decode()
    assert "The client is redirected to https://shop.test/cart" in page


def test_htmx_gets_the_answer_alone(ask):
    part = ask("shop.test", "/cart", **HTMX).content.decode()
    assert "<html" not in part
    assert 'id="answer"' in part


def test_strangers_and_other_protocols_find_nothing_and_methods_are_checked(
    client_of, stranger, reader, shop
):
    url = address("rules-who-gets", shop, *KEY)
    assert client_of(stranger).get(url).status_code == 404
    assert client_of(reader).post(url).status_code == 405
    shop.listeners.update(protocol="tcp")
    assert client_of(reader).get(address("rules-who-gets", shop, "tcp", 80)).status_code == 404


def test_a_reader_may_not_send_and_is_not_offered_it(client_of, reader, operator, shop, settings):
    url = address("rules-who-gets-send", shop, *KEY)
    assert client_of(reader).post(url, {"host": "", "path": "/"}).status_code == 403
    assert client_of(operator).get(url).status_code == 405
    page = address("rules-who-gets", shop, *KEY)
    shop.listeners.update(served_at="127.0.0.1:9")
    assert "Send 100 requests" in client_of(operator).get(page).content.decode()
    assert "Send 100 requests" not in client_of(reader).get(page).content.decode()


@pytest.mark.parametrize("served_at", ["", "10.0.0.5:80", "example.com:80", "127.0.0.1:x"])
def test_nothing_is_sent_but_to_an_address_of_this_machine_that_the_cloud_named(
    client_of, operator, shop, served_at
):
    shop.listeners.update(served_at=served_at)
    page = client_of(operator).get(address("rules-who-gets", shop, *KEY)).content.decode()
    assert "Send 100 requests" not in page


def test_without_a_data_plane_sending_is_answered_with_words(client_of, operator, shop):
    answer = client_of(operator).post(
        address("rules-who-gets-send", shop, *KEY), {"host": "", "path": "/"}, follow=True
    )
    assert answer.status_code == 200
    assert answer.context["split"] is None or not answer.context["split"].sample.servers


def test_the_queries_do_not_grow_with_rules_and_servers(
    client_of, reader, shop, outsider, django_assert_max_num_queries
):
    client = client_of(reader)
    url = address("rules-who-gets", shop, *KEY)
    client.get(url)
    group = shop.vserver_groups.get()
    outsider.call(
        "AddVServerGroupBackendServers",
        RegionId=REGION,
        VServerGroupId=group.pk,
        BackendServers=[{"ServerId": web(4), "Port": 8000 + n} for n in range(20)],
    )
    for first in (0, 10):
        outsider.call(
            "CreateRules",
            RegionId=REGION,
            LoadBalancerId=shop.pk,
            ListenerPort=80,
            RuleList=[
                {"RuleName": f"r{n}", "Url": f"/r{n}", "VServerGroupId": group.pk}
                for n in range(first, first + 10)
            ],
        )
    mirror(shop.pk)
    with django_assert_max_num_queries(14):
        client.get(url, {"path": "/r7"})
