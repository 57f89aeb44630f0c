"""Drain, then remove: servers of a group get weight 0, and go when they have no connection left.

Where the cloud does not tell of connections, and for those that do not end, there is a deadline.
"""

from collections.abc import Collection
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from console.audit.models import AuditEntry
from console.audit.record import record
from console.shell.said import gettext as _
from vservers.cloud import CloudError
from vservers.models import LoadBalancer, Procedure, ProcedureMember, VServerGroup
from vservers.selectors.emptied import emptied_by
from vservers.selectors.procedures import busy_members, members_of_groups

from .changes import Values
from .connections import Connections, read_connections
from .errors import Refusal
from .maintenance import WouldEmpty
from .operations import Plan
from .weighing import (
    GROUP_RESOURCE,
    Decide,
    Halted,
    Wanted,
    halt_for_maintenance,
    is_there,
    plan_members,
    send,
    to_before,
    to_zero,
)

State = ProcedureMember.State
Status = Procedure.Status
Phase = Procedure.Phase

DRAIN = gettext_noop("drain servers")
REMOVE = gettext_noop("remove drained servers")
GIVE_BACK = gettext_noop("restore weights after drain")

MemberKey = tuple[str, int]


class NothingChosen(Refusal):
    """No server of the group was chosen."""


class AlreadyMoving(Refusal):
    """Another drain or shift is about some of these servers already."""

    def __init__(self, members: Collection[ProcedureMember]) -> None:
        names = ", ".join(str(one) for one in members)
        super().__init__(
            _("A drain or a shift that is not over is about %(names)s already.") % {"names": names}
        )


def start_drain(
    *,
    actor: Actor,
    group: VServerGroup,
    chosen: Collection[MemberKey],
    minutes: int,
    may_empty: bool = False,
) -> Procedure:
    """Begin to drain servers of a group and to remove them; a worker carries it out.

    chosen: (server_id, port). minutes: after them the servers are removed, whoever is connected.
    Raises NotAllowed, NothingChosen, AlreadyMoving, WouldEmpty unless may_empty.
    """
    members = _members(actor, group, chosen, may_empty=may_empty)
    now = timezone.now()
    procedure = Procedure(
        kind=Procedure.Kind.DRAIN,
        phase=Phase.ZEROING,
        name=str(group),
        actor_name=actor.name,
        actor_id=actor.user_id,
        region_id=group.load_balancer.region_id,
        load_balancer_id=group.load_balancer_id,
        vserver_group_id=group.pk,
        may_empty=may_empty,
        deadline_at=now + timedelta(minutes=minutes),
        next_at=now,
    )
    with transaction.atomic():
        claim(group.load_balancer_id, members)
        procedure.save()
        for member in members:
            member.procedure = procedure
        ProcedureMember.objects.bulk_create(members)
        record(
            actor=actor,
            verb=gettext_noop("start drain"),
            outcome=AuditEntry.Outcome.DONE,
            resource_type=GROUP_RESOURCE,
            resource_id=group.pk,
            resource_name=group.name,
            region_id=procedure.region_id,
            load_balancer_id=group.load_balancer_id,
            before={str(one): one.weight_before for one in members},
        )
    return procedure


def plan_drain(
    *,
    actor: Actor,
    group: VServerGroup,
    chosen: Collection[MemberKey],
    minutes: int,
    may_empty: bool = False,
) -> Plan:
    """What start_drain would send first; the removal follows. Raises as it, NotRead."""
    members = _members(actor, group, chosen, may_empty=may_empty)
    if busy := busy_members(members):
        raise AlreadyMoving(busy)
    return plan_members(
        actor=actor,
        load_balancer=group.load_balancer,
        members=members,
        verb=DRAIN,
        decide=to_zero,
    )[0]


def claim(load_balancer_id: str, members: Collection[ProcedureMember]) -> None:
    """Let nobody else begin to move servers of a load balancer before this transaction is over.

    Raises AlreadyMoving where somebody has begun to move one of these.
    """
    balancers = LoadBalancer.objects.select_for_update(no_key=True)
    balancers.filter(pk=load_balancer_id).first()
    if busy := busy_members(members):
        raise AlreadyMoving(busy)


