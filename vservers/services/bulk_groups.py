"""Drafts of what is done to many groups: deleted, rid of servers, tagged."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from vservers.models import Batch, Member, VServerGroup
from vservers.selectors.fingerprints import fingerprint

from . import batches
from .batch_verbs import CHANGE, DELETE, TAG, members_as_json
from .changes import VSERVER_GROUP, Change, Kind, member_changes
from .observing import held_members
from .tags import tag_changes


def _in_order(groups: Iterable[VServerGroup]) -> list[VServerGroup]:
    return sorted(groups, key=lambda group: (str(group.load_balancer), group.name, group.pk))


def draft_deletion(
    *,
    actor: Actor,
    groups: QuerySet[VServerGroup],
    region_id: str,
    load_balancer_id: str = "",
) -> Batch:
    """Plan the end of groups. One that something uses when its turn comes stays.

    Raises NotAllowed.
    """
    tasks = []
    for group in _in_order(groups.select_related("load_balancer").prefetch_related("members")):
        changes = [
            Change(Kind.GROUP, (group.pk,), {"name": group.name}, None),
            *member_changes(group.pk, held_members(group), ()),
        ]
        tasks.append(batches.Task(DELETE, group.load_balancer, group.pk, group.name, {}, changes))
    return batches.draft(
        actor=actor,
        verb=gettext_noop("delete groups"),
        region_id=region_id,
        load_balancer_id=load_balancer_id,
        tasks=tasks,
    )


def draft_member_removal(
    *, actor: Actor, members: Collection[Member], region_id: str, load_balancer_id: str = ""
) -> Batch:
    """Plan the removal of rows from their groups. Raises NotAllowed."""
    leaving: dict[str, set[tuple[str, str, int]]] = defaultdict(set)
    for member in members:
        key = (member.server_id or "", member.server_ip, member.port)
        leaving[member.group_id].add(key)
    rows = VServerGroup.objects.filter(pk__in=leaving)
    tasks = []
    for group in _in_order(rows.select_related("load_balancer").prefetch_related("members")):
        held = held_members(group)
        kept = [
            one for one in held if (one.server_id, one.server_ip, one.port) not in leaving[group.pk]
        ]
        arguments = {
            "name": group.name,
            "members": members_as_json(kept),
            "seen": fingerprint(group),
        }
        changes = member_changes(group.pk, held, kept)
        tasks.append(
            batches.Task(CHANGE, group.load_balancer, group.pk, group.name, arguments, changes)
        )
    return batches.draft(
        actor=actor,
        verb=gettext_noop("remove members"),
        region_id=region_id,
        load_balancer_id=load_balancer_id,
        tasks=tasks,
    )


def draft_tags(
    *,
    actor: Actor,
    groups: QuerySet[VServerGroup],
    region_id: str,
    put: Mapping[str, str],
    take: Collection[str],
    load_balancer_id: str = "",
) -> Batch:
    """Plan tags that groups get, {key: value}, and keys that they lose. Raises NotAllowed."""
    chosen = _in_order(groups.select_related("load_balancer"))
    tasks = []
    for group in chosen:
        if changes := tag_changes(VSERVER_GROUP, group.pk, group.tags, put=put, take=take):
            arguments = {"put": dict(put), "take": list(take)}
            tasks.append(
                batches.Task(TAG, group.load_balancer, group.pk, group.name, arguments, changes)
            )
    return batches.draft(
        actor=actor,
        verb=gettext_noop("change tags"),
        region_id=region_id,
        load_balancer_id=load_balancer_id,
        tasks=tasks,
        unchanged=len(chosen) - len(tasks),
    )
