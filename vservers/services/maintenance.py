"""Maintenance of a server: weight 0 wherever it is, and the weights back afterwards."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from console.audit.models import AuditEntry
from console.audit.record import record
from console.shell.said import gettext as _
from vservers.models import LoadBalancer, Procedure, ProcedureMember, Server
from vservers.selectors.emptied import Emptied, emptied_by
from vservers.selectors.procedures import members_of_server

from .errors import Refusal
from .operations import Plan
from .weighing import (
    SERVER_RESOURCE,
    by_balancer,
    done_by,
    kind_and_key,
    plan_members,
    send,
    to_before,
    to_zero,
)

State = ProcedureMember.State
Status = Procedure.Status
Phase = Procedure.Phase

DRAW_OFF = gettext_noop("set weights to 0 for maintenance")
GIVE_BACK = gettext_noop("restore weights after maintenance")


class WouldEmpty(Refusal):
    """Groups that are in use would be left without a server that takes requests."""

    def __init__(self, emptied: Sequence[Emptied]) -> None:
        self.emptied = list(emptied)
        names = ", ".join(str(one) for one in emptied)
        super().__init__(
            _("No server that takes requests would be left in %(names)s: they would fail.")
            % {"names": names}
        )


class AlreadyInMaintenance(Refusal):
    """The server is in maintenance."""


class NotHeld(Refusal):
    """No group and no pool has the server."""


def start_maintenance(
    *, actor: Actor, server: Server, reason: str, may_empty: bool = False
) -> Procedure:
    """Remember the server's weights and begin to set all of them to 0; a worker carries it out.

    Raises NotAllowed, NotHeld, AlreadyInMaintenance, WouldEmpty unless may_empty.
    """
    members = _members(actor, server, may_empty=may_empty)
    procedure = Procedure(
        kind=Procedure.Kind.MAINTENANCE,
        phase=Phase.ZEROING,
        name=server.name or server.pk,
        reason=reason,
        actor_name=actor.name,
        actor_id=actor.user_id,
        region_id=server.region_id,
        server_id=server.pk,
        may_empty=may_empty,
        next_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            procedure.save()
            for member in members:
                member.procedure = procedure
            ProcedureMember.objects.bulk_create(members)
            record(
                actor=actor,
                verb=gettext_noop("start maintenance"),
                outcome=AuditEntry.Outcome.DONE,
                resource_type=SERVER_RESOURCE,
                resource_id=server.pk,
                resource_name=server.name,
                region_id=server.region_id,
                reason=reason,
                before={str(one.pk): one.weight_before for one in members},
            )
    except IntegrityError as error:
        raise AlreadyInMaintenance(_("This server is in maintenance already.")) from error
    return procedure


def plan_maintenance(
    *, actor: Actor, server: Server, reason: str = "", may_empty: bool = False
) -> list[Plan]:
    """What start_maintenance would send, one plan for each load balancer. Raises as it, NotRead."""
    members = _members(actor, server, may_empty=may_empty)
    balancers = LoadBalancer.objects.in_bulk(list(by_balancer(members)))
    return [
        plan_members(
            actor=actor,
            load_balancer=balancers[load_balancer_id],
            members=some,
            verb=DRAW_OFF,
            decide=to_zero,
        )[0]
        for load_balancer_id, some in by_balancer(members).items()
    ]


def _members(actor: Actor, server: Server, *, may_empty: bool) -> list[ProcedureMember]:
    check(actor, Action.CHANGE_GROUPS)
    check(actor, Action.CHANGE_POOL)
    members = members_of_server(server)
    if not members:
        raise NotHeld(_("No group and no default server pool has this server."))
    emptied = emptied_by(members)
    if emptied and not may_empty:
        raise WouldEmpty(emptied)
    return members


def advance(procedure: Procedure, wish: str) -> None:
    """Do what is due. Raises Halted."""
    if wish == Procedure.Wish.STOP:
        procedure.status, procedure.note = Status.STOPPED, ""
        return
    if wish == Procedure.Wish.RESTORE:
        procedure.phase, procedure.status, procedure.note = Phase.RESTORING, Status.RUNNING, ""
        _restore_those_that_were_set(procedure)
    elif wish == Procedure.Wish.RESUME:
        procedure.status, procedure.note = Status.RUNNING, ""
        procedure.members.filter(state=State.FAILED).update(state=State.WAITING, note="")
    if procedure.status != Status.RUNNING:
        return
    restoring = procedure.phase == Phase.RESTORING
    left = list(procedure.members.filter(state__in=[State.WAITING, State.SENT]))
    waits = False
    for load_balancer_id, members in by_balancer(left).items():
        over = send(
            procedure,
            load_balancer_id=load_balancer_id,
            members=members,
            verb=GIVE_BACK if restoring else DRAW_OFF,
            decide=to_before if restoring else to_zero,
        )
        waits = waits or not over
    if waits:
        return
    failed = procedure.members.filter(state=State.FAILED).count()
    if failed:
        procedure.note = _("Not all weights could be set: see the rows below.")
    procedure.status = Status.DONE if restoring and not failed else Status.HOLDING


def _restore_those_that_were_set(procedure: Procedure) -> None:
    """Also those of which a worker died before it could note that it had set them."""
    done = done_by(procedure)
    for member in procedure.members.exclude(state=State.GONE):
        if member.weight_set is None and kind_and_key(member) not in done:
            member.state, member.note = State.LEFT, _("Its weight was not changed.")
        elif member.state in {State.SET, State.FAILED, State.WAITING, State.SENT}:
            member.state, member.note = State.WAITING, ""
        member.save(update_fields=["state", "note"])
