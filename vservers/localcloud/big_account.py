"""An account of the size of a company, made up: the same for the same numbers and seed.

Everything in it is what the API itself would have taken: servers fit the network of their load
balancer, and the limits hold except that of load balancers, which large accounts have raised. The
tests make it once more through the API.
"""

import ipaddress
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from vservers.localcloud.handlers.listeners import kept_settings
from vservers.localcloud.handlers.settings import checked_settings
from vservers.localcloud.model import (
    Account,
    Balancer,
    Entity,
    Group,
    Instance,
    Listener,
    Member,
    Rule,
    Settings,
    Vpc,
    VSwitch,
)
from vservers.localcloud.quotas import Quotas
from vservers.localcloud.regions import REGIONS
from vservers.localcloud.registry import id_of
from vservers.localcloud.validate import table

# 2021-03-04T05:06:07Z; objects follow at steps of a minute, so that their order is kept.
_CREATED = 1614834367000
_MINUTE = 60_000
_LIMITS = Quotas()
_APPS = (  # noqa: SIM905 - words are easier to read than a list of them
    "shop cart search price stock orders billing ledger pay refund login profile media upload mail"
    " push chat report audit events graph feed ads geo 订单 会员"
).split()
_STAGES = ("prod", "prod", "prod", "staging", "test")
_ROLES = (("web", 8080), ("api", 9000), ("admin", 8443), ("worker", 7070), ("static", 80))
_COLOURS = ("blue", "green", "canary", "v2", "v3")
# (name, percent of the instances); the first is the classic network.
_NETWORKS = (("", 10), ("prod", 40), ("payments", 15), ("data", 15), ("staging", 12), ("edge", 8))
_TYPES = (("ecs.g6.large", 2, 8192), ("ecs.c6.xlarge", 4, 8192), ("ecs.r6.xlarge", 4, 32768))
_SPECS = ("", "", "slb.s2.small", "slb.s3.medium")
_PROTOCOLS = ("http", "http", "http", "tcp", "tcp", "udp")
_PORTS = {"http": (80, 8080, 8000, 9090), "tcp": (3306, 6379, 5432, 9092), "udp": (53, 514, 5060)}
_MOST_SERVERS = 180
_STOPPED = 0.02
_EMPTY_GROUPS = 0.02
_DRAINED = 0.01
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Size:
    """How many of each; members: rows of all VServer groups together."""

    balancers: int = 500
    groups: int = 10_000
    members: int = 200_000
    instances: int = 5_000

    def problem(self) -> str:
        """Why there can be no such account, for a person; "" when there can."""
        if min(self.balancers, self.instances) < 1 or min(self.groups, self.members) < 0:
            return "it takes a load balancer and an instance at least, and no number below 0"
        if self.groups > self.balancers * _LIMITS.groups:
            return f"a load balancer has {_LIMITS.groups} groups at most"
        if self.members > self.groups * _LIMITS.group_members:
            return f"a group has {_LIMITS.group_members} members at most"
        if self.members > self.instances * _LIMITS.server_uses * 4 // 5:
            return f"an instance can be in {_LIMITS.server_uses} groups, and not all will be full"
        if self.instances > 100_000:
            return "the made-up networks have 100000 addresses"
        return ""


@dataclass(slots=True)
class _Network:
    """A VPC ("" is the classic network) with its switches by zone, and what is in it."""

    vpc_id: str
    switches: dict[str, str]
    addresses: Iterator[ipaddress.IPv4Address]
    running: list[str] = field(default_factory=list)
    uses: dict[str, int] = field(default_factory=dict)

    def least_used(self, count: int) -> list[str]:
        """Running servers that are in the fewest groups."""
        return sorted(self.running, key=self.uses.__getitem__)[:count]


def big_account(account: str, *, size: Size, region: str, seed: int) -> list[Entity]:
    """The objects of an account that is not served, oldest first. Raises ValueError."""
    if problem := size.problem():
        raise ValueError(problem)
    for attempt in range(_ATTEMPTS):
        # The text, for neighbouring seeds shall not share attempts.
        chance = random.Random(f"{seed}/{attempt}")  # noqa: S311 - makes things up, no secret
        try:
            return list(_Maker(size, region, chance).everything(account))
        except _Overfull:
            continue
    raise ValueError("too many members for so few instances")


class _Overfull(Exception):
    """Chance has put a server into more groups than the cloud lets."""


