"""What a read found to be other than the mirror had it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vservers.models import Drift

Kind = Drift.Kind
# The field of a difference that is the whole object: it came, or it went.
EXISTS = "exists"
# That of one tag, whose key is the item.
TAG = "tag"
# That of one network of an access control list, which is the item.
NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Difference:
    """One item of one object of a load balancer, as the mirror had it and as the cloud has it.

    object_id, item, before, after: as models.Drift has them.
    """

    kind: Kind
    object_id: str
    object_name: str
    field: str
    before: Any
    after: Any
    item: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a part of the cloud brought into the mirror. rows: read, whether other or not.

    columns: of the row of the load balancer or region, which `sync.store` writes once for all.
    """

    differences: tuple[Difference, ...] = ()
    rows: int = 0
    columns: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def sum(cls, parts: Iterable["Written"]) -> "Written":
        parts = list(parts)
        return cls(
            tuple(difference for part in parts for difference in part.differences),
            sum(part.rows for part in parts),
            {name: value for part in parts for name, value in part.columns.items()},
        )


def compare(
    kind: Kind,
    object_id: str,
    object_name: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    item: str = "",
) -> list[Difference]:
    """A difference for each field of `after` that is other in `before`."""
    return [
        Difference(kind, object_id, object_name, field, before.get(field), value, item)
        for field, value in after.items()
        if before.get(field) != value
    ]


def server_item(server_id: str, server_ip: str, port: int | None) -> str:
    """How a server of a group or pool is named: "i-…:80", with its address where it has one."""
    where = f"{server_id}@{server_ip}" if server_ip else server_id
    return where if port is None else f"{where}:{port}"


def server_of_item(item: str, *, has_port: bool) -> tuple[str, str, int] | tuple[str, str]:
    """(server_id, server_ip, port) of what server_item has named; without port of a pool's."""
    where, port = item, ""
    if has_port:
        where, _, port = item.rpartition(":")
    server_id, _, server_ip = where.partition("@")
    return (server_id, server_ip, int(port)) if has_port else (server_id, server_ip)
