"""Carrying procedures on: who looks at them, when, and what a person may ask of them meanwhile.

A worker calls `advance` for each that is due. One process at a time is at one procedure, by a lock
that ends with its session; all it knows is in the rows, so any other goes on where one died.
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from console.audit.models import AuditEntry
from console.audit.record import record
from console.shell.said import gettext as _
from vservers.cloud import CloudError
from vservers.models import Operation, Procedure, ProcedureMember

from . import drains, maintenance, shifts
from .errors import Refusal
from .locks import LostHold, release, try_hold
from .weighing import Halted

logger = logging.getLogger(__name__)

Kind = Procedure.Kind
Status = Procedure.Status
Wish = Procedure.Wish

_ADVANCE = {
    Kind.MAINTENANCE: maintenance.advance,
    Kind.DRAIN: drains.advance,
    Kind.SHIFT: shifts.advance,
}
# What may be asked, by kind and status.
WISHES: dict[str, dict[str, tuple[Wish, ...]]] = {
    Kind.MAINTENANCE: {
        Status.RUNNING: (Wish.RESTORE,),
        Status.HOLDING: (Wish.RESTORE, Wish.RESUME, Wish.STOP),
        Status.PAUSED: (Wish.RESTORE, Wish.RESUME, Wish.STOP),
    },
    Kind.DRAIN: {
        Status.RUNNING: (Wish.RESTORE, Wish.STOP),
        Status.PAUSED: (Wish.RESUME, Wish.RESTORE, Wish.STOP),
    },
    Kind.SHIFT: {
        Status.RUNNING: (Wish.PAUSE, Wish.RESTORE, Wish.STOP),
        Status.PAUSED: (Wish.RESUME, Wish.RESTORE, Wish.STOP),
    },
}
_VERBS = {
    Kind.MAINTENANCE: {
        Wish.RESTORE: gettext_noop("end maintenance"),
        Wish.RESUME: gettext_noop("try maintenance again"),
        Wish.STOP: gettext_noop("end maintenance without weights"),
    },
    Kind.DRAIN: {
        Wish.RESTORE: gettext_noop("stop drain and restore weights"),
        Wish.RESUME: gettext_noop("resume drain"),
        Wish.STOP: gettext_noop("stop drain"),
    },
    Kind.SHIFT: {
        Wish.PAUSE: gettext_noop("pause shift"),
        Wish.RESTORE: gettext_noop("ask to roll back shift"),
        Wish.RESUME: gettext_noop("resume shift"),
        Wish.STOP: gettext_noop("stop shift"),
    },
}
_SAVED = [
    "status", "phase", "note", "position", "step_at", "quiet_since", "next_at", "ended_at",
    "actor", "actor_name",
]  # fmt: skip


class NotNow(Refusal):
    """The procedure cannot do that as it stands."""


def due() -> list[int]:
    """The procedures that a worker has to look at now, the longest due first."""
    running = Q(status=Status.RUNNING, next_at__lte=timezone.now())
    rows = Procedure.objects.exclude(status__in=Procedure.OVER).filter(running | ~Q(asked=""))
    return list(rows.order_by("next_at", "pk").values_list("pk", flat=True))


def wishes_of(procedure: Procedure) -> tuple[Wish, ...]:
    """What a person may ask of it now."""
    return tuple(wish for wish in _possible(procedure) if wish != procedure.asked)


def _possible(procedure: Procedure) -> tuple[Wish, ...]:
    found = WISHES[procedure.kind].get(procedure.status, ())
    if procedure.status == Status.HOLDING:
        failed = procedure.members.filter(state=ProcedureMember.State.FAILED).exists()
        return tuple(wish for wish in found if failed or wish != Wish.RESUME)
    return found


def ask(*, actor: Actor, procedure: Procedure, wish: Wish) -> None:
    """Ask for a pause, an end, or the way back; a worker sees to it. Raises NotAllowed, NotNow."""
    check(actor, Action.CHANGE_GROUPS)
    with transaction.atomic():
        current = Procedure.objects.select_for_update().get(pk=procedure.pk)
        if wish not in _possible(current):
            raise NotNow(
                _("This cannot be done now: it is %(status)s.")
                % {"status": current.get_status_display().lower()}
            )
        current.asked, current.asked_by_id = wish, actor.user_id
        current.save(update_fields=["asked", "asked_by"])
        record(
            actor=actor,
            verb=_VERBS[Kind(current.kind)][wish],
            outcome=AuditEntry.Outcome.DONE,
            resource_type=gettext_noop("procedure"),
            resource_id=str(current.pk),
            resource_name=current.name[:120],
            region_id=current.region_id,
            load_balancer_id=current.load_balancer_id,
        )


def advance(procedure_id: int) -> bool:
    """Do what is due of one procedure; False where another process is at it."""
    lock = f"procedure {procedure_id}"
    if not try_hold(lock):
        return False
    try:
        procedure = Procedure.objects.get(pk=procedure_id)
        if not procedure.is_over:
            _advance(procedure)
        return True
    finally:
        release(lock)


def _advance(procedure: Procedure) -> None:
    unsettled = procedure.operations.filter(status__in=Operation.UNSETTLED)
    if unsettled.exists():
        # A worker brings it to its end; what to do next depends on it.
        procedure.next_at = _later()
        procedure.save(update_fields=["next_at"])
        return
    wish = procedure.asked
    if wish in {Wish.RESUME, Wish.RESTORE} and procedure.asked_by_id:
        procedure.actor = procedure.asked_by
        procedure.actor_name = str(procedure.asked_by)
    try:
        procedure.note = ""
        _ADVANCE[Kind(procedure.kind)](procedure, wish)
    except Halted as halted:
        procedure.status, procedure.note = Status.PAUSED, str(halted)
    except CloudError as error:
        procedure.note = str(error)
    except (LostHold, DatabaseError):
        # Another process may be at it by now: nothing is said of it here, and it is still due.
        raise
    except Exception:
        # A mistake of ours, whatever it is, must not be made again and again: a person looks at it.
        logger.exception("Procedure %s cannot go on", procedure.pk)
        procedure.status = Status.PAUSED
        procedure.note = _("The console made a mistake here; its log tells more.")
    if procedure.is_over:
        procedure.ended_at, procedure.next_at = timezone.now(), None
    elif procedure.status == Status.RUNNING:
        at = _later()
        procedure.next_at = min(at, procedure.step_at) if procedure.step_at else at
    else:
        procedure.next_at = None
    procedure.save(update_fields=_SAVED)
    if wish:
        # Only this one: a person may have asked for something else since.
        Procedure.objects.filter(pk=procedure.pk, asked=wish).update(asked="")
    elif procedure.is_over:
        Procedure.objects.filter(pk=procedure.pk).update(asked="")


def _later() -> datetime:
    return timezone.now() + timedelta(seconds=settings.PROCEDURE_POLL_SECONDS)
