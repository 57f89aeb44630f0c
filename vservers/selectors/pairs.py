"""Primary/secondary groups as their page shows them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q

from vservers.models import Listener, LoadBalancer, MasterSlaveGroup, MasterSlaveMember

from .access_lists import ordering

PAGE_SIZE = 20
SORTS: Mapping[str, tuple[str, ...]] = {"name": ("name", "pk"), "created": ("created_at", "pk")}


@dataclass(frozen=True, slots=True)
class PairRow:
    """A group, its two servers (None where the mirror has not read one), and who uses it."""

    group: MasterSlaveGroup
    primary: MasterSlaveMember | None
    secondary: MasterSlaveMember | None
    users: list[Listener]


def pairs_page(
    load_balancer: LoadBalancer, *, text: str = "", sort: str = "name", page: str | int = 1
) -> tuple[list[PairRow], Page[Any]]:
    """One page of the groups. text: part of a name or an ID, a server's name, ID or address."""
    groups = load_balancer.master_slave_groups.all()
    if text:
        held = MasterSlaveMember.objects.filter(
            Q(server__server_id__icontains=text)
            | Q(server__name__icontains=text)
            | Q(server__private_ip__icontains=text)
        )
        groups = groups.filter(
            Q(name__icontains=text) | Q(pk__icontains=text) | Q(pk__in=held.values("group"))
        )
    ordered = groups.prefetch_related("members__server").order_by(*ordering(sort, SORTS))
    shown = Paginator(ordered, PAGE_SIZE).get_page(page)
    users: dict[str, list[Listener]] = defaultdict(list)
    listeners = Listener.objects.filter(
        load_balancer=load_balancer, master_slave_server_group_id__in=[one.pk for one in shown]
    )
    for listener in listeners.select_related("load_balancer"):
        users[listener.master_slave_server_group_id].append(listener)
    return [pair_row(group, users[group.pk]) for group in shown], shown


def pair_row(group: MasterSlaveGroup, users: list[Listener]) -> PairRow:
    by_role = {member.role: member for member in group.members.all()}
    role = MasterSlaveMember.Role
    return PairRow(group, by_role.get(role.PRIMARY), by_role.get(role.SECONDARY), users)
