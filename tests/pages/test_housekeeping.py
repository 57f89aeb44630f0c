"""Housekeeping: what it finds, and that each thing is mended from there."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.cloud import REGION, mirror, web
from tests.pages.addresses import HTMX, address
from vservers.cloud.types import BackendServer
from vservers.models import Batch, Listener, Member, Region, Server, VServerGroup
from vservers.selectors import housekeeping
from vservers.services import batches
from vservers.services.groups import create_group

EVERYWHERE = reverse("housekeeping-region", args=[REGION])
REMOVE = reverse("housekeeping-remove", args=[REGION])


@pytest.fixture
def groups(operator, balancer, outsider):
    """serving and zero are used by a listener each; spare and hollow by nobody."""
    made = {
        name: create_group(
            actor=operator.as_actor(), load_balancer=balancer, name=name, members=members
        )
        for name, members in {
            "serving": [BackendServer(web(1), 80, 10), BackendServer(web(2), 80, 10)],
            "zero": [BackendServer(web(3), 80, 0)],
            "spare": [BackendServer(web(1), 81, 5)],
            "hollow": [],
        }.items()
    }
    for port, name in ((80, "serving"), (81, "zero"), (82, "hollow")):
        outsider.call(
            "CreateLoadBalancerHTTPListener",
            LoadBalancerId=balancer.pk,
            ListenerPort=port,
            HealthCheck="off",
            VServerGroupId=made[name].pk,
        )
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=90,
        BackendServerPort=80,
        HealthCheck="off",
    )
    mirror(balancer.pk)
    return made


def names(rows):
    return sorted(str(row) for row in rows)


def test_each_kind_finds_what_it_is_about(groups, balancer):
    assert names(housekeeping.unused_groups(balancer)) == ["spare"]
    assert names(housekeeping.zero_groups(balancer)) == ["zero"]
    assert names(housekeeping.lost_members(balancer)) == []
    assert names(housekeeping.empty_listeners(balancer)) == ["HTTP:82", "HTTP:90"]
    [idle] = housekeeping.idle_instances(balancer)
    assert housekeeping.why_idle(idle) == ["All listeners are stopped"]
    assert housekeeping.counts(balancer) == {
        "unused": 1, "zero": 1, "lost": 0, "empty": 2, "idle": 1,
    }  # fmt: skip


def test_servers_that_stopped_or_went_are_told_apart(groups, balancer):
    Server.objects.filter(pk=web(1)).update(status="Stopped")
    Server.objects.filter(pk=web(2)).update(vanished_at=timezone.now())
    Member.objects.filter(server=web(3)).update(server="i-never-seen")
    rows = housekeeping.lost_members(balancer).select_related("server")
    assert {(str(row), housekeeping.why_lost(row)) for row in rows} == {
        (f"{web(1)}:80", "The server is stopped"),
        (f"{web(1)}:81", "The server is stopped"),
        (f"{web(2)}:80", "The server is gone"),
        ("i-never-seen:80", "The server is gone"),
    }
    Member.objects.filter(server="i-never-seen").update(type="eni")
    assert "i-never-seen:80" not in names(housekeeping.lost_members(balancer))


def test_an_instance_is_idle_by_each_of_the_causes(groups, balancer):
    Listener.objects.filter(load_balancer=balancer, port=80).update(status="running")
    assert not housekeeping.idle_instances(balancer).exists()
    Member.objects.filter(group__load_balancer=balancer).update(weight=0)
    assert housekeeping.why_idle(housekeeping.idle_instances(balancer).get()) == [
        "All weights are 0"
    ]
    Member.objects.filter(group__load_balancer=balancer).delete()
    Listener.objects.filter(load_balancer=balancer).delete()
    assert housekeeping.why_idle(housekeeping.idle_instances(balancer).get()) == [
        "No listener",
        "No server",
    ]


def test_a_listener_that_sends_clients_elsewhere_needs_no_server(groups, balancer):
    Listener.objects.filter(load_balancer=balancer, port=90).update(forward_port=443)
    assert names(housekeeping.empty_listeners(balancer)) == ["HTTP:82"]


@pytest.mark.parametrize("kind", ["unused", "zero", "lost", "empty", "idle", "nonsense", ""])
def test_every_kind_has_its_list_of_a_region_and_of_an_instance(
    client_of, reader, groups, balancer, kind
):
    Server.objects.filter(pk=web(1)).update(status="Stopped")
    client = client_of(reader)
    for place in (EVERYWHERE, address("housekeeping-of", balancer)):
        assert client.get(place, {"kind": kind}).status_code == 200
        part = client.get(place, {"kind": kind}, headers=HTMX)
        assert "<html" not in part.content.decode()
    assert client.post(EVERYWHERE).status_code == 405


def test_it_opens_with_what_there_is_something_to_do_for(client_of, reader, groups, balancer):
    VServerGroup.objects.filter(pk=groups["spare"].pk).delete()
    page = client_of(reader).get(address("housekeeping-of", balancer)).content.decode()
    assert "No server of these groups takes new requests" in page


def test_lost_servers_are_removed_from_all_their_groups(client_of, operator, groups, balancer):
    Server.objects.filter(pk=web(1)).update(status="Stopped")
    client = client_of(operator)
    answer = client.post(REMOVE, {"all": "1", "instance": balancer.pk})
    page = client.get(answer["Location"]).content.decode()
    assert "2 groups" in page
    batch = Batch.objects.get()
    client.post(reverse("batches-start", args=[batch.pk]))
    assert batches.carry_out(batch.pk)
    rows = Member.objects.filter(group__load_balancer=balancer)
    assert sorted(rows.values_list("server", flat=True)) == [web(2), web(3)]


def test_a_row_that_serves_again_is_not_removed_by_an_old_page(
    client_of, operator, groups, balancer
):
    serving = Member.objects.get(group=groups["serving"], server=web(1))
    answer = client_of(operator).post(REMOVE, {"member": [serving.pk, "x"]})
    assert answer["Location"] == f"{EVERYWHERE}?kind=lost"
    assert not Batch.objects.exists()


def test_unused_groups_are_deleted_together_and_used_ones_stay(
    client_of, operator, groups, balancer
):
    client = client_of(operator)
    place = reverse("groups-delete-many", args=[REGION])
    answer = client.post(place, {"group": [groups["spare"].pk, groups["serving"].pk]})
    page = client.get(answer["Location"]).content.decode()
    assert "1 group is in use and stays" in page
    assert "spare" in page
    batch = Batch.objects.get()
    client.post(reverse("batches-start", args=[batch.pk]))
    assert batches.carry_out(batch.pk)
    assert not VServerGroup.objects.filter(pk=groups["spare"].pk).exists()
    assert VServerGroup.objects.filter(pk=groups["serving"].pk).exists()


def test_a_group_that_came_into_use_meanwhile_is_not_deleted(
    client_of, operator, groups, balancer, outsider
):
    client = client_of(operator)
    client.post(reverse("groups-delete-many", args=[REGION]), {"group": groups["spare"].pk})
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=95,
        HealthCheck="off",
        VServerGroupId=groups["spare"].pk,
    )
    batch = Batch.objects.get()
    client.post(reverse("batches-start", args=[batch.pk]))
    assert batches.carry_out(batch.pk)
    assert batch.items.get().outcome == "refused"
    assert VServerGroup.objects.filter(pk=groups["spare"].pk).exists()


def test_only_used_groups_lead_back_to_the_list(client_of, operator, groups, balancer):
    place = reverse("groups-delete-many", args=[REGION])
    for data in ({"group": groups["serving"].pk}, {}):
        answer = client_of(operator).post(place, data)
        assert answer["Location"] == reverse("groups-all", args=[REGION])
    assert not Batch.objects.exists()


def test_readers_see_and_do_not_mend(client_of, reader, stranger, groups, balancer):
    Server.objects.filter(pk=web(1)).update(status="Stopped")
    page = client_of(reader).get(EVERYWHERE, {"kind": "lost"}).content.decode()
    assert "Remove from their groups" not in page
    assert client_of(reader).post(REMOVE, {"all": "1"}).status_code == 403
    place = reverse("groups-delete-many", args=[REGION])
    assert client_of(reader).post(place, {"all": "1"}).status_code == 403
    assert client_of(stranger).get(EVERYWHERE).status_code == 404


@pytest.mark.parametrize("count", [1, 30])
def test_the_number_of_queries_is_bounded(
    client_of, reader, groups, balancer, django_assert_max_num_queries, count
):
    now = timezone.now()
    VServerGroup.objects.bulk_create(
        VServerGroup(
            vserver_group_id=f"rsp-{n}", load_balancer=balancer, name=f"x{n}", synced_at=now
        )
        for n in range(count)
    )
    Member.objects.bulk_create(
        Member(group_id=f"rsp-{n}", server_id="i-gone", port=80, weight=0) for n in range(count)
    )
    client = client_of(reader)
    client.get(EVERYWHERE)
    for kind in housekeeping.KINDS:
        with django_assert_max_num_queries(16):
            client.get(EVERYWHERE, {"kind": kind})
    assert housekeeping.counts(Region.objects.get(pk=REGION))["lost"] >= count
