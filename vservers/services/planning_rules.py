"""From changes of forwarding rules to the calls that make them."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import batched
from typing import Any

from vservers.cloud import listener_calls as calls
from vservers.cloud.listener_calls import MAX_RULES_PER_CALL
from vservers.cloud.settings import RuleSettings
from vservers.cloud.types import Rule

from .changes import Change, Values, new_rule_id
from .planned import PlannedCall


def new_rules(load_balancer_id: str, changes: Iterable[Change]) -> Iterator[PlannedCall]:
    """Those that are not there yet.

    The cloud makes a rule that follows its listener; settings of its own it is given afterwards.
    """
    added = [change for change in changes if change.before is None]
    for (protocol, port), some in _by_listener(added):
        for batch in batched(some, MAX_RULES_PER_CALL):
            made = [Change(one.kind, one.key, None, _following(one.after or {})) for one in batch]
            call = calls.create_rules(
                load_balancer_id, protocol, port, [_new_rule(change) for change in made]
            )
            yield PlannedCall(call, tuple(made))
            for new, change in zip(made, batch, strict=True):
                if _own(change.after or {}):
                    yield _set(Change(change.kind, change.key, new.after, change.after))


def set_rules(changes: Iterable[Change]) -> list[PlannedCall]:
    """Those that are there before and after."""
    return [_set(change) for change in changes if change.before and change.after]


def delete_rules(changes: Iterable[Change]) -> Iterator[PlannedCall]:
    """Those that go."""
    for _, some in _by_listener([change for change in changes if change.after is None]):
        for batch in batched(some, MAX_RULES_PER_CALL):
            call = calls.delete_rules([(rule.before or {})["rule_id"] for rule in batch])
            yield PlannedCall(call, batch)


def _set(change: Change) -> PlannedCall:
    before, after = change.before or {}, change.after or {}
    own = _own(after)
    call = calls.set_rule(
        # Of one that this plan makes only the cloud's answer will tell.
        before.get("rule_id") or new_rule_id(before["name"]),
        name=after["name"],
        vserver_group_id=after["vserver_group_id"],
        listener_sync=after["listener_sync"] if own != _own(before) else "",
        settings=own if own != _own(before) else None,
    )
    return PlannedCall(call, (change,))


def _own(values: Values) -> RuleSettings | None:
    """Settings of its own, None where it follows its listener."""
    return RuleSettings.of(values) if values.get("listener_sync") == "off" else None


def _following(values: Values) -> dict[str, Any]:
    """As the cloud makes it."""
    if _own(values) is None:
        return dict(values)
    kept = {name: values[name] for name in ("name", "vserver_group_id")}
    return {**kept, "listener_sync": "on"}


def _new_rule(rule: Change) -> Rule:
    values: dict[str, Any] = dict(rule.after or {})
    domain, url = rule.key[2:]
    return Rule("", values["name"], str(domain), str(url), values["vserver_group_id"] or "")


def _by_listener(rules: Sequence[Change]) -> list[tuple[tuple[str, int], list[Change]]]:
    found: dict[tuple[str, int], list[Change]] = {}
    for rule in rules:
        found.setdefault((str(rule.key[0]), int(rule.key[1])), []).append(rule)
    return list(found.items())
