"""VServer groups as files: written as CSV and JSON, and read back with every mistake told.

One row of a CSV is one server of a group on one port; a group without servers has one row without
them. A JSON file has the groups with their servers inside. Both say the same, so either is read.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from vservers.cloud.types import BackendServer
from vservers.models import VServerGroup

from .members import MAX_PORT, MAX_WEIGHT
from .observing import held_members

GROUP_COLUMNS = ("instance_id", "instance_name", "group_id", "group_name")
SERVER_COLUMNS = ("server_id", "server_ip", "port", "weight", "type", "description")
COLUMNS = (*GROUP_COLUMNS, *SERVER_COLUMNS)
TYPES = ("ecs", "eni", "eci")
MAX_BYTES = 8_000_000
MAX_ERRORS = 200
# A spreadsheet takes a cell that begins so for a formula; a quote in front keeps it a text.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong in a file. where: a line of a CSV, or the place in a JSON; column: its name."""

    where: str
    column: str
    words: str


@dataclass(slots=True)
class Wish:
    """A group as a file wants it. places: of each of its members, for what is wrong with one; keys:
    what its members are told by."""

    where: str
    load_balancer_id: str
    group_id: str
    name: str
    members: list[BackendServer] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    keys: set[tuple[str, str, int]] = field(default_factory=set)


# Writing


def _row_of(group: VServerGroup) -> dict[str, str]:
    return {
        "instance_id": group.load_balancer_id,
        "instance_name": group.load_balancer.name,
        "group_id": group.pk,
        "group_name": group.name,
    }


def _server_of(server: BackendServer) -> dict[str, str | int]:
    return {
        "server_id": server.server_id,
        "server_ip": server.server_ip,
        "port": server.port or 0,
        "weight": server.weight,
        "type": server.type,
        "description": server.description,
    }


class _Line:
    """What csv writes into: it hands each line on."""

    def write(self, text: str) -> str:
        return text


def as_csv(groups: Iterable[VServerGroup]) -> Iterator[str]:
    """Group by group, after a heading. Members and load balancers of the groups are at hand."""
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for group in groups:
        own = _cells(_row_of(group), GROUP_COLUMNS)
        servers = [_cells(_server_of(one), SERVER_COLUMNS) for one in held_members(group)]
        nobody = [""] * len(SERVER_COLUMNS)
        yield "".join(writer.writerow([*own, *server]) for server in servers or [nobody])


def _cells(row: Mapping[str, str | int], columns: Iterable[str]) -> list[str]:
    return [_cell(row[name]) for name in columns]


def _cell(value: str | int) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_json(groups: Iterable[VServerGroup]) -> Iterator[str]:
    """Group by group."""
    yield '{"groups": ['
    for number, group in enumerate(groups):
        servers = [_server_of(server) for server in held_members(group)]
        text = json.dumps({**_row_of(group), "servers": servers}, ensure_ascii=False)
        yield f"{',' if number else ''}\n{text}"
    yield "\n]}\n"


# Reading


