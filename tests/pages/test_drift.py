"""Drift on its page and on the pages of the objects, accepted and reverted."""

import pytest
from django.urls import reverse

from tests.cloud import REGION, api_group, connect, mirror, web
from tests.pages.addresses import HTMX, address
from vservers.models import AccountRegion, Drift, VServerGroup
from vservers.services import readings, sync

PAGE = "/drift/"


@pytest.fixture
def group(balancer, outsider):
    made = api_group(outsider, balancer.pk)
    mirror(balancer.pk)
    Drift.objects.all().delete()
    return VServerGroup.objects.get(pk=made)


@pytest.fixture
def drift(group, outsider):
    """Somebody else set a weight from 10 to 77."""
    outsider.call(
        "SetVServerGroupAttribute",
        RegionId=REGION,
        VServerGroupId=group.pk,
        BackendServers=[{"ServerId": web(1), "Port": 80, "Weight": 77}],
    )
    reader = readings.one_group(group.load_balancer_id, group.pk)
    sync.store(connect(), group.load_balancer_id, reader)
    return Drift.objects.get()


def test_the_page_says_what_went_from_what_to_what(client_of, reader, drift):
    page = client_of(reader).get(PAGE).content.decode()
    for words in ("api", "Server web-01:80", "weight 10", "weight 77", "VServer group"):
        assert words in page
    assert "Accept<" not in page, "a reader changes nothing"


def test_the_menu_counts_what_is_open(client_of, reader, drift):
    page = client_of(reader).get("/sync/").content.decode()
    assert 'menu-count">1<' in page
    Drift.objects.update(status="accepted")
    assert "menu-count" not in client_of(reader).get("/sync/").content.decode()


@pytest.mark.parametrize("name", ["groups-detail", "balancers-detail"])
def test_it_is_shown_where_the_object_is(client_of, operator, group, drift, name):
    more = [group.pk] if name == "groups-detail" else []
    page = client_of(operator).get(address(name, group.load_balancer, *more)).content.decode()
    assert "weight 77" in page
    assert reverse("drift-revert", args=[drift.pk]) in page


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, True),
        ({"text": "api"}, True),
        ({"text": web(1)}, True),
        ({"text": "no-such"}, False),
        ({"region": REGION}, True),
        ({"region": "cn-shanghai"}, False),
        ({"type": "group"}, True),
        ({"type": "pool"}, False),
        ({"status": "accepted"}, False),
        ({"status": ""}, True),
        ({"balancer": "lb-other"}, False),
    ],
)
def test_it_is_filtered(client_of, reader, drift, filters, found):
    part = client_of(reader).get(PAGE, filters, headers=HTMX).content.decode()
    assert ("weight 77" in part) == found
    assert "<html" not in part


def test_an_operator_accepts(client_of, operator, reader, drift):
    url = reverse("drift-accept", args=[drift.pk])
    assert client_of(reader).post(url).status_code == 403
    answer = client_of(operator).post(url, {"next": PAGE}, follow=True)
    assert "was accepted" in answer.content.decode()
    drift.refresh_from_db()
    assert drift.status == "accepted"
    answer = client_of(operator).post(url, {"next": PAGE}, follow=True)
    assert "no longer open" in answer.content.decode()


def test_several_are_accepted_at_once_and_those_that_are_over_left_alone(
    client_of, operator, reader, drift
):
    ids = [drift.pk]
    for number in range(2):
        drift.pk, drift.item = None, f"i-{number}:80"
        drift.save()
        ids.append(drift.pk)
    Drift.objects.filter(pk=ids[0]).update(status="gone")
    url, posted = reverse("drift-accept-several"), {"drift": [*ids, "x"], "next": PAGE}
    assert client_of(reader).post(url, posted).status_code == 403
    assert client_of(operator).get(url).status_code == 405
    answer = client_of(operator).post(url, posted, follow=True)
    assert "2 differences were accepted" in answer.content.decode()
    assert list(Drift.objects.order_by("pk").values_list("status", flat=True)) == [
        "gone",
        "accepted",
        "accepted",
    ]


