"""What somebody else changed in the cloud is seen as drift, and followed to its end."""

import pytest

from console.accounts.permissions import NotAllowed
from console.audit.models import AuditEntry
from tests.cloud import REGION, api_group, connect, mirror, web
from vservers.cloud.types import BackendServer
from vservers.models import Drift, LoadBalancer, VServerGroup
from vservers.selectors.fingerprints import fingerprint
from vservers.services import drift, readings, sync, vanishing
from vservers.services.groups import change_group, create_group


@pytest.fixture
def group(balancer, outsider):
    made = api_group(outsider, balancer.pk)
    mirror(balancer.pk)
    Drift.objects.all().delete()
    return VServerGroup.objects.get(pk=made)


def set_weight(outsider, group, weight):
    outsider.call(
        "SetVServerGroupAttribute",
        RegionId=REGION,
        VServerGroupId=group.pk,
        BackendServers=[{"ServerId": web(1), "Port": 80, "Weight": weight}],
    )


def read(group):
    reader = readings.one_group(group.load_balancer_id, group.pk)
    sync.store(connect(), group.load_balancer_id, reader)


def test_what_is_seen_for_the_first_time_is_no_drift(new_balancer, outsider):
    made = outsider.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]
    outsider.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=made)
    mirror(made)
    assert VServerGroup.objects.filter(load_balancer=made).exists()
    assert not list(Drift.objects.values("object_type", "field", "item", "before", "after"))


def test_a_weight_that_somebody_else_set_is_drift_from_and_to(group, outsider):
    set_weight(outsider, group, 99)
    read(group)
    row = Drift.objects.get()
    assert (row.object_type, row.object_id, row.object_name) == ("group", group.pk, "api")
    assert (row.field, row.item) == ("server", f"{web(1)}:80")
    assert (row.before["weight"], row.after["weight"]) == (10, 99)
    assert row.status == "open"
    assert row.load_balancer_id == group.load_balancer_id


def test_one_open_row_moves_on_and_closes_when_it_goes_back(group, outsider):
    for weight in (99, 98):
        set_weight(outsider, group, weight)
        read(group)
    row = Drift.objects.get()
    assert (row.before["weight"], row.after["weight"]) == (10, 98)
    set_weight(outsider, group, 10)
    read(group)
    row.refresh_from_db()
    assert row.status == "reverted"
    assert row.closed_at


def test_reading_again_what_did_not_change_makes_no_second_row(group, outsider):
    set_weight(outsider, group, 99)
    read(group)
    mirror(group.load_balancer_id)
    assert Drift.objects.count() == 1


@pytest.mark.parametrize(
    ("action", "parameters", "field"),
    [
        ("SetVServerGroupAttribute", {"VServerGroupName": "renamed"}, "name"),
        (
            "AddVServerGroupBackendServers",
            {"BackendServers": [{"ServerId": web(2), "Port": 80}]},
            "server",
        ),
        (
            "RemoveVServerGroupBackendServers",
            {"BackendServers": [{"ServerId": web(1), "Port": 80}]},
            "server",
        ),
        ("DeleteVServerGroup", {}, "exists"),
    ],
)
def test_every_change_of_a_group_is_seen(group, outsider, action, parameters, field):
    outsider.call(action, RegionId=REGION, VServerGroupId=group.pk, **parameters)
    read(group)
    assert Drift.objects.get().field == field


def test_a_deleted_group_tells_what_it_held_and_closes_its_other_drift(group, outsider):
    set_weight(outsider, group, 99)
    read(group)
    outsider.call("DeleteVServerGroup", RegionId=REGION, VServerGroupId=group.pk)
    read(group)
    assert Drift.objects.get(field="server").status == "gone"
    row = Drift.objects.get(field="exists")
    assert row.before["servers"] == [{"server": f"{web(1)}:80", "weight": 99, "type": "ecs"}]
    assert row.after is None
    gone = VServerGroup.everything.get(pk=group.pk)
    assert gone.vanished_at
    assert not gone.members.exists()


