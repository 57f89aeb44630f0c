"""Forwarding rules of a layer-7 listener."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import batched

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from vservers.cloud import types as api
from vservers.cloud.slb import MAX_RULES_PER_CALL
from vservers.models import Listener, Rule, VServerGroup
from vservers.selectors.fingerprints import rule_fingerprint

from . import readings
from .acts import Act, act
from .errors import Gone, Stale

RESOURCE = "forwarding rule"


@dataclass(frozen=True, slots=True)
class NewRule:
    """A rule to make: a domain, a URL prefix, or both, and the group of the same load balancer."""

    name: str
    domain: str
    url: str
    vserver_group: VServerGroup

    def as_json(self) -> dict[str, str]:
        return {
            "name": self.name,
            "domain": self.domain,
            "url": self.url,
            "vserver_group_id": self.vserver_group.pk,
        }


def create_rules(*, actor: Actor, listener: Listener, rules: Sequence[NewRule]) -> list[str]:
    """The IDs of the new rules, in order. Raises NotAllowed, CallFailed, NotReread."""
    made: list[str] = []
    with _changing(actor, listener, "create rules") as doing:
        doing.resource_name = ", ".join(f"{rule.domain}{rule.url}" for rule in rules)[:120]
        doing.after = [rule.as_json() for rule in rules]
        for batch in batched(rules, MAX_RULES_PER_CALL):
            made += doing.cloud.slb.create_rules(
                listener.load_balancer_id,
                listener.protocol,
                listener.port,
                [
                    api.Rule("", rule.name, rule.domain, rule.url, rule.vserver_group.pk)
                    for rule in batch
                ],
            )
            doing.resource_id = made[0]
    return made


def change_rule(
    *, actor: Actor, rule: Rule, name: str, vserver_group: VServerGroup, seen: str
) -> bool:
    """Another name or group for a rule; False when it has them already.

    Domain and URL can never be changed in the cloud. seen: fingerprint of the rule as the person
    saw it. Raises NotAllowed, Gone, Stale, CallFailed, NotReread.
    """
    with _changing(actor, rule.listener, "change rule", rule) as doing:
        doing.read_now(readings.listeners(doing.load_balancer.pk))
        current = Rule.objects.filter(pk=rule.pk).first()
        if current is None:
            raise Gone(RESOURCE)
        if rule_fingerprint(current) != seen:
            raise Stale(RESOURCE)
        if (current.name, current.vserver_group_id) == (name, vserver_group.pk):
            return False
        doing.before = _picture(current)
        doing.after = {**_picture(current), "name": name, "vserver_group_id": vserver_group.pk}
        doing.cloud.slb.set_rule(current.pk, name=name, vserver_group_id=vserver_group.pk)
    return True


def delete_rule(*, actor: Actor, rule: Rule) -> None:
    """Its requests go on to the next level. Raises NotAllowed, CallFailed, NotReread."""
    with _changing(actor, rule.listener, "delete rule", rule) as doing:
        doing.before = _picture(rule)
        doing.cloud.slb.delete_rules([rule.pk])


def _changing(
    actor: Actor, listener: Listener, verb: str, rule: Rule | None = None
) -> AbstractContextManager[Act]:
    balancer = listener.load_balancer
    return act(
        actor=actor,
        action=Action.CHANGE_RULES,
        verb=verb,
        load_balancer=balancer,
        resource_type=RESOURCE,
        resource_id=rule.pk if rule else "",
        resource_name=str(rule)[:120] if rule else "",
        reread=[readings.listeners(balancer.pk), readings.health(balancer.pk)],
    )


def _picture(rule: Rule) -> dict[str, str]:
    return {
        "name": rule.name,
        "domain": rule.domain,
        "url": rule.url,
        "vserver_group_id": rule.vserver_group_id or "",
    }
