"""Procedures and batches whose worker is killed: another carries them on, and nothing is lost."""

from collections import Counter
from collections.abc import Callable

import pytest

from console.audit.models import AuditEntry
from tests.cloud import REGION, connect
from tests.crashes.courses import COURSES, Course, draft_batch
from tests.crashes.kinds import Start
from tests.crashes.nursery import Nursery, Report
from tests.crashes.pictures import Picture, in_cloud, in_mirror
from tests.crashes.test_crashes import EVERY_STEP
from vservers.models import Batch, BatchItem, Operation, Procedure, ProcedureMember
from vservers.services import procedures

State = ProcedureMember.State
# What members may say at the end, by how the procedure ended. A restore leaves alone what it has
# not changed.
_ENDS: dict[str, set[str]] = {
    "maintenance": {State.SET},
    "drain, then remove": {State.REMOVED},
    "shift": {State.SET},
}
_BACK: set[str] = {State.RESTORED, State.LEFT}


def settle(nursery: Nursery, balancer_id: str) -> None:
    """What a worker does with what another left behind; then cloud, mirror and record agree."""
    for operation in Operation.objects.filter(status__in=Operation.UNSETTLED):
        report = nursery.run("settle", operation_id=operation.pk)
        assert not report.error, report.error
    operations = Operation.objects.filter(load_balancer_id=balancer_id)
    assert all(operation.is_settled for operation in operations)
    entries = AuditEntry.objects.filter(load_balancer_id=balancer_id).exclude(operation_id=None)
    entries = entries.values_list("operation_id", flat=True)
    assert Counter(entries) == Counter(operations.values_list("pk", flat=True))
    assert in_mirror(balancer_id) == cloud(balancer_id)


def cloud(balancer_id: str) -> Picture:
    found = in_cloud(connect(REGION), balancer_id)
    assert found
    return found


def begin(course: Course, start: Start) -> int:
    """A server is in one maintenance at a time, and that of the scene before may hold."""
    Procedure.objects.all().delete()
    return int(course.prepare(start)["procedure_id"])


def carry(nursery: Nursery, procedure_id: int, **death: int) -> Report:
    report = nursery.run("carry", procedure_id=procedure_id, **death)
    assert not report.error, report.error
    return report


def check(course: Course, start: Start, nursery: Nursery, procedure_id: int, where: str) -> None:
    """Carry it to its end, and look at it there."""
    settle(nursery, start.balancer_id)
    procedure = Procedure.objects.get(pk=procedure_id)
    asked = bool(course.wish) and course.wish in procedures.wishes_of(procedure)
    if asked:
        nursery.run("ask", user=dict(start.user), procedure_id=procedure_id, wish=course.wish)
    assert not carry(nursery, procedure_id).died
    settle(nursery, start.balancer_id)
    procedure.refresh_from_db()
    states = set(procedure.members.values_list("state", flat=True))
    if course.wish and not asked:
        assert procedure.is_over, where
        return
    assert procedure.status == course.status, f"{where}: {procedure.note}"
    assert states <= _ENDS.get(course.name, _BACK), where
    assert course.stands(cloud(start.balancer_id)), where


@pytest.mark.parametrize(
    "name", [name for name, one in COURSES.items() if EVERY_STEP or not one.brief]
)
def test_a_procedure_whose_worker_is_killed_is_carried_to_its_end(
    name: str, new_start: Callable[[], Start], nursery: Nursery
) -> None:
    course = COURSES[name]
    if not EVERY_STEP:
        start = new_start()
        number = begin(course, start)
        assert carry(nursery, number, kill_after_write=course.write).died
        check(course, start, nursery, number, f"killed after write {course.write}")
        return
    start = new_start()
    number = begin(course, start)
    whole = carry(nursery, number)
    check(course, start, nursery, number, "not killed")
    for step in range(1, len(whole.steps) + 1):
        start = new_start()
        number = begin(course, start)
        report = carry(nursery, number, kill_at=step)
        assert report.died
        where = f"killed at step {step} of {len(whole.steps)}: {report.steps[-1]}"
        check(course, start, nursery, number, where)


def test_a_batch_whose_worker_is_killed_is_carried_to_its_end(
    new_start: Callable[[], Start], nursery: Nursery
) -> None:
    start = new_start()
    whole = nursery.run("carry batch", batch_id=draft_batch(start))
    assert len(whole.writes) == 2 and not whole.error
    deaths = [{"kill_at": n} for n in range(1, len(whole.steps) + 1)]
    for death in deaths if EVERY_STEP else [{"kill_after_write": 1}]:
        start = new_start()
        number = draft_batch(start)
        report = nursery.run("carry batch", batch_id=number, **death)
        assert report.died
        settle(nursery, start.balancer_id)
        assert not nursery.run("carry batch", batch_id=number).error
        settle(nursery, start.balancer_id)
        batch = Batch.objects.get(pk=number)
        assert batch.status == Batch.Status.DONE, report.steps[-1]
        groups = cloud(start.balancer_id).groups
        for item in batch.items.all():
            done = item.outcome == BatchItem.Outcome.DONE
            assert done or item.outcome == BatchItem.Outcome.FAILED, item.message
            assert (set(groups[item.object_id].weights.values()) == {7}) is done, report.steps[-1]
        failed = batch.items.exclude(outcome=BatchItem.Outcome.DONE)
        assert len(failed) <= 1, "only what the worker was at work on"
        assert all(item.operation and item.message for item in failed)
