"""Groups: making, changing, copying, replacing, tagging and deleting them."""

from collections.abc import Callable

from tests.cloud import web
from tests.crashes.kinds.start import (
    Arguments,
    Kind,
    Members,
    Start,
    about,
    actor_of,
    alone,
    balancer_of,
    listener_of,
    listening,
    many,
    rows,
    weights,
)
from tests.crashes.pictures import Picture
from vservers.models import Rule, VServerGroup
from vservers.selectors.fingerprints import fingerprint
from vservers.services import group_moves, group_tags, groups
from vservers.services.changes import VSERVER_GROUP
from vservers.services.changes import Kind as Object


def create_group(user: Arguments, balancer_id: str) -> None:
    groups.create_group(
        actor=actor_of(user),
        load_balancer=balancer_of(balancer_id),
        name="new",
        members=rows(*many(25)),
    )


OLD = [(web(1), 80, 10), (web(2), 80, 20), (web(3), 80, 30)]
NEW = [(web(1), 80, 11), (web(2), 80, 20), (web(4), 80, 40)]


def one_group(start: Start) -> Arguments:
    made = start.group(*OLD)
    start.mirror()
    return {"group_id": made}


def change_group(user: Arguments, group_id: str) -> None:
    group = VServerGroup.objects.get(pk=group_id)
    groups.change_group(
        actor=actor_of(user),
        group=group,
        name="second",
        members=rows(*NEW),
        seen=fingerprint(group),
    )


def delete_group(user: Arguments, group_id: str) -> None:
    groups.delete_group(actor=actor_of(user), group=VServerGroup.objects.get(pk=group_id))


def groups_are(*wanted: tuple[str, Members]) -> Callable[[Picture], bool]:
    """These groups, by name, and no other."""
    expected = sorted((name, sorted(weights(members).items())) for name, members in wanted)
    return lambda cloud: (
        sorted((g.name, sorted(g.weights.items())) for g in cloud.groups.values()) == expected
    )


def _tagged(start: Start) -> Arguments:
    arguments = one_group(start)
    start.tag(VSERVER_GROUP, arguments["group_id"], old="1", kept="same")
    start.mirror()
    return arguments


def change_group_tags(user: Arguments, group_id: str) -> None:
    group_tags.change_group_tags(
        actor=actor_of(user),
        group=VServerGroup.objects.get(pk=group_id),
        put={"kept": "other", "new": "2"},
        take=["old"],
    )


def copy_group(user: Arguments, balancer_id: str, group_id: str) -> None:
    """The listener takes the copy instead."""
    group_moves.copy_group(
        actor=actor_of(user),
        group=VServerGroup.objects.get(pk=group_id),
        load_balancer=balancer_of(balancer_id),
        name="copy",
        user=listener_of(balancer_id),
    )


def copy_group_for_rule(user: Arguments, balancer_id: str, group_id: str) -> None:
    group_moves.copy_group(
        actor=actor_of(user),
        group=VServerGroup.objects.get(pk=group_id),
        load_balancer=balancer_of(balancer_id),
        name="copy",
        user=Rule.objects.get(listener__load_balancer=balancer_id, url="/old1"),
    )


def replace_group(user: Arguments, balancer_id: str, group_id: str) -> None:
    """Of the listener and two rules; then nobody uses it, and it goes."""
    group_moves.replace_group(
        actor=actor_of(user),
        group=VServerGroup.objects.get(load_balancer=balancer_id, name="g1"),
        by=VServerGroup.objects.get(pk=group_id),
        delete=True,
    )


def _copy_is_used(cloud: Picture) -> bool:
    copy = cloud.group_named("copy")
    return cloud.http["vserver_group_id"] == copy and cloud.groups[copy].weights == {
        (web(2), 80): 2
    }


def _rule_uses_copy(cloud: Picture) -> bool:
    copy, first = cloud.group_named("copy"), cloud.group_named("g1")
    used = {key[3]: rule["vserver_group_id"] for key, rule in cloud.rules.items()}
    return used == {"/old0": first, "/old1": copy} and len(cloud.groups) == 3


def _replaced(cloud: Picture) -> bool:
    (left,) = cloud.groups
    users = [cloud.http, *cloud.rules.values()]
    return cloud.groups[left].name == "g2" and {one["vserver_group_id"] for one in users} == {left}


_WHOLE = about(Object.GROUP, Object.MEMBER)

GROUPS = [
    Kind("create group", _WHOLE, alone, create_group, groups_are(("new", many(25))), brief=False),
    Kind("change group", _WHOLE, one_group, change_group, groups_are(("second", NEW)), brief=False),
    Kind("delete group", _WHOLE, one_group, delete_group, groups_are(), brief=False),
    Kind(
        "change tags of group",
        about(Object.TAG),
        _tagged,
        change_group_tags,
        lambda cloud: (
            [one.tags for one in cloud.groups.values()] == [{"kept": "other", "new": "2"}]
        ),
    ),
    Kind("copy group", _WHOLE | about(Object.LISTENER), listening(), copy_group, _copy_is_used),
    Kind(
        "copy group for rule",
        _WHOLE | about(Object.RULE),
        listening(rule_count=2),
        copy_group_for_rule,
        _rule_uses_copy,
    ),
    Kind(
        "replace group",
        _WHOLE | about(Object.LISTENER, Object.RULE),
        listening(rule_count=2),
        replace_group,
        _replaced,
    ),
]
