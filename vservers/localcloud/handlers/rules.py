"""Forwarding rules of HTTP and HTTPS listeners."""

from dataclasses import replace
from typing import Any

from vservers.localcloud.errors import ApiError, group_not_found, missing
from vservers.localcloud.handlers.changes import refuse_changing
from vservers.localcloud.handlers.lookup import (
    refuse_locked,
    rules_of,
    the_balancer,
    the_listener,
)
from vservers.localcloud.handlers.settings import LAYER_7, checked_settings, session_and_check
from vservers.localcloud.model import Group, Listener, Rule
from vservers.localcloud.quotas import exceeded
from vservers.localcloud.registry import Answer, Call, Reading, Writing, new_id, reads, writes
from vservers.localcloud.store import View

_OWN_SETTINGS = frozenset(
    (
        "Scheduler",
        "StickySession",
        "StickySessionType",
        "Cookie",
        "CookieTimeout",
        "HealthCheck",
        "HealthCheckDomain",
        "HealthCheckURI",
        "HealthCheckHttpCode",
        "HealthCheckInterval",
        "HealthCheckTimeout",
        "HealthCheckConnectPort",
        "HealthyThreshold",
        "UnhealthyThreshold",
    )
)


@writes("slb", "CreateRules")
def create_rules(call: Writing) -> Answer:
    """New rules; all are refused when one is.

    Raises TooManyRules (40 a listener), DomainExist (the pair is there), InvalidParameter (name
    taken, group of another balancer), RuleNotSupport.
    """
    balancer = the_balancer(call)
    listener = the_listener(call, balancer)
    refuse_changing(call, listener, "OperationFailed.ListenerStatusNotSupport")
    if listener.protocol not in LAYER_7:
        raise ApiError("RuleNotSupport")
    if listener.settings.get("ListenerForward") == "on":
        raise ApiError("ListenerNotSupportRule")
    present = rules_of(call.state, listener)
    rows = call.params["RuleList"]
    if not rows:
        raise ApiError("RuleListMalformed")
    if exceeded(len(present) + len(rows), call.quotas.rules):
        raise ApiError("TooManyRules")
    pairs = {(rule.domain, rule.url) for rule in present}
    names = {rule.name for rule in present}
    made: list[Rule] = []
    for row in rows:
        rule = Rule(
            id=new_id("rule"),
            balancer_id=balancer.id,
            protocol=listener.protocol,
            port=listener.port,
            region=balancer.region,
            name=row["RuleName"],
            # Hosts are compared without case: two spellings are one domain.
            domain=row.get("Domain", "").lower(),
            url=row.get("Url", ""),
            group_id=row["VServerGroupId"],
            created=call.now,
        )
        if not rule.domain and not rule.url:
            raise ApiError(
                "InvalidParameter", "At least one of Domain and Url is required for a rule."
            )
        if (rule.domain, rule.url) in pairs:
            raise ApiError("DomainExist")
        if rule.name in names:
            raise _name_taken()
        _check_group(call.state, balancer.id, rule.group_id)
        pairs.add((rule.domain, rule.url))
        names.add(rule.name)
        made.append(rule)
    for rule in made:
        call.state.put(rule)
    return {"Rules": {"Rule": [{"RuleId": rule.id, "RuleName": rule.name} for rule in made]}}


@reads("slb", "DescribeRules")
def describe_rules(call: Reading) -> Answer:
    """The listener's rules."""
    listener = the_listener(call, the_balancer(call))
    return {"Rules": {"Rule": [_wire(rule) for rule in rules_of(call.state, listener)]}}


@reads("slb", "DescribeRuleAttribute")
def describe_rule(call: Reading) -> Answer:
    """One rule. ListenerPort is declared a string here."""
    rule = _the_rule(call, call.params["RuleId"])
    return {**_wire(rule), "LoadBalancerId": rule.balancer_id, "ListenerPort": str(rule.port)}


@writes("slb", "SetRule")
def set_rule(call: Writing) -> Answer:
    """Change name, group and, with ListenerSync=off, the rule's own scheduler, session and check.

    Domain and Url never change.
    """
    rule = _the_rule(call, call.params["RuleId"])
    listener = _listener_of(call, rule)
    refuse_changing(call, listener, "OperationFailed.ListenerStatusNotSupport")
    name = call.params.get("RuleName", rule.name)
    if name != rule.name and any(name == other.name for other in rules_of(call.state, listener)):
        raise _name_taken()
    group_id = call.params.get("VServerGroupId", rule.group_id)
    _check_group(call.state, rule.balancer_id, group_id)
    sync = call.params.get("ListenerSync", "off" if rule.settings else "on")
    settings = {} if sync == "on" else _own_settings(call.params, dict(rule.settings))
    call.state.put(replace(rule, name=name, group_id=group_id, settings=settings))
    return {}


@writes("slb", "DeleteRules")
def delete_rules(call: Writing) -> Answer:
    """Delete rules of one listener."""
    rules = [_the_rule(call, rule_id) for rule_id in dict.fromkeys(call.params["RuleIds"])]
    if len({rule.parent for rule in rules}) > 1:
        raise ApiError("Operation.NotAllowed", "The rules do not belong to one listener.")
    for rule in rules:
        refuse_changing(call, _listener_of(call, rule), "OperationFailed.ListenerStatusNotSupport")
        call.state.delete(rule)
    return {}


def _the_rule[V: View](call: Call[V], rule_id: str) -> Rule:
    rule = call.state.get(Rule, rule_id)
    if rule is None or not call.in_region(rule.region):
        raise ApiError("InvalidRuleId.NotFound")
    refuse_locked(call, rule.balancer_id)
    return rule


def _listener_of[V: View](call: Call[V], rule: Rule) -> Listener:
    listener = call.state.get(Listener, rule.parent)
    assert listener is not None, "a rule lives as long as its listener"  # noqa: S101
    return listener


def _own_settings(params: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
    settings = before | {name: value for name, value in params.items() if name in _OWN_SETTINGS}
    for name in ("Scheduler", "StickySession", "HealthCheck"):
        if name not in settings:
            raise missing(name)
    return checked_settings(settings)


def _check_group(state: View, balancer_id: str, group_id: str) -> None:
    group = state.get(Group, group_id)
    if group is None:
        raise group_not_found()
    if group.balancer_id != balancer_id:
        raise ApiError(
            "InvalidParameter",
            "The specified VServerGroupId does not belong to the LoadBalancerId of the rule.",
        )


def _name_taken() -> ApiError:
    return ApiError("InvalidParameter", "The specified RuleName already exists on the listener.")


def _wire(rule: Rule) -> dict[str, Any]:
    own = {"Scheduler": rule.settings["Scheduler"]} if rule.settings else {}
    return {
        "RuleId": rule.id,
        "RuleName": rule.name,
        "Domain": rule.domain,
        "Url": rule.url,
        "VServerGroupId": rule.group_id,
        "ListenerSync": "off" if rule.settings else "on",
        **own,
        **session_and_check(rule.settings),
    }
