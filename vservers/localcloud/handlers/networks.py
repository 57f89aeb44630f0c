"""VPCs and their switches, and the network interfaces of ECS instances."""

from collections.abc import Sequence
from typing import Any

from vservers.localcloud.errors import ApiError
from vservers.localcloud.handlers.lookup import (
    has_tags,
    interface_id,
    interface_of,
    token_start,
    wire_tags,
)
from vservers.localcloud.model import Instance, Vpc, VSwitch
from vservers.localcloud.regions import REGIONS
from vservers.localcloud.registry import Answer, Reading, reads, utc

_DEFAULT_TOKEN_PAGE = 10


@reads("vpc", "DescribeVpcs")
def describe_vpcs(call: Reading) -> Answer:
    """A page of the region's VPCs with their switches."""
    params = call.params
    found = [
        vpc
        for vpc in call.state.children(Vpc, call.region)
        if vpc.id in params.get("VpcId", (vpc.id,))
        and vpc.name == params.get("VpcName", vpc.name)
        and _is_plain(call, params.get("VpcOwnerId", ""))
    ]
    return {
        **_paged(call, found),
        "Vpcs": {"Vpc": [_wire_vpc(call, vpc) for vpc in _page(call, found)]},
    }


@reads("vpc", "DescribeVSwitches")
def describe_vswitches(call: Reading) -> Answer:
    """A page of the switches of a region or a VPC; one of both is asked for."""
    params = call.params
    if not call.region and not params.get("VpcId"):
        raise ApiError("MissingParameter", "The RegionId or VpcId is required at least one.")
    if params.get("VpcId") and call.state.get(Vpc, params["VpcId"]) is None:
        raise ApiError("Forbidden.VpcNotFound")
    found = [
        switch
        for region in ([call.region] if call.region else REGIONS)
        for switch in call.state.children(VSwitch, region)
        if switch.id in params.get("VSwitchId", (switch.id,))
        and switch.vpc_id == params.get("VpcId", switch.vpc_id)
        and switch.name == params.get("VSwitchName", switch.name)
        and switch.zone == params.get("ZoneId", switch.zone)
        and _is_plain(call, params.get("VSwitchOwnerId", ""))
    ]
    return {
        **_paged(call, found),
        "VSwitches": {"VSwitch": [_wire_vswitch(call, switch) for switch in _page(call, found)]},
    }


@reads("vpc", "DescribeVpcAttribute")
def describe_vpc(call: Reading) -> Answer:
    """One VPC, as clients read it that know its ID."""
    vpc = call.state.get(Vpc, call.params["VpcId"])
    if vpc is None or not call.in_region(vpc.region):
        raise ApiError("InvalidVpcID.NotFound")
    fields = _wire_vpc(call, vpc)
    for name in ("RouterTableIds", "NatGatewayIds"):
        del fields[name]
    return {**fields, "ClassicLinkEnabled": False, "CloudResources": {"CloudResourceSetType": []}}


@reads("vpc", "DescribeVSwitchAttributes")
def describe_vswitch(call: Reading) -> Answer:
    """One switch: Terraform's provider asks it for its VPC before it makes a load balancer."""
    switch = call.state.get(VSwitch, call.params["VSwitchId"])
    if switch is None or not call.in_region(switch.region):
        raise ApiError("InvalidVswitchID.NotFound")
    return _wire_vswitch(call, switch)


@reads("ecs", "DescribeNetworkInterfaces")
def describe_interfaces(call: Reading) -> Answer:
    """The interfaces of the region's VPC instances: each has its primary one."""
    params = call.params
    wanted = params.get("NetworkInterfaceId", ())
    for interface in wanted:
        server = interface_of(call.state, interface)
        if server is None or server.region != call.region:
            raise ApiError("InvalidEniId.NotFound", status=404)
    found = [
        server
        for server in call.state.children(Instance, call.region)
        if server.network == "vpc"
        and (not wanted or interface_id(server) in wanted)
        and server.id == params.get("InstanceId", server.id)
        and server.vpc_id == params.get("VpcId", server.vpc_id)
        and server.vswitch_id == params.get("VSwitchId", server.vswitch_id)
        and server.address == params.get("PrimaryIpAddress", server.address)
        and server.address in params.get("PrivateIpAddress", (server.address,))
        and params.get("NetworkInterfaceName", server.name) == server.name
        and params.get("Status", "InUse") == "InUse"
        and params.get("Type", "Primary") == "Primary"
        and not params.get("Ipv6Address")
        and not params.get("ServiceManaged", False)
        and has_tags(server.tags, params.get("Tag", ()))
    ]
    if "MaxResults" in params or "NextToken" in params:
        size = params.get("MaxResults", _DEFAULT_TOKEN_PAGE)
        start = token_start(params.get("NextToken", ""))
        rest = str(start + size) if start + size < len(found) else ""
        page, answer = found[start : start + size], {"NextToken": rest}
    else:
        page, answer = list(_page(call, found)), _paged(call, found)
    return {
        **answer,
        "TotalCount": len(found),
        "NetworkInterfaceSets": {"NetworkInterfaceSet": [_wire_interface(one) for one in page]},
    }


