"""Load balancers themselves and their tags, changed in a live cloud."""

import pytest

from console.accounts.permissions import NotAllowed
from console.audit.models import AuditEntry
from tests.cloud import REGION, connect, mirror, web
from vservers.localcloud.faultctl import ask
from vservers.models import Drift, LoadBalancer, Operation
from vservers.selectors.fingerprints import balancer_fingerprint
from vservers.services import balancers, readings, settling, tags, undo
from vservers.services.errors import CallFailed, CannotUndo, Gone, NotPossible, Stale
from vservers.services.reverting import revert_drift, why_not_revertible
from vservers.services.sync import store


@pytest.fixture
def actor(operator):
    return operator.as_actor()


def in_cloud(outsider, balancer):
    return outsider.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer.pk)


def now(balancer):
    return LoadBalancer.objects.get(pk=balancer.pk)


def change(actor, balancer, **values):
    return balancers.change_balancer(
        actor=actor,
        load_balancer=balancer,
        values=values,
        seen=balancer_fingerprint(now(balancer), values),
    )


def test_it_stops_and_starts_and_the_mirror_follows(actor, balancer, outsider):
    balancers.stop_balancer(actor=actor, load_balancer=balancer)
    assert in_cloud(outsider, balancer)["LoadBalancerStatus"] == "inactive"
    assert now(balancer).status == "inactive"
    balancers.start_balancer(actor=actor, load_balancer=balancer)
    assert now(balancer).status == "active"
    entry = AuditEntry.objects.get(verb="start instance")
    assert (entry.before, entry.after) == ({"status": "inactive"}, {"status": "active"})


def test_what_runs_is_not_started(actor, balancer):
    with pytest.raises(NotPossible, match="running already"):
        balancers.start_balancer(actor=actor, load_balancer=balancer)
    assert not Operation.objects.exists()


def test_it_is_renamed_and_the_old_name_comes_back_by_undo(actor, balancer, outsider):
    assert change(actor, balancer, name="renamed")
    assert in_cloud(outsider, balancer)["LoadBalancerName"] == "renamed"
    assert not change(actor, balancer, name="renamed"), "nothing to do"
    undo.undo(actor=actor, operation=Operation.objects.get(verb="rename instance"))
    assert now(balancer).name == "test"


def test_a_name_that_somebody_else_gave_meanwhile_is_not_overwritten(actor, balancer, outsider):
    seen = balancer_fingerprint(balancer, ["name"])
    outsider.call("SetLoadBalancerName", LoadBalancerId=balancer.pk, LoadBalancerName="theirs")
    with pytest.raises(Stale):
        balancers.change_balancer(
            actor=actor, load_balancer=balancer, values={"name": "mine"}, seen=seen
        )
    assert now(balancer).name == "theirs", "the mirror holds their state now"


def test_protection_keeps_an_instance_from_changes_until_it_is_off(actor, balancer):
    change(
        actor,
        balancer,
        delete_protection="on",
        modification_protection="ConsoleProtection",
        modification_protection_reason="sale",
    )
    with pytest.raises(NotPossible, match="Deletion protection"):
        balancers.release_balancer(actor=actor, load_balancer=balancer)
    with pytest.raises(NotPossible, match="“sale”"):
        balancers.stop_balancer(actor=actor, load_balancer=balancer)
    with pytest.raises(NotPossible, match="“sale”"):
        change(actor, balancer, name="other")
    operation = Operation.objects.get()
    assert [call.action for call in operation.calls.all()] == [
        "SetLoadBalancerDeleteProtection",
        "SetLoadBalancerModificationProtection",
    ]
    undo.undo(actor=actor, operation=operation)
    assert not now(balancer).is_protected_from_changes
    balancers.stop_balancer(actor=actor, load_balancer=balancer)


def test_bandwidth_and_specification_are_set(actor, balancer):
    change(actor, balancer, internet_charge_type="paybybandwidth", bandwidth=20)
    change(actor, balancer, spec="slb.s2.small")
    row = now(balancer)
    assert (row.internet_charge_type, row.bandwidth, row.spec) == (
        "paybybandwidth",
        20,
        "slb.s2.small",
    )


def test_an_intranet_instance_has_no_bandwidth(actor, vpc_balancer):
    with pytest.raises(NotPossible, match="intranet"):
        change(actor, vpc_balancer, internet_charge_type="paybybandwidth", bandwidth=20)


def test_a_release_takes_all_with_it_and_leaves_a_marked_row(actor, balancer, outsider):
    outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        VServerGroupName="blue",
        BackendServers=[{"ServerId": web(1), "Port": 80}],
    )
    mirror(balancer.pk)
    balancers.release_balancer(actor=actor, load_balancer=balancer)
    assert not LoadBalancer.objects.filter(pk=balancer.pk).exists()
    assert LoadBalancer.everything.get(pk=balancer.pk).vanished_at
    drift = Drift.objects.filter(after__isnull=True) | Drift.objects.filter(object_type="balancer")
    assert not drift.exists(), "it is our own doing"
    operation = Operation.objects.get()
    assert operation.status == Operation.Status.DONE
    (call,) = operation.calls.all()
    assert [one["kind"] for one in call.changes] == ["instance", "group"]
    with pytest.raises(Gone):
        balancers.release_balancer(actor=actor, load_balancer=balancer)
    with pytest.raises((Gone, CannotUndo)):
        undo.undo(actor=actor, operation=operation)


