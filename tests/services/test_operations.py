"""Operations: what is recorded, what is sent, and what is said when not all of it could be."""

import pytest
from django.utils import timezone

from console.audit.models import AuditEntry
from tests.cloud import web
from vservers.models import Operation, VServerGroup
from vservers.selectors.fingerprints import fingerprint
from vservers.services import running
from vservers.services.errors import CallFailed, CannotUndo, Waiting
from vservers.services.groups import change_group, create_group, delete_group
from vservers.services.settling import settle
from vservers.services.undo import retry_rest, undo

from .test_groups import in_cloud, in_mirror, many, rows


@pytest.fixture
def actor(operator):
    return operator.as_actor(request_id="request-1234")


@pytest.fixture
def group(actor, balancer):
    return create_group(
        actor=actor,
        load_balancer=balancer,
        name="first",
        members=rows((web(1), 80, 10), (web(2), 80, 30)),
    )


def change(actor, group, members, name=None):
    return change_group(
        actor=actor,
        group=group,
        name=name or group.name,
        members=members,
        seen=fingerprint(group),
    )


def outcomes(operation):
    return [call.outcome for call in operation.calls.all()]


def test_an_operation_keeps_who_what_and_each_call_with_its_rows(actor, group):
    change(actor, group, rows((web(1), 80, 0), (web(3), 80, 100)))
    operation = Operation.objects.first()
    assert (operation.status, operation.actor_name, operation.resource_id) == (
        "done",
        "operator",
        group.pk,
    )
    assert [call.action for call in operation.calls.all()] == [
        "AddVServerGroupBackendServers",
        "SetVServerGroupAttribute",
        "RemoveVServerGroupBackendServers",
    ]
    call = operation.calls.all()[1]
    assert call.changes == [
        {
            "kind": "member",
            "key": [group.pk, web(1), "", 80],
            "before": {"weight": 10, "description": "", "type": "ecs"},
            "after": {"weight": 0, "description": "", "type": "ecs"},
        }
    ]
    assert call.request_id and call.sent_at <= call.answered_at
    assert AuditEntry.objects.get(verb="change group").operation_id == operation.pk


def test_the_rest_of_a_refused_operation_can_be_tried_again(actor, group, flaky_cloud, outsider):
    flaky_cloud.refuse("SetVServerGroupAttribute", "ActionNotAllowed", 1)
    wanted = rows((web(1), 80, 0), (web(3), 80, 100))
    with pytest.raises(CallFailed) as caught:
        change(actor, group, wanted)
    first = caught.value.operation
    assert (first.status, outcomes(first)) == ("partly done", ["done", "refused", "not sent"])
    assert "Not sent: RemoveVServerGroupBackendServers." in caught.value.done
    second = retry_rest(actor=actor, operation=first)
    assert (second.status, second.retry_of) == ("done", first)
    assert [call.action for call in second.calls.all()] == [
        "SetVServerGroupAttribute",
        "RemoveVServerGroupBackendServers",
    ]
    assert in_cloud(outsider, group) == in_mirror(group) == {(web(1), 80): 0, (web(3), 80): 100}
    with pytest.raises(CannotUndo, match="again already"):
        retry_rest(actor=actor, operation=first)


def test_the_rest_leaves_rows_alone_that_others_changed(actor, group, flaky_cloud, outsider):
    flaky_cloud.refuse("SetVServerGroupAttribute", "ActionNotAllowed", 1)
    with pytest.raises(CallFailed) as caught:
        change(actor, group, rows((web(1), 80, 11), (web(2), 80, 30)))
    theirs = [{"ServerId": web(1), "Port": 80, "Weight": 77}]
    outsider.call(
        "SetVServerGroupAttribute",
        RegionId="cn-hangzhou",
        VServerGroupId=group.pk,
        BackendServers=theirs,
    )
    with pytest.raises(CannotUndo, match="Changed since"):
        retry_rest(actor=actor, operation=caught.value.operation)
    assert in_cloud(outsider, group)[web(1), 80] == 77


