"""Shift traffic: weight moves between two sets of servers, step by step, with pauses between.

Before each step and in the pauses the servers that are to take the traffic are looked at; one that
is abnormal pauses it, for a person to decide.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from console.audit.models import AuditEntry
from console.audit.record import record
from console.shell.said import gettext as _
from vservers.cloud import CloudError
from vservers.models import (
    LoadBalancer,
    Procedure,
    ProcedureMember,
    ServerHealth,
    VServerGroup,
)
from vservers.selectors.procedures import in_maintenance, members_of_groups

from .changes import Values
from .connections import Connections, read_connections
from .drains import claim
from .errors import Refusal
from .operations import Plan
from .shift_steps import Row, share_to, steps_of
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
)

State = ProcedureMember.State
Side = ProcedureMember.Side
Status = Procedure.Status
Phase = Procedure.Phase

STEP = gettext_noop("shift traffic")
BACK = gettext_noop("roll back shift")


class NothingToMove(Refusal):
    """The sides that were chosen leave nothing to move."""


def shift_members(
    groups: Sequence[VServerGroup], sides: Mapping[tuple[str, str, int], str]
) -> list[ProcedureMember]:
    """Every server of the groups, unsaved, with its side. sides: by (group, server_id, port)."""
    members = members_of_groups(groups)
    for member in members:
        key = member.vserver_group_id, member.server_id, member.port or 0
        member.side = sides.get(key, "")
    return members


def shift_rows(members: Sequence[ProcedureMember]) -> list[Row]:
    """The members as the sums of the steps need them."""
    return [Row(one.vserver_group_id, one.side, one.weight_before) for one in members]


def shift_steps(members: Sequence[ProcedureMember], *, count: int, percent: int) -> list[list[int]]:
    """The weights after each step, in the order of the members. Raises NothingToMove."""
    moving = [one for one in members if one.side]
    held = in_maintenance({one.server_id for one in moving})
    if names := ", ".join(str(one) for one in moving if one.server_id in held):
        raise NothingToMove(
            _("In maintenance: %(names)s. End that first, or leave it as it is.") % {"names": names}
        )
    for group in {one.vserver_group_id for one in members}:
        here = [one for one in members if one.vserver_group_id == group]
        giving = any(one.side == Side.FROM for one in here)
        taking = any(one.side == Side.TO for one in here)
        if giving != taking:
            name = here[0].vserver_group_name or group
            raise NothingToMove(
                _("%(group)s needs servers on both sides, or on none.") % {"group": name}
            )
    if not any(one.side == Side.FROM and one.weight_before for one in members):
        raise NothingToMove(
            _("Choose servers to move traffic from, with a weight, and servers to move it to.")
        )
    steps = steps_of(shift_rows(members), count=count, percent=percent)
    if not steps:
        raise NothingToMove(_("The weights are too small to move so little of them."))
    return steps


def start_shift(
    *,
    actor: Actor,
    groups: Sequence[VServerGroup],
    sides: Mapping[tuple[str, str, int], str],
    count: int,
    pause_seconds: int,
    percent: int,
    seen: Sequence[Sequence[int]] | None = None,
) -> Procedure:
    """Begin to shift traffic within groups of one load balancer; a worker carries it out.

    seen: the steps as the person saw them. Raises NotAllowed, NothingToMove, AlreadyMoving, and
    NothingToMove too where the weights are others by now than the steps began with.
    """
    check(actor, Action.CHANGE_GROUPS)
    members = shift_members(groups, sides)
    steps = shift_steps(members, count=count, percent=percent)
    if seen is not None and [list(step) for step in seen] != steps:
        raise NothingToMove(_("The weights were changed meanwhile. Look at the new plan."))
    balancer = groups[0].load_balancer
    now = timezone.now()
    procedure = Procedure(
        kind=Procedure.Kind.SHIFT,
        phase=Phase.STEPPING,
        name=", ".join(str(group) for group in groups)[:128],
        actor_name=actor.name,
        actor_id=actor.user_id,
        region_id=balancer.region_id,
        load_balancer_id=balancer.pk,
        vserver_group_id=groups[0].pk if len(groups) == 1 else "",
        pause_seconds=pause_seconds,
        step_at=now,
        next_at=now,
    )
    moving = [n for n, one in enumerate(members) if one.side]
    with transaction.atomic():
        claim(balancer.pk, [members[n] for n in moving])
        procedure.save()
        for n in moving:
            members[n].procedure = procedure
        ProcedureMember.objects.bulk_create([members[n] for n in moving])
        rows = shift_rows(members)
        procedure.steps = [
            {
                "weights": {str(members[n].pk): weights[n] for n in moving},
                "shares": {group.pk: share_to(rows, weights, group.pk) for group in groups},
            }
            for weights in [[row.weight for row in rows], *steps]
        ]
        procedure.save(update_fields=["steps"])
        record(
            actor=actor,
            verb=gettext_noop("start shift"),
            outcome=AuditEntry.Outcome.DONE,
            resource_type=GROUP_RESOURCE,
            resource_id=procedure.vserver_group_id or balancer.pk,
            resource_name=procedure.name[:120],
            region_id=balancer.region_id,
            load_balancer_id=balancer.pk,
            before={str(one.pk): one.weight_before for one in members if one.side},
            after=procedure.steps[-1]["weights"],
        )
    return procedure


def plan_shift(
    *,
    actor: Actor,
    groups: Sequence[VServerGroup],
    sides: Mapping[tuple[str, str, int], str],
    count: int,
    pause_seconds: int,
    percent: int,
    seen: Sequence[Sequence[int]] | None = None,
) -> Plan:
    """What the first step of start_shift would send. Raises as it, NotRead."""
    members = shift_members(groups, sides)
    step = shift_steps(members, count=count, percent=percent)[0]
    wanted = {id(one): weight for one, weight in zip(members, step, strict=True)}

    def decide(member: ProcedureMember, now: Values) -> Wanted:
        return Wanted({**now, "weight": wanted[id(member)]}, State.SET)

    return plan_members(
        actor=actor,
        load_balancer=groups[0].load_balancer,
        members=members,
        verb=STEP,
        decide=decide,
    )[0]


def advance(procedure: Procedure, wish: str) -> None:
    """Do what is due. Raises Halted, CloudError."""
    if wish == Procedure.Wish.STOP:
        procedure.status, procedure.step_at = Status.STOPPED, None
        return
    if wish == Procedure.Wish.PAUSE:
        procedure.status, procedure.note = Status.PAUSED, _("Paused by a person.")
        return
    if wish == Procedure.Wish.RESTORE:
        procedure.phase, procedure.status = Phase.RESTORING, Status.RUNNING
        procedure.members.update(state=State.WAITING, note="")
    elif wish == Procedure.Wish.RESUME:
        procedure.status, procedure.step_at = Status.RUNNING, timezone.now()
        procedure.members.filter(state=State.FAILED).update(state=State.WAITING, note="")
    if procedure.status != Status.RUNNING:
        return
    if procedure.phase == Phase.RESTORING:
        if _send(procedure, BACK, _back(procedure)):
            procedure.status, procedure.step_at = Status.ROLLED_BACK, None
        return
    _guard(procedure)
    if procedure.step_at and timezone.now() < procedure.step_at:
        return
    if not _send(procedure, STEP, _step(procedure)):
        return
    procedure.position += 1
    if procedure.position >= len(procedure.steps) - 1:
        procedure.status, procedure.step_at = Status.DONE, None
    else:
        procedure.step_at = timezone.now() + timedelta(seconds=procedure.pause_seconds)


def _send(procedure: Procedure, verb: str, decide: Decide) -> bool:
    members = list(procedure.members.all())
    halt_for_maintenance(members)
    over = send(
        procedure,
        load_balancer_id=procedure.load_balancer_id,
        members=members,
        verb=verb,
        decide=decide,
    )
    if not over:
        return False
    failed = procedure.members.filter(state__in=[State.FAILED, State.GONE])
    if failed.exists() and procedure.phase == Phase.STEPPING:
        names = ", ".join(str(one) for one in failed)
        raise Halted(
            _("%(names)s: the weight could not be set, or the server is gone.") % {"names": names}
        )
    return True


def _step(procedure: Procedure) -> Decide:
    """The weights of the step that is due; Halted where somebody else has set others."""
    last = procedure.steps[procedure.position]["weights"]
    step = procedure.steps[procedure.position + 1]["weights"]

    def decide(member: ProcedureMember, now: Values) -> Wanted:
        wanted = step[str(member.pk)]
        expected = last[str(member.pk)]
        # Its own step may stand already, of a worker that died after sending it.
        if now["weight"] not in {wanted, expected}:
            raise Halted(
                _("Somebody set the weight of %(server)s to %(weight)s; %(expected)s was expected.")
                % {"server": member, "weight": now["weight"], "expected": expected}
            )
        return Wanted({**now, "weight": wanted}, State.SET)

    return decide


def _back(procedure: Procedure) -> Decide:
    """The weights from before; every weight that a step gives a server counts as the shift's own.

    For a worker may have died between sending a step and noting it.
    """

    def decide(member: ProcedureMember, now: Values) -> Wanted:
        own = {step["weights"][str(member.pk)] for step in procedure.steps}
        if now["weight"] not in own:
            return to_before(member, now)
        return Wanted({**now, "weight": member.weight_before}, State.RESTORED)

    return decide


def _guard(procedure: Procedure) -> None:
    """Read the health of the servers that are to take the traffic. Raises Halted, CloudError."""
    balancer = LoadBalancer.objects.filter(pk=procedure.load_balancer_id).first()
    if balancer is None:
        raise Halted(_("The instance does not exist any more."))
    found = Connections()
    try:
        read_connections(balancer, found)
    except CloudError as error:
        if is_there(balancer):
            raise
        raise Halted(_("The instance does not exist any more.")) from error
    ill: list[str] = []
    for member in procedure.members.all():
        count = found.of(balancer.pk, member.server_id, member.port) if found.known else None
        if count != member.connections:
            member.connections = count
            member.save(update_fields=["connections"])
        if member.side == Side.TO and _is_abnormal(balancer, member):
            ill.append(str(member))
    if ill:
        raise Halted(
            _("It stopped by itself: %(names)s is abnormal. Resume, stop, or roll back.")
            % {"names": ", ".join(ill)}
        )


def _is_abnormal(balancer: LoadBalancer, member: ProcedureMember) -> bool:
    return ServerHealth.objects.filter(
        listener__load_balancer=balancer,
        server_id=member.server_id,
        port=member.port or 0,
        status=ServerHealth.Status.ABNORMAL,
    ).exists()
