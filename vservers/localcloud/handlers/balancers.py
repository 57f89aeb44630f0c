"""Load balancers."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from vservers.localcloud.addresses import NetworkFull
from vservers.localcloud.assets import AccessLog
from vservers.localcloud.errors import ApiError
from vservers.localcloud.handlers.backends import groups_of, wire_members
from vservers.localcloud.handlers.balancer_settings import LCU_SPEC, paid_until, refuse_prepaid
from vservers.localcloud.handlers.changes import drop_listener
from vservers.localcloud.handlers.listeners import served
from vservers.localcloud.handlers.lookup import (
    given_tags,
    has_tags,
    listeners_of,
    passing,
    the_balancer,
    wire_tags,
)
from vservers.localcloud.handlers.settings import wire_settings
from vservers.localcloud.model import (
    Balancer,
    ClientToken,
    Group,
    Instance,
    Listener,
    MasterSlaveGroup,
    VSwitch,
)
from vservers.localcloud.quotas import exceeded
from vservers.localcloud.regions import REGIONS
from vservers.localcloud.registry import Answer, Reading, Writing, new_id, reads, utc, writes

# The list answers these numbers, every other action the words.
# 2999-09-08T16:00:00Z, what the cloud says for pay-as-you-go.
_NO_END = 32493801600000
_INTERNET_CHARGE_NUMBERS = {"paybybandwidth": "3", "paybytraffic": "4"}


@reads("slb", "DescribeLoadBalancers")
def describe_balancers(call: Reading) -> Answer:
    """A page of the region's load balancers that pass all filters."""
    found = passing(call.state.children(Balancer, call.region), _filters(call))
    number, size = call.params["PageNumber"], call.params["PageSize"]
    page = found[(number - 1) * size : number * size]
    return {
        "LoadBalancers": {"LoadBalancer": [_listed(balancer) for balancer in page]},
        "PageNumber": number,
        "PageSize": size,
        "TotalCount": len(found),
    }


@reads("slb", "DescribeLoadBalancerAttribute")
def describe_balancer(call: Reading) -> Answer:
    """One load balancer with its listeners' ports and its default pool.

    DataPlane, ServedAt and ServedNotice are beyond the cloud's fields: whether and where it
    answers in truth. Clients ignore fields that they do not know.
    """
    balancer = the_balancer(call)
    listeners = listeners_of(call.state, balancer.id)
    status = call.plane.status
    return {
        **_common(balancer),
        "InternetChargeType": balancer.internet_charge_type,
        "Bandwidth": balancer.bandwidth,
        "EndTime": utc(balancer.paid_until or _NO_END),
        "EndTimeStamp": balancer.paid_until or _NO_END,
        "ListenerPorts": {"ListenerPort": [listener.port for listener in listeners]},
        # The cloud answers the misspelt name too, for its oldest clients.
        "ListenerPortsAndProtocal": {
            "ListenerPortAndProtocal": [
                {"ListenerPort": listener.port, "ListenerProtocal": listener.protocol}
                for listener in listeners
            ]
        },
        "ListenerPortsAndProtocol": {
            "ListenerPortAndProtocol": [
                {
                    "ListenerPort": listener.port,
                    "ListenerProtocol": listener.protocol,
                    **wire_settings(listener.settings, ("ForwardPort",)),
                    "ListenerForward": listener.settings.get("ListenerForward", "off"),
                    "Description": listener.settings.get("Description", ""),
                    **served(call, balancer, listener),
                }
                for listener in listeners
            ]
        },
        "BackendServers": wire_members(balancer.pool, with_port=False),
        "DataPlane": {"Status": "on" if status.on else "off", "Reason": status.reason},
    }


@writes("slb", "CreateLoadBalancer")
def create_balancer(call: Writing) -> Answer:
    """A new load balancer with an address of its own; the same ClientToken makes no second one."""
    token_id = call.params.get("ClientToken", "")
    fingerprint = _fingerprint(call.params)
    if token_id and (token := call.state.get(ClientToken, token_id)):
        if token.fingerprint != fingerprint:
            raise ApiError("IdempotentParameterMismatch")
        return dict(token.answer)
    balancer = _new_balancer(call)
    call.state.put(balancer)
    answer: Answer = {
        "LoadBalancerId": balancer.id,
        "LoadBalancerName": balancer.name,
        "Address": balancer.address,
        "AddressIPVersion": "ipv4",
        "NetworkType": balancer.network,
        "VpcId": balancer.vpc_id,
        "VSwitchId": balancer.vswitch_id,
        "ResourceGroupId": balancer.resource_group_id,
    }
    if token_id:
        call.state.put(ClientToken(token_id, fingerprint, answer))
    return answer


