"""What a fresh local cloud holds, so that there is something to see. IDs never change.

cn-hangzhou has the walk-through: an Internet balancer without groups, an intranet one with two;
24 instances over two zones, classic and of two VPCs, one stopped. The other regions have a
balancer and a few instances each, so that the same-region rule can be seen.
"""

from collections.abc import Iterator
from typing import Any

from vservers.localcloud.addresses import Addresses
from vservers.localcloud.model import (
    Balancer,
    Entity,
    Group,
    Instance,
    Listener,
    Member,
    Rule,
    Tags,
    Vpc,
    VSwitch,
)

# 2024-05-06T07:08:09Z; objects follow at steps of a minute, so that their order is kept.
_CREATED = 1714979289000
_HTTP: dict[str, Any] = {
    "Scheduler": "wrr",
    "Bandwidth": -1,
    "StickySession": "off",
    "HealthCheck": "on",
    "HealthCheckURI": "/",
    "HealthCheckMethod": "head",
    "HealthCheckHttpCode": ["http_2xx", "http_3xx"],
    "HealthCheckInterval": 2,
    "HealthCheckTimeout": 5,
    "HealthyThreshold": 3,
    "UnhealthyThreshold": 3,
    "IdleTimeout": 15,
    "RequestTimeout": 60,
    "Gzip": "on",
    "AclStatus": "off",
    "ListenerForward": "off",
    "XForwardedFor": "on",
    "XForwardedFor_SLBID": "off",
    "XForwardedFor_SLBIP": "off",
    "XForwardedFor_proto": "off",
}

SHOP_BALANCER = "lb-bp1shopinternet0001"
PAY_BALANCER = "lb-bp1payintranet00001"
PAY_VPC = "vpc-bp1payments0000001"
DATA_VPC = "vpc-bp1analytics000001"


def entities(addresses: Addresses) -> list[Entity]:
    """The demo's objects, oldest first."""
    return [*_hangzhou(addresses), *_shanghai(addresses), *_singapore(addresses)]


def _hangzhou(addresses: Addresses) -> Iterator[Entity]:
    region = "cn-hangzhou"
    yield Vpc(PAY_VPC, region, "payments", "192.168.0.0/16")
    yield Vpc(DATA_VPC, region, "analytics", "10.0.0.0/16")
    yield _vswitch(PAY_VPC, "vsw-bp1payh000000001", "cn-hangzhou-h", "192.168.1.0/24")
    yield _vswitch(PAY_VPC, "vsw-bp1payi000000001", "cn-hangzhou-i", "192.168.2.0/24")
    yield _vswitch(DATA_VPC, "vsw-bp1datah00000001", "cn-hangzhou-h", "10.0.1.0/24")
    yield _vswitch(DATA_VPC, "vsw-bp1datai00000001", "cn-hangzhou-i", "10.0.2.0/24")
    zones = ("cn-hangzhou-h", "cn-hangzhou-i")
    minute = 0
    # Network of each row: "" is classic, else the VPC and its switches by zone.
    pay = (PAY_VPC, "vsw-bp1payh000000001", "vsw-bp1payi000000001")
    data = (DATA_VPC, "vsw-bp1datah00000001", "vsw-bp1datai00000001")
    classic = ("", "", "")
    for role, count, network in (
        ("web", 8, classic),
        ("cache", 2, classic),
        ("pay", 6, pay),
        ("api", 4, pay),
        ("report", 4, data),
    ):
        for number in range(1, count + 1):
            minute += 1
            zone = (number - 1) % 2
            yield Instance(
                id=f"i-bp1{role}{number:02d}".ljust(22, "0"),
                region=region,
                zone=zones[zone],
                name=f"{role}-{number:02d}",
                # One server at rest: it can be seen, and not be chosen.
                status="Stopped" if (role, number) == ("web", 8) else "Running",
                network="vpc" if network[0] else "classic",
                address=addresses.for_instance(),
                created=_CREATED + minute * 60_000,
                vpc_id=network[0],
                vswitch_id=network[1 + zone],
                type="ecs.g6.large" if role != "cache" else "ecs.r6.large",
                memory_mib=8192 if role != "cache" else 16384,
                tags=(("role", role), ("env", "demo")),
            )
    yield Balancer(
        id=SHOP_BALANCER,
        region=region,
        name="shop-internet",
        address=addresses.for_balancer(),
        created=_CREATED + 3_600_000,
        master_zone="cn-hangzhou-h",
        slave_zone="cn-hangzhou-i",
        tags=_tags("shop"),
        pool=tuple(Member(f"i-bp1web{number:02d}".ljust(22, "0")) for number in (1, 2, 3)),
    )
    yield _listener(SHOP_BALANCER, region, 3_660_000, description="shop", pool_port=8080)
    yield Balancer(
        id=PAY_BALANCER,
        region=region,
        name="pay-intranet",
        address=addresses.for_balancer(),
        created=_CREATED + 3_720_000,
        address_type="intranet",
        network="vpc",
        vpc_id=PAY_VPC,
        vswitch_id="vsw-bp1payh000000001",
        master_zone="cn-hangzhou-h",
        slave_zone="cn-hangzhou-i",
        tags=_tags("pay"),
    )
    pay_group = Group(
        id="rsp-bp1payblue0000001",
        balancer_id=PAY_BALANCER,
        region=region,
        name="pay-blue",
        created=_CREATED + 3_780_000,
        members=tuple(
            Member(f"i-bp1pay{number:02d}".ljust(22, "0"), 8080, weight)
            for number, weight in ((1, 100), (2, 100), (3, 50))
        ),
    )
    api_group = Group(
        id="rsp-bp1payapi00000001",
        balancer_id=PAY_BALANCER,
        region=region,
        name="pay-api",
        created=_CREATED + 3_840_000,
        members=tuple(
            Member(f"i-bp1api{number:02d}".ljust(22, "0"), 9000, 100) for number in (1, 2)
        ),
    )
    yield pay_group
    yield api_group
    yield _listener(PAY_BALANCER, region, 3_900_000, description="payments", group_id=pay_group.id)
    yield Rule(
        id="rule-bp1payapi0000001",
        balancer_id=PAY_BALANCER,
        protocol="http",
        port=80,
        region=region,
        name="api",
        domain="api.pay.example.com",
        url="",
        group_id=api_group.id,
        created=_CREATED + 3_960_000,
    )


