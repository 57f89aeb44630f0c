"""What the local cloud keeps: frozen values, one class a kind of object.

Every class has `kind`, `id` (unique in its kind and account) and `parent` (the ID by which the
store lists it). Times are Unix milliseconds. Group use is never stored: it follows from listeners
and rules.
"""

import dataclasses
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, get_args

import orjson

from vservers.localcloud.assets import (
    AccessList,
    AccessLog,
    CaCertificate,
    CipherPolicy,
    Monitor,
    ServerCertificate,
    Tags,
)

Settings = Mapping[str, Any]


class Member(NamedTuple):
    """A backend server of a group (port 1..65535) or of the default pool (port 0).

    A tuple, for a group has up to 200 that each change of it makes, compares and writes: these are
    made in a third of the time. On disk in the order of fields: a new one goes last, and has a
    default.
    """

    server_id: str
    port: int = 0
    weight: int = 100
    type: str = "ecs"
    description: str = ""
    server_ip: str = ""
    # "Master" or "Slave" in a primary/secondary group.
    role: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """What tells members of one group apart; a network interface has one address here."""
        return (self.server_id, self.port)


@dataclass(frozen=True, slots=True)
class Account:
    """What is special about an account; most have none. served: whether traffic flows for it.

    Made-up accounts of the size of a company are not served: HAProxy would be busy with them.
    """

    kind: ClassVar[str] = "account"
    id: str
    served: bool = True
    parent: ClassVar[str] = ""


@dataclass(frozen=True, slots=True)
class Vpc:
    """A virtual private network of a region."""

    kind: ClassVar[str] = "vpc"
    id: str
    region: str
    name: str
    cidr: str

    @property
    def parent(self) -> str:
        """The region."""
        return self.region


@dataclass(frozen=True, slots=True)
class VSwitch:
    """A subnet of a VPC, in one zone."""

    kind: ClassVar[str] = "vswitch"
    id: str
    region: str
    zone: str
    vpc_id: str
    name: str
    cidr: str

    @property
    def parent(self) -> str:
        """The region."""
        return self.region


@dataclass(frozen=True, slots=True)
class Instance:
    """An ECS instance. network: "classic" or "vpc"; address: its loopback address."""

    kind: ClassVar[str] = "instance"
    id: str
    region: str
    zone: str
    name: str
    status: str
    network: str
    address: str
    created: int
    vpc_id: str = ""
    vswitch_id: str = ""
    type: str = "ecs.g6.large"
    cpu: int = 2
    memory_mib: int = 8192
    tags: Tags = ()

    @property
    def parent(self) -> str:
        """The region."""
        return self.region

    @property
    def running(self) -> bool:
        """Whether it may be a backend and answers requests."""
        return self.status == "Running"


@dataclass(frozen=True, slots=True)
class Balancer:
    """A load balancer and its default server pool."""

    kind: ClassVar[str] = "balancer"
    id: str
    region: str
    name: str
    address: str
    created: int
    address_type: str = "internet"
    network: str = "classic"
    vpc_id: str = ""
    vswitch_id: str = ""
    master_zone: str = ""
    slave_zone: str = ""
    status: str = "active"
    # Turned inactive by itself, when its last listener went; the next one turns it active.
    idle: bool = False
    spec: str = ""
    charge_type: str = "PayBySpec"
    pay_type: str = "PayOnDemand"
    # When a prepaid time ends; 0 for pay-as-you-go.
    paid_until: int = 0
    internet_charge_type: str = "paybytraffic"
    bandwidth: int = -1
    delete_protection: str = "off"
    modification_protection: str = "NonProtection"
    modification_protection_reason: str = ""
    resource_group_id: str = "rg-default"
    tags: Tags = ()
    pool: tuple[Member, ...] = ()

    @property
    def server_ids(self) -> frozenset[str]:
        """The servers of the pool."""
        return frozenset(member.server_id for member in self.pool)

    @property
    def parent(self) -> str:
        """The region."""
        return self.region


@dataclass(frozen=True, slots=True)
class Group:
    """A VServer group of one load balancer."""

    kind: ClassVar[str] = "group"
    id: str
    balancer_id: str
    region: str
    name: str
    created: int
    members: tuple[Member, ...] = ()
    tags: Tags = ()
    # Worked out once: a limit asks for the servers of all groups at each write.
    server_ids: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        server_ids = frozenset(member.server_id for member in self.members)
        object.__setattr__(self, "server_ids", server_ids)

    @property
    def parent(self) -> str:
        """The load balancer."""
        return self.balancer_id


