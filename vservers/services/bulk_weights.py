"""One weight for the servers of many groups."""

from collections.abc import Collection, Iterator

from django.db.models import QuerySet
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from vservers.models import Batch, Member, VServerGroup
from vservers.selectors.fingerprints import fingerprint

from . import batches
from .batch_verbs import CHANGE, members_as_json
from .changes import member_changes
from .observing import held_members


def members_meant(
    groups: QuerySet[VServerGroup], *, server_ids: Collection[str] = (), port: int | None = None
) -> QuerySet[Member]:
    """The rows of groups that a change is about. server_ids, port: of those only, all without."""
    rows = Member.objects.filter(group__in=groups.values("pk")).order_by()
    if server_ids:
        rows = rows.filter(server__in=server_ids)
    return rows if port is None else rows.filter(port=port)


def draft_weights(
    *,
    actor: Actor,
    groups: QuerySet[VServerGroup],
    region_id: str,
    weight: int,
    server_ids: Collection[str] = (),
    port: int | None = None,
    load_balancer_id: str = "",
) -> Batch:
    """Plan a weight, 0..100, for all rows of groups, or those of some servers or of one port.

    By the mirror; each group is read again when its turn comes, and left alone where it is not as
    it was. Raises NotAllowed.
    """
    chosen = list(groups.select_related("load_balancer").prefetch_related("members"))
    chosen.sort(key=lambda group: (str(group.load_balancer), group.name, group.pk))

    def tasks() -> Iterator[batches.Task]:
        for group in chosen:
            held = held_members(group)
            wanted = [
                member._replace(weight=weight)
                if (not server_ids or member.server_id in server_ids)
                and port in (None, member.port)
                else member
                for member in held
            ]
            if changes := member_changes(group.pk, held, wanted):
                arguments = {
                    "name": group.name,
                    "members": members_as_json(wanted),
                    "seen": fingerprint(group),
                }
                yield batches.Task(
                    CHANGE, group.load_balancer, group.pk, group.name, arguments, changes
                )

    wanted = list(tasks())
    return batches.draft(
        actor=actor,
        verb=gettext_noop("set weights"),
        region_id=region_id,
        load_balancer_id=load_balancer_id,
        tasks=wanted,
        unchanged=len(chosen) - len(wanted),
    )
