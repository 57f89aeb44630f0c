"""What takes several operations, and is carried by a worker: procedures and batches."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from tests.cloud import REGION, web
from tests.crashes.kinds.following import RELEASE_SECONDS
from tests.crashes.kinds.start import Arguments, Members, Start, actor_of, weights
from tests.crashes.pictures import Picture
from vservers.models import Procedure, Server, VServerGroup
from vservers.services import batches, bulk_weights, drains, maintenance, procedures, shifts

Status = Procedure.Status
Wish = Procedure.Wish

BOTH = [(web(1), 80, 30), (web(1), 81, 40), (web(2), 80, 50), (web(3), 80, 0)]
# A shift of all of web-01's traffic to web-03.
SHIFTED = [(web(1), 80, 0), (web(1), 81, 40), (web(2), 80, 50), (web(3), 80, 30)]
POOL = {web(1): 70, web(3): 100}


@dataclass(frozen=True)
class Course:
    """A procedure.

    prepare: begins it; its number as an argument. wish: what a person asks of it after the death of
    its worker. write: the writing call after which it dies in each run; in the matrix it dies
    everywhere. brief: not in each run. status, stands: how it and the cloud are at its end.
    """

    name: str
    prepare: Callable[[Start], Arguments]
    status: Status
    stands: Callable[[Picture], bool]
    wish: str = ""
    write: int = 1
    brief: bool = False


# A procedure that is not at rest by then never will be.
REST_SECONDS = 60


def carry(procedure_id: int) -> None:
    """Look at it as a worker does, as long as something is due."""
    settings.PROCEDURE_POLL_SECONDS = settings.DRAIN_QUIET_SECONDS = 0
    deadline = time.monotonic() + REST_SECONDS
    while procedure_id in procedures.due():
        assert time.monotonic() < deadline, Procedure.objects.get(pk=procedure_id).note
        procedures.advance(procedure_id)


def _start(start: Start) -> VServerGroup:
    held = [{"ServerId": server_id, "Weight": weight} for server_id, weight in POOL.items()]
    start.call("AddBackendServers", BackendServers=held)
    made = start.group(*BOTH)
    start.mirror()
    return VServerGroup.objects.get(pk=made)


def _maintenance(start: Start) -> Arguments:
    _start(start)
    server = Server.objects.get(pk=web(1))
    begun = maintenance.start_maintenance(
        actor=actor_of(dict(start.user)), server=server, reason="new disk"
    )
    return {"procedure_id": begun.pk}


def _drain(start: Start) -> Arguments:
    begun = drains.start_drain(
        actor=actor_of(dict(start.user)),
        group=_start(start),
        chosen=[(web(1), 80), (web(2), 80)],
        minutes=0,
    )
    return {"procedure_id": begun.pk}


def _shift(start: Start) -> Arguments:
    group = _start(start)
    begun = shifts.start_shift(
        actor=actor_of(dict(start.user)),
        groups=[group],
        sides={(group.pk, web(1), 80): "from", (group.pk, web(3), 80): "to"},
        count=2,
        pause_seconds=0,
        percent=100,
    )
    return {"procedure_id": begun.pk}


def _then(prepare: Callable[[Start], Arguments], wish: Wish, *, steps: int) -> Callable[..., Any]:
    """Carried on by so many looks, and then asked for something."""

    def prepared(start: Start) -> Arguments:
        arguments = prepare(start)
        for _ in range(steps):
            procedures.advance(arguments["procedure_id"])
        ask(dict(start.user), wish=wish, **arguments)
        return arguments

    return prepared


def ask(user: Arguments, procedure_id: int, wish: str) -> None:
    procedure = Procedure.objects.get(pk=procedure_id)
    procedures.ask(actor=actor_of(user), procedure=procedure, wish=Wish(wish))


def _are(members: Members, pool: dict[str, int]) -> Callable[[Picture], bool]:
    def stand(cloud: Picture) -> bool:
        (group,) = cloud.groups.values()
        held = {one.server_id: one.weight for one in cloud.pool}
        return group.weights == weights(members) and held == pool

    return stand


_IN_MAINTENANCE = _are(
    [(web(1), 80, 0), (web(1), 81, 0), (web(2), 80, 50), (web(3), 80, 0)], {**POOL, web(1): 0}
)
_AS_BEFORE = _are(BOTH, POOL)

COURSES = {
    course.name: course
    for course in [
        Course("maintenance", _maintenance, Status.HOLDING, _IN_MAINTENANCE, brief=True),
        Course(
            "maintenance that is ended at once",
            _maintenance,
            Status.DONE,
            _AS_BEFORE,
            wish=Wish.RESTORE,
        ),
        Course(
            "end of maintenance",
            _then(_maintenance, Wish.RESTORE, steps=1),
            Status.DONE,
            _AS_BEFORE,
            brief=True,
        ),
        Course(
            "drain, then remove",
            _drain,
            Status.DONE,
            _are([(web(1), 81, 40), (web(3), 80, 0)], POOL),
            write=2,
        ),
        Course(
            "drain that is stopped",
            _then(_drain, Wish.RESTORE, steps=1),
            Status.ROLLED_BACK,
            _AS_BEFORE,
            brief=True,
        ),
        Course("shift", _shift, Status.DONE, _are(SHIFTED, POOL)),
        Course(
            "shift that is rolled back",
            _then(_shift, Wish.RESTORE, steps=1),
            Status.ROLLED_BACK,
            _AS_BEFORE,
            brief=True,
        ),
        Course(
            "shift that is rolled back at once",
            _shift,
            Status.ROLLED_BACK,
            _AS_BEFORE,
            wish=Wish.RESTORE,
            brief=True,
        ),
    ]
}


def draft_batch(start: Start) -> int:
    """A batch that sets the weights of two groups to 7, begun."""
    made = [start.group((web(n), 80, 10 * n), name=f"g{n}") for n in (1, 2)]
    start.mirror()
    actor = actor_of(dict(start.user))
    groups = VServerGroup.objects.filter(pk__in=made)
    batch = bulk_weights.draft_weights(actor=actor, groups=groups, region_id=REGION, weight=7)
    assert batches.start(actor=actor, batch=batch)
    return batch.pk


def carry_batch(batch_id: int) -> None:
    deadline = time.monotonic() + RELEASE_SECONDS
    while not batches.carry_out(batch_id) and time.monotonic() < deadline:
        # Another has the lock: the one that died, for a moment.
        time.sleep(0.05)