def _shanghai(addresses: Addresses) -> Iterator[Entity]:
    yield from _small_region(
        addresses,
        region="cn-shanghai",
        zones=("cn-shanghai-f", "cn-shanghai-g"),
        code="uf6",
        name="orders-shanghai",
        role="orders",
        count=4,
    )


def _singapore(addresses: Addresses) -> Iterator[Entity]:
    yield from _small_region(
        addresses,
        region="ap-southeast-1",
        zones=("ap-southeast-1a", "ap-southeast-1b"),
        code="t4n",
        name="edge-singapore",
        role="edge",
        count=3,
    )


def _small_region(
    addresses: Addresses,
    *,
    region: str,
    zones: tuple[str, str],
    code: str,
    name: str,
    role: str,
    count: int,
) -> Iterator[Entity]:
    servers = [
        Instance(
            id=f"i-{code}{role}{number:02d}".ljust(22, "0"),
            region=region,
            zone=zones[(number - 1) % 2],
            name=f"{role}-{number:02d}",
            status="Running",
            network="classic",
            address=addresses.for_instance(),
            created=_CREATED + 7_200_000 + number * 60_000,
            tags=(("role", role), ("env", "demo")),
        )
        for number in range(1, count + 1)
    ]
    yield from servers
    balancer = Balancer(
        id=f"lb-{code}{role}".ljust(22, "0"),
        region=region,
        name=name,
        address=addresses.for_balancer(),
        created=_CREATED + 8_000_000,
        master_zone=zones[0],
        slave_zone=zones[1],
        tags=_tags(role),
        pool=tuple(Member(server.id) for server in servers[:2]),
    )
    yield balancer
    yield _listener(balancer.id, region, 8_060_000, description=role, pool_port=8080)


def _vswitch(vpc_id: str, vswitch_id: str, zone: str, cidr: str) -> VSwitch:
    name = f"{'payments' if vpc_id == PAY_VPC else 'analytics'}-{zone[-1]}"
    return VSwitch(vswitch_id, "cn-hangzhou", zone, vpc_id, name, cidr)


def _listener(
    balancer_id: str,
    region: str,
    after: int,
    *,
    description: str,
    group_id: str = "",
    pool_port: int = 0,
) -> Listener:
    own: dict[str, Any] = {"Description": description}
    if pool_port:
        own["BackendServerPort"] = pool_port
    return Listener(
        balancer_id=balancer_id,
        protocol="http",
        port=80,
        region=region,
        created=_CREATED + after,
        status="running",
        group_id=group_id,
        settings=_HTTP | own,
    )


def _tags(app: str) -> Tags:
    return (("app", app), ("env", "demo"))
