"""Groups from a file: checked as a whole, then a draft of what is to be made and changed."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.shell.said import gettext as _
from console.shell.said import ngettext
from vservers.models import Batch, LoadBalancer, Region, VServerGroup
from vservers.selectors.fingerprints import fingerprint

from . import batches
from .batch_verbs import CHANGE, CREATE, members_as_json
from .changes import NEW, Change, Kind, member_changes, member_key
from .group_files import Mistake, Reader, Wish
from .members import why_not_joining
from .names import name_characters
from .observing import held_members


@dataclass(frozen=True, slots=True)
class Checked:
    """A file against the mirror: either mistakes, or what it comes to."""

    mistakes: list[Mistake]
    tasks: list[batches.Task]
    unchanged: int


def check_file(region: Region, text: str) -> Checked:
    """What a file would do in a region; one mistake, and it would do nothing.

    A group is told by its ID, or by its name where the instance has one group of that name; else it
    is new. Its servers become those of the file.
    """
    reader = Reader(text)
    if not reader.wishes:
        if not reader.mistakes:
            reader.blame("", "", _("There is no group in this file."))
        return Checked(reader.mistakes, [], 0)
    if len(reader.wishes) > batches.MAX_ITEMS:
        reader.blame(
            "",
            "",
            ngettext(
                "The file has %(count)d group; %(most)d are taken at once.",
                "The file has %(count)d groups; %(most)d are taken at once.",
                len(reader.wishes),
            )
            % {"count": len(reader.wishes), "most": batches.MAX_ITEMS},
        )
        return Checked(reader.mistakes, [], 0)
    tasks = list(_Check(region, reader).tasks())
    if reader.mistakes:
        return Checked(sorted(reader.mistakes, key=_place), [], 0)
    return Checked([], tasks, len(reader.wishes) - len(tasks))


def _place(mistake: Mistake) -> list[int]:
    """Where it is in the file, to be told in that order."""
    return [int(number) for number in re.findall(r"\d+", mistake.where)]


def draft_import(*, actor: Actor, region: Region, checked: Checked) -> Batch:
    """Raises NotAllowed."""
    return batches.draft(
        actor=actor,
        verb=gettext_noop("import groups"),
        region_id=region.pk,
        tasks=checked.tasks,
        unchanged=checked.unchanged,
    )


class _Check:
    """The wishes of one file against what the region has."""

    def __init__(self, region: Region, reader: Reader) -> None:
        self._reader = reader
        # What reads wrong is not judged for what it says, too.
        self._told = {(one.where, one.column) for one in reader.mistakes}
        wanted = {wish.load_balancer_id for wish in reader.wishes}
        self._balancers = LoadBalancer.objects.filter(region=region).in_bulk(list(wanted))
        rows = VServerGroup.objects.filter(load_balancer__in=self._balancers)
        self._named: dict[tuple[str, str], list[VServerGroup]] = defaultdict(list)
        self._groups: dict[str, VServerGroup] = {}
        for group in rows.prefetch_related("members"):
            self._groups[group.pk] = group
            self._named[group.load_balancer_id, group.name].append(group)
        self._taken: Counter[tuple[str, str, str]] = Counter()

    def _blame(self, where: str, column: str, words: str) -> None:
        if (where, column) not in self._told:
            self._reader.blame(where, column, words)

    def tasks(self) -> Iterator[batches.Task]:
        for wish in self._reader.wishes:
            balancer = self._balancers.get(wish.load_balancer_id)
            if balancer is None:
                words = _("There is no instance of this ID in this region.")
                self._blame(wish.where, "instance_id", words)
                continue
            group = self._find(wish)
            if task := self._task(wish, balancer, group):
                yield task

    def _find(self, wish: Wish) -> VServerGroup | None:
        """The group that a wish is about, None for a new one or one that cannot be told."""
        if wish.group_id:
            group = self._groups.get(wish.group_id)
            if group is None or group.load_balancer_id != wish.load_balancer_id:
                words = _("The instance has no group of this ID. Leave it empty for a new group.")
                self._blame(wish.where, "group_id", words)
                return None
            self._take(wish, group.pk)
            return group
        named = self._named[wish.load_balancer_id, wish.name]
        if len(named) > 1:
            words = _("The instance has several groups of this name. Say which by its group_id.")
            self._blame(wish.where, "group_name", words)
            return None
        self._take(wish, named[0].pk if named else "")
        return named[0] if named else None

    def _take(self, wish: Wish, group_id: str) -> None:
        key = (wish.load_balancer_id, group_id, "" if group_id else wish.name)
        self._taken[key] += 1
        if self._taken[key] == 2:
            self._blame(wish.where, "group_name", _("This group is in the file a second time."))

    def _task(
        self, wish: Wish, balancer: LoadBalancer, group: VServerGroup | None
    ) -> batches.Task | None:
        """What makes the group as it is wished; None where it is, or where something is wrong."""
        name = wish.name or (group.name if group else "")
        group_id = group.pk if group else NEW
        held = held_members(group) if group else []
        changes = member_changes(group_id, held, wish.members)
        if group is None or name != group.name:
            before = {"name": group.name} if group else None
            changes.insert(0, Change(Kind.GROUP, (group_id,), before, {"name": name}))
            try:
                name_characters(name)
            except ValidationError as error:
                self._blame(wish.where, "group_name", " ".join(error.messages))
        if not changes:
            return None
        joining = {change.key for change in changes if change.before is None}
        refused = why_not_joining(
            balancer,
            {
                one.server_id
                for one in wish.members
                if one.server_id and one.type == "ecs" and member_key(group_id, one) in joining
            },
        )
        for member, where in zip(wish.members, wish.places, strict=True):
            if member.server_id in refused and member_key(group_id, member) in joining:
                self._blame(where, "server_id", refused[member.server_id])
        arguments: dict[str, Any] = {"name": name, "members": members_as_json(wish.members)}
        arguments["unchanged_rows"] = len({*held} & {*wish.members})
        if group is None:
            return batches.Task(CREATE, balancer, "", name, arguments, changes)
        arguments["seen"] = fingerprint(group)
        return batches.Task(CHANGE, balancer, group.pk, name, arguments, changes)
