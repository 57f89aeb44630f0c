"""The dialog between two clicks: everything that was typed, as it was typed.

Each button of the dialog posts the whole form with an `intent`; the draft is read from it, changed,
and rendered again. So the dialog works without script, and nothing of it lives on the server.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from django.core import signing
from django.http import QueryDict

from vservers.cloud.types import BackendServer
from vservers.pages.conflict_rows import NAME, member_row_key
from vservers.pages.fields import is_number

from .forms import MAX_ROWS

PREFIX = "rows"
DEFAULT_WEIGHT = "100"
_SALT = "vservers.pages.group_dialog.undo"


@dataclass(frozen=True, slots=True)
class Row:
    """One (server, port) of Selected Servers; port and weight as typed."""

    server_id: str
    port: str = ""
    weight: str = DEFAULT_WEIGHT
    server_ip: str = ""
    type: str = "ecs"
    description: str = ""

    def as_initial(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in _COLUMNS}


_COLUMNS = ("server_id", "port", "weight", "server_ip", "type", "description")


@dataclass(slots=True)
class Draft:
    """query, page: of the Available Servers list. ticks: server IDs ticked there, on any page.

    row_ticks: rows ticked in Selected Servers, by their index; ticked_port, ticked_weight: what is
    typed for them. pasted: the lines in the paste box. undo: the rows before the last tool changed
    them, None before any did.
    """

    name: str = ""
    network_type: str = ""
    query: str = ""
    page: str = "1"
    ticks: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    row_ticks: set[int] = field(default_factory=set)
    ticked_port: str = ""
    ticked_weight: str = ""
    pasted: str = ""
    undo: list[Row] | None = None

    @classmethod
    def of_group(cls, *, name: str, members: Iterable[BackendServer]) -> Self:
        return cls(
            name=name,
            rows=[
                Row(m.server_id, str(m.port), str(m.weight), m.server_ip, m.type, m.description)
                for m in members
            ],
        )

    @classmethod
    def from_post(cls, data: QueryDict) -> Self:
        count = data.get(f"{PREFIX}-TOTAL_FORMS", "")
        total = min(int(count), MAX_ROWS) if is_number(count) else 0
        return cls(
            name=data.get("name", ""),
            network_type=data.get("network_type", ""),
            query=data.get("q", ""),
            page=data.get("page", "1"),
            ticks=list(dict.fromkeys(data.getlist("tick"))),
            rows=[
                Row(**{name: data.get(f"{PREFIX}-{i}-{name}", "") for name in _COLUMNS})
                for i in range(total)
            ],
            row_ticks={int(tick) for tick in data.getlist("row") if _is_index(tick, total)},
            ticked_port=data.get("port-of-ticked", "").strip(),
            ticked_weight=data.get("weight-of-ticked", "").strip(),
            pasted=data.get("paste", ""),
            undo=_rows_of(data.get("undo", "")),
        )

    @property
    def carried_undo(self) -> str:
        """The rows before the last tool, for a hidden input."""
        if self.undo is None:
            return ""
        rows = [list(row.as_initial().values()) for row in self.undo]
        return signing.dumps(rows, salt=_SALT, compress=True)

    def as_form_data(self) -> dict[str, Any]:
        """The rows as the formset wants them when it shall judge them."""
        data: dict[str, Any] = {
            "name": self.name,
            "network_type": self.network_type,
            f"{PREFIX}-TOTAL_FORMS": len(self.rows),
            f"{PREFIX}-INITIAL_FORMS": 0,
        }
        for i, row in enumerate(self.rows):
            data |= {f"{PREFIX}-{i}-{name}": value for name, value in row.as_initial().items()}
        return data

    def as_rows(self) -> dict[str, Any]:
        """The rows of a conflict; a port that is none yet counts for nothing."""
        rows: dict[str, Any] = {NAME: self.name.strip()}
        for row in self.rows:
            if is_number(row.port):
                rows[member_row_key(row.server_id, row.server_ip, int(row.port))] = {
                    "weight": int(row.weight) if is_number(row.weight) else row.weight,
                    "type": row.type or "ecs",
                    "description": row.description,
                }
        return rows

    def add(self, server_ids: Iterable[str]) -> None:
        """Each server as a new row at the end, its port still to be typed."""
        self.rows += [Row(server_id) for server_id in server_ids]
        del self.rows[MAX_ROWS:]

    def take_back(self) -> None:
        """Undo the last tool; once more brings it back."""
        if self.undo is not None:
            self.rows, self.undo = self.undo, self.rows
            self.row_ticks = set()

    def change(self, tool: str, index: int) -> None:
        """One of the tools of the Selected list, used on the row at `index`."""
        if tool in _COPY and 0 <= index < len(self.rows):
            column, reach = _COPY[tool]
            value = getattr(self.rows[index], column)
            for i in reach(index, len(self.rows)):
                self.rows[i] = replace(self.rows[i], **{column: value})
        elif tool == "add-port" and 0 <= index < len(self.rows) < MAX_ROWS:
            row = self.rows[index]
            self.rows.insert(index + 1, replace(row, port="", description=""))
        elif tool == "remove" and 0 <= index < len(self.rows):
            del self.rows[index]
        elif tool == "set-ticked":
            given = {"port": self.ticked_port, "weight": self.ticked_weight}
            new = {name: value for name, value in given.items() if value}
            self.rows = [
                replace(row, **new) if i in self.row_ticks else row
                for i, row in enumerate(self.rows)
            ]
        elif tool == "remove-ticked":
            self.rows = [row for i, row in enumerate(self.rows) if i not in self.row_ticks]
        elif tool == "reset-ports":
            self.rows = [replace(row, port="") for row in self.rows]
        elif tool == "reset-weights":
            self.rows = [replace(row, weight=DEFAULT_WEIGHT) for row in self.rows]


def _is_index(word: str, total: int) -> bool:
    return is_number(word) and int(word) < total


def _rows_of(text: str) -> list[Row] | None:
    """The rows of `carried_undo`; None where there are none, or it is something else."""
    try:
        return [
            Row(**dict(zip(_COLUMNS, row, strict=True))) for row in signing.loads(text, salt=_SALT)
        ]
    except signing.BadSignature:
        return None


_REACH = {
    "all": lambda index, count: range(count),
    "below": lambda index, count: range(index + 1, count),
    "above": lambda index, count: range(index),
}
_COPY: Mapping[str, Any] = {
    f"{column}-{name}": (column, reach)
    for column in ("port", "weight")
    for name, reach in _REACH.items()
}
