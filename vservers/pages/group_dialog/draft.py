"""The dialog between two clicks: everything that was typed, as it was typed.

Each button of the dialog posts the whole form with an `intent`; the draft is read from it, changed,
and rendered again. So the dialog works without script, and nothing of it lives on the server.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from django.http import QueryDict

from vservers.cloud.types import BackendServer
from vservers.pages.conflict_rows import NAME, member_row_key

from .forms import MAX_ROWS

PREFIX = "rows"
DEFAULT_WEIGHT = "100"


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
    """query, page: of the Available Servers list. ticks: server IDs ticked there, on any page."""

    name: str = ""
    network_type: str = ""
    query: str = ""
    page: str = "1"
    ticks: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

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
        total = min(int(count), MAX_ROWS) if count.isascii() and count.isdigit() else 0
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
        )

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
            if row.port.isdecimal():
                rows[member_row_key(row.server_id, row.server_ip, int(row.port))] = {
                    "weight": int(row.weight) if row.weight.isdecimal() else row.weight,
                    "type": row.type or "ecs",
                    "description": row.description,
                }
        return rows

    def add(self, server_ids: Iterable[str]) -> None:
        """Each server as a new row at the end, its port still to be typed."""
        self.rows += [Row(server_id) for server_id in server_ids]
        del self.rows[MAX_ROWS:]

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
        elif tool == "reset-ports":
            self.rows = [replace(row, port="") for row in self.rows]
        elif tool == "reset-weights":
            self.rows = [replace(row, weight=DEFAULT_WEIGHT) for row in self.rows]


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
