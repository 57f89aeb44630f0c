"""Maintenance of a server: what is set, remembered, restored, and left alone."""

import pytest

from console.accounts.permissions import NotAllowed
from console.audit.models import AuditEntry
from tests.cloud import REGION, mirror, web
from tests.services.procedures.acts import (
    ask,
    carry,
    in_cloud,
    listen,
    make_group,
    pool_in_cloud,
    set_weight,
    states,
)
from vservers.models import (
    LoadBalancer,
    Procedure,
    ProcedureMember,
    Server,
    ServerHealth,
)
from vservers.services import maintenance, procedures
from vservers.services.maintenance import AlreadyInMaintenance, WouldEmpty

Status = Procedure.Status
Wish = Procedure.Wish


@pytest.fixture
def two(new_balancer, outsider):
    """Two load balancers: a group with web-01 twice and web-02, and a pool with web-01."""
    one, other = new_balancer(LoadBalancerName="one"), new_balancer(LoadBalancerName="other")
    group = make_group(outsider, one, (web(1), 80, 30), (web(1), 81, 40), (web(2), 80, 50))
    outsider.call(
        "AddBackendServers",
        LoadBalancerId=other.pk,
        BackendServers=[
            {"ServerId": web(1), "Weight": 70},
            {"ServerId": web(3), "Weight": 100},
        ],
    )
    mirror(other.pk)
    return group, other


@pytest.fixture
def started(two, actor):
    server = Server.objects.get(pk=web(1))
    begun = maintenance.start_maintenance(actor=actor, server=server, reason="new disk")
    return carry(begun)


def test_every_weight_becomes_0_by_one_operation_for_each_load_balancer(two, started):
    group, other = two
    assert started.status == Status.HOLDING
    assert in_cloud(group) == {(web(1), 80): 0, (web(1), 81): 0, (web(2), 80): 50}
    assert pool_in_cloud(other) == {web(1): 0, web(3): 100}
    operations = started.operations.all()
    assert {one.load_balancer_id for one in operations} == {group.load_balancer_id, other.pk}
    assert len(operations) == 2
    assert AuditEntry.objects.filter(verb="start maintenance", reason="new disk").exists()


def test_its_end_brings_the_weights_back(two, started, actor):
    group, other = two
    done = ask(actor, started, Wish.RESTORE)
    assert (done.status, states(done)) == (Status.DONE, {"restored": 3})
    assert in_cloud(group) == {(web(1), 80): 30, (web(1), 81): 40, (web(2), 80): 50}
    assert pool_in_cloud(other) == {web(1): 70, web(3): 100}
    again = maintenance.start_maintenance(
        actor=actor, server=Server.objects.get(pk=web(1)), reason=""
    )
    assert again.pk != done.pk


def test_what_others_did_meanwhile_is_left_alone_and_said(two, started, actor, outsider):
    group, _ = two
    set_weight(outsider, group, web(1), 80, 7)
    outsider.call(
        "RemoveVServerGroupBackendServers",
        RegionId=REGION,
        VServerGroupId=group.pk,
        BackendServers=[{"ServerId": web(1), "Port": 81}],
    )
    done = ask(actor, started, Wish.RESTORE)
    assert done.status == Status.DONE
    assert states(done) == {"restored": 1, "left": 1, "gone": 1}
    assert in_cloud(group) == {(web(1), 80): 7, (web(2), 80): 50}
    left = done.members.get(state="left")
    assert "weight to 7 meanwhile" in left.note


def test_the_weights_of_right_before_are_remembered_not_those_of_an_old_mirror(
    two, actor, outsider
):
    group, _ = two
    server = Server.objects.get(pk=web(1))
    begun = maintenance.start_maintenance(actor=actor, server=server, reason="")
    set_weight(outsider, group, web(1), 80, 33)
    carry(begun)
    ask(actor, begun, Wish.RESTORE)
    assert in_cloud(group)[web(1), 80] == 33


def test_a_server_is_in_one_maintenance_at_a_time(two, started, actor):
    with pytest.raises(AlreadyInMaintenance):
        maintenance.start_maintenance(actor=actor, server=Server.objects.get(pk=web(1)), reason="")


def test_the_last_server_of_a_used_group_is_asked_about(balancer, outsider, actor, cloud):
    group = make_group(outsider, balancer, (web(4), 80, 10), (web(5), 80, 0))
    server = Server.objects.get(pk=web(4))
    # Nobody uses the group yet.
    plans = maintenance.plan_maintenance(actor=actor, server=server)
    assert [len(plan.calls) for plan in plans] == [1]
    listen(outsider, balancer, group.pk)
    with pytest.raises(WouldEmpty, match="blue"):
        maintenance.start_maintenance(actor=actor, server=server, reason="")
    begun = maintenance.start_maintenance(actor=actor, server=server, reason="", may_empty=True)
    assert carry(begun).status == Status.HOLDING


