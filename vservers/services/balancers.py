"""Load balancers themselves: name, status, protection, specification, and their release."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from console.shell.said import gettext as _
from vservers.models import LoadBalancer, Operation, Rule
from vservers.selectors import offers
from vservers.selectors.fingerprints import balancer_fingerprint

from . import scopes
from .changes import Change, Kind
from .errors import Gone, NotPossible, Stale
from .locks import hold
from .observing import balancer_values, listener_values, rule_key, rule_values
from .operations import Plan, carry_out

RESOURCE = "instance"

WhyNot = Callable[[LoadBalancer], str]
# When settings can be changed.
_RULES: Mapping[frozenset[str], WhyNot] = {
    frozenset({"name"}): offers.why_not_change,
    frozenset({"spec"}): offers.why_not_change_spec,
    frozenset({"internet_charge_type", "bandwidth"}): offers.why_not_change_bandwidth,
    frozenset(
        {"delete_protection", "modification_protection", "modification_protection_reason"}
    ): offers.why_not_touch,
}


def start_balancer(*, actor: Actor, load_balancer: LoadBalancer) -> Operation | None:
    """Let its listeners forward.

    Raises NotAllowed, Gone, NotPossible, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(load_balancer.pk):
        return carry_out(plan_start(actor=actor, load_balancer=load_balancer))


def plan_start(*, actor: Actor, load_balancer: LoadBalancer) -> Plan:
    """What start_balancer would do. Raises NotAllowed, Gone, NotPossible, NotRead."""
    wanted = {"status": LoadBalancer.Status.ACTIVE.value}
    return _plan_values(
        actor, load_balancer, gettext_noop("start instance"), wanted, offers.why_not_start
    )


def stop_balancer(*, actor: Actor, load_balancer: LoadBalancer) -> Operation | None:
    """None of its listeners forwards any more. Raises as start_balancer."""
    with hold(load_balancer.pk):
        return carry_out(plan_stop(actor=actor, load_balancer=load_balancer))


def plan_stop(*, actor: Actor, load_balancer: LoadBalancer) -> Plan:
    """What stop_balancer would do. Raises as plan_start."""
    wanted = {"status": LoadBalancer.Status.INACTIVE.value}
    return _plan_values(
        actor, load_balancer, gettext_noop("stop instance"), wanted, offers.why_not_stop
    )


def change_balancer(
    *, actor: Actor, load_balancer: LoadBalancer, values: Mapping[str, Any], seen: str
) -> bool:
    """New values for it; False when it has them already.

    values: of `observing.balancer_values`, those that shall differ, but for its status. seen: its
    fingerprint in these values as the person saw them. Raises as start_balancer, and Stale.
    """
    with hold(load_balancer.pk):
        plan = plan_change(actor=actor, load_balancer=load_balancer, values=values, seen=seen)
        return carry_out(plan) is not None


def plan_change(
    *, actor: Actor, load_balancer: LoadBalancer, values: Mapping[str, Any], seen: str
) -> Plan:
    """What change_balancer would do. Raises as plan_start, and Stale."""
    rules = [rule for names, rule in _RULES.items() if names & values.keys()]

    def why_not(current: LoadBalancer) -> str:
        return next(filter(None, (rule(current) for rule in rules)), "")

    renames = list(values) == ["name"]
    verb = gettext_noop("rename instance") if renames else gettext_noop("change instance")
    return _plan_values(actor, load_balancer, verb, values, why_not, seen=seen)


def release_balancer(*, actor: Actor, load_balancer: LoadBalancer) -> Operation | None:
    """Delete it with its listeners, rules, groups and tags. Raises as start_balancer."""
    with hold(load_balancer.pk):
        return carry_out(plan_release(actor=actor, load_balancer=load_balancer))


def plan_release(*, actor: Actor, load_balancer: LoadBalancer) -> Plan:
    """What release_balancer would do. Raises as plan_start."""
    plan = _plan(actor, load_balancer, gettext_noop("release instance"))
    current = _read(plan)
    if why := offers.why_not_release(current):
        raise NotPossible(why)
    plan.read_now(scopes.GROUPS, scopes.LISTENERS)
    plan.before = {
        **balancer_values(current),
        "address": current.address,
        "tags": current.tags,
    }
    plan.changes = [Change(Kind.BALANCER, (current.pk,), balancer_values(current), None)]
    plan.changes += [
        Change(Kind.LISTENER, (one.protocol, one.port), listener_values(one), None)
        for one in current.listeners.all()
    ]
    plan.changes += [
        Change(Kind.RULE, rule_key(one.listener, one.domain, one.url), rule_values(one), None)
        for one in Rule.objects.filter(listener__load_balancer=current).select_related("listener")
    ]
    plan.changes += [
        Change(Kind.GROUP, (one.pk,), {"name": one.name}, None)
        for one in current.vserver_groups.all()
    ]
    return plan


def _plan_values(
    actor: Actor,
    load_balancer: LoadBalancer,
    verb: str,
    wanted: Mapping[str, Any],
    why_not: WhyNot,
    *,
    seen: str | None = None,
) -> Plan:
    plan = _plan(actor, load_balancer, verb)
    current = _read(plan)
    if why := why_not(current):
        raise NotPossible(why)
    if seen is not None and balancer_fingerprint(current, wanted) != seen:
        raise Stale(_("instance"))
    held = balancer_values(current)
    before = {name: held[name] for name in wanted}
    if dict(wanted) != before:
        plan.before, plan.after = before, dict(wanted)
        plan.changes = [Change(Kind.BALANCER, (current.pk,), before, plan.after)]
    return plan


def _read(plan: Plan) -> LoadBalancer:
    plan.read_now(scopes.BALANCER)
    current = LoadBalancer.objects.filter(pk=plan.load_balancer.pk).first()
    if current is None:
        raise Gone(_("instance"))
    return current


def _plan(actor: Actor, load_balancer: LoadBalancer, verb: str) -> Plan:
    return Plan(
        actor=actor,
        action=Action.CHANGE_INSTANCES,
        verb=verb,
        load_balancer=load_balancer,
        resource_type=RESOURCE,
        resource_id=load_balancer.pk,
        resource_name=load_balancer.name,
        reread=[scopes.BALANCER],
    )
