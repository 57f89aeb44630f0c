"""Maintenance, drains and shifts as services: what is set, remembered, restored, and left alone."""

from collections import Counter

import pytest
from django.utils import timezone

from console.accounts.permissions import NotAllowed
from console.audit.models import AuditEntry
from tests.cloud import REGION, connect, mirror, web
from vservers.models import Operation, Procedure, ProcedureMember, Server, ServerHealth
from vservers.services import drains, maintenance, procedures, shifts
from vservers.services.maintenance import AlreadyInMaintenance, WouldEmpty

Status = Procedure.Status
Wish = Procedure.Wish


@pytest.fixture
def actor(operator):
    return operator.as_actor()


@pytest.fixture(autouse=True)
def at_once(settings):
    settings.PROCEDURE_POLL_SECONDS = 0
    settings.DRAIN_QUIET_SECONDS = 0


def make_group(outsider, balancer, *rows, name="blue"):
    made = outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        VServerGroupName=name,
        BackendServers=[{"ServerId": s, "Port": port, "Weight": w} for s, port, w in rows],
    )["VServerGroupId"]
    mirror(balancer.pk)
    return balancer.vserver_groups.get(pk=made)


def listen(outsider, balancer, group_id):
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        HealthCheck="off",
        VServerGroupId=group_id,
    )
    mirror(balancer.pk)


def in_cloud(group):
    """{(server, port): weight} of a group, as the cloud has it."""
    found = connect().slb.describe_vserver_group_attribute(group.pk)
    return {(one.server_id, one.port): one.weight for one in found.servers}


def pool_in_cloud(balancer):
    found = connect().slb.describe_load_balancer_attribute(balancer.pk)
    return {one.server_id: one.weight for one in found.pool}


def set_weight(outsider, group, server, port, weight):
    outsider.call(
        "SetVServerGroupAttribute",
        RegionId=REGION,
        VServerGroupId=group.pk,
        BackendServers=[{"ServerId": server, "Port": port, "Weight": weight}],
    )


def carry(procedure):
    """Look at it as a worker does, as long as something is due."""
    for _ in range(30):
        procedures.advance(procedure.pk)
        procedure.refresh_from_db()
        if procedure.pk not in procedures.due():
            return procedure
    raise AssertionError(f"never at rest: {procedure.status} {procedure.phase} {procedure.note}")


def ask(actor, procedure, wish):
    procedures.ask(actor=actor, procedure=procedure, wish=wish)
    return carry(procedure)


def states(procedure):
    return Counter(procedure.members.values_list("state", flat=True))


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


