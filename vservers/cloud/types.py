"""What the API's answers say, as values. Names follow the API, in Python's spelling.

Every `from_api` takes an object of an answer; unknown fields are ignored, for the service may add
some, and unset text may be absent or empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from .settings import SETTINGS, ListenerSettings, RuleSettings

Api = Mapping[str, Any]


def inner(body: Api, wrapper: str, element: str) -> list[Any]:
    """The list in the wire's {"Rules": {"Rule": [...]}}; empty where either is absent."""
    return list((body.get(wrapper) or {}).get(element) or [])


def moment(text: str | None) -> datetime | None:
    """YYYY-MM-DDThh:mm[:ss]Z as an aware time, None where it is absent."""
    return datetime.fromisoformat(text).astimezone(UTC) if text else None


def tags_of(item: Api) -> dict[str, str]:
    """{key: value}. SLB and ECS spell the elements alike; a tag may have no value."""
    return {tag["TagKey"]: tag.get("TagValue") or "" for tag in inner(item, "Tags", "Tag")}


def _number(value: Any) -> int | None:
    return None if value in (None, "") else int(value)


@dataclass(frozen=True, slots=True)
class Region:
    region_id: str
    local_name: str


class BackendServer(NamedTuple):
    """A server of a group (port 1..65535) or of the default pool (port None). Weight 0..100.

    A tuple, for there are hundreds of thousands: a frozen dataclass takes three times as long.
    """

    server_id: str
    port: int | None = None
    weight: int = 100
    type: str = "ecs"
    server_ip: str = ""
    description: str = ""

    @classmethod
    def from_api(cls, item: Api) -> Self:
        return cls(
            item["ServerId"],
            _number(item.get("Port")),
            int(item.get("Weight", 100)),
            item.get("Type") or "ecs",
            item.get("ServerIp") or "",
            item.get("Description") or "",
        )

    def to_api(self) -> dict[str, Any]:
        wanted = {
            "ServerId": self.server_id,
            "Port": self.port,
            "Weight": self.weight,
            "Type": self.type,
            "ServerIp": self.server_ip,
            "Description": self.description,
        }
        return {name: value for name, value in wanted.items() if value not in (None, "")}


# The list of load balancers says by number how traffic is paid; the attributes say it in words.
_INTERNET_CHARGE_TYPES = {"3": "paybybandwidth", "4": "paybytraffic"}


@dataclass(frozen=True, slots=True)
class LoadBalancer:
    """bandwidth: Mbit/s, -1 for no limit. delete_protection: on or off, "" where it is not told."""

    load_balancer_id: str
    name: str
    status: str
    address: str
    address_type: str
    network_type: str
    vpc_id: str
    vswitch_id: str
    master_zone_id: str
    slave_zone_id: str
    spec: str
    region_id: str
    created_at: datetime | None
    tags: dict[str, str]
    ip_version: str = ""
    pay_type: str = ""
    charge_type: str = ""
    internet_charge_type: str = ""
    bandwidth: int | None = None
    delete_protection: str = ""
    modification_protection: str = ""
    modification_protection_reason: str = ""
    resource_group_id: str = ""

    @classmethod
    def from_api(cls, item: Api) -> Self:
        internet = item.get("InternetChargeTypeAlias") or item.get("InternetChargeType") or ""
        return cls(
            load_balancer_id=item["LoadBalancerId"],
            name=item.get("LoadBalancerName") or "",
            status=item.get("LoadBalancerStatus") or "",
            address=item.get("Address") or "",
            address_type=item.get("AddressType") or "",
            network_type=(item.get("NetworkType") or "classic").lower(),
            vpc_id=item.get("VpcId") or "",
            vswitch_id=item.get("VSwitchId") or "",
            master_zone_id=item.get("MasterZoneId") or "",
            slave_zone_id=item.get("SlaveZoneId") or "",
            spec=item.get("LoadBalancerSpec") or "",
            region_id=item.get("RegionId") or "",
            created_at=moment(item.get("CreateTime")),
            tags=tags_of(item),
            ip_version=(item.get("AddressIPVersion") or "").lower(),
            pay_type=item.get("PayType") or "",
            charge_type=item.get("InstanceChargeType") or "",
            internet_charge_type=_INTERNET_CHARGE_TYPES.get(internet, internet.lower()),
            bandwidth=_number(item.get("Bandwidth")),
            delete_protection=(item.get("DeleteProtection") or "").lower(),
            modification_protection=item.get("ModificationProtectionStatus") or "",
            modification_protection_reason=item.get("ModificationProtectionReason") or "",
            resource_group_id=item.get("ResourceGroupId") or "",
        )


