"""Every kind of write, killed at every step: cloud, mirror and record agree once it is settled.

The steps are each cloud call (before it is sent, and after it was carried out with its answer
unused) and each commit (before and after).
"""

import os
import random
from collections.abc import Callable

import pytest

from console.audit.models import AuditEntry
from tests.cloud import REGION, connect
from tests.crashes.kinds import KINDS, Kind, Start
from tests.crashes.nursery import Nursery, Report
from tests.crashes.pictures import Picture, in_cloud, in_mirror
from vservers.models import LoadBalancer, Operation, OperationCall
from vservers.services import operations
from vservers.services.changes import NEW, Change
from vservers.services.ending import last_words
from vservers.services.observing import Observed
from vservers.services.undo import retry_rest

Outcome = OperationCall.Outcome
Status = Operation.Status
# Of the steps that are not around a write, so many are tried in each run.
SAMPLE = 2


class Scene:
    """One write from its start to its end."""

    def __init__(self, kind: Kind, start: Start, nursery: Nursery) -> None:
        self.kind = kind
        self.start = start
        self.nursery = nursery
        self.arguments = kind.prepare(start)
        self.balancer = LoadBalancer.objects.get(pk=start.balancer_id)
        self.before = self.cloud()
        self.earlier = set(Operation.objects.values_list("pk", flat=True))

    def cloud(self) -> Picture:
        return in_cloud(connect(REGION), self.start.balancer_id)

    def act(self, *, kill_at: int = 0) -> Report:
        report = self.nursery.run(
            self.kind.name, kill_at=kill_at, user=dict(self.start.user), **self.arguments
        )
        assert not report.error, report.error
        return report

    @property
    def operation(self) -> Operation | None:
        """What the act began, or went on with."""
        if self.kind.name == "resume what waits":
            return Operation.objects.get(pk=self.arguments["operation_id"])
        return Operation.objects.exclude(pk__in=self.earlier).first()

    def settle(self, operation: Operation) -> Report:
        report = self.nursery.run("settle", operation_id=operation.pk)
        assert not report.error, report.error
        operation.refresh_from_db()
        return report

    def check(self, operation: Operation) -> None:
        """That cloud, mirror and record say the same."""
        assert operation.is_settled, operation
        cloud = self.cloud()
        assert in_mirror(self.balancer) == cloud
        calls = list(operation.calls.all())
        assert operation.status == _expected_status(calls)
        observed = Observed(self.balancer)
        done = [call for call in calls if call.outcome == Outcome.DONE]
        left = [call for call in calls if call.outcome != Outcome.DONE]
        assert {call.outcome for call in left} <= {Outcome.LOST, Outcome.NOT_SENT}, left
        assert observed.all_after(_changes(operation, done)), done
        assert all(observed.is_before(change) for change in _changes(operation, left)), left
        entry = AuditEntry.objects.get(operation_id=operation.pk)
        assert entry.outcome == operation.status
        assert entry.resource_id == operation.resource_id

    def end(self, operation: Operation | None) -> None:
        """What is left is done by trying again, and then all of it stands."""
        if operation is None:
            assert self.cloud() == self.before, "nothing was recorded, and yet something was done"
            assert not self.act().died
        elif operation.status != Status.DONE:
            self.check(_again(operation))
        cloud = self.cloud()
        assert self.kind.stands(cloud), cloud
        assert in_mirror(self.balancer) == cloud


def _again(operation: Operation) -> Operation:
    role = {"name": operation.actor_name, "role": "operator", "user_id": operation.actor_id}
    from console.accounts.actor import Actor

    again = retry_rest(actor=Actor(**role), operation=operation)
    assert again is not None and again.status == Status.DONE
    return again


def _expected_status(calls: list[OperationCall]) -> str:
    done = {call.outcome == Outcome.DONE for call in calls}
    if done == {True}:
        return Status.DONE
    return Status.PARTLY_DONE if True in done else Status.FAILED


def _changes(operation: Operation, calls: list[OperationCall]) -> list[Change]:
    """What the calls do, one change an object."""
    group_id = operation.resource_id or NEW
    return last_words(
        Change.from_json(change).named(group_id) for call in calls for change in call.changes
    )


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy answer makes an operation wait for a worker at once."""
    monkeypatch.setattr(operations, "FOREGROUND_SECONDS", 0)


@pytest.mark.parametrize("name", KINDS)
def test_a_write_killed_at_any_step_is_settled_and_can_be_ended(
    name: str, new_start: Callable[[], Start], nursery: Nursery, impatient: None
) -> None:
    unharmed = Scene(KINDS[name], new_start(), nursery)
    whole = unharmed.act()
    assert not whole.died and whole.writes
    assert unharmed.operation is not None
    unharmed.check(unharmed.operation)
    unharmed.end(unharmed.operation)
    for number in _points(whole):
        scene = Scene(KINDS[name], new_start(), nursery)
        report = scene.act(kill_at=number)
        where = f"killed at step {number} of {len(whole.steps)}: {report.steps[-1]}"
        assert report.died and report.steps == whole.steps[:number], where
        operation = scene.operation
        if operation:
            settled = scene.settle(operation)
            if name != "resume what waits":
                assert not settled.writes, where
            scene.check(operation)
        scene.end(operation)


def _points(whole: Report) -> list[int]:
    """The numbers of the steps to die at: around each write, and some of the others.

    Between two effects it is all the same where a process dies, so most steps have a twin. With
    CRASH_AT_EVERY_STEP set they are all tried (`make matrix`).
    """
    numbers = range(1, len(whole.steps) + 1)
    if os.environ.get("CRASH_AT_EVERY_STEP"):
        return list(numbers)
    around = [n for n in numbers if whole.steps[n - 1].split()[1] in whole.writes]
    others = [n for n in numbers if n not in around]
    return sorted([*around, *random.Random(len(numbers)).sample(others, SAMPLE)])
