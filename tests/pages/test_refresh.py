"""Refresh reads what the page shows and no more; what has gone has a page that says so."""

import pytest
from django.urls import reverse

from tests.cloud import REGION, mirror, web
from tests.pages.addresses import address
from vservers.models import Drift, VServerGroup
from vservers.services import vanishing


@pytest.fixture
def calls(flaky_cloud):
    """The actions that arrive from now on."""
    arrived: list[str] = []
    flaky_cloud.watch(arrived.append)
    return arrived


@pytest.fixture
def groups(balancer, outsider):
    for number in range(25):
        outsider.call(
            "CreateVServerGroup",
            RegionId=REGION,
            LoadBalancerId=balancer.pk,
            VServerGroupName=f"g{number:02d}",
            BackendServers=[{"ServerId": web(1), "Port": 80 + number, "Weight": 10}],
        )
    mirror(balancer.pk)
    Drift.objects.all().delete()
    return list(balancer.vserver_groups.order_by("name"))


def test_a_page_view_asks_the_cloud_for_nothing(client_of, reader, balancer, groups, calls):
    for name in ("balancers-detail", "groups-list", "listeners-list", "pool-list"):
        client_of(reader).get(address(name, balancer))
    client_of(reader).get(address("groups-detail", balancer, groups[0].pk))
    assert calls == []


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            {"part": "listeners"},
            [
                "DescribeMasterSlaveServerGroups",
                "DescribeLoadBalancerListeners",
                "DescribeHealthStatus",
            ],
        ),
        ({"part": "pool"}, ["DescribeLoadBalancerAttribute", "DescribeHealthStatus"]),
        ({"part": "groups"}, ["DescribeVServerGroups"]),
    ],
    ids=lambda value: value.get("part") if isinstance(value, dict) else "",
)
def test_each_page_reads_its_own_part(client_of, reader, balancer, groups, calls, form, expected):
    client_of(reader).post(address("balancers-refresh", balancer), form)
    assert calls == expected


def test_the_list_of_groups_reads_those_it_shows(client_of, reader, balancer, groups, calls):
    page = client_of(reader).get(address("groups-list", balancer)).content.decode()
    assert page.count('form="refresh" name="group"') == 20
    shown = [group.pk for group in groups[:20]]
    client_of(reader).post(
        address("balancers-refresh", balancer), {"part": "groups", "group": shown}
    )
    assert calls.count("DescribeVServerGroupAttribute") == 20
    assert set(calls) == {"DescribeVServerGroups", "DescribeVServerGroupAttribute"}


def test_a_group_is_read_alone(client_of, reader, balancer, groups, calls, outsider):
    group = groups[3]
    outsider.call(
        "SetVServerGroupAttribute",
        RegionId=REGION,
        VServerGroupId=group.pk,
        BackendServers=[{"ServerId": web(1), "Port": 83, "Weight": 66}],
    )
    answer = client_of(reader).post(address("groups-refresh", balancer, group.pk))
    assert answer["Location"] == address("groups-detail", balancer, group.pk)
    assert calls == ["DescribeVServerGroupAttribute", "DescribeHealthStatus"]
    assert group.members.get().weight == 66


def test_looking_at_a_group_is_noted_for_the_sync(client_of, reader, balancer, groups):
    client_of(reader).get(address("groups-detail", balancer, groups[0].pk))
    assert VServerGroup.objects.get(pk=groups[0].pk).viewed_at
    assert VServerGroup.objects.get(pk=groups[1].pk).viewed_at is None


def test_a_group_that_has_gone_says_so_on_its_own_page(
    client_of, reader, balancer, groups, outsider
):
    gone = groups[0]
    outsider.call("DeleteVServerGroup", RegionId=REGION, VServerGroupId=gone.pk)
    answer = client_of(reader).post(address("groups-refresh", balancer, gone.pk))
    assert answer.status_code == 303
    page = client_of(reader).get(answer["Location"])
    assert page.status_code == 410
    assert "<s>g00</s>" in page.content.decode()
    assert "with 1 server" in page.content.decode(), "what it held"
    listed = client_of(reader).get(address("groups-list", balancer)).content.decode()
    assert gone.pk not in listed


def test_an_instance_that_has_gone_says_so_and_is_in_no_list(client_of, reader, balancer):
    vanishing.balancers_vanish([balancer.pk])
    page = client_of(reader).get(address("balancers-detail", balancer))
    assert page.status_code == 410
    assert "does not have this instance any more" in page.content.decode()
    listed = client_of(reader).get(reverse("balancers-list", args=[REGION])).content.decode()
    assert balancer.pk not in listed
    assert client_of(reader).get(address("groups-list", balancer)).status_code == 404


def test_an_owner_has_a_badge_and_editing_warns(client_of, operator, balancer, groups):
    VServerGroup.objects.filter(pk=groups[0].pk).update(owner="Kubernetes")
    client = client_of(operator)
    for url in (
        address("groups-list", balancer),
        address("groups-detail", balancer, groups[0].pk),
        address("groups-edit", balancer, groups[0].pk),
        address("groups-delete", balancer, groups[0].pk),
    ):
        assert "Kubernetes" in client.get(url).content.decode(), url
    page = client.get(address("groups-edit", balancer, groups[0].pk)).content.decode()
    assert "Kubernetes manages this" in page
    other = client.get(address("groups-edit", balancer, groups[1].pk)).content.decode()
    assert "manages this" not in other
