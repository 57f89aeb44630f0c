"""Servers of a region, and one of them with everything that sends requests to it."""

import pytest
from django.urls import reverse

from tests.cloud import REGION, mirror, web
from tests.pages.addresses import HTMX
from vservers.models import Listener, Server, VServerGroup


@pytest.fixture
def listing(client_of, reader, cloud):
    client = client_of(reader)

    def listed(**query):
        return client.get(reverse("servers-list", args=[REGION]), query)

    return listed


def detail(client, server_id, **query):
    return client.get(reverse("servers-detail", args=[REGION, server_id]), query)


def names(answer):
    return [row.server.name for row in answer.context["rows"]]


def test_the_list_is_searched_by_name_id_and_address(listing):
    address = Server.objects.get(pk=web(2)).private_ip
    assert names(listing(q="web-02")) == ["web-02"]
    assert names(listing(q=web(2))) == ["web-02"]
    assert "web-02" in names(listing(q=address))
    assert "No server matches" in listing(q="nobody").content.decode()


def test_the_list_is_filtered_by_status_and_use(listing, group):
    assert names(listing(status="Stopped")) == ["web-08"]
    used = listing(use="used", q="web-")
    assert names(used) == ["web-01"]
    assert used.context["rows"][0].groups == 1
    assert "web-01" not in names(listing(use="unused"))


def test_the_list_of_a_region_has_no_server_of_another(client_of, reader, cloud):
    answer = client_of(reader).get(reverse("servers-list", args=["cn-shanghai"]))
    assert not any(row.server.region_id == REGION for row in answer.context["rows"])


def test_a_server_is_shown_with_every_place_over_instances(
    client_of,
    reader,
    group,
    listener,
    new_balancer,
    outsider,
):
    other = new_balancer(LoadBalancerName="other")
    outsider.call(
        "AddBackendServers", LoadBalancerId=other.pk, BackendServers=[{"ServerId": web(1)}]
    )
    mirror(other.pk)
    Listener.objects.filter(pk=listener.pk).update(vserver_group=group)
    answer = detail(client_of(reader), web(1))
    page = answer.content.decode()
    assert {row.place.load_balancer.name for row in answer.context["rows"]} == {"test", "other"}
    assert "HTTP:80" in page
    assert "listener not running" in page
    assert "nothing uses it" in page


def test_what_the_page_asks_for_is_read_from_the_cloud_first(client_of, reader, group, outsider):
    answer = detail(client_of(reader), web(1), now="")
    assert answer.status_code == 200
    assert not answer.context["connections"].known, "this cloud has no data plane"
    assert "does not tell how many connections" in answer.content.decode()


def test_a_cloud_that_cannot_be_read_is_said_and_the_mirror_is_shown(
    client_of, reader, group, flaky_cloud
):
    flaky_cloud.refuse("DescribeHealthStatus", "ActionNotAllowed", times=1)
    answer = detail(client_of(reader), web(1), now="")
    assert answer.status_code == 200
    assert "not all could be read" in answer.content.decode()
    assert "blue" in answer.content.decode()


def test_a_server_that_only_a_group_still_holds_has_a_page(client_of, reader, group):
    group.members.update(server_id="i-gone")
    page = detail(client_of(reader), "i-gone").content.decode()
    assert "no such ECS instance" in page
    assert "blue" in page


def test_nobody_finds_what_is_not_there_and_strangers_find_nothing(
    client_of, reader, stranger, cloud
):
    assert detail(client_of(reader), "i-nobody").status_code == 404
    assert detail(client_of(stranger), web(1)).status_code == 404
    wrong = reverse("servers-detail", args=["cn-shanghai", web(1)])
    assert client_of(reader).get(wrong).status_code == 404
    assert client_of(reader).post(reverse("servers-list", args=[REGION])).status_code == 405


def test_htmx_gets_the_parts_alone(client_of, reader, group):
    client = client_of(reader)
    for url in (
        reverse("servers-list", args=[REGION]),
        reverse("servers-detail", args=[REGION, web(1)]),
    ):
        assert "<html" not in client.get(url, headers=HTMX).content.decode()


def test_the_queries_do_not_grow(
    client_of, reader, balancer, group, outsider, django_assert_max_num_queries
):
    client = client_of(reader)
    detail(client, web(1))
    for number in range(12):
        made = VServerGroup.objects.create(
            vserver_group_id=f"rsp-{number}", load_balancer=balancer, synced_at=group.synced_at
        )
        made.members.create(server_id=web(1), port=80, weight=1)
    with django_assert_max_num_queries(16):
        assert len(detail(client, web(1)).context["rows"]) == 13
    with django_assert_max_num_queries(14):
        client.get(reverse("servers-list", args=[REGION]))
