"""Every kind of write, killed at every step: cloud, mirror and record agree once it is settled.

The steps are each cloud call (before it is sent, and after it was carried out with its answer
unused) and each commit (before and after).
"""

import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from console.accounts.actor import Actor
from console.audit.models import AuditEntry
from tests.cloud import REGION, connect
from tests.crashes.kinds import KINDS, Kind, Start
from tests.crashes.nursery import Nursery, Report
from tests.crashes.pictures import (
    Picture,
    RegionPicture,
    in_cloud,
    in_mirror,
    region_in_cloud,
    region_in_mirror,
)
from vservers.models import Drift, Operation, OperationCall
from vservers.services import operations
from vservers.services.changes import NEW, SECRET, Change
from vservers.services.changes import Kind as Object
from vservers.services.ending import last_words
from vservers.services.errors import CannotUndo
from vservers.services.observing import Observed
from vservers.services.places import place_of
from vservers.services.undo import retry_rest

Outcome = OperationCall.Outcome
Status = Operation.Status
# Of the steps that are not around a write, so many are tried in each run.
SAMPLE = 2
EVERY_STEP = bool(os.environ.get("CRASH_AT_EVERY_STEP"))


class Scene:
    """One write from its start to its end."""

    def __init__(self, kind: Kind, start: Start, nursery: Nursery) -> None:
        self.kind = kind
        self.start = start
        self.nursery = nursery
        self.arguments = kind.prepare(start)
        # What the start made and the one before left is somebody else's doing.
        Drift.objects.all().delete()
        self.before = self.cloud()
        self.earlier = set(Operation.objects.values_list("pk", flat=True))

    def cloud(self) -> Picture | RegionPicture | None:
        read = region_in_cloud if self.kind.of_region else in_cloud
        return read(connect(REGION), self.start.balancer_id)

    def mirror(self) -> Picture | RegionPicture | None:
        read = region_in_mirror if self.kind.of_region else in_mirror
        return read(self.start.balancer_id)

    def act(self, **death: Any) -> Report:
        """death: where, as Nursery.run has it."""
        report = self.nursery.run(
            self.kind.name, user=dict(self.start.user), **death, **self.arguments
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
        assert self.mirror() == self.cloud()
        calls = list(operation.calls.all())
        assert operation.status == _expected_status(calls)
        assert not any(call.sealed for call in calls), "a secret is kept"
        observed = Observed(place_of(operation, vanished=True))
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
        elif operation.status != Status.DONE and _has_secret(operation):
            # Its key is gone with the first try, so the person gives it again.
            with pytest.raises(CannotUndo, match="Upload it again"):
                _again(operation)
            assert not self.act().died
        elif operation.status != Status.DONE:
            self.check(_again(operation))
        cloud = self.cloud()
        assert self.kind.stands(cloud), cloud
        assert self.mirror() == cloud
        unexplained = [str(drift) for drift in Drift.objects.all()]
        assert not unexplained


def _has_secret(operation: Operation) -> bool:
    return any(SECRET in call.params.values() for call in operation.calls.all())


def _again(operation: Operation) -> Operation:
    actor = Actor(operation.actor_name, "operator", operation.actor_id)
    again = retry_rest(actor=actor, operation=operation)
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


def _tried() -> list[str]:
    """The kinds of this run: of those that are brief, the first about each kind of object."""
    seen: set[Object] = set()
    tried = []
    for kind in KINDS.values():
        if EVERY_STEP or not kind.brief or not kind.about <= seen:
            tried.append(kind.name)
        if kind.brief:
            seen |= kind.about
    return tried


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy answer makes an operation wait for a worker at once."""
    monkeypatch.setattr(operations, "FOREGROUND_SECONDS", 0)


@pytest.mark.parametrize("name", _tried())
def test_a_write_killed_at_any_step_is_settled_and_can_be_ended(
    name: str, new_start: Callable[[], Start], nursery: Nursery, impatient: None
) -> None:
    kind = KINDS[name]
    if kind.brief and not EVERY_STEP:
        scene = Scene(kind, new_start(), nursery)
        assert scene.act(kill_after_write=1).died
        _survive(scene, "killed after its first write")
        return
    unharmed = Scene(kind, new_start(), nursery)
    whole = unharmed.act()
    assert not whole.died and whole.writes
    assert unharmed.operation is not None
    calls = unharmed.operation.calls.all()
    changed = {change.kind for change in _changes(unharmed.operation, list(calls))}
    assert changed == kind.about
    unharmed.check(unharmed.operation)
    unharmed.end(unharmed.operation)
    for number in _points(whole):
        scene = Scene(kind, new_start(), nursery)
        report = scene.act(kill_at=number)
        where = f"killed at step {number} of {len(whole.steps)}: {report.steps[-1]}"
        assert report.died and report.steps == whole.steps[:number], where
        _survive(scene, where)


def test_no_kind_of_object_is_missing() -> None:
    """Whoever adds one finds out here what its writes owe."""
    covered = frozenset[Object]().union(*(kind.about for kind in KINDS.values()))
    assert covered == set(Object)


def _survive(scene: Scene, where: str) -> None:
    operation = scene.operation
    if operation:
        settled = scene.settle(operation)
        if scene.kind.name != "resume what waits":
            assert not settled.writes, where
        scene.check(operation)
    scene.end(operation)


def _points(whole: Report) -> list[int]:
    """The numbers of the steps to die at: around each write, and some of the others.

    Between two effects it is all the same where a process dies, so most steps have a twin. With
    CRASH_AT_EVERY_STEP set they are all tried (`make matrix`).
    """
    numbers = range(1, len(whole.steps) + 1)
    if EVERY_STEP:
        return list(numbers)
    around = [n for n in numbers if whole.steps[n - 1].split()[1] in whole.writes]
    others = [n for n in numbers if n not in around]
    return sorted([*around, *random.Random(len(numbers)).sample(others, SAMPLE)])