@writes("slb", "DeleteLoadBalancer")
def delete_balancer(call: Writing) -> Answer:
    """Delete it with its listeners, rules and groups."""
    balancer = the_balancer(call)
    if balancer.delete_protection == "on":
        raise ApiError("OperationDenied.DeleteProtectionIsOn")
    refuse_prepaid(balancer, call.now)
    for listener in list(call.state.children(Listener, balancer.id)):
        drop_listener(call, listener)
    for cls in (Group, MasterSlaveGroup):
        for group in list(call.state.children(cls, balancer.id)):
            call.state.delete(group)
    for log in list(call.state.children(AccessLog, balancer.region)):
        if log.balancer_id == balancer.id:
            call.state.delete(log)
    call.state.delete(balancer)
    return {}


def _new_balancer(call: Writing) -> Balancer:
    params = call.params
    present = sum(call.state.count(Balancer, region) for region in REGIONS)
    if exceeded(present + 1, call.quotas.balancers):
        raise ApiError("OperationForbidden.QuotaLimit")
    zones = [zone.id for zone in REGIONS[call.region].zones]
    for name in ("MasterZoneId", "SlaveZoneId"):
        if params.get(name, zones[0]) not in zones:
            raise ApiError("InvalidParameter", f"The specified {name} does not exist.")
    if params["AddressIPVersion"] == "ipv6":
        raise ApiError("RegionOrZonesNotSupportIpv6", "The region does not support IPv6.")
    network, vpc_id, vswitch_id = _network(call)
    balancer_id = new_id("lb")
    try:
        address = call.addresses.for_balancer()
    except NetworkFull as error:
        raise ApiError("OperationFailed.RegionResourceLimit", "No address is left.") from error
    master = params.get("MasterZoneId", zones[0])
    by_clcu = params["InstanceChargeType"] == "PayByCLCU"
    return Balancer(
        id=balancer_id,
        region=call.region,
        name=params.get("LoadBalancerName", balancer_id),
        address=address,
        created=call.now,
        address_type=params["AddressType"],
        network=network,
        vpc_id=vpc_id,
        vswitch_id=vswitch_id,
        master_zone=master,
        slave_zone=params.get("SlaveZoneId", next((one for one in zones if one != master), "")),
        pay_type=params["PayType"],
        paid_until=paid_until(call),
        spec=LCU_SPEC if by_clcu else params.get("LoadBalancerSpec", ""),
        charge_type=params["InstanceChargeType"],
        internet_charge_type=params["InternetChargeType"],
        bandwidth=params["Bandwidth"],
        delete_protection=params["DeleteProtection"],
        modification_protection=params.get("ModificationProtectionStatus", "NonProtection"),
        modification_protection_reason=params.get("ModificationProtectionReason", ""),
        resource_group_id=params.get("ResourceGroupId", "rg-default"),
        tags=given_tags(params),
    )


def _network(call: Writing) -> tuple[str, str, str]:
    """Network type, VPC and VSwitch: an intranet instance is of the VPC of its VSwitch."""
    vpc_id, vswitch_id = call.params.get("VpcId", ""), call.params.get("VSwitchId", "")
    if call.params["AddressType"] == "internet":
        # The cloud ignores both here: an Internet instance is of no VPC.
        return "classic", "", ""
    if not vswitch_id:
        if vpc_id:
            raise ApiError("MissingParam.VSwitchId")
        return "classic", "", ""
    vswitch = call.state.get(VSwitch, vswitch_id)
    if vswitch is None or vswitch.region != call.region:
        raise ApiError("InvalidVSwitchId.NotFound")
    if vpc_id not in ("", vswitch.vpc_id):
        raise ApiError("InvalidParameter.Mismatch", "The VSwitch is not of the specified VPC.")
    return "vpc", vswitch.vpc_id, vswitch_id


