"""What can be made of an operation that has ended: the rest of it, or its opposite."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from console.shell.said import gettext as _
from vservers.cloud import CloudError
from vservers.models import (
    AccountRegion,
    LoadBalancer,
    Operation,
    OperationCall,
    VServerGroup,
)
from vservers.selectors.balancers import counts_within
from vservers.selectors.groups import users_of

from . import creations, scopes
from .changes import NEW, SECRET, Change, Kind
from .ending import last_words
from .errors import CannotUndo, Gone, NotRead
from .finding import find_made
from .locks import hold
from .observing import Observed, rule_key
from .operations import AnyPlan, Plan, RegionalPlan, carry_out
from .places import lock_of_operation, place_of
from .planning import CannotPlan
from .reverting_assets import refuse_used

Outcome = OperationCall.Outcome

# IDs that the cloud gives, of what is identified by something else.
_OWN_IDS = frozenset({"rule_id", "domain_extension_id"})


def retry_rest(*, actor: Actor, operation: Operation) -> Operation | None:
    """Do what is left of an operation, as a new one; None when nothing is left.

    Raises NotAllowed, CannotUndo, Gone, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(lock_of_operation(operation)):
        return carry_out(plan_rest(actor=actor, operation=operation))


def plan_rest(*, actor: Actor, operation: Operation) -> AnyPlan:
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
    if creation := next(filter(None, map(creations.made_by, left)), None):
        made = _made_after_all(plan, calls, creation)
        if not made:
            _refuse_secret(calls)
            # No part of it can stand.
            plan.changes = left
            plan.reread = [creation.all, *_others(plan, creation)]
            return plan
        plan.reread = [creation.scope_of(made), *_others(plan, creation)]
        plan.resource_id = made
        left = [change.named(made) for change in left]
    plan.read_now(*plan.reread)
    observed = Observed(plan.place)
    plan.changes = [change for change in left if not observed.is_after(change)]
    _refuse_changed(plan.changes, observed)
    plan.changes = [_with_own_id(change, observed) for change in plan.changes]
    return plan


