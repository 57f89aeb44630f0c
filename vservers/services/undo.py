"""What can be made of an operation that has ended: the rest of it, or its opposite."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from vservers.cloud import CloudError
from vservers.models import LoadBalancer, Operation, OperationCall, VServerGroup
from vservers.selectors.groups import users_of

from . import scopes
from .changes import NEW, Change, Kind
from .ending import last_words
from .errors import CannotUndo, Gone, NotRead
from .finding import CREATE_GROUP, find_made_group
from .locks import hold
from .observing import Observed
from .operations import Plan, carry_out
from .planning import CannotPlan

Outcome = OperationCall.Outcome


def retry_rest(*, actor: Actor, operation: Operation) -> Operation | None:
    """Do what is left of an operation, as a new one; None when nothing is left.

    Raises NotAllowed, CannotUndo, Gone, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(operation.load_balancer_id):
        return carry_out(plan_rest(actor=actor, operation=operation))


def plan_rest(*, actor: Actor, operation: Operation) -> Plan:
    """What retry_rest would do: rows that stand as wanted already are left out.

    Raises NotAllowed, CannotUndo where others changed a row meanwhile, Gone, NotRead.
    """
    plan = _plan(actor, operation, operation.verb)
    plan.retry_of = operation
    plan.before, plan.after = operation.before, operation.after
    if not operation.is_settled:
        raise CannotUndo(_("It is not over yet. What became of it is still being found out."))
    if operation.retries.exists():
        raise CannotUndo(_("The rest was tried again already."))
    calls = operation.calls.exclude(outcome=Outcome.DONE)
    left = last_words(_changes(operation, calls))
    if any(change.kind is Kind.GROUP and change.before is None for change in left):
        made = _made_after_all(plan, calls)
        if not made:
            # No part of it can stand.
            plan.changes = left
            plan.reread = [scopes.GROUPS]
            return plan
        plan.resource_id, plan.reread = made, [scopes.group(made)]
        left = [change.named(made) for change in left]
    plan.read_now(*plan.reread)
    observed = Observed(plan.load_balancer)
    plan.changes = [change for change in left if not observed.is_after(change)]
    _refuse_changed(plan.changes, observed)
    return plan


def undo(*, actor: Actor, operation: Operation) -> Operation | None:
    """Take back what an operation did, as a new one; None when nothing is to be taken back.

    Raises NotAllowed, CannotUndo, Gone, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(operation.load_balancer_id):
        return carry_out(plan_undo(actor=actor, operation=operation))


def plan_undo(*, actor: Actor, operation: Operation) -> Plan:
    """What undo would do. Raises NotAllowed, CannotUndo, Gone, NotRead."""
    plan = _plan(actor, operation, f"undo {operation.verb}"[:60])
    plan.undo_of = operation
    plan.before, plan.after = operation.after, operation.before
    if not operation.is_settled:
        raise CannotUndo(_("It is not over yet. What became of it is still being found out."))
    if operation.undos.exclude(status=Operation.Status.FAILED).exists():
        raise CannotUndo(_("It was undone already."))
    done = last_words(_changes(operation, operation.calls.filter(outcome=Outcome.DONE)))
    plan.read_now(*{tuple(scope) for scope in [*operation.reread, *_users_of(done)]})
    observed = Observed(plan.load_balancer)
    inverse = [change.inverse for change in done]
    _refuse_changed(inverse, observed)
    # With what is known of it only since it was made, as the ID of a rule.
    inverse = [replace(change, before=observed.find(change)) for change in inverse]
    made = {c.key[0] for c in inverse if c.kind is Kind.GROUP and c.before is None}
    plan.changes = [_again(change, made) for change in inverse]
    for change in plan.changes:
        if change.kind is Kind.GROUP and change.after is None:
            _refuse_used(change)
        if change.kind is Kind.GROUP and change.before is None:
            plan.resource_id = ""
            plan.reread = [scopes.GROUPS]
    try:
        plan.calls  # noqa: B018 - whether the API has calls for it
    except CannotPlan as error:
        raise CannotUndo(str(error)) from error
    return plan


def _plan(actor: Actor, operation: Operation, verb: str) -> Plan:
    load_balancer = LoadBalancer.objects.filter(pk=operation.load_balancer_id).first()
    if load_balancer is None:
        raise Gone(gettext_noop("instance"))
    return Plan(
        actor=actor,
        action=Action[operation.permission],
        verb=verb,
        load_balancer=load_balancer,
        resource_type=operation.resource_type,
        resource_id=operation.resource_id,
        resource_name=operation.resource_name,
        reread=operation.reread,
    )


def _changes(operation: Operation, calls: Iterable[OperationCall]) -> list[Change]:
    return [
        Change.from_json(change).named(operation.resource_id or NEW)
        for call in calls
        for change in call.changes
    ]


def _made_after_all(plan: Plan, calls: Iterable[OperationCall]) -> str:
    """The group of a creation that was given up for lost and arrived later; "" if it is none.

    Raises NotRead.
    """
    for call in calls:
        if call.action == CREATE_GROUP and call.sent_at:
            try:
                return find_made_group(plan.cloud, plan.load_balancer, call)
            except CloudError as error:
                raise NotRead(error) from error
    return ""


def _users_of(changes: Iterable[Change]) -> list[scopes.Scope]:
    made = any(change.kind is Kind.GROUP and change.before is None for change in changes)
    return [scopes.LISTENERS] if made else []


def _refuse_used(change: Change) -> None:
    group = VServerGroup.objects.filter(pk=change.key[0]).first()
    listeners, rules = users_of(group) if group else ([], [])
    if listeners or rules:
        raise CannotUndo(
            _(
                "The group is used by %(listeners)s listeners and %(rules)s forwarding rules "
                "now. Give them another group first."
            )
            % {"listeners": len(listeners), "rules": len(rules)}
        )


def _refuse_changed(changes: Iterable[Change], observed: Observed) -> None:
    moved = [change for change in changes if not observed.is_before(change)]
    if moved:
        names = ", ".join(str(change) for change in moved[:5])
        words = _("Changed since, so it is left as it is: %(changes)s.") % {"changes": names}
        raise CannotUndo(words, moved)


def _again(change: Change, made: Collection[str | int]) -> Change:
    """What is made anew gets an ID of its own. made: the old IDs of groups that are."""
    if change.before is not None or change.after is None:
        return change
    if change.kind in {Kind.GROUP, Kind.MEMBER}:
        return replace(change, key=(NEW, *change.key[1:])) if change.key[0] in made else change
    after = {name: value for name, value in change.after.items() if name != "rule_id"}
    return replace(change, after=after)
