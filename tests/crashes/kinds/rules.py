"""Forwarding rules."""

from tests.crashes.kinds.start import (
    Arguments,
    Kind,
    Start,
    about,
    actor_of,
    listener_of,
    listening,
)
from tests.crashes.pictures import Picture
from vservers.cloud.settings import RuleSettings
from vservers.models import Rule, VServerGroup
from vservers.selectors.fingerprints import rule_fingerprint
from vservers.services import rules
from vservers.services.changes import Kind as Object


def create_rules(user: Arguments, balancer_id: str, group_id: str) -> None:
    group = VServerGroup.objects.get(pk=group_id)
    rules.create_rules(
        actor=actor_of(user),
        listener=listener_of(balancer_id),
        rules=[rules.NewRule(f"n{n}", f"{n}.example.com", "/new", group) for n in range(12)],
    )


OWN = RuleSettings(scheduler="wlc", health_check="off")


def create_rules_with_settings(user: Arguments, balancer_id: str, group_id: str) -> None:
    """Two with settings of their own, and one without."""
    group = VServerGroup.objects.get(pk=group_id)
    rules.create_rules(
        actor=actor_of(user),
        listener=listener_of(balancer_id),
        rules=[
            rules.NewRule("n0", "0.example.com", "", group, OWN),
            rules.NewRule("n1", "1.example.com", "", group),
            rules.NewRule("n2", "2.example.com", "", group, OWN),
        ],
    )


def delete_rules(user: Arguments, balancer_id: str, group_id: str) -> None:
    listener = listener_of(balancer_id)
    ids = list(listener.rules.values_list("pk", flat=True))
    rules.delete_rules(actor=actor_of(user), listener=listener, rule_ids=ids)


def with_settings(start: Start) -> Arguments:
    """A listener with these rules."""
    arguments = listening()(start)
    create_rules_with_settings(dict(start.user), **arguments)
    return arguments


def rules_have_settings(cloud: Picture) -> bool:
    return {rule["name"]: rule["settings"].get("scheduler") for rule in cloud.rules.values()} == {
        "n0": "wlc",
        "n1": None,
        "n2": "wlc",
    }


def _rule(balancer_id: str) -> Rule:
    return Rule.objects.get(listener__load_balancer=balancer_id, url="/old0")


def change_rule(user: Arguments, balancer_id: str, group_id: str) -> None:
    rule = _rule(balancer_id)
    rules.change_rule(
        actor=actor_of(user),
        rule=rule,
        name="renamed",
        vserver_group=VServerGroup.objects.get(pk=group_id),
        settings=None,
        seen=rule_fingerprint(rule),
    )


def delete_rule(user: Arguments, balancer_id: str, group_id: str) -> None:
    rules.delete_rule(actor=actor_of(user), rule=_rule(balancer_id))


def _new_rules_stand(cloud: Picture) -> bool:
    group_id = cloud.group_named("g2")
    return {
        (key[2], key[3]): (rule["name"], rule["vserver_group_id"])
        for key, rule in cloud.rules.items()
    } == {(f"{n}.example.com", "/new"): (f"n{n}", group_id) for n in range(12)}


def _rule_was_changed(cloud: Picture) -> bool:
    rule = cloud.rules["http", 80, "", "/old0"]
    wanted = "renamed", cloud.group_named("g2")
    return (rule["name"], rule["vserver_group_id"]) == wanted and len(cloud.rules) == 2


_RULE = about(Object.RULE)

RULES = [
    Kind("create rules", _RULE, listening(), create_rules, _new_rules_stand, brief=False),
    Kind(
        "change rule", _RULE, listening(rule_count=2), change_rule, _rule_was_changed, brief=False
    ),
    Kind(
        "delete rule",
        _RULE,
        listening(rule_count=2),
        delete_rule,
        lambda cloud: [key[3] for key in cloud.rules] == ["/old1"],
        brief=False,
    ),
    Kind(
        "create rules with settings",
        _RULE,
        listening(),
        create_rules_with_settings,
        rules_have_settings,
    ),
    Kind("delete rules", _RULE, with_settings, delete_rules, lambda cloud: not cloud.rules),
]
