"""The lock of a load balancer: with threads, lost sessions, and where it cannot be given back."""

import threading
import time
from datetime import timedelta

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from tests.cloud import web
from vservers.models import Operation, OperationCall
from vservers.selectors.fingerprints import fingerprint
from vservers.services import locks, running
from vservers.services.errors import Busy
from vservers.services.groups import change_group, create_group
from vservers.services.locks import LostHold, hold, try_hold
from vservers.services.settling import settle

from .test_groups import in_cloud, in_mirror, rows

LB = "lb-under-test"


@pytest.fixture
def actor(operator):
    return operator.as_actor()


def in_thread(work):
    """Start it in a thread with a database session of its own."""

    def run():
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_one_at_a_time_holds_a_load_balancer(transactional_db):
    inside, most, turns = 0, 0, 0

    def work():
        nonlocal inside, most, turns
        for _ in range(5):
            with hold(LB, seconds=60):
                inside += 1
                most = max(most, inside)
                time.sleep(0.01)
                turns += 1
                inside -= 1

    threads = [in_thread(work) for _ in range(8)]
    for thread in threads:
        thread.join()
    assert (most, turns) == (1, 40)


def test_who_waits_too_long_is_told_and_others_are_not_held_up(transactional_db, other_session):
    with other_session.holding(LB):
        with pytest.raises(Busy), hold(LB, seconds=0.2):
            pass
        with hold("lb-another", seconds=0):
            pass
    with hold(LB, seconds=0):
        pass


def test_a_lock_that_cannot_be_given_back_ends_with_its_session(transactional_db, other_session):
    """In a failed transaction the session can say nothing; a pool would keep it, and the lock."""
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
        hold(LB),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT 1 / 0")
    with other_session.holding(LB):
        pass
    connection.close()
    assert try_hold(LB)
    locks.release(LB)


def test_a_new_session_in_the_place_of_the_lost_one_does_not_hold(transactional_db):
    assert try_hold(LB)
    locks.check_held(LB)
    connection.close()
    connection.ensure_connection()
    with pytest.raises(LostHold):
        locks.check_held(LB)
    locks.release(LB)


def test_a_machine_that_vanished_is_noticed_by_the_server(transactional_db):
    with hold(LB), connection.cursor() as cursor:
        cursor.execute("SELECT inet_client_addr(), current_setting('tcp_keepalives_idle')")
        address, idle = cursor.fetchone()
    # A local socket has no such thing, and ends with its process.
    assert idle == ("30" if address else "0")


def test_nobody_begins_while_a_dead_process_s_call_may_be_under_way(db, balancer):
    operation = Operation.objects.create(load_balancer_id=balancer.pk, verb="change group")
    call = OperationCall.objects.create(
        operation=operation,
        position=0,
        action="SetVServerGroupAttribute",
        params={},
        changes=[],
        outcome=OperationCall.Outcome.SENDING,
        sent_at=timezone.now(),
    )
    with pytest.raises(Busy), hold(balancer.pk, seconds=0.1):
        pass
    call.sent_at -= timedelta(seconds=locks.IN_FLIGHT_SECONDS)
    call.save()
    with hold(balancer.pk, seconds=0):
        pass


# The reading of the plan, then add, set and remove, with a reading before each but the first.
CALLS = [
    "DescribeVServerGroupAttribute",
    "AddVServerGroupBackendServers",
    "DescribeVServerGroupAttribute",
    "SetVServerGroupAttribute",
    "DescribeVServerGroupAttribute",
    "RemoveVServerGroupBackendServers",
    "DescribeVServerGroupAttribute",
]


@pytest.mark.parametrize("at", range(1, len(CALLS) + 1))
def test_a_process_that_lost_its_session_sends_nothing_more(
    transactional_db, actor, balancer, flaky_cloud, outsider, other_session, monkeypatch, at
):
    monkeypatch.setattr(running, "CONFIRM_SECONDS", 0.2)
    group = create_group(
        actor=actor,
        load_balancer=balancer,
        name="first",
        members=rows((web(1), 80, 10), (web(2), 80, 20)),
    )
    sent: list[str] = []
    last = Operation.objects.latest("pk").pk
    session = connection.connection.info.backend_pid

    def watch(action):
        sent.append(action)
        if len(sent) == at:
            other_session.end(session)

    flaky_cloud.watch(watch)
    wanted = rows((web(1), 80, 11), (web(3), 80, 30))
    with pytest.raises((DatabaseError, LostHold)):
        change_group(
            actor=actor, group=group, name="first", members=wanted, seen=fingerprint(group)
        )
    flaky_cloud.watchers.clear()
    assert sent[:at] == CALLS[:at]
    after = [action for action in sent[at:] if not action.startswith("Describe")]
    assert not after, "a process without its lock must not write"
    connection.close()
    operation = Operation.objects.filter(pk__gt=last).first()
    assert (operation is None) == (at == 1)
    if operation:
        assert not operation.is_settled
        assert settle(operation.pk, in_flight_seconds=0)
        operation.refresh_from_db()
        assert operation.calls.filter(outcome="done").count() == at // 2
    assert in_cloud(outsider, group) == in_mirror(group)


def test_the_server_ends_a_killed_process_s_lock(transactional_db, other_session):
    parameters = connection.get_connection_params()
    wanted = {name: parameters.get(name) for name in ("dbname", "host", "port", "user", "password")}
    with psycopg.connect(autocommit=True, **{k: v for k, v in wanted.items() if v}) as session:
        session.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [locks.LOCK_SPACE, LB])
        other_session.end(session.info.backend_pid)
        with hold(LB, seconds=30):
            pass