def test_servers_that_a_check_finds_abnormal_do_not_count_as_left(balancer, outsider, actor):
    group = make_group(outsider, balancer, (web(4), 80, 10), (web(5), 80, 10))
    listen(outsider, balancer, group.pk)
    server = Server.objects.get(pk=web(4))
    maintenance.plan_maintenance(actor=actor, server=server)
    # This cloud checks nothing, so what it would say is put in.
    of_other = ServerHealth.objects.filter(listener=balancer.listeners.get(), server_id=web(5))
    of_other.update(status=ServerHealth.Status.ABNORMAL)
    with pytest.raises(WouldEmpty, match="blue"):
        maintenance.plan_maintenance(actor=actor, server=server)


def test_a_reader_may_not(two, reader):
    with pytest.raises(NotAllowed):
        maintenance.start_maintenance(
            actor=reader.as_actor(), server=Server.objects.get(pk=web(1)), reason=""
        )


def test_who_lost_the_right_meanwhile_stops_it_and_another_takes_it_over(
    two, actor, operator, administrator
):
    group, _ = two
    server = Server.objects.get(pk=web(1))
    begun = maintenance.start_maintenance(actor=actor, server=server, reason="")
    operator.role = "viewer"
    operator.save()
    paused = carry(begun)
    assert paused.status == Status.PAUSED
    assert "does not allow" in paused.note
    assert in_cloud(group)[web(1), 80] == 30
    held = ask(administrator.as_actor(), paused, Wish.RESUME)
    assert (held.status, held.actor_name) == (Status.HOLDING, "administrator")
    assert {one.actor_name for one in held.operations.all()} == {"administrator"}


def test_a_refused_call_is_said_and_tried_again(two, actor, flaky_cloud):
    _, other = two
    server = Server.objects.get(pk=web(1))
    begun = maintenance.start_maintenance(actor=actor, server=server, reason="")
    flaky_cloud.refuse("SetBackendServers", "ActionNotAllowed", times=1)
    held = carry(begun)
    assert (held.status, states(held)) == (Status.HOLDING, {"set": 2, "failed": 1})
    assert "ActionNotAllowed" in held.members.get(state="failed").note
    held = ask(actor, held, Wish.RESUME)
    assert states(held) == {"set": 3}
    assert pool_in_cloud(other)[web(1)] == 0


def test_a_worker_that_died_in_the_middle_leaves_nothing_to_chance(two, actor, monkeypatch):
    group, other = two
    server = Server.objects.get(pk=web(1))
    begun = maintenance.start_maintenance(actor=actor, server=server, reason="")

    def die(*args, **kwargs):
        raise KeyboardInterrupt

    # Dead after the first operation was carried out, before that was noted.
    monkeypatch.setattr("vservers.services.weighing._see", die)
    with pytest.raises(KeyboardInterrupt):
        procedures.advance(begun.pk)
    monkeypatch.undo()
    held = carry(begun)
    assert (held.status, states(held)) == (Status.HOLDING, {"set": 3})
    done = ask(actor, held, Wish.RESTORE)
    assert done.status == Status.DONE
    assert in_cloud(group) == {(web(1), 80): 30, (web(1), 81): 40, (web(2), 80): 50}
    assert pool_in_cloud(other) == {web(1): 70, web(3): 100}


def test_it_ends_without_the_weights_where_a_person_wants_that(two, started, actor):
    group, _ = two
    stopped = ask(actor, started, Wish.STOP)
    assert stopped.status == Status.STOPPED
    assert in_cloud(group)[web(1), 80] == 0
    with pytest.raises(procedures.NotNow):
        procedures.ask(actor=actor, procedure=stopped, wish=Wish.RESTORE)


def test_an_instance_that_was_released_meanwhile_does_not_keep_it_from_its_end(
    two, started, actor, outsider
):
    group, other = two
    for gone in (group.load_balancer_id, other.pk):
        outsider.call("DeleteLoadBalancer", RegionId=REGION, LoadBalancerId=gone)
    done = ask(actor, started, Wish.RESTORE)
    assert (done.status, states(done)) == (Status.DONE, {"gone": 3})
    assert not LoadBalancer.objects.filter(pk=other.pk).exists()


def test_one_process_at_a_time_is_at_a_procedure(two, actor, other_session):
    begun = maintenance.start_maintenance(
        actor=actor, server=Server.objects.get(pk=web(1)), reason=""
    )
    with other_session.holding(f"procedure {begun.pk}"):
        assert not procedures.advance(begun.pk)
    assert ProcedureMember.objects.filter(state="waiting").count() == 3
    assert procedures.advance(begun.pk)
