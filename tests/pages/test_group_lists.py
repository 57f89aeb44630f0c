"""Lists of groups: what they find, how they sort, and that they stay quick when they are long."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.cloud import REGION, connect, web
from tests.pages.addresses import HTMX, address
from vservers.models import (
    Listener,
    LoadBalancer,
    Member,
    Region,
    Rule,
    ServerHealth,
    VServerGroup,
)
from vservers.selectors.group_lists import GroupFilters, group_rows_page, groups_of
from vservers.services import readings
from vservers.services.sync import store

EVERYWHERE = reverse("groups-all", args=[REGION])


@pytest.fixture
def many(balancer):
    """`many(count)`: so many groups in the mirror, "g000" with one server on weight 0 and so on."""

    def make(count: int) -> list[VServerGroup]:
        now = timezone.now()
        groups = VServerGroup.objects.bulk_create(
            VServerGroup(
                vserver_group_id=f"rsp-{number:05}",
                load_balancer=balancer,
                name=f"g{number:03}",
                created_at=now,
                synced_at=now,
            )
            for number in range(count)
        )
        Member.objects.bulk_create(
            Member(group=group, server_id=web(1), port=80 + port, weight=10 * (index % 3))
            for index, group in enumerate(groups)
            for port in range(index % 2 + 1)
        )
        return groups

    return make


@pytest.fixture
def used(many, balancer):
    """Six groups: g001 is used by a listener, g002 by a rule of it; g005 has no server."""
    groups = many(6)
    listener = Listener.objects.create(
        load_balancer=balancer,
        protocol="http",
        port=80,
        status="running",
        scheduler="rr",
        vserver_group=groups[1],
    )
    Rule.objects.create(
        rule_id="rule-1", listener=listener, domain="a.example.com", vserver_group=groups[2]
    )
    Member.objects.filter(group=groups[5]).delete()
    Member.objects.create(group=groups[1], server_id=web(2), port=80, weight=0)
    for server, status in ((web(1), "abnormal"), (web(2), "normal")):
        ServerHealth.objects.create(
            listener=listener, server_id=server, port=80, status=status, read_at=timezone.now()
        )
    VServerGroup.objects.filter(pk=groups[0].pk).update(
        tags={"env": "prod", "team": "web"}, owner="Terraform"
    )
    return groups


def found(place, **filters):
    return sorted(group.name for group in groups_of(place, GroupFilters(**filters)))


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"q": "G00"}, ["g000", "g001", "g002", "g003", "g004", "g005"]),
        ({"q": "rsp-00004"}, ["g004"]),
        ({"q": web(2)}, ["g001"]),
        ({"q": "web-02"}, ["g001"]),
        ({"q": "env=prod"}, ["g000"]),
        ({"q": "env=test"}, []),
        ({"tag": "team"}, ["g000"]),
        ({"tag": "team=web"}, ["g000"]),
        ({"tag": "team=we"}, []),
        ({"use": "used"}, ["g001", "g002"]),
        ({"use": "unused"}, ["g000", "g003", "g004", "g005"]),
        ({"weights": "zero"}, ["g000", "g003"]),
        ({"weights": "some"}, ["g001"]),
        ({"weights": "empty"}, ["g005"]),
        ({"owner": "Terraform"}, ["g000"]),
        ({"owner": "any"}, ["g000"]),
        ({"owner": "none", "use": "used"}, ["g001", "g002"]),
    ],
)
def test_each_filter_finds_what_it_names(used, balancer, filters, names):
    assert found(balancer, **filters) == names


def test_the_server_name_is_searched_only_as_a_whole(used, balancer):
    assert found(balancer, q="web-0") == []


def test_a_region_has_the_groups_of_all_its_instances_and_of_no_other(used, balancer, new_balancer):
    other = new_balancer(LoadBalancerName="other")
    now = timezone.now()
    VServerGroup.objects.create(
        vserver_group_id="rsp-other", load_balancer=other, name="other", synced_at=now
    )
    region = Region.objects.get(pk=REGION)
    assert {"other", "g000"} <= set(found(region))
    LoadBalancer.objects.filter(pk=other.pk).update(vanished_at=now)
    assert "other" not in found(region), "what vanished with its instance is not listed"
    assert found(Region.objects.exclude(pk=REGION).first()) == []


@pytest.mark.parametrize("sort", ["name", "-name", "servers", "-servers", "created", "-instance"])
def test_every_page_has_its_own_rows_in_the_order_of_the_whole(many, balancer, sort):
    """The second half is read from the end: no row twice, none left out."""
    many(47)
    filters = GroupFilters(sort=sort)
    seen = []
    for number in range(1, 11):
        page = group_rows_page(balancer, filters, page=number, size=5)
        seen += [row.group_id for row in page]
    whole = [row.group_id for row in group_rows_page(balancer, filters, size=100)]
    assert seen == whole
    assert len(set(seen)) == 47
    if sort == "-servers":
        assert Member.objects.filter(group=seen[0]).count() == 2


def test_a_row_counts_servers_ports_and_health_of_its_own_listeners(used, balancer):
    rows = {row.name: row for row in group_rows_page(balancer, GroupFilters())}
    one = rows["g001"]
    assert (one.servers, one.ports, one.abnormal, one.normal) == (2, 3, 1, 1)
    assert [str(use) for use in one.uses] == ["HTTP:80"]
    assert [str(use) for use in rows["g002"].uses] == ["a.example.com"]
    assert rows["g000"].all_zero
    assert not rows["g005"].all_zero, "a group without servers has no weights"
    assert rows["g003"].abnormal == 0, "the same server and port, of a group that nothing uses"


def test_of_a_check_that_is_off_no_result_is_awaited(client_of, reader, used, balancer):
    """The cloud calls a server of such a listener unavailable for good."""
    (listener,) = balancer.listeners.filter(vserver_group=used[1])
    ServerHealth.objects.filter(listener=listener).update(status="unavailable")

    def told() -> tuple[int, bool]:
        (row,) = group_rows_page(balancer, GroupFilters(q="g001"))
        place = address("groups-members", balancer, used[1].pk)
        part = client_of(reader).get(place, headers=HTMX).content.decode()
        return row.unavailable, "Not checked yet" in part

    listener.health_check = "on"
    listener.save(update_fields=["health_check"])
    assert told() == (2, True)
    listener.health_check = "off"
    listener.save(update_fields=["health_check"])
    assert told() == (0, False)


@pytest.mark.parametrize("count", [2, 60])
def test_the_number_of_queries_is_the_same_for_few_and_many(
    client_of, operator, many, count, balancer, django_assert_max_num_queries
):
    many(count)
    client = client_of(operator)
    client.get(EVERYWHERE)
    with django_assert_max_num_queries(8):
        client.get(EVERYWHERE, {"size": 50})


def test_the_list_of_a_region_names_the_instance_of_each_group(client_of, reader, used, balancer):
    page = client_of(reader).get(EVERYWHERE, {"q": "g001"}).content.decode()
    assert address("groups-list", balancer) in page
    assert "1 abnormal" in page
    part = client_of(reader).get(EVERYWHERE, headers=HTMX)
    assert "<html" not in part.content.decode()
    assert client_of(reader).post(EVERYWHERE).status_code == 405
    assert client_of(reader).get(reverse("groups-all", args=["nowhere"])).status_code == 404


def test_a_stranger_finds_no_list(client_of, stranger, balancer):
    assert client_of(stranger).get(EVERYWHERE).status_code == 404


def test_pages_keep_the_filters_and_the_size(client_of, reader, many):
    many(60)
    page = client_of(reader).get(EVERYWHERE, {"q": "g0", "sort": "-name", "page": "2"})
    text = page.content.decode()
    assert "g039" in text
    assert "g040" not in text
    assert "q=g0" in text
    assert "size=50" in text


def test_a_group_opens_with_share_and_health_per_listener(client_of, reader, used, balancer):
    client = client_of(reader)
    place = address("groups-members", balancer, used[1].pk)
    part = client.get(place, headers=HTMX).content.decode()
    assert "Health on HTTP:80" in part
    assert "Abnormal" in part
    assert "50.0 %" in part
    assert "drained" in part
    assert "round robin gives every server the same" in part
    assert client.get(place).status_code == 303, "without script it is the page of the group"
    assert (
        client.get(address("groups-members", balancer, "rsp-none"), headers=HTMX).status_code == 404
    )


def test_what_the_address_says_wrongly_counts_for_nothing(client_of, reader, used):
    answer = client_of(reader).get(
        EVERYWHERE, {"sort": "password", "use": "x", "size": "1000000", "page": "-3"}
    )
    assert answer.status_code == 200


def test_tags_and_owner_come_from_the_cloud(client_of, reader, balancer, group, outsider):
    outsider.call(
        "TagResources",
        RegionId=REGION,
        ResourceType="vservergroup",
        **{"ResourceId.1": group.pk, "Tag.1.Key": "env", "Tag.1.Value": "prod"},
    )
    store(connect(REGION), balancer.pk, readings.all_groups(balancer.pk))
    page = client_of(reader).get(address("groups-list", balancer), {"tag": "env"})
    assert "env=prod" in page.content.decode()