def test_a_group_that_was_refused_halfway_gets_its_other_servers(actor, balancer, flaky_cloud):
    flaky_cloud.refuse("AddVServerGroupBackendServers", "ActionNotAllowed", 1)
    with pytest.raises(CallFailed) as caught:
        create_group(actor=actor, load_balancer=balancer, name="g", members=many(45))
    made = VServerGroup.objects.get(pk=caught.value.resource_id)
    assert len(in_mirror(made)) == 20
    retry_rest(actor=actor, operation=caught.value.operation)
    assert len(in_mirror(made)) == 45
    assert balancer.vserver_groups.count() == 1


def test_a_busy_cloud_outlasts_the_patience_and_a_worker_goes_on(
    actor, group, flaky_cloud, outsider, monkeypatch
):
    monkeypatch.setattr("vservers.services.operations.FOREGROUND_SECONDS", 0.2)
    flaky_cloud.refuse("SetVServerGroupAttribute", "VServerGroupProcessing", 4)
    with pytest.raises(Waiting, match="VServerGroupProcessing") as caught:
        change(actor, group, rows((web(1), 80, 99), (web(2), 80, 30)))
    operation = caught.value.operation
    assert (operation.status, operation.waiting_code) == ("waiting", "VServerGroupProcessing")
    assert not AuditEntry.objects.filter(verb="change group").exists()
    assert settle(operation.pk)
    operation.refresh_from_db()
    assert (operation.status, operation.waiting_code) == ("done", "")
    assert operation.calls.get().attempts > 2
    assert in_cloud(outsider, group) == in_mirror(group)
    assert in_mirror(group)[web(1), 80] == 99


def test_the_quota_makes_removals_go_first_and_the_group_is_never_empty(
    actor, balancer, group, flaky_cloud, outsider
):
    seen = []
    flaky_cloud.watch(lambda action: seen.append((action, len(in_cloud(outsider, group)))))
    flaky_cloud.refuse("AddVServerGroupBackendServers", "InstanceBackendServerNumberOverLimit", 1)
    change(actor, group, rows((web(3), 80, 1), (web(4), 80, 2)))
    assert in_cloud(outsider, group) == in_mirror(group) == {(web(3), 80): 1, (web(4), 80): 2}
    writes = [(action[:3], held) for action, held in seen if not action.startswith("Describe")]
    assert writes == [("Add", 2), ("Rem", 2), ("Add", 1), ("Rem", 2), ("Add", 1)]


def test_a_quota_that_no_removal_helps_is_told(actor, group, flaky_cloud):
    flaky_cloud.refuse("AddVServerGroupBackendServers", "InstanceBackendServerNumberOverLimit", 9)
    with pytest.raises(CallFailed, match="InstanceBackendServerNumberOverLimit"):
        change(actor, group, rows((web(1), 80, 10), (web(2), 80, 30), (web(3), 80, 1)))


@pytest.mark.parametrize("lost", ["before", "after"])
def test_an_operation_that_a_dead_process_left_is_settled_by_reading(actor, group, outsider, lost):
    """As if the process had died with its second call sent: it arrived, or it did not."""
    change(actor, group, rows((web(1), 80, 99), (web(2), 80, 30), (web(3), 80, 1)))
    operation = Operation.objects.first()
    AuditEntry.objects.all().delete()
    if lost == "before":
        outsider.call(
            "SetVServerGroupAttribute",
            RegionId="cn-hangzhou",
            VServerGroupId=group.pk,
            BackendServers=[{"ServerId": web(1), "Port": 80, "Weight": 10}],
        )
    operation.calls.filter(position=1).update(outcome="sending", sent_at=timezone.now())
    Operation.objects.filter(pk=operation.pk).update(status="running", ended_at=None)
    assert not settle(operation.pk), "the call may still be on its way"
    assert settle(operation.pk, in_flight_seconds=0)
    operation.refresh_from_db()
    assert operation.status == ("partly done" if lost == "before" else "done")
    assert outcomes(operation) == ["done", "lost" if lost == "before" else "done"]
    assert in_cloud(outsider, group) == in_mirror(group)
    assert AuditEntry.objects.get().outcome == operation.status


