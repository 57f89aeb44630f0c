"""Access control lists: the list, one of them, and its networks."""

from contextlib import suppress

import pytest
from django.urls import reverse

from tests.cloud import REGION, mirror, place
from tests.localcloud.client import Refused
from tests.pages.addresses import HTMX
from tests.pages.browserless import Visitor
from vservers.models import AccessControlList, Drift, Operation
from vservers.services import readings, sync
from vservers.services.connection import connect


def url(name, *more):
    return reverse(f"access-lists-{name}", args=[REGION, *more])


def read():
    here = place()
    sync.store_region(connect(here), here, readings.access_lists(here))


def make(outsider, name, *entries):
    """A list of the cloud, mirrored; its ID."""
    acl_id = outsider.call("CreateAccessControlList", RegionId=REGION, AclName=name)["AclId"]
    if entries:
        rows = [{"entry": network, "comment": comment} for network, comment in entries]
        outsider.call("AddAccessControlListEntry", RegionId=REGION, AclId=acl_id, AclEntrys=rows)
    read()
    # That somebody made it is another test's matter.
    Drift.objects.all().delete()
    return acl_id


@pytest.fixture
def office(cloud, outsider):
    """A list of two networks that nothing uses; deleted afterwards, for a region has few."""
    acl_id = make(outsider, "office", ("10.0.0.0/8", "inside"), ("192.0.2.7/32", "gate"))
    yield AccessControlList.objects.get(pk=acl_id)
    with suppress(Refused):
        outsider.call("DeleteAccessControlList", RegionId=REGION, AclId=acl_id)


@pytest.fixture
def guarded(balancer, outsider, office):
    """A TCP listener of the balancer that lets in only what the list names."""
    outsider.call(
        "CreateLoadBalancerTCPListener",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=7001,
        BackendServerPort=80,
        Bandwidth=-1,
        AclId=office.pk,
        AclStatus="on",
        AclType="white",
    )
    mirror(balancer.pk)
    yield balancer
    outsider.call(
        "DeleteLoadBalancerListener",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=7001,
        ListenerProtocol="tcp",
    )


@pytest.fixture
def browser(client_of, operator):
    return client_of(operator)


def in_mirror(access_list):
    return dict(access_list.entries.values_list("network", "comment"))


def test_the_list_shows_each_with_networks_and_users(browser, guarded, office):
    page = browser.get(url("list")).content.decode()
    for words in ("office", office.pk, "IPv4", "TCP:7001", "whitelist", "as of"):
        assert words in page


def test_the_list_is_searched_by_network_and_filtered_by_use(browser, outsider, office):
    other = make(outsider, "nobody")
    try:

        def found(**query):
            page = browser.get(url("list"), query, headers=HTMX).content.decode()
            assert "<html" not in page, "the part alone"
            return office.pk in page, other in page

        assert found(q="192.0.2") == (True, False)
        assert found(q="gate") == (True, False)
        assert found(q="nobo") == (False, True)
        assert found(use="used") == (False, False)
        assert found(use="unused", ip_version="ipv4") == (True, True)
        assert found(ip_version="ipv6") == (False, False)
        page = browser.get(url("list"), {"sort": "-networks"}).content.decode()
        assert page.index(office.pk) < page.index(other)
    finally:
        outsider.call("DeleteAccessControlList", RegionId=REGION, AclId=other)


def test_a_list_is_made_with_networks_one_on_a_line(browser, cloud, outsider):
    form = {
        "name": "branches",
        "ip_version": "ipv4",
        "entries_text": "10.1.0.0/16 | north\n\n192.0.2.9\r\n10.2.0.0/16|south",
    }
    planned = browser.post(url("new"), form | {"intent": "plan"}).content.decode()
    assert "CreateAccessControlList" in planned and "10.1.0.0/16" in planned
    assert not AccessControlList.objects.filter(name="branches").exists()
    answer = browser.post(url("new"), form, headers=HTMX)
    assert answer.status_code == 204
    assert "access-lists-changed" in answer.headers["HX-Trigger"]
    made = AccessControlList.objects.get(name="branches")
    assert in_mirror(made) == {
        "10.1.0.0/16": "north",
        "192.0.2.9/32": "",
        "10.2.0.0/16": "south",
    }
    page = browser.post(url("delete", made.pk), follow=True).content.decode()
    assert "branches was deleted." in page


