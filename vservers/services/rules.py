"""Forwarding rules of a layer-7 listener."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from vservers.cloud.settings import RuleSettings
from vservers.models import Listener, Rule, VServerGroup
from vservers.selectors.fingerprints import rule_fingerprint

from . import scopes
from .changes import Change, Kind
from .errors import Gone, Stale
from .locks import hold
from .observing import rule_key, rule_values
from .operations import Plan, carry_out

RESOURCE = gettext_noop("forwarding rule")


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule to make: a domain, a URL prefix, or both, and the group of the same load balancer.

    settings: its own; None to follow its listener.
    """

    name: str
    domain: str
    url: str
    vserver_group: VServerGroup
    settings: RuleSettings | None = None

    def as_values(self) -> dict[str, Any]:
        """As changes have it."""
        own = {"listener_sync": "off", **asdict(self.settings)} if self.settings else {}
        return {"name": self.name, "vserver_group_id": self.vserver_group.pk, **own}

    def as_json(self) -> dict[str, Any]:
        return {"domain": self.domain, "url": self.url, **self.as_values()}


def create_rules(*, actor: Actor, listener: Listener, rules: Sequence[NewRule]) -> list[str]:
    """The IDs of the new rules, in order.

    Raises NotAllowed, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(listener.load_balancer_id):
        carry_out(plan_new_rules(actor=actor, listener=listener, rules=rules))
    ids = {(rule.domain, rule.url): rule.pk for rule in listener.rules.all()}
    return [ids[rule.domain, rule.url] for rule in rules if (rule.domain, rule.url) in ids]


def plan_new_rules(*, actor: Actor, listener: Listener, rules: Sequence[NewRule]) -> Plan:
    """What create_rules would do. Raises NotAllowed, NotRead."""
    plan = _plan(actor, listener, gettext_noop("create rules"))
    plan.read_now(scopes.LISTENERS)
    plan.resource_name = ", ".join(f"{rule.domain}{rule.url}" for rule in rules)
    plan.changes = [
        Change(
            Kind.RULE,
            rule_key(listener, rule.domain, rule.url),
            None,
            rule.as_values(),
        )
        for rule in rules
    ]
    plan.after = [rule.as_json() for rule in rules]
    return plan


def change_rule(
    *,
    actor: Actor,
    rule: Rule,
    name: str,
    vserver_group: VServerGroup,
    settings: RuleSettings | None,
    seen: str,
) -> bool:
    """Another name, group or settings for a rule; False when it has them already.

    settings: None to follow its listener. Domain and URL can never be changed in the cloud. seen:
    fingerprint of the rule as the person saw it. Raises NotAllowed, Gone, Stale, Busy, CallFailed,
    Waiting, NotReread.
    """
    with hold(rule.listener.load_balancer_id):
        plan = plan_rule_change(
            actor=actor,
            rule=rule,
            name=name,
            vserver_group=vserver_group,
            settings=settings,
            seen=seen,
        )
        return carry_out(plan) is not None


def plan_rule_change(
    *,
    actor: Actor,
    rule: Rule,
    name: str,
    vserver_group: VServerGroup,
    settings: RuleSettings | None,
    seen: str,
) -> Plan:
    """What change_rule would do. Raises NotAllowed, Gone, Stale, NotRead."""
    plan = _plan(actor, rule.listener, gettext_noop("change rule"), rule)
    rule = _read_rule(plan, rule)
    if rule_fingerprint(rule) != seen:
        raise Stale(RESOURCE)
    before = rule_values(rule)
    own = asdict(settings) if settings else {"scheduler": ""}
    after = {
        "rule_id": rule.pk,
        "name": name,
        "vserver_group_id": vserver_group.pk,
        "listener_sync": "off" if settings else "on",
        **own,
    }
    if after != before:
        key = rule_key(rule.listener, rule.domain, rule.url)
        plan.changes = [Change(Kind.RULE, key, before, after)]
        place = {"domain": rule.domain, "url": rule.url}
        plan.before, plan.after = {**before, **place}, {**after, **place}
    return plan


def delete_rule(*, actor: Actor, rule: Rule) -> None:
    """Its requests go on to the next level.

    Raises NotAllowed, Gone, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(rule.listener.load_balancer_id):
        carry_out(plan_rule_deletion(actor=actor, rule=rule))


def plan_rule_deletion(*, actor: Actor, rule: Rule) -> Plan:
    """What delete_rule would do. Raises NotAllowed, Gone, NotRead."""
    plan = _plan(actor, rule.listener, gettext_noop("delete rule"), rule)
    rule = _read_rule(plan, rule)
    key = rule_key(rule.listener, rule.domain, rule.url)
    plan.changes = [Change(Kind.RULE, key, rule_values(rule), None)]
    plan.before = _picture(rule)
    return plan


def delete_rules(*, actor: Actor, listener: Listener, rule_ids: Collection[str]) -> int:
    """Delete some rules of one listener; those that are gone already count for nothing.

    How many were deleted. Raises as delete_rule.
    """
    with hold(listener.load_balancer_id):
        plan = plan_rules_deletion(actor=actor, listener=listener, rule_ids=rule_ids)
        carry_out(plan)
    return len(plan.changes)


def plan_rules_deletion(*, actor: Actor, listener: Listener, rule_ids: Collection[str]) -> Plan:
    """What delete_rules would do. Raises NotAllowed, NotRead."""
    plan = _plan(actor, listener, gettext_noop("delete rules"))
    plan.read_now(scopes.LISTENERS)
    rules = list(Rule.objects.filter(pk__in=rule_ids, listener=listener.pk))
    plan.resource_name = ", ".join(map(str, rules))
    plan.changes = [
        Change(Kind.RULE, rule_key(listener, rule.domain, rule.url), rule_values(rule), None)
        for rule in rules
    ]
    plan.before = [_picture(rule) for rule in rules]
    return plan


def _read_rule(plan: Plan, rule: Rule) -> Rule:
    plan.read_now(scopes.LISTENERS)
    current = Rule.objects.filter(pk=rule.pk).select_related("listener").first()
    if current is None:
        raise Gone(RESOURCE)
    return current


def _plan(actor: Actor, listener: Listener, verb: str, rule: Rule | None = None) -> Plan:
    return Plan(
        actor=actor,
        action=Action.CHANGE_RULES,
        verb=verb,
        load_balancer=listener.load_balancer,
        resource_type=RESOURCE,
        resource_id=rule.pk if rule else "",
        resource_name=str(rule) if rule else "",
        reread=[scopes.LISTENERS, scopes.HEALTH],
    )


def _picture(rule: Rule) -> dict[str, str]:
    return {
        "name": rule.name,
        "domain": rule.domain,
        "url": rule.url,
        "vserver_group_id": rule.vserver_group_id or "",
    }