@dataclass(frozen=True, slots=True)
class LoadBalancerDetail:
    """A load balancer with its default server pool.

    data_plane_status, data_plane_reason: extra fields that an endpoint may add to say whether
    traffic is served now ("on", "off", "" where it does not say) and why not.
    """

    balancer: LoadBalancer
    pool: tuple[BackendServer, ...]
    data_plane_status: str = ""
    data_plane_reason: str = ""

    @classmethod
    def from_api(cls, body: Api) -> Self:
        data_plane = body.get("DataPlane") or {}
        return cls(
            balancer=LoadBalancer.from_api(body),
            pool=tuple(
                BackendServer.from_api(item)
                for item in inner(body, "BackendServers", "BackendServer")
            ),
            data_plane_status=data_plane.get("Status", ""),
            data_plane_reason=data_plane.get("Reason", ""),
        )


@dataclass(frozen=True, slots=True)
class Listener:
    """A listener of any protocol. One of the two group IDs at most is not "".

    served_at, served_notice: extra fields of an endpoint that serves on another address.
    forward_port: of the HTTPS listener that every client is sent to; None where it serves itself.
    """

    load_balancer_id: str
    protocol: str
    port: int
    status: str
    backend_server_port: int | None
    vserver_group_id: str
    description: str
    settings: ListenerSettings
    master_slave_server_group_id: str = ""
    forward_port: int | None = None
    served_at: str = ""
    served_notice: str = ""

    @classmethod
    def from_api(cls, item: Api) -> Self:
        protocol = item["ListenerProtocol"].lower()
        config = item.get(f"{protocol.upper()}ListenerConfig") or {}
        acl_id = ",".join(item.get("AclIds") or []) or item.get("AclId")
        forwards = config.get("ListenerForward") == "on"
        return cls(
            load_balancer_id=item["LoadBalancerId"],
            protocol=protocol,
            port=int(item["ListenerPort"]),
            status=item.get("Status") or "",
            backend_server_port=_number(item.get("BackendServerPort")),
            vserver_group_id=item.get("VServerGroupId") or "",
            description=item.get("Description") or "",
            settings=SETTINGS[protocol].from_api({**item, "AclId": acl_id, **config}),
            master_slave_server_group_id=config.get("MasterSlaveServerGroupId") or "",
            forward_port=_number(config.get("ForwardPort")) if forwards else None,
            served_at=item.get("ServedAt") or "",
            served_notice=item.get("ServedNotice") or "",
        )


@dataclass(frozen=True, slots=True)
class VServerGroup:
    """A group as the list action tells it: without its servers.

    rule_keys: (rule ID, name, domain, URL) of each rule that uses it, where they were asked for.
    """

    vserver_group_id: str
    name: str
    server_count: int
    created_at: datetime | None
    tags: dict[str, str]
    rule_keys: frozenset[tuple[str, str, str, str]]

    @classmethod
    def from_api(cls, item: Api) -> Self:
        rules = inner(item.get("AssociatedObjects") or {}, "Rules", "Rule")
        return cls(
            vserver_group_id=item["VServerGroupId"],
            name=item.get("VServerGroupName") or "",
            server_count=int(item.get("ServerCount", 0)),
            created_at=moment(item.get("CreateTime")),
            tags=tags_of(item),
            rule_keys=frozenset(
                (
                    rule["RuleId"],
                    rule.get("RuleName") or "",
                    rule.get("Domain") or "",
                    rule.get("Url") or "",
                )
                for rule in rules
            ),
        )