class _Maker:
    def __init__(self, size: Size, region: str, chance: random.Random) -> None:
        self._size = size
        self._region = region
        self._chance = chance
        self._zones = [zone.id for zone in REGIONS[region].zones]
        self._moment = _CREATED
        self._public = ipaddress.ip_network("47.96.0.0/14").hosts()

    def everything(self, account: str) -> Iterator[Entity]:
        yield Account(account, served=False)
        networks = []
        for number, (name, _) in enumerate(_NETWORKS):
            objects, network = self._network(number, name)
            networks.append(network)
            yield from objects
        percents = [percent for _, percent in _NETWORKS]
        for number, network in enumerate(self._spread(networks, percents, self._size.instances)):
            yield self._instance(number, network)
        # Where the account is so small that a network is empty, nothing is balanced there.
        alive = [network for network in networks if network.running]
        for_groups = self._parts(self._size.groups, self._size.balancers, _LIMITS.groups)
        sizes = iter(self._parts(self._size.members, self._size.groups, _LIMITS.group_members))
        for number, count in enumerate(for_groups):
            rows = [next(sizes) for _ in range(count)]
            total = sum(rows)
            home = min(alive, key=_load_with(total))
            yield from self._balancer(number, home, rows)

    def _network(self, number: int, name: str) -> tuple[list[Entity], _Network]:
        whole = ipaddress.IPv4Network(f"10.{8 * number}.0.0/13")
        if not name:
            return [], _Network("", {}, whole.hosts())
        vpc = Vpc(self._id("vpc"), self._region, name, str(whole))
        halves = zip(self._zones, whole.subnets(prefixlen_diff=1), strict=False)
        switches = [
            VSwitch(self._id("vsw"), self._region, zone, vpc.id, f"{name}-{zone[-1]}", str(half))
            for zone, half in halves
        ]
        by_zone = {switch.zone: switch.id for switch in switches}
        return [vpc, *switches], _Network(vpc.id, by_zone, whole.hosts())

    def _instance(self, number: int, network: _Network) -> Instance:
        chance = self._chance
        zone = self._zones[number % len(self._zones)]
        app, (role, _) = chance.choice(_APPS), chance.choice(_ROLES)
        kind, cpu, memory = chance.choice(_TYPES)
        instance = Instance(
            id=self._id("i"),
            region=self._region,
            zone=zone,
            name=f"{app}-{role}-{zone[-1]}{number:04d}",
            status="Stopped" if number and chance.random() < _STOPPED else "Running",
            network="vpc" if network.vpc_id else "classic",
            address=str(next(network.addresses)),
            created=self._next_moment(),
            vpc_id=network.vpc_id,
            vswitch_id=network.switches.get(zone, ""),
            type=kind,
            cpu=cpu,
            memory_mib=memory,
            tags=(("app", app), ("role", role)),
        )
        if instance.running:
            network.running.append(instance.id)
            network.uses[instance.id] = 0
        return instance

    def _balancer(self, number: int, home: _Network, sizes: Sequence[int]) -> Iterator[Entity]:
        chance = self._chance
        app, stage = chance.choice(_APPS), chance.choice(_STAGES)
        intranet = chance.random() < 0.5
        zone = number % len(self._zones)
        in_vpc = intranet and bool(home.vpc_id)
        servers = home.least_used(min(_MOST_SERVERS, max(8, sum(sizes) // 4)))
        pool = chance.sample(servers, min(len(servers), chance.randrange(4)))
        balancer = Balancer(
            id=self._id("lb"),
            region=self._region,
            name=f"{app}-{stage}-{number:03d}",
            address=str(next(home.addresses if intranet else self._public)),
            created=self._next_moment(),
            address_type="intranet" if intranet else "internet",
            network="vpc" if in_vpc else "classic",
            vpc_id=home.vpc_id if in_vpc else "",
            vswitch_id=home.switches[self._zones[zone]] if in_vpc else "",
            master_zone=self._zones[zone],
            slave_zone=self._zones[zone - 1],
            spec=chance.choice(_SPECS),
            tags=(("app", app), ("stage", stage)),
            pool=tuple(Member(server, weight=self._weight()) for server in pool),
        )
        yield balancer
        groups = [self._group(balancer, app, servers, rows) for rows in sizes]
        yield from groups
        for held in (balancer.pool, *(group.members for group in groups)):
            for server in {member.server_id for member in held}:
                home.uses[server] += 1
                if home.uses[server] > _LIMITS.server_uses:
                    raise _Overfull
        yield from self._listeners(balancer, app, groups)

    def _group(self, balancer: Balancer, app: str, servers: Sequence[str], rows: int) -> Group:
        chance = self._chance
        role, port = chance.choice(_ROLES)
        # Some servers are asked on two ports: the service, and what watches it.
        ports = (port, port + 1) if chance.random() < 0.15 else (port,)
        first = chance.randrange(len(servers))
        members = []
        for row in range(rows):
            turn, place = divmod(row, len(ports) * len(servers))
            members.append(
                Member(
                    server_id=servers[(first + place // len(ports)) % len(servers)],
                    port=ports[place % len(ports)] + 10 * turn,
                    weight=self._weight(),
                    description=f"{app}-{role}" if row % 10 == 0 else "",
                )
            )
        return Group(
            id=self._id("rsp"),
            balancer_id=balancer.id,
            region=self._region,
            name=f"{app}-{role}-{chance.choice(_COLOURS)}",
            created=self._next_moment(),
            members=tuple(members),
        )

    def _listeners(
        self, balancer: Balancer, app: str, groups: Sequence[Group]
    ) -> Iterator[Listener | Rule]:
        """Up to three listeners; each takes a group or the pool, the HTTP ones groups by rules."""
        chance = self._chance
        free = list(groups)
        for port_number in range(chance.randrange(1, 4)):
            protocol = chance.choice(_PROTOCOLS) if port_number else "http"
            group = free.pop(0) if free and chance.random() < 0.8 else None
            given = {"VServerGroupId": group.id} if group else {"BackendServerPort": "8080"}
            listener = Listener(
                balancer_id=balancer.id,
                protocol=protocol,
                port=_PORTS[protocol][port_number],
                region=self._region,
                created=self._next_moment(),
                status="stopped" if chance.random() < 0.05 else "running",
                group_id=group.id if group else "",
                settings=listener_settings(protocol, Description=app, **given),
            )
            yield listener
            if protocol == "http":
                some = chance.randrange(min(len(free), _LIMITS.rules) + 1)
                taken, free = free[:some], free[some:]
                for number, target in enumerate(taken):
                    yield self._rule(listener, app, number, target)

    def _rule(self, listener: Listener, app: str, number: int, group: Group) -> Rule:
        domain = "" if number % 4 == 3 else f"{group.name.rpartition('-')[2]}{number}.example.com"
        if number % 7 == 5:
            domain = f"*.{domain}" if domain else ""
        return Rule(
            id=self._id("rule"),
            balancer_id=listener.balancer_id,
            protocol=listener.protocol,
            port=listener.port,
            region=self._region,
            name=f"{app}-{number}",
            domain=domain,
            url=f"/v{number}/{group.name.rpartition('-')[2]}" if number % 2 else "",
            group_id=group.id,
            created=self._next_moment(),
        )

    def _spread(
        self, networks: Sequence[_Network], shares: Sequence[float], count: int
    ) -> list[_Network]:
        """A network for each of so many objects."""
        spread = [
            network
            for network, part in zip(networks, _split(count, shares), strict=True)
            for _ in range(part)
        ]
        self._chance.shuffle(spread)
        return spread

    def _parts(self, total: int, count: int, most: int) -> list[int]:
        """A number cut into uneven parts, none above `most`; some are 0 where there is room."""
        chance = self._chance
        shares = [
            0.0 if chance.random() < _EMPTY_GROUPS else chance.lognormvariate(0, 0.5)
            for _ in range(count)
        ]
        parts = [min(part, most) for part in _split(total, shares)] if any(shares) else [0] * count
        missing = total - sum(parts)
        while missing:
            for place in range(count):
                if missing and parts[place] < most:
                    parts[place] += 1
                    missing -= 1
        return parts

    def _weight(self) -> int:
        chance = self._chance.random()
        if chance < _DRAINED:
            return 0
        return 100 if chance < 0.8 else self._chance.choice((10, 50, 80))

    def _id(self, prefix: str) -> str:
        return id_of(prefix, self._chance.getrandbits(128))

    def _next_moment(self) -> int:
        self._moment += _MINUTE
        return self._moment


def listener_settings(protocol: str, **given: str) -> Settings:
    """What a listener made with these parameters keeps, by the API's own table."""
    params = table("slb").validate(
        f"CreateLoadBalancer{protocol.upper()}Listener",
        {"LoadBalancerId": "lb-1", "ListenerPort": "80", "Bandwidth": "-1"}
        | ({"HealthCheck": "on"} if protocol == "http" else {})
        | given,
    )
    return checked_settings(kept_settings(params), protocol)


def _load_with(rows: int) -> Callable[[_Network], float]:
    """Uses of a running server of a network, on average, were so many rows added there."""
    return lambda network: (sum(network.uses.values()) + rows) / len(network.running)


def _split(total: int, shares: Sequence[float]) -> list[int]:
    """A number in parts like the shares; what rounding leaves goes to the first ones."""
    whole = sum(shares)
    parts = [int(total * share / whole) for share in shares]
    for place in [place for place, share in enumerate(shares) if share][: total - sum(parts)]:
        parts[place] += 1
    return parts