def _is_plain(call: Reading, owner: str) -> bool:
    """Whether a VPC or switch, which is nobody else's, passes the filters for unusual ones."""
    params = call.params
    return (
        not params.get("EnableIpv6")
        and not params.get("IsDefault")
        and not params.get("DhcpOptionsSetId")
        and not params.get("RouteTableId")
        and params.get("ResourceGroupId", "rg-default") == "rg-default"
        and owner in ("", call.state.account)
        and not params.get("Tag")
    )


def _page[E](call: Reading, found: Sequence[E]) -> Sequence[E]:
    number, size = call.params["PageNumber"], call.params["PageSize"]
    return found[(number - 1) * size : number * size]


def _paged[E](call: Reading, found: Sequence[E]) -> dict[str, Any]:
    return {
        "PageNumber": call.params["PageNumber"],
        "PageSize": call.params["PageSize"],
        "TotalCount": len(found),
    }


def _wire_vpc(call: Reading, vpc: Vpc) -> dict[str, Any]:
    switches = call.state.children(VSwitch, vpc.region)
    return {
        "VpcId": vpc.id,
        "VpcName": vpc.name,
        "RegionId": vpc.region,
        "CidrBlock": vpc.cidr,
        "Status": "Available",
        "IsDefault": False,
        "Description": "",
        "CreationTime": utc(0),
        "OwnerId": int(call.state.account),
        "ResourceGroupId": "rg-default",
        "VRouterId": "",
        "Ipv6CidrBlock": "",
        "VSwitchIds": {"VSwitchId": [one.id for one in switches if one.vpc_id == vpc.id]},
        "RouterTableIds": {"RouterTableIds": []},
        "NatGatewayIds": {"NatGatewayIds": []},
        "SecondaryCidrBlocks": {"SecondaryCidrBlock": []},
        "UserCidrs": {"UserCidr": []},
        "Tags": {"Tag": []},
    }


def _wire_vswitch(call: Reading, switch: VSwitch) -> dict[str, Any]:
    return {
        "VSwitchId": switch.id,
        "VSwitchName": switch.name,
        "VpcId": switch.vpc_id,
        "ZoneId": switch.zone,
        "CidrBlock": switch.cidr,
        "Status": "Available",
        "IsDefault": False,
        "Description": "",
        "CreationTime": utc(0),
        "AvailableIpAddressCount": 252,
        "OwnerId": int(call.state.account),
        "ResourceGroupId": "rg-default",
        "Tags": {"Tag": []},
    }


def _wire_interface(server: Instance) -> dict[str, Any]:
    return {
        "NetworkInterfaceId": interface_id(server),
        "NetworkInterfaceName": server.name,
        "InstanceId": server.id,
        "Type": "Primary",
        "Status": "InUse",
        "Description": "",
        "CreationTime": utc(server.created),
        "PrivateIpAddress": server.address,
        "PrivateIpSets": {
            "PrivateIpSet": [{"PrivateIpAddress": server.address, "Primary": True}],
        },
        "Ipv6Sets": {"Ipv6Set": []},
        "SecurityGroupIds": {"SecurityGroupId": []},
        "VpcId": server.vpc_id,
        "VSwitchId": server.vswitch_id,
        "ZoneId": server.zone,
        "ServiceManaged": False,
        "ResourceGroupId": "rg-default",
        "Tags": {"Tag": wire_tags(server.tags)},
    }
