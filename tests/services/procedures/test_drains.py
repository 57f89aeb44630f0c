"""Drain, then remove: what is set, removed, restored, and left alone."""

import contextlib
import threading

import pytest
from django.db import connection
from django.utils import timezone

from tests.cloud import REGION, mirror, web
from tests.services.procedures.acts import (
    ask,
    carry,
    in_cloud,
    listen,
    make_group,
    set_weight,
    states,
)
from vservers.models import (
    Operation,
    Procedure,
)
from vservers.services import drains, procedures
from vservers.services.maintenance import WouldEmpty

Status = Procedure.Status
Wish = Procedure.Wish


@pytest.fixture
def group(balancer, outsider):
    made = make_group(outsider, balancer, (web(1), 80, 30), (web(2), 80, 40), (web(3), 80, 50))
    listen(outsider, balancer, made.pk)
    return made


def start(actor, group, *servers, minutes=10, may_empty=False):
    return drains.start_drain(
        actor=actor,
        group=group,
        chosen={(server, 80) for server in servers},
        minutes=minutes,
        may_empty=may_empty,
    )


def test_weights_become_0_and_the_servers_go_at_the_deadline(group, actor):
    begun = start(actor, group, web(1), web(2))
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


def test_it_is_stopped_with_the_weights_back(group, actor):
    begun = start(actor, group, web(1))
    procedures.advance(begun.pk)
    stopped = ask(actor, begun, Wish.RESTORE)
    assert stopped.status == Status.ROLLED_BACK
    assert in_cloud(group)[web(1), 80] == 30


def test_it_is_stopped_with_weight_0_left(group, actor):
    begun = start(actor, group, web(1))
    procedures.advance(begun.pk)
    assert ask(actor, begun, Wish.STOP).status == Status.STOPPED
    assert in_cloud(group)[web(1), 80] == 0


def test_a_server_that_somebody_gave_a_weight_meanwhile_stays(group, actor, outsider):
    begun = start(actor, group, web(1), web(2), minutes=0)
    procedures.advance(begun.pk)
    set_weight(outsider, group, web(2), 80, 9)
    done = carry(begun)
    assert states(done) == {"removed": 1, "left": 1}
    assert in_cloud(group) == {(web(2), 80): 9, (web(3), 80): 50}


def test_a_used_group_is_not_left_without_servers_unless_that_is_agreed_to(group, actor, outsider):
    everybody = (web(1), web(2), web(3))
    with pytest.raises(WouldEmpty):
        start(actor, group, *everybody)
    begun = start(actor, group, web(1), web(2), minutes=0)
    # The one that was to stay is drained by somebody else.
    set_weight(outsider, group, web(3), 80, 0)
    mirror(group.load_balancer_id)
    paused = carry(begun)
    assert paused.status == Status.PAUSED
    assert "nothing was removed" in paused.note
    ask(actor, paused, Wish.RESTORE)
    agreed = start(actor, group, *everybody, minutes=0, may_empty=True)
    assert carry(agreed).status == Status.DONE
    assert in_cloud(group) == {}


def test_two_drains_are_not_about_one_server(group, actor):
    start(actor, group, web(1))
    with pytest.raises(drains.AlreadyMoving):
        start(actor, group, web(1), web(2))


def test_of_two_who_begin_at_once_one_is_told(transactional_db, group, actor, monkeypatch):
    both_looked = threading.Barrier(2)
    outcomes = []

    def look(members, busy_members=drains.busy_members):
        found = busy_members(members)
        with contextlib.suppress(threading.BrokenBarrierError):
            both_looked.wait(0.5)
        return found

    def begin():
        try:
            outcomes.append(start(actor, group, web(1)))
        except drains.AlreadyMoving as refusal:
            outcomes.append(refusal)
        finally:
            connection.close()

    monkeypatch.setattr(drains, "busy_members", look)
    people = [threading.Thread(target=begin) for _ in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert {type(one) for one in outcomes} == {Procedure, drains.AlreadyMoving}
    assert Procedure.objects.count() == 1


def test_nothing_chosen_is_said(group, actor):
    with pytest.raises(drains.NothingChosen):
        start(actor, group)


def test_a_busy_cloud_is_waited_for(group, actor, flaky_cloud, monkeypatch):
    monkeypatch.setattr("vservers.services.operations.FOREGROUND_SECONDS", 0.1)
    flaky_cloud.refuse("SetVServerGroupAttribute", "ServiceIsConfiguring", times=99)
    begun = start(actor, group, web(1), minutes=0)
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


def test_a_group_whose_instance_was_released_meanwhile_is_over(group, actor, outsider):
    begun = drains.start_drain(actor=actor, group=group, chosen=[(web(1), 80)], minutes=60)
    procedures.advance(begun.pk)
    outsider.call("DeleteLoadBalancer", RegionId=REGION, LoadBalancerId=group.load_balancer_id)
    done = carry(begun)
    assert (done.status, states(done)) == (Status.DONE, {"gone": 1})