class TestMaintenance:
    @pytest.fixture
    def started(self, two, actor):
        server = Server.objects.get(pk=web(1))
        begun = maintenance.start_maintenance(actor=actor, server=server, reason="new disk")
        return carry(begun)

    def test_every_weight_becomes_0_by_one_operation_for_each_load_balancer(self, two, started):
        group, other = two
        assert started.status == Status.HOLDING
        assert in_cloud(group) == {(web(1), 80): 0, (web(1), 81): 0, (web(2), 80): 50}
        assert pool_in_cloud(other) == {web(1): 0, web(3): 100}
        operations = started.operations.all()
        assert {one.load_balancer_id for one in operations} == {group.load_balancer_id, other.pk}
        assert len(operations) == 2
        assert AuditEntry.objects.filter(verb="start maintenance", reason="new disk").exists()

    def test_its_end_brings_the_weights_back(self, two, started, actor):
        group, other = two
        done = ask(actor, started, Wish.RESTORE)
        assert (done.status, states(done)) == (Status.DONE, {"restored": 3})
        assert in_cloud(group) == {(web(1), 80): 30, (web(1), 81): 40, (web(2), 80): 50}
        assert pool_in_cloud(other) == {web(1): 70, web(3): 100}
        again = maintenance.start_maintenance(
            actor=actor, server=Server.objects.get(pk=web(1)), reason=""
        )
        assert again.pk != done.pk

    def test_what_others_did_meanwhile_is_left_alone_and_said(self, two, started, actor, outsider):
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
        self, two, actor, outsider
    ):
        group, _ = two
        server = Server.objects.get(pk=web(1))
        begun = maintenance.start_maintenance(actor=actor, server=server, reason="")
        set_weight(outsider, group, web(1), 80, 33)
        carry(begun)
        ask(actor, begun, Wish.RESTORE)
        assert in_cloud(group)[web(1), 80] == 33

    def test_a_server_is_in_one_maintenance_at_a_time(self, two, started, actor):
        with pytest.raises(AlreadyInMaintenance):
            maintenance.start_maintenance(
                actor=actor, server=Server.objects.get(pk=web(1)), reason=""
            )

    def test_the_last_server_of_a_used_group_is_asked_about(self, balancer, outsider, actor, cloud):
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

    def test_a_reader_may_not(self, two, reader):
        with pytest.raises(NotAllowed):
            maintenance.start_maintenance(
                actor=reader.as_actor(), server=Server.objects.get(pk=web(1)), reason=""
            )

    def test_who_lost_the_right_meanwhile_stops_it_and_another_takes_it_over(
        self, two, actor, operator, administrator
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

    def test_a_refused_call_is_said_and_tried_again(self, two, actor, flaky_cloud):
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

    def test_a_worker_that_died_in_the_middle_leaves_nothing_to_chance(
        self, two, actor, monkeypatch
    ):
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

    def test_it_ends_without_the_weights_where_a_person_wants_that(self, two, started, actor):
        group, _ = two
        stopped = ask(actor, started, Wish.STOP)
        assert stopped.status == Status.STOPPED
        assert in_cloud(group)[web(1), 80] == 0
        with pytest.raises(procedures.NotNow):
            procedures.ask(actor=actor, procedure=stopped, wish=Wish.RESTORE)


class TestDrain:
    @pytest.fixture
    def group(self, balancer, outsider):
        made = make_group(outsider, balancer, (web(1), 80, 30), (web(2), 80, 40), (web(3), 80, 50))
        listen(outsider, balancer, made.pk)
        return made

    def start(self, actor, group, *servers, minutes=10, may_empty=False):
        return drains.start_drain(
            actor=actor,
            group=group,
            chosen={(server, 80) for server in servers},
            minutes=minutes,
            may_empty=may_empty,
        )

    def test_weights_become_0_and_the_servers_go_at_the_deadline(self, group, actor):
        begun = self.start(actor, group, web(1), web(2))
        for _ in range(3):
            procedures.advance(begun.pk)
        begun.refresh_from_db()
        # This cloud tells of no connections, so only the deadline removes them.
        assert begun.phase == Procedure.Phase.WATCHING
        assert in_cloud(group) == {(web(1), 80): 0, (web(2), 80): 0, (web(3), 80): 50}
        Procedure.objects.filter(pk=begun.pk).update(deadline_at=timezone.now())
        done = carry(begun)
        assert (done.status, states(done)) == (Status.DONE, {"removed": 2})
        assert in_cloud(group) == {(web(3), 80): 50}
        verbs = list(done.operations.order_by("pk").values_list("verb", flat=True))
        assert verbs == [drains.DRAIN, drains.REMOVE]

    def test_it_is_stopped_with_the_weights_back(self, group, actor):
        begun = self.start(actor, group, web(1))
        procedures.advance(begun.pk)
        stopped = ask(actor, begun, Wish.RESTORE)
        assert stopped.status == Status.ROLLED_BACK
        assert in_cloud(group)[web(1), 80] == 30

    def test_it_is_stopped_with_weight_0_left(self, group, actor):
        begun = self.start(actor, group, web(1))
        procedures.advance(begun.pk)
        assert ask(actor, begun, Wish.STOP).status == Status.STOPPED
        assert in_cloud(group)[web(1), 80] == 0

    def test_a_server_that_somebody_gave_a_weight_meanwhile_stays(self, group, actor, outsider):
        begun = self.start(actor, group, web(1), web(2), minutes=0)
        procedures.advance(begun.pk)
        set_weight(outsider, group, web(2), 80, 9)
        done = carry(begun)
        assert states(done) == {"removed": 1, "left": 1}
        assert in_cloud(group) == {(web(2), 80): 9, (web(3), 80): 50}

    def test_a_used_group_is_not_left_without_servers_unless_that_is_agreed_to(
        self, group, actor, outsider
    ):
        everybody = (web(1), web(2), web(3))
        with pytest.raises(WouldEmpty):
            self.start(actor, group, *everybody)
        begun = self.start(actor, group, web(1), web(2), minutes=0)
        # The one that was to stay is drained by somebody else.
        set_weight(outsider, group, web(3), 80, 0)
        mirror(group.load_balancer_id)
        paused = carry(begun)
        assert paused.status == Status.PAUSED
        assert "nothing was removed" in paused.note
        ask(actor, paused, Wish.RESTORE)
        agreed = self.start(actor, group, *everybody, minutes=0, may_empty=True)
        assert carry(agreed).status == Status.DONE
        assert in_cloud(group) == {}

    def test_two_drains_are_not_about_one_server(self, group, actor):
        self.start(actor, group, web(1))
        with pytest.raises(drains.AlreadyMoving):
            self.start(actor, group, web(1), web(2))

    def test_nothing_chosen_is_said(self, group, actor):
        with pytest.raises(drains.NothingChosen):
            self.start(actor, group)

    def test_a_busy_cloud_is_waited_for(self, group, actor, flaky_cloud, monkeypatch):
        monkeypatch.setattr("vservers.services.operations.FOREGROUND_SECONDS", 0.1)
        flaky_cloud.refuse("SetVServerGroupAttribute", "ServiceIsConfiguring", times=99)
        begun = self.start(actor, group, web(1), minutes=0)
        procedures.advance(begun.pk)
        begun.refresh_from_db()
        assert begun.operations.get().status == Operation.Status.WAITING
        procedures.advance(begun.pk)
        assert begun.operations.count() == 1, "nothing else is sent as long as that waits"
        flaky_cloud.be_well()
        from vservers.services.settling import settle

        assert settle(begun.operations.get().pk)
        assert carry(begun).status == Status.DONE
        assert (web(1), 80) not in in_cloud(group)


class TestShift:
    @pytest.fixture
    def group(self, balancer, outsider):
        made = make_group(outsider, balancer, (web(1), 80, 100), (web(2), 80, 0))
        listen(outsider, balancer, made.pk)
        return made

    def start(self, actor, group, **how):
        sides = {(group.pk, web(1), 80): "from", (group.pk, web(2), 80): "to"}
        how = {"count": 2, "pause_seconds": 0, "percent": 100, **how}
        return shifts.start_shift(actor=actor, groups=[group], sides=sides, **how)

    def test_weight_moves_step_by_step(self, group, actor):
        begun = self.start(actor, group)
        seen = [in_cloud(group)]
        for _ in range(2):
            procedures.advance(begun.pk)
            seen.append(in_cloud(group))
        assert [(row[web(1), 80], row[web(2), 80]) for row in seen] == [
            (100, 0),
            (50, 50),
            (0, 100),
        ]
        begun.refresh_from_db()
        assert (begun.status, begun.position) == (Status.DONE, 2)

    def test_between_two_steps_it_waits(self, group, actor):
        begun = self.start(actor, group, pause_seconds=3600)
        for _ in range(3):
            procedures.advance(begun.pk)
        begun.refresh_from_db()
        assert (begun.status, begun.position) == (Status.RUNNING, 1)
        assert in_cloud(group)[web(2), 80] == 50

    def test_it_is_paused_resumed_and_rolled_back(self, group, actor, administrator):
        begun = self.start(actor, group, count=4, pause_seconds=3600)
        procedures.advance(begun.pk)
        paused = ask(actor, begun, Wish.PAUSE)
        assert paused.status == Status.PAUSED
        procedures.ask(actor=administrator.as_actor(), procedure=paused, wish=Wish.RESUME)
        procedures.advance(begun.pk)
        begun.refresh_from_db()
        assert (begun.status, begun.position, begun.actor_name) == (
            Status.RUNNING,
            2,
            "administrator",
        )
        back = ask(actor, begun, Wish.RESTORE)
        assert back.status == Status.ROLLED_BACK
        assert in_cloud(group) == {(web(1), 80): 100, (web(2), 80): 0}

    def test_it_is_stopped_where_it_is(self, group, actor):
        begun = self.start(actor, group, pause_seconds=3600)
        procedures.advance(begun.pk)
        assert ask(actor, begun, Wish.STOP).status == Status.STOPPED
        assert in_cloud(group) == {(web(1), 80): 50, (web(2), 80): 50}

    def test_weights_that_somebody_else_has_set_stop_it(self, group, actor, outsider):
        begun = self.start(actor, group, pause_seconds=0)
        procedures.advance(begun.pk)
        set_weight(outsider, group, web(1), 80, 77)
        paused = carry(begun)
        assert paused.status == Status.PAUSED
        assert "77" in paused.note
        assert in_cloud(group) == {(web(1), 80): 77, (web(2), 80): 50}
        # On the way back what somebody else set stays.
        back = ask(actor, paused, Wish.RESTORE)
        assert in_cloud(group) == {(web(1), 80): 77, (web(2), 80): 0}
        assert states(back) == {"left": 1, "restored": 1}

    def test_a_target_that_becomes_abnormal_stops_it_by_itself(self, group, actor, monkeypatch):
        begun = self.start(actor, group, pause_seconds=0)
        procedures.advance(begun.pk)
        listener = group.listeners.get()

        # This cloud checks nothing, so what it would say is put in where its answer is written.
        def read(load_balancer, into):
            ServerHealth.objects.update_or_create(
                listener=listener,
                server_id=web(2),
                port=80,
                defaults={"status": "abnormal", "read_at": timezone.now()},
            )

        monkeypatch.setattr(shifts, "read_connections", read)
        paused = carry(begun)
        assert paused.status == Status.PAUSED
        assert "web-02:80 is abnormal" in paused.note
        assert in_cloud(group)[web(2), 80] == 50

    def test_a_step_that_a_dead_worker_had_sent_is_not_sent_again(self, group, actor, monkeypatch):
        begun = self.start(actor, group)

        def die(*args, **kwargs):
            raise KeyboardInterrupt

        monkeypatch.setattr("vservers.services.weighing._see", die)
        with pytest.raises(KeyboardInterrupt):
            procedures.advance(begun.pk)
        monkeypatch.undo()
        procedures.advance(begun.pk)
        begun.refresh_from_db()
        assert (begun.position, begun.operations.count()) == (1, 1)
        assert in_cloud(group) == {(web(1), 80): 50, (web(2), 80): 50}

    def test_what_was_shown_is_what_starts(self, group, actor):
        with pytest.raises(shifts.NothingToMove, match="changed meanwhile"):
            self.start(actor, group, seen=[[1, 2]])
        assert self.start(actor, group, seen=[[50, 50], [0, 100]]).pk

    def test_both_sides_are_needed(self, group, actor):
        with pytest.raises(shifts.NothingToMove):
            shifts.start_shift(
                actor=actor,
                groups=[group],
                sides={(group.pk, web(1), 80): "from"},
                count=1,
                pause_seconds=0,
                percent=100,
            )

    def test_two_groups_of_an_instance_move_together(self, group, balancer, outsider, actor):
        other = make_group(outsider, balancer, (web(1), 81, 40), (web(2), 81, 40), name="green")
        sides = {
            (group.pk, web(1), 80): "from",
            (group.pk, web(2), 80): "to",
            (other.pk, web(1), 81): "from",
            (other.pk, web(2), 81): "to",
        }
        begun = shifts.start_shift(
            actor=actor, groups=[group, other], sides=sides, count=1, pause_seconds=0, percent=100
        )
        assert carry(begun).status == Status.DONE
        assert in_cloud(group) == {(web(1), 80): 0, (web(2), 80): 100}
        assert in_cloud(other) == {(web(1), 81): 0, (web(2), 81): 80}
        assert begun.operations.count() == 1


def test_one_process_at_a_time_is_at_a_procedure(two, actor, other_session):
    begun = maintenance.start_maintenance(
        actor=actor, server=Server.objects.get(pk=web(1)), reason=""
    )
    with other_session.holding(f"procedure {begun.pk}"):
        assert not procedures.advance(begun.pk)
    assert ProcedureMember.objects.filter(state="waiting").count() == 3
    assert procedures.advance(begun.pk)