@dataclass(frozen=True, slots=True)
class VServerGroupDetail:
    vserver_group_id: str
    load_balancer_id: str
    name: str
    created_at: datetime | None
    servers: tuple[BackendServer, ...]
    tags: dict[str, str]

    @classmethod
    def from_api(cls, body: Api) -> Self:
        return cls(
            vserver_group_id=body["VServerGroupId"],
            load_balancer_id=body.get("LoadBalancerId") or "",
            name=body.get("VServerGroupName") or "",
            created_at=moment(body.get("CreateTime")),
            servers=tuple(
                BackendServer.from_api(item)
                for item in inner(body, "BackendServers", "BackendServer")
            ),
            tags=tags_of(body),
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """A forwarding rule. settings: its own, None while it follows its listener."""

    rule_id: str
    name: str
    domain: str
    url: str
    vserver_group_id: str
    settings: RuleSettings | None = None

    @classmethod
    def from_api(cls, item: Api) -> Self:
        own = item.get("ListenerSync") == "off"
        return cls(
            rule_id=item["RuleId"],
            name=item.get("RuleName") or "",
            domain=item.get("Domain") or "",
            url=item.get("Url") or "",
            vserver_group_id=item.get("VServerGroupId") or "",
            settings=RuleSettings.from_api(item) if own else None,
        )


class Health(NamedTuple):
    """normal, abnormal or unavailable, of one server and port as one listener sees it.

    connections: open to it now, by an extra field of an endpoint that knows; None elsewhere.
    The rest an endpoint may add, in a field LastCheck: result of the last check (ok, refused,
    timeout, status, invalid, failed), the HTTP status of its answer (0 without one), its words, and
    since when the server is so.
    """

    server_id: str
    port: int
    listener_port: int
    protocol: str
    status: str
    connections: int | None = None
    check_result: str = ""
    check_code: int = 0
    check_message: str = ""
    changed_at: datetime | None = None

    @classmethod
    def from_api(cls, item: Api) -> Self:
        connections = item.get("Connections")
        check = item.get("LastCheck") or {}
        return cls(
            item["ServerId"],
            int(item.get("Port") or 0),
            int(item.get("ListenerPort") or 0),
            (item.get("Protocol") or "").lower(),
            item.get("ServerHealthStatus") or "unavailable",
            None if connections is None else int(connections),
            check.get("Result") or "",
            int(check.get("Code") or 0),
            check.get("Message") or "",
            moment(check.get("ChangedAt")),
        )


@dataclass(frozen=True, slots=True)
class Server:
    """An ECS instance. network_type: classic or vpc. Addresses "" where there is none."""

    server_id: str
    name: str
    status: str
    region_id: str
    zone_id: str
    network_type: str
    vpc_id: str
    private_ip: str
    public_ip: str
    instance_type: str
    tags: dict[str, str]

    @classmethod
    def from_api(cls, item: Api) -> Self:
        vpc = item.get("VpcAttributes") or {}
        private = inner(vpc, "PrivateIpAddress", "IpAddress") + inner(
            item, "InnerIpAddress", "IpAddress"
        )
        elastic = (item.get("EipAddress") or {}).get("IpAddress")
        public = inner(item, "PublicIpAddress", "IpAddress") + ([elastic] if elastic else [])
        return cls(
            server_id=item["InstanceId"],
            name=item.get("InstanceName") or "",
            status=item.get("Status") or "",
            region_id=item.get("RegionId") or "",
            zone_id=item.get("ZoneId") or "",
            network_type=(item.get("InstanceNetworkType") or "").lower(),
            vpc_id=vpc.get("VpcId") or "",
            private_ip=private[0] if private else "",
            public_ip=public[0] if public else "",
            instance_type=item.get("InstanceType") or "",
            tags=tags_of(item),
        )
