"""Primary/secondary groups: the list, the dialog for two servers, deleting."""

import pytest

from tests.cloud import REGION, mirror, web
from tests.pages.addresses import HTMX, address
from vservers.models import MasterSlaveGroup, Operation
from vservers.services.undo import undo


@pytest.fixture
def browser(client_of, operator):
    return client_of(operator)


@pytest.fixture
def pair(balancer, outsider):
    """web-01 on 53 and web-02 on 54, mirrored."""
    group_id = outsider.call(
        "CreateMasterSlaveServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        MasterSlaveServerGroupName="dns",
        MasterSlaveBackendServers=[
            {"ServerId": web(1), "Port": 53, "Weight": 100, "ServerType": "Master"},
            {"ServerId": web(2), "Port": 54, "Weight": 90, "ServerType": "Slave"},
        ],
    )["MasterSlaveServerGroupId"]
    mirror(balancer.pk)
    return MasterSlaveGroup.objects.get(pk=group_id)


@pytest.fixture
def used(pair, balancer, outsider):
    """A TCP listener on port 53 that sends to the pair."""
    outsider.call(
        "CreateLoadBalancerTCPListener",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=53,
        Bandwidth=-1,
        MasterSlaveServerGroupId=pair.pk,
    )
    mirror(balancer.pk)
    return pair


def typed(*rows, **more):
    """The dialog as posted: (server_id, port, weight) of each row."""
    data = {"name": "dns", "rows-TOTAL_FORMS": len(rows), "rows-INITIAL_FORMS": 0}
    for index, (server_id, port, weight) in enumerate(rows):
        data |= {
            f"rows-{index}-server_id": server_id,
            f"rows-{index}-port": port,
            f"rows-{index}-weight": weight,
            f"rows-{index}-type": "ecs",
        }
    return data | more


TWO = [(web(1), 53, 100), (web(2), 54, 90)]


def test_the_list_shows_both_servers_and_who_uses_them(browser, used, balancer):
    page = browser.get(address("pairs-list", balancer)).content.decode()
    for words in ("dns", used.pk, "web-01", ":53", "web-02", ":54", "weight 90", "TCP:53"):
        assert words in page
    part = browser.get(address("pairs-list", balancer), {"q": "web-02"}, headers=HTMX)
    assert used.pk in part.content.decode() and "<html" not in part.content.decode()
    part = browser.get(address("pairs-list", balancer), {"q": "web-07"}, headers=HTMX)
    assert used.pk not in part.content.decode()


def test_two_servers_are_picked_and_the_second_made_the_primary_one(browser, balancer, outsider):
    new = address("pairs-new", balancer)
    ticks = {"intent": "add", "tick": [web(1), web(2)], "network_type": "classic"}
    picked = browser.post(new, ticks).content.decode()
    assert "web-01" in picked
    assert "2 of 2" in picked
    answer = browser.post(new, typed(*TWO, intent="confirm", primary="1"), headers=HTMX)
    assert answer.status_code == 204
    group = MasterSlaveGroup.objects.get(load_balancer=balancer)
    assert [(m.role, m.server_id, m.port, m.weight) for m in group.members.all()] == [
        ("Master", web(2), 54, 90),
        ("Slave", web(1), 53, 100),
    ]
    answer = outsider.call(
        "DescribeMasterSlaveServerGroupAttribute",
        RegionId=REGION,
        MasterSlaveServerGroupId=group.pk,
    )
    rows = answer["MasterSlaveBackendServers"]["MasterSlaveBackendServer"]
    assert {row["ServerType"]: row["ServerId"] for row in rows} == {
        "Master": web(2),
        "Slave": web(1),
    }


def test_the_primary_server_stays_it_when_the_other_is_removed(browser, balancer):
    new = address("pairs-new", balancer)
    page = browser.post(new, typed(*TWO, intent="remove:0", primary="1"))
    assert page.context["primary"] == 0
    assert web(2) in page.content.decode()


@pytest.mark.parametrize("rows", [[], TWO[:1], [*TWO, (web(3), 53, 100)]])
def test_other_than_two_servers_are_refused(browser, balancer, rows):
    answer = browser.post(
        address("pairs-new", balancer), typed(*rows, intent="confirm"), headers=HTMX
    )
    assert answer.status_code == 422
    assert "Choose exactly two servers" in answer.content.decode()
    assert not Operation.objects.exists()


def test_the_same_server_and_port_twice_is_refused_and_what_was_typed_stays(browser, balancer):
    twice = typed((web(1), 53, 100), (web(1), 53, 7), intent="confirm")
    answer = browser.post(address("pairs-new", balancer), twice, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "in the list with this port already" in page and 'value="7"' in page


def test_a_plan_says_which_is_the_primary_one_and_sends_nothing(browser, balancer):
    new = address("pairs-new", balancer)
    page = browser.post(new, typed(*TWO, intent="plan")).content.decode()
    assert "CreateMasterSlaveServerGroup" in page and "Primary server" in page
    assert not MasterSlaveGroup.objects.exists()


def test_a_group_in_use_is_not_deleted_and_its_users_are_named(browser, used, balancer):
    delete = address("pairs-delete", balancer, used.pk)
    page = browser.get(delete).content.decode()
    assert "TCP:53 of test" in page and "disabled" in page
    assert browser.post(delete, headers=HTMX).status_code == 422
    assert MasterSlaveGroup.objects.filter(pk=used.pk).exists()


def test_a_deleted_group_is_brought_back_by_undoing(browser, pair, balancer, operator):
    answer = browser.post(address("pairs-delete", balancer, pair.pk), headers=HTMX)
    assert answer.status_code == 204
    assert not MasterSlaveGroup.objects.exists()
    undo(actor=operator.as_actor(), operation=Operation.objects.get())
    again = MasterSlaveGroup.objects.get()
    assert again.pk != pair.pk
    assert [(m.role, m.server_id, m.port, m.weight) for m in again.members.all()] == [
        ("Master", web(1), 53, 100),
        ("Slave", web(2), 54, 90),
    ]


def test_refresh_reads_what_others_made(browser, balancer, pair, outsider):
    outsider.call("DeleteMasterSlaveServerGroup", RegionId=REGION, MasterSlaveServerGroupId=pair.pk)
    browser.post(address("pairs-refresh", balancer))
    assert not MasterSlaveGroup.objects.exists()


def test_who_may_see_and_who_may_change(client_of, reader, stranger, pair, balancer):
    listing = address("pairs-list", balancer)
    assert client_of(reader).get(listing).status_code == 200
    assert client_of(stranger).get(listing).status_code == 404
    assert client_of(reader).post(listing).status_code == 405
    for changing in (address("pairs-new", balancer), address("pairs-delete", balancer, pair.pk)):
        assert client_of(reader).get(changing).status_code == 403
        assert client_of(stranger).get(changing).status_code == 404
        assert client_of(reader).put(changing).status_code == 405


def test_a_list_page_asks_the_database_as_often_for_many(
    browser, balancer, django_assert_max_num_queries
):
    MasterSlaveGroup.objects.bulk_create(
        MasterSlaveGroup(group_id=f"rsp-{n}", load_balancer=balancer, name=f"g{n}")
        for n in range(50)
    )
    browser.get(address("pairs-list", balancer))
    with django_assert_max_num_queries(11):
        browser.get(address("pairs-list", balancer))
