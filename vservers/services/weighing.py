"""What a procedure does to its servers, one load balancer at a time: planned, sent, remembered.

Each is an operation like any other. What a row is to become is decided on what the cloud holds at
that moment, so a procedure whose worker died goes on where it was: rows that stand as wanted are
left out, and what was sent is settled first.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.models import User
from console.accounts.permissions import Action, NotAllowed, check
from console.shell.said import gettext as _
from vservers.cloud import CloudError
from vservers.models import LoadBalancer, Operation, OperationCall, Procedure, ProcedureMember
from vservers.selectors.procedures import in_maintenance

from . import places, scopes
from .changes import Change, Key, Kind, Values, agrees
from .connection import connect
from .ending import last_words
from .errors import Busy, NotRead, NotReread, OperationFailed, Waiting
from .locks import hold
from .observing import Observed
from .operations import Plan, carry_out

State = ProcedureMember.State

GROUP_RESOURCE = "VServer group"
POOL_RESOURCE = "backend servers"
SERVER_RESOURCE = gettext_noop("server")


class Wanted(NamedTuple):
    """What a server of a group or pool is to become: its values, None to take it out. state: what
    is said of it then; note: why."""

    values: Values | None
    state: ProcedureMember.State
    note: str = ""


Decide = Callable[[ProcedureMember, Values], Wanted]
Found = list[tuple[ProcedureMember, Values | None, Wanted | None]]


class Halted(Exception):
    """The procedure cannot go on before a person has looked; the text says why."""


def kind_and_key(member: ProcedureMember) -> tuple[Kind, Key]:
    """What the member is among changes."""
    if member.vserver_group_id:
        key = member.vserver_group_id, member.server_id, member.server_ip, member.port or 0
        return Kind.MEMBER, key
    return Kind.POOL_SERVER, (member.server_id, member.server_ip)


def plan_members(
    *,
    actor: Actor,
    load_balancer: LoadBalancer,
    members: Sequence[ProcedureMember],
    verb: str,
    decide: Decide,
    procedure: Procedure | None = None,
) -> tuple[Plan, Found]:
    """What is to be sent for members of one load balancer, after reading them from the cloud.

    Also how each of them stands and what it is to become, None and None for one that is gone.
    Raises NotAllowed, NotRead.
    """
    groups = sorted({one.vserver_group_id for one in members if one.vserver_group_id})
    pool = any(not one.vserver_group_id for one in members)
    if groups and pool:
        check(actor, Action.CHANGE_POOL)
    plan = Plan(
        actor=actor,
        action=Action.CHANGE_GROUPS if groups else Action.CHANGE_POOL,
        verb=verb,
        load_balancer=load_balancer,
        reread=[
            *(scopes.group(group_id) for group_id in groups),
            *([scopes.POOL] if pool else []),
            scopes.HEALTH,
        ],
        procedure=procedure,
        **_resource(load_balancer, members, groups, pool=pool),
    )
    plan.read_now(*plan.reread)
    observed = Observed(load_balancer)
    found: Found = []
    for member in members:
        kind, key = kind_and_key(member)
        now = observed.find(Change(kind, key, None, None))
        wanted = decide(member, now) if now else None
        found.append((member, now, wanted))
        if now is not None and wanted and wanted.values != now:
            plan.changes.append(Change(kind, key, now, wanted.values))
    plan.before = {_name(change): (change.before or {}).get("weight") for change in plan.changes}
    plan.after = {_name(change): (change.after or {}).get("weight") for change in plan.changes}
    return plan, found


def _resource(
    load_balancer: LoadBalancer,
    members: Sequence[ProcedureMember],
    groups: Sequence[str],
    *,
    pool: bool,
) -> dict[str, Any]:
    """What the operation says that it is about."""
    if len(groups) == 1 and not pool:
        return {
            "resource_type": GROUP_RESOURCE,
            "resource_id": groups[0],
            "resource_name": members[0].vserver_group_name,
        }
    servers = {one.server_id: one.server_name for one in members}
    if len(servers) == 1:
        ((server_id, name),) = servers.items()
        return {
            "resource_type": SERVER_RESOURCE,
            "resource_id": server_id,
            "resource_name": name,
        }
    return {
        "resource_type": POOL_RESOURCE if pool else GROUP_RESOURCE,
        "resource_id": load_balancer.pk,
        "resource_name": load_balancer.name,
    }


def _name(change: Change) -> str:
    return "/".join(str(part) for part in change.key if part)


def send(
    procedure: Procedure,
    *,
    load_balancer_id: str,
    members: Sequence[ProcedureMember],
    verb: str,
    decide: Decide,
) -> bool:
    """Bring members of one load balancer to what is wanted; whether that is over, well or not.

    Each member then says what became of it. False: the cloud or the load balancer is busy, or
    cannot be read; `procedure.note` says so, and it is asked again later. Raises Halted.
    """
    actor = actor_of(procedure)
    balancer = LoadBalancer.objects.filter(pk=load_balancer_id).first()
    if balancer is None:
        _mark_all(members, State.GONE, _("The instance does not exist any more."))
        return True
    last = procedure.operations.filter(load_balancer_id=load_balancer_id).order_by("-pk").first()
    given_up = _was_given_up(members, last)
    try:
        with hold(load_balancer_id):
            plan, found = plan_members(
                actor=actor,
                load_balancer=balancer,
                members=members,
                verb=verb,
                decide=decide,
                procedure=procedure,
            )
            if last is None:
                _remember(found)
            if not given_up:
                carry_out(plan)
    except Waiting:
        _mark_all(members, State.SENT, "")
        return False
    except (Busy, NotRead) as error:
        if isinstance(error, NotRead) and not is_there(balancer):
            _mark_all(members, State.GONE, _("The instance does not exist any more."))
            return True
        procedure.note = str(error)
        return False
    except OperationFailed as error:
        _see(procedure, balancer, found, failed=str(error))
        return True
    except NotReread as error:
        # Done, and the mirror may not show it yet.
        _see(procedure, balancer, found, trusted=True)
        procedure.note = str(error)
        return True
    except NotAllowed as error:
        words = {"person": procedure.actor_name, "why": str(error)}
        raise Halted(_("%(person)s: %(why)s") % words) from error
    failed = ""
    if given_up and last:
        failed = last.note or _("Operation %(number)s failed.") % {"number": last.pk}
    _see(procedure, balancer, found, failed=failed, trusted=not failed)
    return True


def is_there(load_balancer: LoadBalancer) -> bool:
    """Whether the cloud has a load balancer that could not be read; else it vanishes here, too."""
    try:
        places.store(connect(load_balancer), load_balancer, [scopes.BALANCER])
    except CloudError:
        # Nothing can be said of it.
        return True
    return LoadBalancer.objects.filter(pk=load_balancer.pk).exists()


def _was_given_up(members: Iterable[ProcedureMember], last: Operation | None) -> bool:
    """Whether what was left to a worker came to nothing: then it is not sent again by itself."""
    came_to_nothing = {Operation.Status.FAILED, Operation.Status.PARTLY_DONE}
    return (
        any(one.state == State.SENT for one in members)
        and last is not None
        and last.status in came_to_nothing
    )


def _remember(found: Found) -> None:
    """Keep the weights as they are right before the first change, on disk before it is sent."""
    for member, now, _wanted in found:
        if now is not None and member.weight_before != now["weight"]:
            member.weight_before = now["weight"]
            member.save(update_fields=["weight_before"])


def _see(
    procedure: Procedure,
    load_balancer: LoadBalancer,
    found: Found,
    *,
    failed: str = "",
    trusted: bool = False,
) -> None:
    """Say of each member what became of it, by the mirror that was read again, or as planned."""
    observed = Observed(load_balancer)
    done = done_by(procedure) if any(row[1] is None for row in found) else {}
    for member, now, wanted in found:
        kind, key = kind_and_key(member)
        if now is None or wanted is None:
            ours = done.get((kind, key))
            if ours and ours.after is None:
                # By a worker that died before it could say so.
                _mark(member, State.REMOVED, "")
            else:
                _mark(member, State.GONE, _("It was removed meanwhile."))
            continue
        if trusted or agrees(observed.find(Change(kind, key, None, None)), wanted.values):
            if wanted.values is not None and wanted.state != State.LEFT:
                member.weight_set = wanted.values["weight"]
            _mark(member, wanted.state, wanted.note)
        else:
            _mark(member, State.FAILED, failed)


def _mark(member: ProcedureMember, state: ProcedureMember.State, note: str) -> None:
    member.state, member.note = state, note
    member.save(update_fields=["state", "note", "weight_set"])


def _mark_all(members: Iterable[ProcedureMember], state: ProcedureMember.State, note: str) -> None:
    for member in members:
        _mark(member, state, note)


def done_by(procedure: Procedure) -> dict[tuple[Kind, Key], Change]:
    """What its operations have done to each member; what a worker noted of that may lag behind."""
    calls = OperationCall.objects.filter(
        operation__procedure=procedure, outcome=OperationCall.Outcome.DONE
    )
    rows = calls.order_by("operation_id", "position").values_list("changes", flat=True)
    changes = last_words(Change.from_json(change) for some in rows for change in some)
    return {(change.kind, change.key): change for change in changes}


def actor_of(procedure: Procedure) -> Actor:
    """Who acts: the person who started it or took it over last, as they may now. Raises Halted."""
    user = User.objects.filter(pk=procedure.actor_id or 0, is_active=True).first()
    if user is None:
        raise Halted(
            _("%(person)s, who started it, cannot act any more. Somebody else can take it over.")
            % {"person": procedure.actor_name}
        )
    return user.as_actor()


def to_zero(member: ProcedureMember, now: Values) -> Wanted:
    """No new requests; what runs ends."""
    return Wanted({**now, "weight": 0}, State.SET)


def to_before(member: ProcedureMember, now: Values) -> Wanted:
    """The remembered weight, where nobody else has given it another one meanwhile."""
    if now["weight"] == member.weight_before:
        return Wanted(now, State.RESTORED)
    expected = 0 if member.weight_set is None else member.weight_set
    if now["weight"] != expected:
        note = _("Somebody set its weight to %(weight)s meanwhile.") % {"weight": now["weight"]}
        return Wanted(now, State.LEFT, note)
    return Wanted({**now, "weight": member.weight_before}, State.RESTORED)


def halt_for_maintenance(members: Iterable[ProcedureMember]) -> None:
    """Raise Halted where a maintenance holds one of them at weight 0."""
    members = list(members)
    held = in_maintenance({one.server_id for one in members})
    names = sorted(str(one) for one in members if one.server_id in held)
    if names:
        raise Halted(
            _("%(names)s: in maintenance, which holds the weight at 0. End it first, then resume.")
            % {"names": ", ".join(names)}
        )


def by_balancer(members: Iterable[ProcedureMember]) -> dict[str, list[ProcedureMember]]:
    """Members by load balancer, in their order."""
    found: dict[str, list[ProcedureMember]] = {}
    for member in members:
        found.setdefault(member.load_balancer_id, []).append(member)
    return found