def test_pool_listener_rule_and_balancer_are_watched_too(group, balancer, outsider):
    outsider.call(
        "AddBackendServers", LoadBalancerId=balancer.pk, BackendServers=[{"ServerId": web(1)}]
    )
    outsider.call("SetLoadBalancerName", LoadBalancerId=balancer.pk, LoadBalancerName="new-name")
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        VServerGroupId=group.pk,
        HealthCheck="off",
        StickySession="off",
    )
    outsider.call(
        "CreateRules",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        RuleList=[{"RuleName": "r", "Domain": "a.example", "VServerGroupId": group.pk}],
    )
    sync.read_balancer(connect(), balancer.pk)
    seen = {(row.object_type, row.field) for row in Drift.objects.all()}
    assert seen == {
        ("pool", "server"),
        ("balancer", "name"),
        ("listener", "exists"),
        ("rule", "exists"),
    }
    Drift.objects.all().delete()
    outsider.call(
        "StartLoadBalancerListener", RegionId=REGION, LoadBalancerId=balancer.pk, ListenerPort=80
    )
    mirror(balancer.pk)
    row = Drift.objects.get()
    assert (row.object_type, row.object_id, row.field) == ("listener", "http:80", "status")
    assert (row.before, row.after) == ("stopped", "running")


def test_what_the_console_does_itself_is_no_drift(operator, balancer):
    actor = operator.as_actor()
    group = create_group(
        actor=actor, load_balancer=balancer, name="g", members=[BackendServer(web(1), 80, 10)]
    )
    change_group(
        actor=actor,
        group=group,
        name="h",
        members=[BackendServer(web(2), 80, 20)],
        seen=fingerprint(group),
    )
    mirror(balancer.pk)
    assert not list(Drift.objects.values("object_type", "field", "item", "before", "after"))


def test_setting_a_drifted_weight_in_the_console_ends_the_drift(operator, group, outsider):
    set_weight(outsider, group, 99)
    read(group)
    group.refresh_from_db()
    change_group(
        actor=operator.as_actor(),
        group=group,
        name="api",
        members=[BackendServer(web(1), 80, 50)],
        seen=fingerprint(group),
    )
    assert Drift.objects.get().status == "gone"


def test_what_is_explained_is_no_drift_and_the_rest_is(group, outsider):
    set_weight(outsider, group, 99)
    outsider.call(
        "SetVServerGroupAttribute", RegionId=REGION, VServerGroupId=group.pk, VServerGroupName="x"
    )
    reader = readings.one_group(group.load_balancer_id, group.pk)
    sync.store(
        connect(),
        group.load_balancer_id,
        reader,
        explains=lambda difference: difference.field == "server",
    )
    assert [row.field for row in Drift.objects.all()] == ["name"]


def test_a_released_balancer_is_drift_and_its_groups_are_gone(group, outsider):
    outsider.call("DeleteLoadBalancer", LoadBalancerId=group.load_balancer_id)
    vanishing.balancers_vanish([group.load_balancer_id])
    row = Drift.objects.get()
    assert (row.object_type, row.field) == ("balancer", "exists")
    assert LoadBalancer.everything.get(pk=group.load_balancer_id).vanished_at
    assert not VServerGroup.objects.filter(pk=group.pk).exists()


def test_accepting_is_recorded_and_only_once_possible(operator, reader, group, outsider):
    set_weight(outsider, group, 99)
    read(group)
    row = Drift.objects.get()
    with pytest.raises(NotAllowed):
        drift.accept_drift(actor=reader.as_actor(), drift=row)
    drift.accept_drift(actor=operator.as_actor(), drift=row)
    row.refresh_from_db()
    assert (row.status, row.closed_by) == ("accepted", "operator")
    entry = AuditEntry.objects.get(verb="accept drift")
    assert (entry.before["value"]["weight"], entry.after["value"]["weight"]) == (10, 99)
    with pytest.raises(drift.NotOpen):
        drift.accept_drift(actor=operator.as_actor(), drift=row)
    # What differs from there on is another one.
    set_weight(outsider, group, 98)
    read(group)
    assert Drift.objects.get(status="open").before["weight"] == 99
