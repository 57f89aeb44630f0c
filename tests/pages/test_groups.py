"""The VServer Group page: who sees it, what it shows, what Delete does."""

import pytest
from django.urls import reverse

from tests.cloud import connect, web
from vservers.cloud.types import BackendServer
from vservers.models import Member, VServerGroup
from vservers.services import readings
from vservers.services.groups import create_group
from vservers.services.sync import store

HTMX = {"HX-Request": "true"}


@pytest.fixture
def group(operator, balancer):
    members = [BackendServer(web(1), 80, 10), BackendServer(web(2), 80, 30)]
    return create_group(
        actor=operator.as_actor(), load_balancer=balancer, name="first", members=members
    )


@pytest.fixture
def used_group(group, balancer, outsider):
    """The group, used by a listener and by a forwarding rule of it."""
    place = {"LoadBalancerId": balancer.pk, "ListenerPort": 80}
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        HealthCheck="off",
        VServerGroupId=group.pk,
        **place,
    )
    outsider.call(
        "CreateRules",
        RegionId="cn-hangzhou",
        RuleList=[{"RuleName": "r", "Domain": "a.example.com", "VServerGroupId": group.pk}],
        **place,
    )
    store(connect("cn-hangzhou"), balancer.pk, readings.listeners(balancer.pk))
    return group


def address(name, balancer, *more):
    return reverse(name, args=[balancer.region_id, balancer.pk, *more])


def test_the_list_shows_groups_with_servers_and_users(client_of, reader, balancer, used_group):
    page = client_of(reader).get(address("groups-list", balancer)).content.decode()
    assert "first" in page
    assert "2 servers" in page
    assert "HTTP:80" in page
    assert "a.example.com" in page
    assert "Create VServer Group" not in page, "a reader is not offered what they may not do"


def test_the_list_finds_by_name_id_and_server(client_of, operator, balancer, group):
    client = client_of(operator)
    for query, found in [
        ("fir", True),
        (group.pk, True),
        (web(1), True),
        ("nothing-like-it", False),
    ]:
        page = client.get(address("groups-list", balancer), {"q": query}, headers=HTMX)
        assert (group.pk in page.content.decode()) == found, query


def test_under_htmx_only_the_part_is_answered(client_of, reader, balancer, group):
    part = client_of(reader).get(address("groups-list", balancer), headers=HTMX)
    assert "<html" not in part.content.decode()
    assert "HX-Request" in part["Vary"]


def test_an_empty_list_says_what_a_group_is_for(client_of, operator, balancer):
    page = client_of(operator).get(address("groups-list", balancer)).content.decode()
    assert "No VServer group yet" in page


def test_a_group_shows_port_weight_share_and_drained_servers(client_of, operator, balancer, group):
    Member.objects.filter(group=group, server=web(1)).update(weight=0)
    page = client_of(operator).get(address("groups-detail", balancer, group.pk)).content.decode()
    assert "100.0 %" in page
    assert "drained" in page


@pytest.mark.parametrize("name", ["groups-list", "groups-new"])
def test_a_stranger_finds_nothing(client_of, stranger, balancer, name):
    assert client_of(stranger).get(address(name, balancer)).status_code == 404


def test_without_sign_in_nothing_is_visible(client, balancer):
    answer = client.get(address("groups-list", balancer))
    assert answer.status_code == 302
    assert reverse("account_login") in answer["Location"]


@pytest.mark.parametrize("name", ["groups-edit", "groups-delete"])
def test_a_reader_may_look_but_not_change(client_of, reader, balancer, group, name):
    client = client_of(reader)
    for answer in (
        client.get(address(name, balancer, group.pk)),
        client.post(address(name, balancer, group.pk), {"intent": "confirm"}),
    ):
        assert answer.status_code == 403
    assert VServerGroup.objects.filter(pk=group.pk).exists()


def test_a_balancer_is_found_only_in_its_own_region(client_of, reader, balancer):
    elsewhere = reverse("groups-list", args=["cn-shanghai", balancer.pk])
    assert client_of(reader).get(elsewhere).status_code == 404


def test_the_list_answers_only_reads(client_of, operator, balancer):
    assert client_of(operator).post(address("groups-list", balancer)).status_code == 405


@pytest.mark.parametrize("count", [1, 15])
def test_the_number_of_queries_does_not_grow_with_the_groups(
    client_of, operator, balancer, outsider, django_assert_max_num_queries, count
):
    for number in range(count):
        outsider.call(
            "CreateVServerGroup",
            RegionId="cn-hangzhou",
            LoadBalancerId=balancer.pk,
            VServerGroupName=f"g{number}",
            BackendServers=[{"ServerId": web(1), "Port": 80}],
        )
    store(connect("cn-hangzhou"), balancer.pk, readings.all_groups(balancer.pk))
    client = client_of(operator)
    # The first visit of a region is remembered in the session.
    client.get(address("groups-list", balancer))
    with django_assert_max_num_queries(10):
        client.get(address("groups-list", balancer))


def test_a_free_group_is_deleted_after_a_question(client_of, operator, balancer, group):
    client = client_of(operator)
    question = client.get(address("groups-delete", balancer, group.pk), headers=HTMX)
    assert f"Delete {group}?" in question.content.decode()
    answer = client.post(address("groups-delete", balancer, group.pk))
    assert answer.status_code == 303
    assert not VServerGroup.objects.filter(pk=group.pk).exists()


def test_delete_of_a_used_group_names_its_users_with_links_and_is_off_without_another(
    client_of, operator, balancer, used_group
):
    question = client_of(operator).get(address("groups-delete", balancer, used_group.pk))
    page = question.content.decode()
    assert "in use" in page
    assert address("rules-list", balancer, "http", 80) in page
    assert "The instance has no other group" in page
    assert "disabled" in page


def test_delete_is_checked_again_on_the_server(client_of, operator, balancer, used_group):
    answer = client_of(operator).post(address("groups-delete", balancer, used_group.pk))
    assert answer.status_code == 422
    assert VServerGroup.objects.filter(pk=used_group.pk).exists()


def test_the_page_of_a_group_reads_health_from_the_cloud(
    client_of, reader, balancer, used_group, outsider
):
    client = client_of(reader)
    place = address("groups-detail", balancer, used_group.pk)
    assert "?health=now" in client.get(place).content.decode()
    outsider.call(
        "SetLoadBalancerHTTPListenerAttribute",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        HealthCheck="on",
    )
    part = client.get(place, {"health": "now"}, headers=HTMX).content.decode()
    assert "Unavailable" in part
    assert "load, groups-changed" not in part, "it would ask for ever"


def test_health_that_cannot_be_read_is_a_warning(client_of, reader, balancer, group, flaky_cloud):
    flaky_cloud.refuse("DescribeHealthStatus", "ActionNotAllowed", 1)
    place = address("groups-detail", balancer, group.pk)
    part = client_of(reader).get(place, {"health": "now"}, headers=HTMX)
    assert part.status_code == 200
    assert "Health could not be read" in part["HX-Trigger"]


def test_refresh_reads_the_groups_of_the_page_that_is_shown(client_of, reader, balancer, group):
    """The list is swapped without the button, so what it shows goes with the list."""
    part = client_of(reader).get(address("groups-list", balancer), headers=HTMX).content.decode()
    assert f'form="refresh" name="group" value="{group.pk}"' in part
