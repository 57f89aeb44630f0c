"""What a change does to the cloud's objects, row by row: the common coin of plans and outcomes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

from vservers.cloud.types import BackendServer

# Of a health check, None says something: on each server's own port, with its own address.
_OWN_OF_EACH = frozenset({"health_check_connect_port", "health_check_domain"})
# What a tag of a load balancer is a tag of.
INSTANCE = "instance"
VSERVER_GROUP = "vservergroup"
# Sent, and never told by the cloud.
_UNTOLD = frozenset({"pem", "client_token"})
# Stands for the ID of what an operation makes, until the cloud has given one.
NEW = "$new"
# Stands for the ID of a rule that an operation makes; the rule's name follows, for an operation may
# make several.
_NEW_RULE = "$rule "
# Stands for a secret, which no plan, page or record holds in the clear.
SECRET = "$secret"  # noqa: S105


class Kind(StrEnum):
    """The kinds of objects, and what identifies one within its load balancer or region.

    Of a rule or a domain extension that is not its ID: domain and URL never change, and are known
    before it is made.
    """

    BALANCER = "instance"  # (load_balancer_id,)
    TAG = "tag"  # (resource type as the API has it: "instance", "vservergroup"; its ID, tag key)
    GROUP = "group"  # (vserver_group_id,)
    MEMBER = "member"  # (vserver_group_id, server_id, server_ip, port)
    POOL_SERVER = "pool server"  # (server_id, server_ip)
    LISTENER = "listener"  # (protocol, port)
    RULE = "rule"  # (protocol, port, domain, url)
    EXTENSION = "domain extension"  # (protocol, port, domain)
    PAIR = "primary/secondary group"  # (group_id,)
    # Of a region of an account
    SERVER_CERTIFICATE = "server certificate"  # (certificate_id,)
    CA_CERTIFICATE = "CA certificate"  # (certificate_id,)
    ACCESS_LIST = "access control list"  # (acl_id,)
    ACCESS_ENTRY = "network"  # (acl_id, network)


Key = tuple[str | int, ...]
Values = Mapping[str, Any]

# Of what is a part of another object: that object's kind, and how much of the key identifies it.
_OWNERS = {
    Kind.MEMBER: (Kind.GROUP, 1),
    Kind.RULE: (Kind.LISTENER, 2),
    Kind.EXTENSION: (Kind.LISTENER, 2),
    Kind.ACCESS_ENTRY: (Kind.ACCESS_LIST, 1),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One object before and after. None: not there.

    Values that are None count for nothing, but for where a health check that is on looks.
    """

    kind: Kind
    key: Key
    before: Values | None
    after: Values | None

    def __str__(self) -> str:
        return f"{self.kind} {'/'.join(str(part) for part in self.key if part)}"

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "key": list(self.key),
            "before": self.before,
            "after": self.after,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(Kind(value["kind"]), tuple(value["key"]), value["before"], value["after"])

    @property
    def inverse(self) -> "Change":
        return replace(self, before=self.after, after=self.before)

    @property
    def changed_fields(self) -> tuple[str, ...]:
        """The fields that differ, of an object that is there before and after."""
        before, after = self.before or {}, self.after or {}
        return tuple(
            name
            for name in {**before, **after}
            if after.get(name) is not None and before.get(name) != after.get(name)
        )

    @property
    def owner(self) -> tuple[Kind, Key]:
        """The object that this one is a part of, or is itself."""
        kind, length = _OWNERS.get(self.kind, (self.kind, len(self.key)))
        return kind, self.key[:length]

    def named(self, made_id: str) -> "Change":
        """With the ID of what is new in the place of its stand-in, in its key and its values."""

        def known(values: Values | None) -> Values | None:
            if values is None or NEW not in values.values():
                return values
            return {name: made_id if one == NEW else one for name, one in values.items()}

        return replace(
            self,
            key=tuple(made_id if part == NEW else part for part in self.key),
            before=known(self.before),
            after=known(self.after),
        )


def kinds_of_parts(kind: Kind) -> list[Kind]:
    """The kinds of what an object of a kind consists of: it goes when the object goes."""
    return [part for part, (owner, _) in _OWNERS.items() if owner is kind]


def agrees(found: Values | None, wanted: Values | None) -> bool:
    """Whether an object is as wanted, in all that is said of it."""
    if found is None or wanted is None:
        return found is None and wanted is None
    checked = wanted.get("health_check") == "on"
    return all(
        found.get(name) == value
        for name, value in wanted.items()
        if name not in _UNTOLD and (value is not None or (checked and name in _OWN_OF_EACH))
    )


def new_rule_id(name: str) -> str:
    """What stands for the ID of a new rule of this name, which its listener has once."""
    return f"{_NEW_RULE}{name}"


def new_rule_name(value: object) -> str:
    """The name of the new rule whose ID the value stands for, "" where it does not."""
    text = value if isinstance(value, str) else ""
    return text.removeprefix(_NEW_RULE) if text.startswith(_NEW_RULE) else ""


def member_key(group_id: str, server: BackendServer) -> Key:
    return group_id, server.server_id, server.server_ip, server.port or 0


def server_values(server: BackendServer) -> dict[str, Any]:
    """What can change of a member or a server of the pool."""
    return {"weight": server.weight, "description": server.description, "type": server.type}


def pair_values(name: str, servers: Iterable[tuple[str, BackendServer]]) -> dict[str, Any]:
    """A primary/secondary group whole, the primary server first: nothing of it ever changes.

    servers: (role, server); "Master" comes before "Slave".
    """
    return {
        "name": name,
        "servers": [
            {
                "role": role,
                "server_id": server.server_id,
                "server_ip": server.server_ip,
                "port": server.port,
                "weight": server.weight,
                "type": server.type,
            }
            for role, server in sorted(servers, key=lambda one: one[0])
        ],
    }


def backend_server(key: Key, values: Values) -> BackendServer:
    """The value that calls take, of a member (with port) or a server of the pool."""
    *_, server_id, server_ip, port = key if len(key) > 2 else (*key, None)
    return BackendServer(
        server_id=str(server_id),
        server_ip=str(server_ip),
        port=int(port) if port else None,
        weight=int(values["weight"]),
        type=str(values.get("type") or "ecs"),
        description=str(values.get("description") or ""),
    )


def member_changes(
    group_id: str, now: Iterable[BackendServer], wanted: Iterable[BackendServer]
) -> list[Change]:
    """What turns one set of members into another; a changed port is an addition and a removal."""
    held = {member_key(group_id, server): server_values(server) for server in now}
    desired = {member_key(group_id, server): server_values(server) for server in wanted}
    return differing(Kind.MEMBER, held, desired)


def differing(
    kind: Kind, held: Mapping[Key, Values], desired: Mapping[Key, Values]
) -> list[Change]:
    """Additions and new values in the order of `desired`, then removals in that of `held`."""
    return [
        Change(kind, key, held.get(key), values)
        for key, values in desired.items()
        if held.get(key) != values
    ] + [Change(kind, key, values, None) for key, values in held.items() if key not in desired]