def _filters(call: Reading) -> list[Callable[[Balancer], bool]]:
    params = call.params
    tests: list[Callable[[Balancer], bool]] = []
    plain = {
        "Address": "address",
        "AddressType": "address_type",
        "InternetChargeType": "internet_charge_type",
        "LoadBalancerName": "name",
        "LoadBalancerStatus": "status",
        "MasterZoneId": "master_zone",
        "NetworkType": "network",
        "ResourceGroupId": "resource_group_id",
        "SlaveZoneId": "slave_zone",
        "VSwitchId": "vswitch_id",
        "VpcId": "vpc_id",
    }
    for name, attribute in plain.items():
        if name in params:
            tests.append(_equals(attribute, params[name]))
    if "LoadBalancerId" in params:
        wanted = frozenset(params["LoadBalancerId"])
        tests.append(lambda balancer: balancer.id in wanted)
    if "PayType" in params:
        tests.append(_equals("pay_type", params["PayType"]))
    if params.get("AddressIPVersion", "ipv4") != "ipv4":
        tests.append(lambda balancer: False)
    if "Tag" in params:
        tests.append(lambda balancer: has_tags(balancer.tags, params["Tag"]))
    if "Tags" in params:
        old = [_new_form(tag) for tag in params["Tags"]]
        tests.append(lambda balancer: has_tags(balancer.tags, old))
    for name in ("ServerId", "ServerIntranetAddress"):
        if name in params:
            tests.append(_holds(call, _servers(call, name, params[name])))
    return tests


def _equals(attribute: str, wanted: str) -> Callable[[Balancer], bool]:
    return lambda balancer: bool(getattr(balancer, attribute) == wanted)


def _new_form(tag: dict[str, str]) -> dict[str, str]:
    value = {"Value": tag["TagValue"]} if "TagValue" in tag else {}
    return {"Key": tag["TagKey"], **value}


def _servers(call: Reading, name: str, value: str) -> frozenset[str]:
    """The server IDs that a filter means; the API takes several, comma-separated."""
    words = {word.strip() for word in value.split(",")}
    if name == "ServerId":
        return frozenset(words)
    return frozenset(
        server.id
        for server in call.state.children(Instance, call.region)
        if server.address in words
    )


def _holds(call: Reading, servers: frozenset[str]) -> Callable[[Balancer], bool]:
    """Whether a balancer has one of the servers in its pool or a group."""

    def holds(balancer: Balancer) -> bool:
        return any(member.server_id in servers for member in balancer.pool) or any(
            not servers.isdisjoint(group.server_ids) for group in groups_of(call.state, balancer)
        )

    return holds


def _common(balancer: Balancer) -> dict[str, Any]:
    return {
        "LoadBalancerId": balancer.id,
        "LoadBalancerName": balancer.name,
        "LoadBalancerStatus": balancer.status,
        "Address": balancer.address,
        "AddressType": balancer.address_type,
        "AddressIPVersion": "ipv4",
        "RegionId": balancer.region,
        "RegionIdAlias": balancer.region,
        "NetworkType": balancer.network,
        "VpcId": balancer.vpc_id,
        "VSwitchId": balancer.vswitch_id,
        "MasterZoneId": balancer.master_zone,
        "SlaveZoneId": balancer.slave_zone,
        "PayType": balancer.pay_type,
        "InstanceChargeType": balancer.charge_type,
        "LoadBalancerSpec": balancer.spec,
        "CreateTime": utc(balancer.created),
        "CreateTimeStamp": balancer.created,
        "DeleteProtection": balancer.delete_protection,
        "ModificationProtectionStatus": balancer.modification_protection,
        "ModificationProtectionReason": balancer.modification_protection_reason,
        "ResourceGroupId": balancer.resource_group_id,
        "Tags": {"Tag": wire_tags(balancer.tags)},
    }


def _listed(balancer: Balancer) -> dict[str, Any]:
    return {
        **_common(balancer),
        "InternetChargeType": _INTERNET_CHARGE_NUMBERS[balancer.internet_charge_type],
        "InternetChargeTypeAlias": balancer.internet_charge_type,
        "Bandwidth": balancer.bandwidth,
    }


def _fingerprint(params: dict[str, Any]) -> str:
    rest = {name: value for name, value in params.items() if name != "ClientToken"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