def test_nobody_settles_what_another_process_is_at_work_on(actor, group, other_session):
    change(actor, group, rows((web(1), 80, 99)))
    operation = Operation.objects.first()
    Operation.objects.filter(pk=operation.pk).update(status="running")
    with other_session.holding(group.load_balancer_id):
        assert not settle(operation.pk, in_flight_seconds=0)
    assert settle(operation.pk, in_flight_seconds=0)


def test_what_the_cloud_cannot_tell_stays_unknown_until_it_can(actor, group, flaky_cloud, outsider):
    flaky_cloud.drop_answers("SetVServerGroupAttribute", 1)
    flaky_cloud.after("SetVServerGroupAttribute", "DescribeVServerGroupAttribute", "InternalError")
    with pytest.raises(CallFailed) as caught:
        change(actor, group, rows((web(1), 80, 99), (web(2), 80, 30)))
    operation = caught.value.operation
    assert operation.status == "unknown"
    assert "not known" in caught.value.done[0]
    flaky_cloud.be_well()
    assert settle(operation.pk)
    operation.refresh_from_db()
    assert (operation.status, outcomes(operation)) == ("done", ["done"])
    assert in_mirror(group)[web(1), 80] == 99


def test_undo_takes_back_a_change(actor, group, outsider):
    before = in_cloud(outsider, group)
    change(actor, group, rows((web(1), 80, 0), (web(3), 8080, 100)), name="second")
    operation = Operation.objects.first()
    back = undo(actor=actor, operation=operation)
    assert back.undo_of == operation
    assert in_cloud(outsider, group) == in_mirror(group) == before
    assert VServerGroup.objects.get(pk=group.pk).name == "first"
    with pytest.raises(CannotUndo, match="undone already"):
        undo(actor=actor, operation=operation)
    # An undo is an operation like any other.
    again = undo(actor=actor, operation=back)
    assert (back.verb, again.verb) == ("undo change group", "redo change group")
    assert in_cloud(outsider, group) == {(web(1), 80): 0, (web(3), 8080): 100}


def test_undo_of_a_creation_deletes_and_its_undo_creates_again(actor, balancer, group, outsider):
    held = in_cloud(outsider, group)
    gone = undo(actor=actor, operation=Operation.objects.get(verb="create group"))
    assert not balancer.vserver_groups.exists()
    again = undo(actor=actor, operation=gone)
    made = balancer.vserver_groups.get()
    assert made.pk == again.resource_id != group.pk
    assert in_cloud(outsider, made) == in_mirror(made) == held


def test_undo_of_a_deletion_creates_all_servers_again(actor, balancer, outsider):
    group = create_group(actor=actor, load_balancer=balancer, name="big", members=many(45))
    held = in_mirror(group)
    delete_group(actor=actor, group=group)
    undo(actor=actor, operation=Operation.objects.get(verb="delete group"))
    assert in_mirror(balancer.vserver_groups.get(name="big")) == held


def test_undo_is_refused_where_the_cloud_has_moved_on(actor, group, outsider):
    change(actor, group, rows((web(1), 80, 0), (web(2), 80, 30)))
    outsider.call(
        "SetVServerGroupAttribute",
        RegionId="cn-hangzhou",
        VServerGroupId=group.pk,
        BackendServers=[{"ServerId": web(1), "Port": 80, "Weight": 5}],
    )
    with pytest.raises(CannotUndo, match=f"Changed since.*{web(1)}"):
        undo(actor=actor, operation=Operation.objects.first())
    assert in_cloud(outsider, group)[web(1), 80] == 5


def test_a_lagging_read_after_a_write_is_waited_for(actor, group, flaky_cloud, outsider):
    """Reads may lag writes: the page must not show the old state as the new one."""
    flaky_cloud.lag("SetVServerGroupAttribute", "DescribeVServerGroupAttribute", reads=3)
    change(actor, group, rows((web(1), 80, 99), (web(2), 80, 30)))
    assert in_mirror(group)[web(1), 80] == 99
    assert running.CONFIRM_SECONDS > 1