@dataclass(frozen=True, slots=True)
class MasterSlaveGroup:
    """A primary/secondary group: two members, whose roles tell them apart."""

    kind: ClassVar[str] = "masterslave"
    id: str
    balancer_id: str
    region: str
    name: str
    created: int
    members: tuple[Member, ...] = ()
    tags: Tags = ()

    @property
    def server_ids(self) -> frozenset[str]:
        """The servers of both members."""
        return frozenset(member.server_id for member in self.members)

    @property
    def parent(self) -> str:
        """The load balancer."""
        return self.balancer_id


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener; group_id "" means the default pool on settings["BackendServerPort"].

    group_id: a VServer group's or a primary/secondary group's ID. settings: values of the API's own
    parameter names (Scheduler, HealthCheck, ...), as validated. white_list: the networks of the
    older access control, which counts while white_listed. changing: "starting", "stopping" or
    "configuring" until the time changed.
    """

    kind: ClassVar[str] = "listener"
    balancer_id: str
    protocol: str
    port: int
    region: str
    created: int
    status: str = "stopped"
    group_id: str = ""
    settings: Settings = field(default_factory=dict)
    tags: Tags = ()
    white_listed: bool = False
    white_list: tuple[str, ...] = ()
    changing: str = ""
    changed: int = 0

    @property
    def id(self) -> str:
        """The key that tags name a listener by, too."""
        return listener_id(self.balancer_id, self.protocol, self.port)

    @property
    def parent(self) -> str:
        """The load balancer."""
        return self.balancer_id


@dataclass(frozen=True, slots=True)
class Rule:
    """A forwarding rule of a listener: domain "" is any host, url "" any path.

    settings: {} while the rule follows its listener (ListenerSync=on), else its own scheduler,
    session and health check.
    """

    kind: ClassVar[str] = "rule"
    id: str
    balancer_id: str
    protocol: str
    port: int
    region: str
    name: str
    domain: str
    url: str
    group_id: str
    created: int
    settings: Settings = field(default_factory=dict)

    @property
    def parent(self) -> str:
        """The listener."""
        return listener_id(self.balancer_id, self.protocol, self.port)


@dataclass(frozen=True, slots=True)
class DomainExtension:
    """A certificate that an HTTPS listener shows for one domain."""

    kind: ClassVar[str] = "extension"
    id: str
    balancer_id: str
    port: int
    region: str
    domain: str
    certificate_id: str
    created: int

    @property
    def parent(self) -> str:
        """The listener."""
        return listener_id(self.balancer_id, "https", self.port)


@dataclass(frozen=True, slots=True)
class ClientToken:
    """A create that was answered: the same token and fingerprint get the same answer again."""

    kind: ClassVar[str] = "token"
    id: str
    fingerprint: str
    answer: Settings
    parent: ClassVar[str] = ""


Entity = (
    Account
    | Vpc
    | VSwitch
    | Instance
    | Balancer
    | Group
    | MasterSlaveGroup
    | Listener
    | Rule
    | AccessList
    | ServerCertificate
    | CaCertificate
    | DomainExtension
    | CipherPolicy
    | AccessLog
    | Monitor
    | ClientToken
)
_KINDS: dict[str, type[Entity]] = {cls.kind: cls for cls in get_args(Entity)}
# JSON knows lists only; these fields are tuples: of pairs, of members, of texts.
_PAIRS = ("tags", "entries")
_MEMBERS = ("members", "pool")
_TYPE = Member._fields.index("type")
_TUPLES = ("white_list", "names", "versions", "ciphers")


def listener_id(balancer_id: str, protocol: str, port: int) -> str:
    """The key of a listener, as the cloud's tags write it: lb-x_http_80."""
    return f"{balancer_id}_{protocol}_{port}"


def servers_in(entity: Entity | None) -> frozenset[str]:
    """The servers of a group or pool; none in anything else."""
    if isinstance(entity, Group | Balancer | MasterSlaveGroup):
        return entity.server_ids
    return frozenset()


def dump(entity: Entity) -> str:
    """The object as JSON text."""
    return orjson.dumps(entity, default=_plain, option=orjson.OPT_PASSTHROUGH_DATACLASS).decode()


def load(kind: str, text: str) -> Entity:
    """The object that `dump` wrote. Fields that a later version added take their default."""
    values = orjson.loads(text)
    for name in _PAIRS:
        if name in values:
            values[name] = tuple((key, value) for key, value in values[name])
    for name in _TUPLES:
        if name in values:
            values[name] = tuple(values[name])
    for name in _MEMBERS:
        if name in values:
            values[name] = tuple([_member(kept) for kept in values[name]])
    return _KINDS[kind](**values)


def _member(kept: list[Any] | dict[str, Any]) -> Member:
    if isinstance(kept, dict):
        # An earlier version wrote the fields' names.
        return Member(**kept)
    # Thousands of members share a server and a type, which would each be a text of its own.
    kept[0] = sys.intern(kept[0])
    if len(kept) > _TYPE:
        kept[_TYPE] = sys.intern(kept[_TYPE])
    return Member(*kept)


def _plain(entity: Any) -> object:
    values = {name: getattr(entity, name) for name in _FIELDS[type(entity)]}
    for name in _MEMBERS:
        if name in values:
            values[name] = [tuple(member) for member in values[name]]
    return values


_FIELDS = {
    cls: tuple(part.name for part in dataclasses.fields(cls) if part.init)
    for cls in _KINDS.values()
}