def _members(
    actor: Actor, group: VServerGroup, chosen: Collection[MemberKey], *, may_empty: bool
) -> list[ProcedureMember]:
    check(actor, Action.CHANGE_GROUPS)
    members = [
        one for one in members_of_groups([group]) if (one.server_id, one.port or 0) in chosen
    ]
    if not members:
        raise NothingChosen(_("Choose one server at least."))
    emptied = emptied_by(members)
    if emptied and not may_empty:
        raise WouldEmpty(emptied)
    return members


def advance(procedure: Procedure, wish: str) -> None:
    """Do what is due. Raises Halted, CloudError."""
    if wish == Procedure.Wish.STOP:
        procedure.status = Status.STOPPED
        procedure.members.exclude(state__in=[State.GONE, State.REMOVED]).update(
            state=State.LEFT, note=_("Left with the weight that it has.")
        )
        return
    if wish == Procedure.Wish.RESTORE:
        procedure.phase, procedure.status = Phase.RESTORING, Status.RUNNING
        _wait_again(procedure, {State.WAITING, State.SET, State.FAILED})
    elif wish == Procedure.Wish.RESUME:
        procedure.status = Status.RUNNING
        _wait_again(procedure, {State.FAILED})
    if procedure.status != Status.RUNNING:
        return
    match procedure.phase:
        case Phase.ZEROING:
            if _send(procedure, DRAIN, to_zero):
                procedure.phase = Phase.WATCHING
        case Phase.WATCHING:
            if _is_quiet(procedure):
                procedure.phase = Phase.REMOVING
                _wait_again(procedure, {State.SET})
        case Phase.RESTORING:
            halt_for_maintenance(procedure.members.filter(state=State.WAITING))
            if _send(procedure, GIVE_BACK, to_before):
                procedure.status = Status.ROLLED_BACK
    if procedure.phase == Phase.REMOVING:
        _check_remaining(procedure)
        if _send(procedure, REMOVE, _out):
            procedure.status = Status.DONE


def _wait_again(procedure: Procedure, states: set[ProcedureMember.State]) -> None:
    procedure.members.filter(state__in=states).update(state=State.WAITING, note="")


def _send(procedure: Procedure, verb: str, decide: Decide) -> bool:
    """Whether all of them are over; a failure asks for a person. Raises Halted."""
    members = list(procedure.members.filter(state__in=[State.WAITING, State.SENT]))
    if members and not send(
        procedure,
        load_balancer_id=procedure.load_balancer_id,
        members=members,
        verb=verb,
        decide=decide,
    ):
        return False
    if procedure.members.filter(state=State.FAILED).exists():
        raise Halted(_("Not every server could be changed: see the rows below."))
    return True


def _out(member: ProcedureMember, now: Values) -> Wanted:
    if now["weight"]:
        note = _("Somebody set its weight to %(weight)s meanwhile, so it stays.") % {
            "weight": now["weight"]
        }
        return Wanted(now, State.LEFT, note)
    return Wanted(None, State.REMOVED)


def _is_quiet(procedure: Procedure) -> bool:
    """Whether nobody is connected any more, for long enough, or the deadline is over.

    Raises CloudError.
    """
    now = timezone.now()
    over = procedure.deadline_at is not None and now >= procedure.deadline_at
    balancer = LoadBalancer.objects.filter(pk=procedure.load_balancer_id).first()
    if balancer is None:
        return True
    found = Connections()
    if not over:
        try:
            read_connections(balancer, found)
        except CloudError:
            if is_there(balancer):
                raise
            return True
    quiet = found.known
    for member in procedure.members.filter(state=State.SET):
        count = found.of(balancer.pk, member.server_id, member.port) if found.known else None
        if not over and count != member.connections:
            member.connections = count
            member.save(update_fields=["connections"])
        quiet = quiet and count == 0
    if not quiet:
        procedure.quiet_since = None
        return over
    procedure.quiet_since = procedure.quiet_since or now
    # Connections that are just being opened by old addresses of the servers come to light.
    return over or (now - procedure.quiet_since).total_seconds() >= settings.DRAIN_QUIET_SECONDS


def _check_remaining(procedure: Procedure) -> None:
    """Raise Halted where the group would keep no server that takes requests, unless agreed to."""
    waiting = procedure.members.filter(state=State.WAITING)
    if procedure.may_empty or not waiting.exists():
        return
    group = VServerGroup.objects.filter(pk=procedure.vserver_group_id).first()
    if group is None or group.members.filter(weight__gt=0).exists():
        return
    if group.listeners.exists() or group.rules.exists():
        raise Halted(
            _("No other server of the group has a weight any more, so nothing was removed.")
        )