@pytest.mark.parametrize(
    ("kind", "field", "before", "after", "words"),
    [
        ("listener", "scheduler", "wrr", "rr", ("Scheduling algorithm", "Weighted round robin")),
        ("listener", "vserver_group_id", None, "GROUP", ("Backend Servers", "<strong>api<")),
        ("listener", "idle_timeout", 15, 30, ("Idle timeout", "15 s", "30 s")),
        (
            "listener",
            "health_check",
            {"health_check": "on", "health_check_uri": "/a"},
            {"health_check": "on", "health_check_uri": "/b"},
            ("Health check", "Check path /a", "Check path /b"),
        ),
        (
            "listener",
            "session",
            {"sticky_session": "off"},
            {"sticky_session": "on", "sticky_session_type": "insert", "cookie_timeout": 9},
            ("Session persistence", "insert cookie, 9 s"),
        ),
        ("rule", "settings", {}, {"scheduler": "wlc", "health_check": "off"}, ("as its listener",)),
        ("balancer", "spec", "", "slb.s1.small", ("Specification", "Shared performance")),
    ],
)
def test_a_setting_is_said_in_the_words_of_the_forms(
    client_of, reader, drift, kind, field, before, after, words
):
    after = drift.object_id if after == "GROUP" else after
    Drift.objects.update(object_type=kind, field=field, item="", before=before, after=after)
    page = client_of(reader).get(PAGE).content.decode()
    for some in words:
        assert some in page


def test_an_operator_reverts_after_a_question(client_of, operator, group, drift, outsider):
    url = reverse("drift-revert", args=[drift.pk])
    question = client_of(operator).get(url, headers=HTMX).content.decode()
    assert "from weight 77 back to weight 10" in question
    planned = client_of(operator).post(url, {"intent": "plan"}, headers=HTMX)
    assert [step.action for step in planned.context["preview"].steps] == [
        "SetVServerGroupAttribute"
    ]
    drift.refresh_from_db()
    assert drift.status == "open", "a plan changes nothing"
    answer = client_of(operator).post(url, follow=True)
    assert "is as it was before" in answer.content.decode()
    drift.refresh_from_db()
    assert drift.status == "reverted"
    found = outsider.call("DescribeVServerGroupAttribute", RegionId=REGION, VServerGroupId=group.pk)
    assert found["BackendServers"]["BackendServer"][0]["Weight"] == 10


def test_what_cannot_be_reverted_says_so(client_of, operator, balancer, drift):
    Drift.objects.update(object_type="balancer", field="address", before="a", after="b")
    page = client_of(operator).get(reverse("drift-revert", args=[drift.pk])).content.decode()
    assert "The console has no call that brings this back" in page


def test_a_stranger_finds_nothing(client_of, stranger, drift):
    assert client_of(stranger).get(PAGE).status_code == 404
    assert client_of(stranger).post(reverse("drift-accept", args=[drift.pk])).status_code == 404


@pytest.mark.parametrize("count", [1, 30])
def test_the_number_of_queries_does_not_grow_with_the_drift(
    client_of, reader, drift, django_assert_max_num_queries, count
):
    for number in range(count):
        drift.pk, drift.item = None, f"i-{number}:80"
        drift.save()
    client = client_of(reader)
    client.get(PAGE)
    with django_assert_max_num_queries(11):
        client.get(PAGE)


@pytest.fixture
def network(cloud, outsider):
    """Somebody else let all of the Internet through an access control list."""
    here = AccountRegion.objects.get(account__from_environment=True, region=REGION)
    acl_id = outsider.call("CreateAccessControlList", RegionId=REGION, AclName="friends")["AclId"]
    sync.store_region(connect(), here, readings.access_lists(here))
    entry = {"entry": "0.0.0.0/0", "comment": "all"}
    outsider.call("AddAccessControlListEntry", RegionId=REGION, AclId=acl_id, AclEntrys=[entry])
    sync.store_region(connect(), here, readings.access_lists(here))
    return Drift.objects.get(object_id=acl_id)


def test_what_belongs_to_a_region_is_listed_filtered_and_shown_where_it_is(
    client_of, operator, network
):
    page = client_of(operator).get(f"{PAGE}?type=access+list").content.decode()
    for words in ("friends", "Network 0.0.0.0/0", "there, “all”", f"in {REGION}"):
        assert words in page
    assert "friends" not in client_of(operator).get(f"{PAGE}?type=group").content.decode()
    for place in ("", f"{network.object_id}/"):
        page = client_of(operator).get(f"/regions/{REGION}/access-lists/{place}").content.decode()
        assert "there, “all”" in page
    page = client_of(operator).get(f"/regions/{REGION}/certificates/").content.decode()
    assert "there, “all”" not in page


def test_a_network_goes_again_by_a_planned_operation(client_of, operator, network):
    url = reverse("drift-revert", args=[network.pk])
    page = client_of(operator).get(url, headers=HTMX).content.decode()
    assert "let in other clients" in page
    answer = client_of(operator).post(url, {"intent": "plan"}, headers=HTMX)
    assert "RemoveAccessControlListEntry" in answer.content.decode()
    client_of(operator).post(url, headers=HTMX)
    network.refresh_from_db()
    assert network.status == Drift.Status.REVERTED