def test_a_release_whose_answer_was_lost_is_found_out(actor, new_balancer, flaky_cloud):
    balancer = new_balancer(LoadBalancerName="lost")
    flaky_cloud.drop_answers("DeleteLoadBalancer", 1)
    balancers.release_balancer(actor=actor, load_balancer=balancer)
    assert Operation.objects.get().status == Operation.Status.DONE
    assert LoadBalancer.everything.get(pk=balancer.pk).vanished_at


def test_a_release_left_behind_is_settled_when_a_sync_has_marked_the_instance(
    actor, balancer, outsider
):
    balancers.release_balancer(actor=actor, load_balancer=balancer)
    operation = Operation.objects.get()
    operation.calls.update(outcome="sending")
    Operation.objects.update(status="running")
    assert settling.settle(operation.pk, in_flight_seconds=0)
    operation.refresh_from_db()
    assert operation.status == Operation.Status.DONE


def test_tags_are_put_and_taken_in_one_operation_and_come_back_by_undo(actor, balancer, outsider):
    tags.change_balancer_tags(
        actor=actor, load_balancer=balancer, put={"env": "test", "team": ""}, take=[]
    )
    assert now(balancer).tags == {"env": "test", "team": ""}
    operation = tags.change_balancer_tags(
        actor=actor, load_balancer=balancer, put={"env": "live"}, take=["team", "unknown"]
    )
    assert [call.action for call in operation.calls.all()] == ["TagResources", "UntagResources"]
    assert now(balancer).tags == {"env": "live"}
    assert not Drift.objects.exists()
    undo.undo(actor=actor, operation=operation)
    assert now(balancer).tags == {"env": "test", "team": ""}
    nothing = tags.change_balancer_tags(
        actor=actor, load_balancer=balancer, put={"env": "test"}, take=[]
    )
    assert nothing is None


def test_more_tags_than_the_cloud_allows_are_refused_before_a_call(actor, balancer):
    put = {f"k{number}": "v" for number in range(21)}
    with pytest.raises(NotPossible, match="21 tags"):
        tags.change_balancer_tags(actor=actor, load_balancer=balancer, put=put, take=[])
    assert not Operation.objects.exists()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("", "v", "1 to 64"),
        ("k" * 65, "v", "1 to 64"),
        ("k", "v" * 129, "128"),
        ("aliyun-x", "", "aliyun"),
        ("k", "acs:x", "acs:"),
        ("k", "see http://x", "http://"),
        ("k\n", "", "control"),
        ("env", "live", ""),
    ],
)
def test_a_tag_that_the_cloud_would_refuse_is_told(key, value, words):
    error = tags.tag_error(key, value)
    assert words in error
    assert bool(error) == bool(words)


def test_a_tag_of_somebody_else_is_drift_that_can_be_taken_back(actor, balancer, outsider):
    outsider.call(
        "TagResources",
        RegionId=REGION,
        ResourceType="instance",
        **{"ResourceId.1": balancer.pk, "Tag.1.Key": "env", "Tag.1.Value": "theirs"},
    )
    store(connect(), balancer.pk, readings.whole_balancer(balancer.pk))
    drift = Drift.objects.get()
    assert (drift.field, drift.item, drift.before, drift.after) == ("tag", "env", None, "theirs")
    assert not why_not_revertible(drift)
    revert_drift(actor=actor, drift=drift)
    assert now(balancer).tags == {}


def test_a_reader_may_not(reader, balancer):
    actor = reader.as_actor()
    for act in (balancers.start_balancer, balancers.stop_balancer, balancers.release_balancer):
        with pytest.raises(NotAllowed):
            act(actor=actor, load_balancer=balancer)
    with pytest.raises(NotAllowed):
        tags.change_balancer_tags(actor=actor, load_balancer=balancer, put={"a": "b"}, take=[])
    assert AuditEntry.objects.filter(outcome="refused").count() == 4


def test_a_release_that_was_refused_can_be_tried_again(actor, balancer, cloud):
    fault = {"kind": "busy", "actions": ["DeleteLoadBalancer"], "code": "ActionNotAllowed"}
    assert ask(cloud.data_dir, "POST", "/faults", {**fault, "times": 1})[0] == 201
    with pytest.raises(CallFailed):
        balancers.release_balancer(actor=actor, load_balancer=balancer)
    undo.retry_rest(actor=actor, operation=Operation.objects.get(verb="release instance"))
    assert not LoadBalancer.objects.filter(pk=balancer.pk).exists()
