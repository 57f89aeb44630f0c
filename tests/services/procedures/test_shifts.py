"""Shifts of traffic: step by step, paused, rolled back, and stopped by what others do."""

import pytest
from django.utils import timezone

from tests.cloud import REGION, web
from tests.services.procedures.acts import (
    ask,
    carry,
    in_cloud,
    listen,
    make_group,
    set_weight,
    states,
)
from vservers.models import Procedure, Server, ServerHealth
from vservers.services import maintenance, procedures, shifts

Status = Procedure.Status
Wish = Procedure.Wish


@pytest.fixture
def group(balancer, outsider):
    made = make_group(outsider, balancer, (web(1), 80, 100), (web(2), 80, 0))
    listen(outsider, balancer, made.pk)
    return made


def start(actor, group, **how):
    sides = {(group.pk, web(1), 80): "from", (group.pk, web(2), 80): "to"}
    how = {"count": 2, "pause_seconds": 0, "percent": 100, **how}
    return shifts.start_shift(actor=actor, groups=[group], sides=sides, **how)


def test_weight_moves_step_by_step(group, actor):
    begun = start(actor, group)
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


def test_between_two_steps_it_waits(group, actor):
    begun = start(actor, group, pause_seconds=3600)
    for _ in range(3):
        procedures.advance(begun.pk)
    begun.refresh_from_db()
    assert (begun.status, begun.position) == (Status.RUNNING, 1)
    assert in_cloud(group)[web(2), 80] == 50


def test_it_is_paused_resumed_and_rolled_back(group, actor, administrator):
    begun = start(actor, group, count=4, pause_seconds=3600)
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


def test_it_is_stopped_where_it_is(group, actor):
    begun = start(actor, group, pause_seconds=3600)
    procedures.advance(begun.pk)
    assert ask(actor, begun, Wish.STOP).status == Status.STOPPED
    assert in_cloud(group) == {(web(1), 80): 50, (web(2), 80): 50}


def test_weights_that_somebody_else_has_set_stop_it(group, actor, outsider):
    begun = start(actor, group, pause_seconds=0)
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


def test_a_target_that_becomes_abnormal_stops_it_by_itself(group, actor, monkeypatch):
    begun = start(actor, group, pause_seconds=0)
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


def test_a_step_that_a_dead_worker_had_sent_is_not_sent_again(group, actor, monkeypatch):
    begun = start(actor, group)

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


def test_what_was_shown_is_what_starts(group, actor):
    with pytest.raises(shifts.NothingToMove, match="changed meanwhile"):
        start(actor, group, seen=[[1, 2]])
    assert start(actor, group, seen=[[50, 50], [0, 100]]).pk


def test_both_sides_are_needed(group, actor):
    with pytest.raises(shifts.NothingToMove):
        shifts.start_shift(
            actor=actor,
            groups=[group],
            sides={(group.pk, web(1), 80): "from"},
            count=1,
            pause_seconds=0,
            percent=100,
        )


def test_two_groups_of_an_instance_move_together(group, balancer, outsider, actor):
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


def test_an_instance_that_was_released_meanwhile_stops_it(group, actor, outsider):
    begun = start(actor, group)
    procedures.advance(begun.pk)
    outsider.call("DeleteLoadBalancer", RegionId=REGION, LoadBalancerId=group.load_balancer_id)
    paused = carry(begun)
    assert paused.status == Status.PAUSED
    assert "does not exist any more" in str(paused.note)


def test_a_maintenance_that_begins_meanwhile_pauses_it_and_its_way_back(group, actor):
    begun = start(actor, group, count=2, pause_seconds=3600)
    procedures.advance(begun.pk)
    server = Server.objects.get(pk=web(1))
    kept = maintenance.start_maintenance(actor=actor, server=server, reason="")
    assert carry(kept).status == Status.HOLDING
    for wish in (Wish.RESUME, Wish.RESTORE):
        if wish == Wish.RESUME:
            ask(actor, begun, Wish.PAUSE)
        paused = ask(actor, begun, wish)
        assert (paused.status, "in maintenance" in paused.note) == (Status.PAUSED, True)
        assert in_cloud(group) == {(web(1), 80): 0, (web(2), 80): 50}
    assert ask(actor, kept, Wish.RESTORE).status == Status.DONE
    assert ask(actor, begun, Wish.RESUME).status == Status.ROLLED_BACK
    assert in_cloud(group) == {(web(1), 80): 100, (web(2), 80): 0}


def test_a_server_in_maintenance_gets_no_part_in_it(group, actor):
    server = Server.objects.get(pk=web(2))
    carry(maintenance.start_maintenance(actor=actor, server=server, reason=""))
    with pytest.raises(shifts.NothingToMove, match="In maintenance: web-02:80"):
        start(actor, group)
