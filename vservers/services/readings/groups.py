"""VServer groups with their servers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Count
from django.utils import timezone

from vservers.cloud import Cloud, CloudRefused
from vservers.cloud import types as api
from vservers.models import Member, VServerGroup
from vservers.services.differences import EXISTS, Difference, Kind, Written, server_item
from vservers.services.owners import owner_of

from .balancers import picture
from .reader import Locked, Reader, Writer, stamped
from .rows import differing, held, upsert

_GROUP_VALUES = ["name", "created_at", "tags", "owner"]
_GROUP_COLUMNS = [
    "vserver_group_id", "load_balancer_id", *_GROUP_VALUES, "synced_at", "changed_at", "vanished_at"
]  # fmt: skip
_MEMBER_KEY = ["group_id", "server_id", "server_ip", "port"]
_MEMBER_VALUES = ["weight", "type", "description"]
_MemberKey = tuple[str, str, int]


def all_groups(load_balancer_id: str) -> Reader[Locked]:
    """Every VServer group of a load balancer with its servers: one call, and one per group."""

    def read(cloud: Cloud) -> Writer[Locked]:
        read_at = timezone.now()
        details = [
            detail
            for group in cloud.slb.describe_vserver_groups(load_balancer_id)
            if (detail := _group_detail(cloud, group.vserver_group_id))
        ]

        def write(locked: Locked) -> Written:
            known = _known("load_balancer_id = %s", load_balancer_id)
            here = locked.group_ids = {detail.vserver_group_id for detail in details}
            vanished = _vanish(known, known.keys() - here)
            return Written.sum([vanished, _write_groups(locked, details, known, read_at)])

        return write

    return stamped(read, "listed_at")


def some_groups(load_balancer_id: str, vserver_group_ids: Iterable[str]) -> Reader[Locked]:
    """Some VServer groups with their servers; those that are gone vanish from the mirror."""
    wanted = list(vserver_group_ids)

    def read(cloud: Cloud) -> Writer[Locked]:
        read_at = timezone.now()
        found = [(group_id, _group_detail(cloud, group_id)) for group_id in wanted]
        details = [detail for _, detail in found if detail]
        gone = [group_id for group_id, detail in found if detail is None]

        def write(locked: Locked) -> Written:
            known = _known("vserver_group_id = ANY(%s)", wanted)
            vanished = _vanish(known, gone)
            return Written.sum([vanished, _write_groups(locked, details, known, read_at)])

        return write

    return read


def listed_groups(load_balancer_id: str, *, also: Iterable[str] = ()) -> Reader[Locked]:
    """The list of groups, and the servers of those that it shows to be new or other, and of `also`.

    The list tells names, tags and numbers of servers, but no weights.
    """
    asked = set(also)

    def read(cloud: Cloud) -> Writer[Locked]:
        listed = cloud.slb.describe_vserver_groups(load_balancer_id)
        here = {group.vserver_group_id for group in listed}
        rows = VServerGroup.objects.filter(load_balancer_id=load_balancer_id)
        known = {
            row.pk: (row.name, row.tags, row.count)
            for row in rows.annotate(count=Count("members")).order_by()
        }
        other = [
            group.vserver_group_id
            for group in listed
            if known.get(group.vserver_group_id) != (group.name, group.tags, group.server_count)
        ]
        wanted = [*other, *sorted((asked & here) - set(other))]
        write_some = some_groups(load_balancer_id, wanted)(cloud)

        def write(locked: Locked) -> Written:
            gone = groups_vanish(load_balancer_id, keep=here)
            return Written.sum([gone, write_some(locked), Written(rows=len(listed))])

        return write

    return stamped(read, "listed_at")


def one_group(load_balancer_id: str, vserver_group_id: str) -> Reader[Locked]:
    """One VServer group with its servers."""
    return some_groups(load_balancer_id, [vserver_group_id])


def _group_detail(cloud: Cloud, vserver_group_id: str) -> api.VServerGroupDetail | None:
    try:
        return cloud.slb.describe_vserver_group_attribute(vserver_group_id)
    except CloudRefused as error:
        if error.is_missing:
            return None
        raise


def groups_vanish(load_balancer_id: str, *, keep: Iterable[str] = ()) -> Written:
    """Mark groups as gone, all but those named; what they held goes at once."""
    known = _known("load_balancer_id = %s", load_balancer_id)
    return _vanish(known, known.keys() - set(keep))


def _vanish(known: Mapping[str, "_Known"], ids: Iterable[str]) -> Written:
    """Mark those of the known groups as gone that are not marked yet."""
    named = [(one.name, pk) for pk in ids if (one := known.get(pk)) and not one.vanished_at]
    gone = {pk: name for name, pk in sorted(named)}
    if not gone:
        return Written()
    servers = defaultdict(list)
    for member in Member.objects.filter(group__in=gone):
        values = (member.weight, member.type, member.description)
        item = server_item(member.server_id or "", member.server_ip, member.port)
        servers[member.group_id].append({"server": item, **(picture(values) or {})})
    Member.objects.filter(group__in=gone).delete()
    VServerGroup.objects.filter(pk__in=gone).update(vanished_at=timezone.now())
    return Written(
        tuple(
            Difference(
                Kind.GROUP,
                pk,
                name,
                EXISTS,
                {"name": name, "servers": servers[pk]},
                None,
            )
            for pk, name in gone.items()
        )
    )


def _write_groups(
    locked: Locked,
    details: Sequence[api.VServerGroupDetail],
    before: Mapping[str, "_Known"],
    read_at: datetime,
) -> Written:
    if not details:
        return Written()
    ids = [detail.vserver_group_id for detail in details]
    member_changes = _MemberChanges(ids, details)
    other = []
    differences: list[Difference] = []
    for detail in details:
        known = before.get(detail.vserver_group_id)
        owner = owner_of(
            name=detail.name,
            tags=detail.tags,
            descriptions=[server.description for server in detail.servers],
        )
        values = (detail.name, detail.created_at, detail.tags, owner)
        own = _group_differences(known, detail, member_changes)
        differences += own
        if own or known is None or known[: len(values)] != values:
            changed_at = known and known.changed_at
            # The groups of a load balancer that was never read are seen, not changed.
            if own and (known or locked.balancer.synced_at):
                changed_at = read_at
            other.append(
                (detail.vserver_group_id, locked.balancer.pk, *values, read_at, changed_at, None)
            )
    upsert(VServerGroup, _GROUP_COLUMNS, other, key=["vserver_group_id"])
    same = set(ids) - {row[0] for row in other}
    if same:
        VServerGroup.everything.filter(pk__in=same).update(synced_at=read_at)
    member_changes.write()
    rows = len(details) + sum(len(detail.servers) for detail in details)
    return Written(tuple(differences), rows)


class _Known(NamedTuple):
    """A group as the mirror has it: first what a reading tells of it."""

    name: str
    created_at: datetime | None
    tags: dict[str, str]
    owner: str
    changed_at: datetime | None
    vanished_at: datetime | None


def _known(condition: str, value: object) -> dict[str, _Known]:
    """Groups by their ID, also those that vanished."""
    rows = held(VServerGroup, ["vserver_group_id", *_Known._fields], condition, value)
    return {pk: _Known(*values) for pk, *values in rows}


def _group_differences(
    known: _Known | None, detail: api.VServerGroupDetail, member_changes: "_MemberChanges"
) -> list[Difference]:
    if known is None or known.vanished_at:
        return [
            Difference(
                Kind.GROUP,
                detail.vserver_group_id,
                detail.name,
                EXISTS,
                None,
                {"name": detail.name},
            )
        ]
    of_members = member_changes.of(detail.vserver_group_id)
    if known.name == detail.name:
        return of_members
    renamed = Difference(
        Kind.GROUP, detail.vserver_group_id, detail.name, "name", known.name, detail.name
    )
    return [renamed, *of_members]


class _MemberChanges:
    """The members of some groups, as the mirror has them and as they were read."""

    def __init__(self, ids: Sequence[str], details: Sequence[api.VServerGroupDetail]) -> None:
        self._before: dict[str, dict[_MemberKey, tuple[Any, ...]]] = {one: {} for one in ids}
        self._pks: dict[tuple[str, _MemberKey], int] = {}
        rows = held(Member, ["id", *_MEMBER_KEY, *_MEMBER_VALUES], "group_id = ANY(%s)", ids)
        for pk, group_id, server_id, server_ip, port, *values in rows:
            key = (server_id, server_ip, port)
            self._before[group_id][key] = tuple(values)
            self._pks[group_id, key] = pk
        self._names = {detail.vserver_group_id: detail.name for detail in details}
        self._after = {
            detail.vserver_group_id: {
                (server.server_id, server.server_ip, server.port or 0): (
                    server.weight,
                    server.type,
                    server.description,
                )
                for server in detail.servers
            }
            for detail in details
        }

    def of(self, group_id: str) -> list[Difference]:
        """What is other in one group."""
        before, after = self._before[group_id], self._after[group_id]
        if before == after:
            return []
        keys = [*differing(before, after), *sorted(before.keys() - after.keys())]
        return [
            Difference(
                Kind.GROUP,
                group_id,
                self._names[group_id],
                "server",
                picture(before.get(key)),
                picture(after.get(key)),
                server_item(*key),
            )
            for key in keys
        ]

    def write(self) -> None:
        gone = [
            self._pks[group_id, key]
            for group_id, before in self._before.items()
            for key in before.keys() - self._after[group_id].keys()
        ]
        if gone:
            Member.objects.filter(pk__in=gone).delete()
        upsert(
            Member,
            [*_MEMBER_KEY, *_MEMBER_VALUES],
            [
                (group_id, *key, *after[key])
                for group_id, after in self._after.items()
                for key in differing(self._before[group_id], after)
            ],
            key=_MEMBER_KEY,
        )
