"""What becomes of operations that ended badly: by a worker, by trying again, by taking back."""

import pytest
from django.utils import timezone

from console.audit.models import AuditEntry
from tests.cloud import web
from vservers.cloud.settings import HTTPSettings
from vservers.models import LoadBalancer, Operation, OperationCall
from vservers.selectors.fingerprints import fingerprint
from vservers.services import running, settling
from vservers.services.errors import CallFailed, Overtaken, Waiting
from vservers.services.groups import change_group, create_group, delete_group
from vservers.services.listeners import ListenerSpec, create_listener, delete_listener
from vservers.services.rules import NewRule, create_rules
from vservers.services.settling import settle
from vservers.services.undo import retry_rest, undo

from .test_groups import in_cloud, in_mirror, rows


@pytest.fixture
def actor(operator, monkeypatch):
    monkeypatch.setattr(running, "CONFIRM_SECONDS", 0.2)
    return operator.as_actor()


@pytest.fixture
def group(actor, balancer):
    return create_group(
        actor=actor,
        load_balancer=balancer,
        name="first",
        members=rows((web(1), 80, 10), (web(2), 80, 30)),
    )


def set_weight(actor, group, weight):
    members = rows((web(1), 80, weight), (web(2), 80, 30))
    return change_group(
        actor=actor, group=group, name="first", members=members, seen=fingerprint(group)
    )


def new_listener(actor, balancer, group, *, start=True):
    return create_listener(
        actor=actor,
        load_balancer=LoadBalancer.objects.get(pk=balancer.pk),
        protocol="http",
        port=80,
        spec=ListenerSpec(
            settings=HTTPSettings(health_check="off"),
            vserver_group=group,
            backend_server_port=None,
            description="shop",
        ),
        start=start,
    )


def unknown_change(actor, group, flaky_cloud):
    """An operation whose answer was lost, in a cloud that cannot be read."""
    flaky_cloud.drop_answers("SetVServerGroupAttribute", 1)
    flaky_cloud.after("SetVServerGroupAttribute", "DescribeVServerGroupAttribute", "InternalError")
    with pytest.raises(CallFailed) as caught:
        set_weight(actor, group, 99)
    return caught.value.operation


def test_a_worker_that_learns_nothing_new_records_nothing_new(actor, group, flaky_cloud):
    operation = unknown_change(actor, group, flaky_cloud)
    for _ in range(3):
        assert not settle(operation.pk)
    entries = AuditEntry.objects.filter(operation_id=operation.pk)
    assert [entry.outcome for entry in entries] == ["unknown"]
    flaky_cloud.be_well()
    assert settle(operation.pk)
    assert [entry.outcome for entry in entries.all()] == ["done", "unknown"]
    operation.refresh_from_db()
    assert "stopped in the middle" not in operation.note


def test_an_operation_of_a_load_balancer_that_is_gone_ends_in_the_audit_trail(db, actor):
    operation = Operation.objects.create(load_balancer_id="lb-gone", verb="change group")
    OperationCall.objects.create(
        operation=operation,
        position=0,
        action="SetVServerGroupAttribute",
        params={},
        changes=[],
        outcome="sending",
        sent_at=timezone.now(),
    )
    assert settle(operation.pk, in_flight_seconds=0)
    entry = AuditEntry.objects.get(operation_id=operation.pk)
    assert (entry.outcome, entry.calls[0]["outcome"]) == ("failed", "lost")


def test_a_worker_gives_others_their_turn_while_the_cloud_is_busy(
    actor, group, flaky_cloud, monkeypatch
):
    monkeypatch.setattr("vservers.services.operations.FOREGROUND_SECONDS", 0)
    monkeypatch.setattr(settling, "PATIENCE_SECONDS", 0)
    flaky_cloud.refuse("SetVServerGroupAttribute", "VServerGroupProcessing", 100)
    with pytest.raises(Waiting) as caught:
        set_weight(actor, group, 99)
    operation = caught.value.operation
    assert not settle(operation.pk)
    operation.refresh_from_db()
    assert (operation.status, operation.waiting_code) == ("waiting", "VServerGroupProcessing")
    # Not for ever, though.
    monkeypatch.setattr(settling, "GIVE_UP_SECONDS", 0)
    assert settle(operation.pk)
    operation.refresh_from_db()
    assert (operation.status, operation.calls.get().outcome) == ("failed", "refused")
    assert in_mirror(group)[web(1), 80] == 10


