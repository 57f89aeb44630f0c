"""The servers of a group, each with what every listener that uses the group sees of it."""

from dataclasses import dataclass

from django.db.models import Q

from vservers.models import Listener, Member, ServerHealth, VServerGroup

from .groups import shares


@dataclass(frozen=True, slots=True)
class MemberHealth:
    """One (server, port). share: expected, in percent, None where all weights are 0.

    health: one status for each of the listeners, in their order, "" where nothing checks it.
    """

    member: Member
    share: float | None
    health: list[str]


@dataclass(frozen=True, slots=True)
class MembersSeen:
    """listeners: those that send requests to the group, themselves or by a rule."""

    listeners: list[Listener]
    rows: list[MemberHealth]

    @property
    def ignoring_weights(self) -> list[Listener]:
        """The listeners whose scheduler gives every server the same, whatever its weight."""
        return [one for one in self.listeners if one.scheduler == "rr"]


def listeners_using(group: VServerGroup) -> list[Listener]:
    """The listeners that send requests to the group, themselves or by a rule."""
    uses = Q(vserver_group=group) | Q(rules__vserver_group=group)
    rows = Listener.objects.filter(uses, load_balancer=group.load_balancer_id)
    return list(rows.order_by("port", "protocol").distinct())


def members_seen(group: VServerGroup) -> MembersSeen:
    """In three queries."""
    members = list(group.members.select_related("server"))
    listeners = listeners_using(group)
    told = ServerHealth.objects.filter(listener__in=listeners)
    # Of a check that is off no result is awaited; a rule may still have one of its own.
    told = told.exclude(listener__health_check="off", status=ServerHealth.Status.UNAVAILABLE)
    status = {(row.listener_id, row.server_id, row.port): row.status for row in told}
    rows = [
        MemberHealth(
            member,
            share,
            [status.get((one.pk, member.server_id or "", member.port), "") for one in listeners],
        )
        for member, share in zip(members, shares([m.weight for m in members]), strict=True)
    ]
    return MembersSeen(listeners, rows)
