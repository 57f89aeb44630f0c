"""ECS instances, as the console needs them to choose backends."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vservers.localcloud.handlers.lookup import has_tags, passing, token_start, wire_tags
from vservers.localcloud.model import Instance
from vservers.localcloud.registry import Answer, Reading, reads

Test = Callable[[Instance], bool]
_DEFAULT_TOKEN_PAGE = 10


@reads("ecs", "DescribeInstances")
def describe_instances(call: Reading) -> Answer:
    """A page of the region's instances that pass all filters, by number or by token."""
    found = passing(call.state.children(Instance, call.region), _filters(call))
    params = call.params
    answer: Answer = {"TotalCount": len(found)}
    if "MaxResults" in params or "NextToken" in params:
        size = params.get("MaxResults", _DEFAULT_TOKEN_PAGE)
        start = token_start(params.get("NextToken", ""))
        answer["NextToken"] = str(start + size) if start + size < len(found) else ""
    else:
        size = params["PageSize"]
        start = (params["PageNumber"] - 1) * size
        answer |= {"PageNumber": params["PageNumber"], "PageSize": size}
    answer["Instances"] = {"Instance": [_wire(one) for one in found[start : start + size]]}
    return answer


def _filters(call: Reading) -> list[Test]:
    params = call.params
    tests: list[Test] = []
    if "InstanceIds" in params:
        wanted = frozenset(params["InstanceIds"])
        tests.append(lambda one: one.id in wanted)
    plain = {
        "InstanceNetworkType": "network",
        "InstanceType": "type",
        "Status": "status",
        "VpcId": "vpc_id",
        "VSwitchId": "vswitch_id",
        "ZoneId": "zone",
    }
    for name, attribute in plain.items():
        if name in params:
            tests.append(_equals(attribute, params[name]))
    if "InstanceTypeFamily" in params:
        family = params["InstanceTypeFamily"]
        tests.append(lambda one: one.type.rpartition(".")[0] == family)
    if "InstanceName" in params:
        pattern = _wildcard(params["InstanceName"])
        tests.append(lambda one: pattern.fullmatch(one.name) is not None)
    for name, network in (("PrivateIpAddresses", "vpc"), ("InnerIpAddresses", "classic")):
        if name in params:
            tests.append(_has_address(network, frozenset(params[name])))
    for name in ("PublicIpAddresses", "EipAddresses", "Ipv6Address"):
        # No instance here has an address beyond its private one.
        if name in params:
            tests.append(lambda one: False)
    if "Tag" in params:
        tests.append(lambda one: has_tags(one.tags, params["Tag"]))
    return tests


def _equals(attribute: str, wanted: str) -> Test:
    return lambda one: bool(getattr(one, attribute) == wanted)


def _has_address(network: str, addresses: frozenset[str]) -> Test:
    return lambda one: one.network == network and one.address in addresses


def _wildcard(text: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in text.split("*")), re.DOTALL)


def _wire(instance: Instance) -> dict[str, Any]:
    classic = instance.network == "classic"
    private = {"IpAddress": [instance.address]}
    none: dict[str, list[str]] = {"IpAddress": []}
    # ECS leaves the seconds out of its times.
    created = datetime.fromtimestamp(instance.created // 1000, UTC).strftime("%Y-%m-%dT%H:%MZ")
    return {
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "HostName": instance.name,
        "Description": "",
        "Status": instance.status,
        "RegionId": instance.region,
        "ZoneId": instance.zone,
        "InstanceType": instance.type,
        "InstanceTypeFamily": instance.type.rpartition(".")[0],
        "Cpu": instance.cpu,
        "Memory": instance.memory_mib,
        "InstanceNetworkType": instance.network,
        "InnerIpAddress": private if classic else none,
        # Before the public address: Ansible's modules look for it when they come to that one.
        "EipAddress": {"AllocationId": "", "IpAddress": "", "InternetChargeType": ""},
        "PublicIpAddress": none,
        "VpcAttributes": {
            "VpcId": instance.vpc_id,
            "VSwitchId": instance.vswitch_id,
            "NatIpAddress": "",
            "PrivateIpAddress": none if classic else private,
        },
        "InstanceChargeType": "PostPaid",
        "InternetChargeType": "PayByTraffic",
        "CreationTime": created,
        "StartTime": created,
        "ExpiredTime": "2099-12-31T15:59Z",
        "OSName": "Debian 12 64-bit",
        "OSType": "linux",
        "DeviceAvailable": True,
        "Tags": {"Tag": wire_tags(instance.tags)},
    }