class Reader:
    """One file being read: its wishes, and what is wrong with it."""

    def __init__(self, text: str) -> None:
        self.wishes: list[Wish] = []
        self.mistakes: list[Mistake] = []
        stripped = text.lstrip("\ufeff \r\n\t")
        if not stripped:
            self.blame("", "", _("The file is empty."))
        elif stripped[0] in "{[":
            self._read_json(stripped)
        else:
            self._read_csv(text.lstrip("\ufeff"))

    def blame(self, where: str, column: str, words: str) -> None:
        """Note a mistake; beyond MAX_ERRORS nobody reads them."""
        if len(self.mistakes) < MAX_ERRORS:
            self.mistakes.append(Mistake(where, column, words))

    def _read_csv(self, text: str) -> None:
        heading = text.split("\n", 1)[0]
        delimiter = ";" if ";" in heading and "," not in heading else ","
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        known: dict[tuple[str, ...], Wish] = {}
        try:
            names = [name.strip().lower() for name in next(rows)]
            if not self._check_heading(names):
                return
            for cells in rows:
                if any(cell.strip() for cell in cells):
                    self._read_row(
                        _("line %(number)d") % {"number": rows.line_num}, names, cells, known
                    )
        except csv.Error as error:
            self.blame(
                _("line %(number)d") % {"number": rows.line_num},
                "",
                _("This is no CSV: %(error)s.") % {"error": error},
            )

    def _check_heading(self, names: list[str]) -> bool:
        where = _("line %(number)d") % {"number": 1}
        for name in names:
            if name not in COLUMNS:
                known = ", ".join(COLUMNS)
                self.blame(
                    where, name, _("There is no such column. Known: %(known)s.") % {"known": known}
                )
            elif names.count(name) > 1:
                self.blame(where, name, _("This column is there twice."))
        for name in ("instance_id", "group_name", "server_id", "port", "weight"):
            if name not in names:
                self.blame(where, name, _("This column is missing."))
        return not self.mistakes

    def _read_row(
        self,
        where: str,
        names: list[str],
        cells: list[str],
        known: dict[tuple[str, ...], Wish],
    ) -> None:
        if len(cells) != len(names):
            words = _("This line has %(found)d cells, the heading %(wanted)d.")
            self.blame(where, "", words % {"found": len(cells), "wanted": len(names)})
            return
        row = {
            # Only of a description a blank may be a part.
            name: _text(cell if name == "description" else cell.strip())
            for name, cell in zip(names, cells, strict=True)
        }
        key = (row["instance_id"], row.get("group_id") or "", row["group_name"])
        wish = known.get(key)
        if wish is None:
            wish = known[key] = self._wish(where, row)
        elif not wish.members:
            self.blame(where, "server_id", _("This group has a line without a server."))
        if any(row.get(name) for name in SERVER_COLUMNS):
            self._read_member(wish, where, row)
        elif wish.members:
            self.blame(where, "server_id", _("Enter a server ID."))

    def _read_json(self, text: str) -> None:
        try:
            whole = json.loads(text)
        except (ValueError, RecursionError) as error:
            # Lists in lists in lists are no groups, either.
            line = getattr(error, "lineno", 1)
            column = str(getattr(error, "colno", ""))
            where = _("line %(number)d") % {"number": line}
            self.blame(
                where,
                column,
                _("This is no JSON: %(error)s.") % {"error": getattr(error, "msg", error)},
            )
            return
        groups = whole.get("groups") if isinstance(whole, dict) else whole
        if not isinstance(groups, list):
            self.blame("", "groups", _("A list of groups is expected here."))
            return
        for number, group in enumerate(groups):
            where = f"groups[{number}]"
            if not isinstance(group, dict):
                self.blame(where, "", _("A group is expected here."))
                continue
            wish = self._wish(where, group)
            servers = group.get("servers", [])
            if not isinstance(servers, list):
                self.blame(where, "servers", _("A list of servers is expected here."))
                continue
            for index, server in enumerate(servers):
                place = f"{where}.servers[{index}]"
                if isinstance(server, dict):
                    self._read_member(wish, place, server)
                else:
                    self.blame(place, "", _("A server is expected here."))

    def _wish(self, where: str, row: Mapping[str, Any]) -> Wish:
        wish = Wish(
            where,
            self._word(where, row, "instance_id", 60),
            self._word(where, row, "group_id", 60),
            self._word(where, row, "group_name", 80),
        )
        if not wish.load_balancer_id:
            self.blame(where, "instance_id", _("Enter the ID of an instance."))
        if not wish.name and not wish.group_id:
            self.blame(where, "group_name", _("Enter a name of 1 to 80 characters."))
        self.wishes.append(wish)
        return wish

    def _word(self, where: str, row: Mapping[str, Any], column: str, most: int) -> str:
        value = row.get(column)
        text = "" if value is None else value
        if not isinstance(text, str):
            self.blame(where, column, _("A text is expected here."))
            return ""
        if len(text) > most:
            self.blame(where, column, _("At most %(most)d characters.") % {"most": most})
        if not text.isprintable():
            self.blame(where, column, _("Control characters are not allowed."))
        return text

    def _read_member(self, wish: Wish, where: str, row: Mapping[str, Any]) -> None:
        server_id = self._word(where, row, "server_id", 60)
        if not server_id:
            self.blame(where, "server_id", _("Enter a server ID."))
        kind = self._word(where, row, "type", 10) or "ecs"
        if kind not in TYPES:
            words = _("One of %(known)s is expected.") % {"known": ", ".join(TYPES)}
            self.blame(where, "type", words)
        port = self._number(where, row, "port", 1, MAX_PORT)
        weight = self._number(where, row, "weight", 0, MAX_WEIGHT)
        member = BackendServer(
            server_id=server_id,
            port=port,
            weight=weight,
            type=kind,
            server_ip=self._word(where, row, "server_ip", 64),
            description=self._word(where, row, "description", 80),
        )
        key = (member.server_id, member.server_ip, port)
        if key in wish.keys:
            self.blame(where, "port", _("This server is in the group with this port already."))
        wish.keys.add(key)
        wish.members.append(member)
        wish.places.append(where)

    def _number(self, where: str, row: Mapping[str, Any], column: str, low: int, high: int) -> int:
        value = row.get(column)
        text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
        if text.isascii() and text.isdigit() and len(text) < 7 and low <= int(text) <= high:
            return int(text)
        words = _("Enter a whole number from %(low)d to %(high)d.")
        self.blame(where, column, words % {"low": low, "high": high})
        return low


def _text(cell: str) -> str:
    """A cell as it was before `_cell`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