def test_a_cloud_that_throttles_reading_between_two_calls_makes_it_wait(
    actor, group, flaky_cloud, monkeypatch
):
    monkeypatch.setattr("vservers.services.operations.FOREGROUND_SECONDS", 0)
    flaky_cloud.after(
        "AddVServerGroupBackendServers", "DescribeVServerGroupAttribute", "Throttling.User"
    )
    with pytest.raises(Waiting) as caught:
        change_group(
            actor=actor,
            group=group,
            name="first",
            members=rows((web(1), 80, 11), (web(3), 80, 1)),
            seen=fingerprint(group),
        )
    flaky_cloud.be_well()
    assert settle(caught.value.operation.pk)
    assert in_mirror(group) == {(web(1), 80): 11, (web(3), 80): 1}


def test_a_creation_that_arrived_after_it_was_given_up_is_not_made_twice(
    actor, balancer, flaky_cloud, outsider
):
    """The call was under way for longer than anybody looked for it."""
    flaky_cloud.drop_answers("CreateVServerGroup", 1)
    flaky_cloud.lag("CreateVServerGroup", "DescribeVServerGroups", reads=200)
    members = rows(*[(web(1), 8000 + n, n) for n in range(25)])
    with pytest.raises(CallFailed) as caught:
        create_group(actor=actor, load_balancer=balancer, name="late", members=members)
    assert caught.value.operation.status == "failed"
    flaky_cloud.be_well()
    retry_rest(actor=actor, operation=caught.value.operation)
    made = balancer.vserver_groups.get()
    assert len(in_cloud(outsider, made)) == len(in_mirror(made)) == 25


def test_the_rest_of_a_listener_is_its_making_and_its_start(
    actor, balancer, group, flaky_cloud, outsider
):
    flaky_cloud.refuse("CreateLoadBalancerHTTPListener", "ActionNotAllowed", 1)
    with pytest.raises(CallFailed) as caught:
        new_listener(actor, balancer, group)
    retry_rest(actor=actor, operation=caught.value.operation)
    assert balancer.listeners.get().status == "running"


def test_what_stood_before_a_lost_answer_was_not_made_by_the_call(
    actor, balancer, group, flaky_cloud, outsider
):
    """Somebody has made the same listener: our call can only have been refused."""
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        HealthCheck="off",
        VServerGroupId=group.pk,
        Description="shop",
    )
    flaky_cloud.drop_answers("CreateLoadBalancerHTTPListener", 1)
    with pytest.raises(CallFailed) as caught:
        new_listener(actor, balancer, group, start=False)
    assert [call.outcome for call in caught.value.operation.calls.all()] == ["lost"]


def test_rules_that_were_made_can_be_taken_back(actor, balancer, group):
    listener = new_listener(actor, balancer, group)
    wanted = [NewRule(f"r{n}", f"{n}.example.com", "", group) for n in range(12)]
    create_rules(actor=actor, listener=listener, rules=wanted)
    undo(actor=actor, operation=Operation.objects.get(verb="create rules"))
    assert not listener.rules.exists()


def test_a_listener_that_is_taken_back_comes_again_with_its_rules(actor, balancer, group):
    listener = new_listener(actor, balancer, group)
    create_rules(actor=actor, listener=listener, rules=[NewRule("r", "a.example.com", "", group)])
    delete_listener(actor=actor, listener=listener)
    undo(actor=actor, operation=Operation.objects.get(verb="delete listener"))
    again = balancer.listeners.get()
    assert (again.status, again.vserver_group, again.rules.get().name) == ("running", group, "r")
    delete_listener(actor=actor, listener=again)
    delete_group(actor=actor, group=group)


def test_what_somebody_else_makes_of_a_change_at_once_is_told(actor, group, flaky_cloud, outsider):
    reads = []

    def change_it_again(action):
        if action == "DescribeVServerGroupAttribute":
            reads.append(action)
        if len(reads) == 2:
            reads.append("once")
            outsider.call(
                "SetVServerGroupAttribute",
                RegionId="cn-hangzhou",
                VServerGroupId=group.pk,
                BackendServers=[{"ServerId": web(1), "Port": 80, "Weight": 55}],
            )

    flaky_cloud.watch(change_it_again)
    with pytest.raises(Overtaken, match=f"shows something else now for member.*{web(1)}"):
        set_weight(actor, group, 99)
    operation = Operation.objects.latest("pk")
    assert operation.status == "done"
    assert in_cloud(outsider, group) == in_mirror(group)
    assert in_mirror(group)[web(1), 80] == 55
    assert "something else" in AuditEntry.objects.get(operation_id=operation.pk).reason
