"""Access control lists as their pages show them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.fields.json import KT

from vservers.models import AccessControlEntry, AccessControlList, Listener, Region

from .usage import listeners_with_any_access_list

PAGE_SIZE = 20
ENTRIES_PER_PAGE = 100
SORTS = {"name": ("name", "pk"), "networks": ("entry_count", "name"), "created": ("created_at",)}
USED, UNUSED = "used", "unused"


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows the list; "" leaves it wide.

    text: part of a name, an ID, a network or a description. use: used or unused. sort: a key of
    SORTS, with a hyphen in front backwards.
    """

    text: str = ""
    ip_version: str = ""
    use: str = ""
    sort: str = "name"


@dataclass(frozen=True, slots=True)
class ListRow:
    """A list with the number of its networks, and the listeners that use it."""

    access_list: AccessControlList
    entry_count: int
    users: list[Listener]

    @property
    def shuts_out(self) -> list[Listener]:
        """The listeners that admit nobody: their whitelist is empty."""
        return [] if self.entry_count else [one for one in self.users if one.acl_status == "white"]


def access_lists_page(
    region: Region, filters: Filters, *, page: str | int = 1
) -> tuple[list[ListRow], Page[Any]]:
    """One page of a region's lists: its rows, and the page itself."""
    lists = AccessControlList.objects.filter(region=region).select_related("account")
    if text := filters.text:
        named = Q(name__icontains=text) | Q(pk__icontains=text)
        held = AccessControlEntry.objects.filter(_holding(text), acl=OuterRef("pk"))
        lists = lists.filter(named | Exists(held))
    if filters.ip_version:
        lists = lists.filter(ip_version=filters.ip_version)
    if filters.use:
        users = Listener.objects.alias(acl=KT("settings__acl_id")).filter(
            load_balancer__vanished_at=None,
            settings__acl_status="on",
            acl__contains=OuterRef("pk"),
        )
        lists = lists.filter(Exists(users) if filters.use == USED else ~Exists(users))
    counted = lists.annotate(entry_count=Count("entries"))
    found = Paginator(counted.order_by(*ordering(filters.sort, SORTS)), PAGE_SIZE)
    shown: Page[Any] = found.get_page(page)
    users_of = users_by_list([one.pk for one in shown])
    return [ListRow(one, one.entry_count, users_of[one.pk]) for one in shown], shown


def list_row(access_list: AccessControlList) -> ListRow:
    users = users_by_list([access_list.pk])[access_list.pk]
    return ListRow(access_list, access_list.entries.count(), users)


def users_by_list(acl_ids: Collection[str]) -> dict[str, list[Listener]]:
    """The listeners that use each of some lists."""
    found: dict[str, list[Listener]] = defaultdict(list)
    for listener in listeners_with_any_access_list(acl_ids):
        for acl_id in listener.settings["acl_id"].split(","):
            found[acl_id].append(listener)
    return found


def entries_page(
    access_list: AccessControlList, *, text: str = "", page: str | int = 1
) -> Page[AccessControlEntry]:
    """One page of a list's networks. text: part of a network or a description."""
    return Paginator(matching_entries(access_list, text), ENTRIES_PER_PAGE).get_page(page)


def matching_entries(access_list: AccessControlList, text: str) -> Any:
    rows = access_list.entries.order_by("network")
    return rows.filter(_holding(text)) if text else rows


def _holding(text: str) -> Q:
    return Q(network__icontains=text) | Q(comment__icontains=text)


def ordering(sort: str, sorts: Mapping[str, tuple[str, ...]]) -> Iterable[str]:
    """The columns of a sort as an address has it; the first of them all where it is unknown."""
    backwards, key = sort.startswith("-"), sort.removeprefix("-")
    columns = sorts.get(key) or next(iter(sorts.values()))
    return [f"-{column}" if backwards else column for column in columns]