def undo(*, actor: Actor, operation: Operation) -> Operation | None:
    """Take back what an operation did, as a new one; None when nothing is to be taken back.

    Raises NotAllowed, CannotUndo, Gone, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(lock_of_operation(operation)):
        return carry_out(plan_undo(actor=actor, operation=operation))


def plan_undo(*, actor: Actor, operation: Operation) -> AnyPlan:
    """What undo would do. Raises NotAllowed, CannotUndo, Gone, NotRead."""
    plan = _plan(actor, operation, _opposite(operation.verb))
    plan.undo_of = operation
    plan.before, plan.after = operation.after, operation.before
    if not operation.is_settled:
        raise CannotUndo(_("It is not over yet. What became of it is still being found out."))
    if operation.undos.exclude(status=Operation.Status.FAILED).exists():
        raise CannotUndo(_("It was undone already."))
    done = last_words(_changes(operation, operation.calls.filter(outcome=Outcome.DONE)))
    touched = [*operation.reread, *_users_of(done)]
    plan.read_now(*dict.fromkeys(tuple(scope) for scope in touched))
    observed = Observed(plan.place)
    inverse = [change.inverse for change in done]
    _refuse_changed(inverse, observed)
    # With what is known of it only since it was made, as the ID of a rule.
    inverse = [replace(change, before=observed.find(change)) for change in inverse]
    made = {c.key[0] for c in inverse if creations.made_by(c)}
    plan.changes = [_again(change, made) for change in inverse]
    for change in plan.changes:
        if change.after is None:
            _refuse_used(change, plan.changes)
            _refuse_grown(change, plan.changes, observed)
        if creation := creations.made_by(change):
            plan.resource_id = ""
            plan.reread = [creation.all, *_others(plan, creation)]
    try:
        plan.calls  # noqa: B018 - whether the API has calls for it
    except CannotPlan as error:
        raise CannotUndo(str(error)) from error
    return plan


def _opposite(verb: str) -> str:
    """What undoing an act is called; undoing that is doing it again."""
    if verb.startswith("undo "):
        return f"redo {verb.removeprefix('undo ')}"
    return f"undo {verb.removeprefix('redo ')}"[:60]


def _others(plan: AnyPlan, creation: creations.Creation) -> list[scopes.Scope]:
    """What is read again beside what a creation makes."""
    return [one for one in plan.reread if one[0] not in {creation.one, *creation.all}]


def _plan(actor: Actor, operation: Operation, verb: str) -> AnyPlan:
    about: dict[str, Any] = {
        "actor": actor,
        "action": Action[operation.permission],
        "verb": verb,
        "resource_type": operation.resource_type,
        "resource_id": operation.resource_id,
        "resource_name": operation.resource_name,
        "reread": operation.reread,
    }
    match place_of(operation):
        case LoadBalancer() as load_balancer:
            return Plan(load_balancer=load_balancer, **about)
        case AccountRegion() as account_region:
            return RegionalPlan(account_region=account_region, **about)
    raise Gone(gettext_noop("instance") if operation.load_balancer_id else gettext_noop("region"))


def _changes(operation: Operation, calls: Iterable[OperationCall]) -> list[Change]:
    return [
        Change.from_json(change).named(operation.resource_id or NEW)
        for call in calls
        for change in call.changes
    ]


def _made_after_all(
    plan: AnyPlan, calls: Iterable[OperationCall], creation: creations.Creation
) -> str:
    """What a creation made that was given up for lost and arrived later; "" if it is nothing.

    Raises NotRead.
    """
    for call in calls:
        if call.action == creation.action and call.sent_at:
            try:
                return find_made(plan.cloud, plan.place, call, creation)
            except CloudError as error:
                raise NotRead(error) from error
    return ""


def _users_of(changes: Iterable[Change]) -> list[scopes.Scope]:
    """What tells who uses what is about to be taken away again."""
    made = any(change.kind in {Kind.GROUP, Kind.PAIR} and not change.before for change in changes)
    return [scopes.LISTENERS] if made else []


def _refuse_secret(calls: Iterable[OperationCall]) -> None:
    if any(value == SECRET for call in calls for value in call.params.values()):
        raise CannotUndo(
            _("The private key is kept no longer than it takes to send it. Upload it again.")
        )


def _refuse_used(change: Change, changes: Iterable[Change]) -> None:
    """Raise CannotUndo for what something uses that the same changes do not take away from it."""
    here = LoadBalancer.objects.filter(pk=change.key[0] if change.kind is Kind.BALANCER else None)
    if any(counts_within(here)):
        raise CannotUndo(_("It has listeners or VServer groups now. Release it instead."))
    if change.kind is Kind.GROUP:
        group = VServerGroup.objects.filter(pk=change.key[0]).first()
        listeners, rules = users_of(group) if group else ([], [])
        leaving = {
            (other.kind, other.key)
            for other in changes
            if not other.after or other.after.get("vserver_group_id") != change.key[0]
        }
        listeners = [
            one for one in listeners if (Kind.LISTENER, (one.protocol, one.port)) not in leaving
        ]
        rules = [
            one
            for one in rules
            if (Kind.RULE, rule_key(one.listener, one.domain, one.url)) not in leaving
        ]
        if listeners or rules:
            raise CannotUndo(
                _(
                    "The group is used by %(listeners)s listeners and %(rules)s forwarding rules "
                    "now. Give them another group first."
                )
                % {"listeners": len(listeners), "rules": len(rules)}
            )
    refuse_used(change.kind, str(change.key[0]))


def _refuse_grown(change: Change, changes: Iterable[Change], observed: Observed) -> None:
    """Raise CannotUndo for what has parts by now that others gave it, which would go with it."""
    known = {(other.kind, other.key) for other in changes}
    _refuse([part for part in observed.parts(change) if (part.kind, part.key) not in known])


def _refuse_changed(changes: Iterable[Change], observed: Observed) -> None:
    _refuse([change for change in changes if not observed.is_before(change)])


def _refuse(moved: list[Change]) -> None:
    if moved:
        names = ", ".join(str(change) for change in moved[:5])
        words = _("Changed since, so it is left as it is: %(changes)s.") % {"changes": names}
        raise CannotUndo(words, moved)


def _with_own_id(change: Change, observed: Observed) -> Change:
    """With the ID that the cloud gave it meanwhile, where the plan did not know it yet."""
    found = observed.find(change) if change.before and change.kind is Kind.RULE else None
    known = {"rule_id": found["rule_id"]} if found else {}
    return replace(change, before={**change.before, **known}) if change.before else change


def _again(change: Change, made: Collection[str | int]) -> Change:
    """What is made anew gets an ID of its own. made: the old IDs of groups that are."""
    if change.after and change.after.get("vserver_group_id") in made:
        change = replace(change, after={**change.after, "vserver_group_id": NEW})
    if change.before is not None or change.after is None:
        return change
    if change.owner[0] in creations.BY_KIND:
        return replace(change, key=(NEW, *change.key[1:])) if change.key[0] in made else change
    after = {name: value for name, value in change.after.items() if name not in _OWN_IDS}
    return replace(change, after=after)