def test_bad_lines_are_named_by_number_and_what_was_typed_stays(browser, office):
    typed = "10.3.0.0/16|fine\n10.0.0.5/24|slip\nnonsense\n2001:db8::/32\n10.3.0.0/16"
    answer = browser.post(url("add-many", office.pk), {"entries_text": typed}, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "10.3.0.0/16|fine" in page
    for words in (
        "Line 2: “10.0.0.5/24” is an address inside of a network. Write 10.0.0.0/24 or 10.0.0.5.",
        "Line 3: “nonsense” is neither an address nor a CIDR block.",
        "Line 4: “2001:db8::/32” is not IPv4, as this list is.",
        "Line 5: 10.3.0.0/16 is on line 1 already.",
    ):
        assert words in page
    assert len(in_mirror(office)) == 2


def test_more_networks_than_a_list_holds_are_refused_with_the_room_left(browser, office):
    many = "\n".join(f"10.{n // 256}.{n % 256}.0/24" for n in range(299))
    answer = browser.post(url("add-many", office.pk), {"entries_text": many})
    assert answer.status_code == 422
    assert "room for 298 of these 299" in answer.content.decode()


def test_one_network_is_added_and_a_known_one_refused(browser, office):
    form = {"network": "198.51.100.0/24", "comment": "partner"}
    assert browser.post(url("add", office.pk), form, headers=HTMX).status_code == 204
    assert in_mirror(office)["198.51.100.0/24"] == "partner"
    answer = browser.post(url("add", office.pk), form, headers=HTMX)
    assert answer.status_code == 422
    assert "198.51.100.0/24 is in the list already." in answer.content.decode()


def test_ticked_networks_are_removed_after_a_question(browser, office):
    address, ticked = url("remove", office.pk), {"network": ["192.0.2.7/32"]}
    question = browser.post(address, ticked, headers=HTMX).content.decode()
    assert "Remove 1 network?" in question
    assert len(in_mirror(office)) == 2, "a question removes nothing"
    assert browser.get(address, ticked, headers=HTMX).context["question"] in question
    assert browser.post(address, ticked | {"asked": "1"}, headers=HTMX).status_code == 204
    assert set(in_mirror(office)) == {"10.0.0.0/8"}


def test_all_that_match_a_search_are_removed_at_once(browser, office):
    visitor = Visitor(browser, f"{url('remove', office.pk)}?all=1&q=inside")
    assert "10.0.0.0/8" in visitor.page and "192.0.2.7" not in visitor.page
    visitor.press("")
    assert set(in_mirror(office)) == {"192.0.2.7/32"}


def test_an_empty_whitelist_is_red_and_said_before_the_last_network_goes(browser, guarded, office):
    visitor = Visitor(browser, f"{url('remove', office.pk)}?all=1")
    assert "nobody gets through at TCP:7001 (test)" in visitor.page
    visitor.press("")
    for page in (browser.get(url("list")), browser.get(url("detail", office.pk))):
        assert "obody" in page.content.decode()
    assert "panel-error" in browser.get(url("detail", office.pk)).content.decode()


def test_a_list_in_use_is_not_deleted_and_its_users_are_named(browser, guarded, office):
    page = browser.get(url("delete", office.pk)).content.decode()
    assert "TCP:7001 of test" in page and "disabled" in page
    answer = browser.post(url("delete", office.pk), headers=HTMX)
    assert answer.status_code == 422
    assert AccessControlList.objects.filter(pk=office.pk).exists()
    assert not Operation.objects.exists()


def test_a_list_is_renamed(browser, office):
    assert browser.post(url("rename", office.pk), {"name": "home"}, headers=HTMX).status_code == 204
    office.refresh_from_db()
    assert office.name == "home"
    answer = browser.post(url("rename", office.pk), {"name": "a b"}, headers=HTMX)
    assert answer.status_code == 422
    assert 'value="a b"' in answer.content.decode()


def test_a_failed_call_keeps_the_form_and_shows_code_and_request_id(browser, office, flaky_cloud):
    flaky_cloud.refuse("AddAccessControlListEntry", "AclEntryExceedLimit", 1)
    form = {"network": "203.0.113.0/24", "comment": ""}
    answer = browser.post(url("add", office.pk), form, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "AclEntryExceedLimit" in page and 'value="203.0.113.0/24"' in page


def test_refresh_reads_what_others_changed(browser, outsider, office):
    rows = [{"entry": "172.16.0.0/12"}]
    outsider.call("AddAccessControlListEntry", RegionId=REGION, AclId=office.pk, AclEntrys=rows)
    browser.post(url("refresh"), {"list": [office.pk]})
    assert "172.16.0.0/12" in in_mirror(office)
    outsider.call("RemoveAccessControlListEntry", RegionId=REGION, AclId=office.pk, AclEntrys=rows)
    browser.post(url("reread", office.pk))
    assert "172.16.0.0/12" not in in_mirror(office)


WRITES = ("new", "rename", "delete", "add", "add-many", "remove")


def test_who_may_see_and_who_may_change(client_of, reader, stranger, office):
    def address(name):
        return url(name) if name in {"list", "new"} else url(name, office.pk)

    for name in ("list", "detail"):
        assert client_of(reader).get(address(name)).status_code == 200
        assert client_of(stranger).get(address(name)).status_code == 404
        assert client_of(reader).post(address(name)).status_code == 405
    for name in WRITES:
        assert client_of(reader).get(address(name)).status_code == 403
        assert client_of(stranger).get(address(name)).status_code == 404
        assert client_of(reader).put(address(name)).status_code == 405
    page = client_of(reader).get(address("detail")).content.decode()
    assert "Add several" not in page and "Remove" not in page
    other = reverse("access-lists-detail", args=["cn-shanghai", office.pk])
    assert client_of(reader).get(other).status_code == 404, "it is of another region"


def test_a_list_page_asks_the_database_as_often_for_many(
    browser, cloud, django_assert_max_num_queries
):
    here = place()
    AccessControlList.objects.bulk_create(
        AccessControlList(
            acl_id=f"acl-many-{n}",
            account=here.account,
            region=here.region,
            name=f"many-{n}",
            ip_version="ipv4",
        )
        for n in range(50)
    )
    browser.get(url("list"))
    with django_assert_max_num_queries(11):
        browser.get(url("list"))
