"""Writes of load balancers themselves, and of tags, as data."""

from collections.abc import Mapping, Sequence

from .calls import Call, call

# TagResources and UntagResources take so many tags.
MAX_TAGS_PER_CALL = 20


def create_load_balancer(
    *,
    name: str,
    address_type: str,
    client_token: str,
    vpc_id: str = "",
    vswitch_id: str = "",
    master_zone_id: str = "",
    slave_zone_id: str = "",
    spec: str = "",
    charge_type: str = "",
    internet_charge_type: str = "",
    bandwidth: int | None = None,
    ip_version: str = "",
    resource_group_id: str = "",
    delete_protection: str = "",
    tags: Mapping[str, str] | None = None,
) -> Call:
    """ "": as the cloud chooses. Sent again with the same token it makes no second one."""
    return call(
        "CreateLoadBalancer",
        LoadBalancerName=name,
        AddressType=address_type,
        VpcId=vpc_id,
        VSwitchId=vswitch_id,
        MasterZoneId=master_zone_id,
        SlaveZoneId=slave_zone_id,
        LoadBalancerSpec=spec,
        InstanceChargeType=charge_type,
        InternetChargeType=internet_charge_type,
        Bandwidth=bandwidth,
        AddressIPVersion=ip_version,
        ResourceGroupId=resource_group_id,
        DeleteProtection=delete_protection,
        ClientToken=client_token,
        **_tags(tags or {}),
    )


def set_load_balancer_name(load_balancer_id: str, name: str) -> Call:
    return call("SetLoadBalancerName", LoadBalancerId=load_balancer_id, LoadBalancerName=name)


def set_load_balancer_status(load_balancer_id: str, status: str) -> Call:
    """active or inactive: whether its listeners forward."""
    return call("SetLoadBalancerStatus", LoadBalancerId=load_balancer_id, LoadBalancerStatus=status)


def set_load_balancer_delete_protection(load_balancer_id: str, protection: str) -> Call:
    """on or off."""
    return call(
        "SetLoadBalancerDeleteProtection",
        LoadBalancerId=load_balancer_id,
        DeleteProtection=protection,
    )


def set_load_balancer_modification_protection(
    load_balancer_id: str, status: str, reason: str
) -> Call:
    """ConsoleProtection with a reason, or NonProtection."""
    return call(
        "SetLoadBalancerModificationProtection",
        LoadBalancerId=load_balancer_id,
        ModificationProtectionStatus=status,
        ModificationProtectionReason=reason if status != "NonProtection" else "",
    )


def modify_load_balancer_instance_spec(load_balancer_id: str, spec: str) -> Call:
    return call(
        "ModifyLoadBalancerInstanceSpec", LoadBalancerId=load_balancer_id, LoadBalancerSpec=spec
    )


def modify_load_balancer_internet_spec(
    load_balancer_id: str, internet_charge_type: str, bandwidth: int | None
) -> Call:
    """bandwidth: Mbit/s, needed where it is what is paid."""
    return call(
        "ModifyLoadBalancerInternetSpec",
        LoadBalancerId=load_balancer_id,
        InternetChargeType=internet_charge_type,
        Bandwidth=bandwidth,
    )


def delete_load_balancer(load_balancer_id: str) -> Call:
    """Its listeners, rules, groups and tags go with it."""
    return call("DeleteLoadBalancer", LoadBalancerId=load_balancer_id)


# Tags


def tag_resources(resource_type: str, resource_id: str, tags: Mapping[str, str]) -> Call:
    """At most MAX_TAGS_PER_CALL; a key that is there takes the new value."""
    place = {"ResourceType": resource_type, "ResourceId.1": resource_id}
    return Call("TagResources", {**place, **_tags(tags)})


def _tags(tags: Mapping[str, str]) -> dict[str, str | int]:
    params: dict[str, str | int] = {}
    for number, (key, value) in enumerate(tags.items(), 1):
        params[f"Tag.{number}.Key"] = key
        params[f"Tag.{number}.Value"] = value
    return params


def untag_resources(resource_type: str, resource_id: str, keys: Sequence[str]) -> Call:
    """Keys that are not there are ignored by the cloud."""
    params: dict[str, str | int] = {"ResourceType": resource_type, "ResourceId.1": resource_id}
    params |= {f"TagKey.{number}": key for number, key in enumerate(keys, 1)}
    return Call("UntagResources", params)
