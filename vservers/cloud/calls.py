"""SLB's writes as data: what would be sent, in the API's words, before anything is sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .settings import ListenerSettings, RuleSettings
from .types import BackendServer, Rule

# Add, Remove, Set, Modify and Create take this many servers; one more is TooManyBackendServers.
MAX_SERVERS_PER_CALL = 20
# CreateRules and DeleteRules.
MAX_RULES_PER_CALL = 10
_CLEARED_BY_EMPTY = ("CACertificateId",)


@dataclass(frozen=True, slots=True)
class Call:
    """One call. params: API names; text, integers, or JSON as text.

    product: slb, version 2014-05-15, which every write is of; of reads also ecs and cms.
    """

    action: str
    params: Mapping[str, str | int]
    product: str = "slb"


def _call(action: str, **params: Any) -> Call:
    return Call(action, {name: value for name, value in params.items() if value not in (None, "")})


# Load balancers

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
    return _call(
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
    return _call("SetLoadBalancerName", LoadBalancerId=load_balancer_id, LoadBalancerName=name)


def set_load_balancer_status(load_balancer_id: str, status: str) -> Call:
    """active or inactive: whether its listeners forward."""
    return _call(
        "SetLoadBalancerStatus", LoadBalancerId=load_balancer_id, LoadBalancerStatus=status
    )


def set_load_balancer_delete_protection(load_balancer_id: str, protection: str) -> Call:
    """on or off."""
    return _call(
        "SetLoadBalancerDeleteProtection",
        LoadBalancerId=load_balancer_id,
        DeleteProtection=protection,
    )


def set_load_balancer_modification_protection(
    load_balancer_id: str, status: str, reason: str
) -> Call:
    """ConsoleProtection with a reason, or NonProtection."""
    return _call(
        "SetLoadBalancerModificationProtection",
        LoadBalancerId=load_balancer_id,
        ModificationProtectionStatus=status,
        ModificationProtectionReason=reason if status != "NonProtection" else "",
    )


def modify_load_balancer_instance_spec(load_balancer_id: str, spec: str) -> Call:
    return _call(
        "ModifyLoadBalancerInstanceSpec", LoadBalancerId=load_balancer_id, LoadBalancerSpec=spec
    )


def modify_load_balancer_internet_spec(
    load_balancer_id: str, internet_charge_type: str, bandwidth: int | None
) -> Call:
    """bandwidth: Mbit/s, needed where it is what is paid."""
    return _call(
        "ModifyLoadBalancerInternetSpec",
        LoadBalancerId=load_balancer_id,
        InternetChargeType=internet_charge_type,
        Bandwidth=bandwidth,
    )


def delete_load_balancer(load_balancer_id: str) -> Call:
    """Its listeners, rules, groups and tags go with it."""
    return _call("DeleteLoadBalancer", LoadBalancerId=load_balancer_id)


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


# VServer groups


def create_vserver_group(
    load_balancer_id: str, name: str, servers: Sequence[BackendServer]
) -> Call:
    """At most MAX_SERVERS_PER_CALL servers; there is no client token."""
    return _call(
        "CreateVServerGroup",
        LoadBalancerId=load_balancer_id,
        VServerGroupName=name,
        BackendServers=_servers(servers),
    )


def add_vserver_group_backend_servers(
    vserver_group_id: str, servers: Sequence[BackendServer]
) -> Call:
    return _call(
        "AddVServerGroupBackendServers",
        VServerGroupId=vserver_group_id,
        BackendServers=_servers(servers),
    )


def remove_vserver_group_backend_servers(
    vserver_group_id: str, servers: Sequence[BackendServer]
) -> Call:
    """Servers that are not in the group are ignored by the cloud."""
    return _call(
        "RemoveVServerGroupBackendServers",
        VServerGroupId=vserver_group_id,
        BackendServers=_servers(servers),
    )


def set_vserver_group_attribute(
    vserver_group_id: str, *, name: str = "", servers: Sequence[BackendServer] = ()
) -> Call:
    """A new name, or new weights of servers that are in the group; one of both at least."""
    return _call(
        "SetVServerGroupAttribute",
        VServerGroupId=vserver_group_id,
        VServerGroupName=name,
        BackendServers=_servers(servers),
    )


def delete_vserver_group(vserver_group_id: str) -> Call:
    return _call("DeleteVServerGroup", VServerGroupId=vserver_group_id)


# Default server pool


def add_backend_servers(load_balancer_id: str, servers: Sequence[BackendServer]) -> Call:
    return _pool("AddBackendServers", load_balancer_id, servers)


def set_backend_servers(load_balancer_id: str, servers: Sequence[BackendServer]) -> Call:
    """New weights of servers that are in the pool."""
    return _pool("SetBackendServers", load_balancer_id, servers)


def remove_backend_servers(load_balancer_id: str, servers: Sequence[BackendServer]) -> Call:
    return _pool("RemoveBackendServers", load_balancer_id, servers)


def _pool(action: str, load_balancer_id: str, servers: Sequence[BackendServer]) -> Call:
    return _call(action, LoadBalancerId=load_balancer_id, BackendServers=_servers(servers))


# Listeners


def create_listener(
    load_balancer_id: str,
    protocol: str,
    port: int,
    settings: ListenerSettings,
    *,
    vserver_group_id: str,
    master_slave_server_group_id: str = "",
    backend_server_port: int | None,
    description: str,
    forward_port: int | None = None,
) -> Call:
    """A new listener, stopped. Without a group it needs backend_server_port for the pool.

    forward_port: of an HTTPS listener that clients of this HTTP one are sent to.
    """
    return _call(
        f"CreateLoadBalancer{protocol.upper()}Listener",
        LoadBalancerId=load_balancer_id,
        ListenerPort=port,
        VServerGroupId=vserver_group_id,
        MasterSlaveServerGroupId=master_slave_server_group_id,
        BackendServerPort=backend_server_port,
        Description=description,
        ListenerForward="on" if forward_port else None,
        ForwardPort=forward_port,
        **settings.to_api(),
    )


def set_listener_attribute(
    load_balancer_id: str,
    protocol: str,
    port: int,
    settings: ListenerSettings,
    *,
    vserver_group_id: str,
    master_slave_server_group_id: str = "",
    description: str,
) -> Call:
    """Without either group what is attached is detached: requests then go to the default pool."""
    groups = {"VServerGroup": vserver_group_id}
    if protocol in {"tcp", "udp"}:
        groups["MasterSlaveServerGroup"] = master_slave_server_group_id
    params = settings.to_api_over()
    call = _call(
        f"SetLoadBalancer{protocol.upper()}ListenerAttribute",
        LoadBalancerId=load_balancer_id,
        ListenerPort=port,
        **{name: "on" if group_id else "off" for name, group_id in groups.items()},
        **{f"{name}Id": group_id for name, group_id in groups.items()},
        Description=description,
        **params,
    )
    # An empty ID switches mutual authentication off; left out, it would stay on.
    cleared = {name: "" for name in _CLEARED_BY_EMPTY if params.get(name) == ""}
    return Call(call.action, {**call.params, **cleared})


def start_listener(load_balancer_id: str, protocol: str, port: int) -> Call:
    return _listener("StartLoadBalancerListener", load_balancer_id, protocol, port)


def stop_listener(load_balancer_id: str, protocol: str, port: int) -> Call:
    return _listener("StopLoadBalancerListener", load_balancer_id, protocol, port)


def delete_listener(load_balancer_id: str, protocol: str, port: int) -> Call:
    return _listener("DeleteLoadBalancerListener", load_balancer_id, protocol, port)


def _listener(action: str, load_balancer_id: str, protocol: str, port: int) -> Call:
    return _call(
        action, LoadBalancerId=load_balancer_id, ListenerProtocol=protocol, ListenerPort=port
    )


# Forwarding rules


def create_rules(load_balancer_id: str, protocol: str, port: int, rules: Sequence[Rule]) -> Call:
    """rule_id of what is given counts for nothing."""
    return _call(
        "CreateRules",
        LoadBalancerId=load_balancer_id,
        ListenerProtocol=protocol,
        ListenerPort=port,
        RuleList=_json([_rule(rule) for rule in rules]),
    )


def set_rule(
    rule_id: str,
    *,
    name: str,
    vserver_group_id: str,
    listener_sync: str = "",
    settings: RuleSettings | None = None,
) -> Call:
    """Name and group; domain and URL can never be changed.

    listener_sync: "on" to follow the listener, "off" to have `settings`, "" to leave that as it is.
    """
    return _call(
        "SetRule",
        RuleId=rule_id,
        RuleName=name,
        VServerGroupId=vserver_group_id,
        ListenerSync=listener_sync,
        **(settings.to_api_over() if settings else {}),
    )


def delete_rules(rule_ids: Sequence[str]) -> Call:
    return _call("DeleteRules", RuleIds=_json(list(rule_ids)))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _servers(servers: Sequence[BackendServer]) -> str:
    return _json([server.to_api() for server in servers]) if servers else ""


def _rule(rule: Rule) -> dict[str, str]:
    wanted = {
        "RuleName": rule.name,
        "Domain": rule.domain,
        "Url": rule.url,
        "VServerGroupId": rule.vserver_group_id,
    }
    return {name: value for name, value in wanted.items() if value}


# Domain extensions


def create_domain_extension(
    load_balancer_id: str, port: int, domain: str, certificate_id: str
) -> Call:
    return _call(
        "CreateDomainExtension",
        LoadBalancerId=load_balancer_id,
        ListenerPort=port,
        Domain=domain,
        ServerCertificateId=certificate_id,
    )


def set_domain_extension(domain_extension_id: str, certificate_id: str) -> Call:
    """Another certificate; the domain never changes."""
    return _call(
        "SetDomainExtensionAttribute",
        DomainExtensionId=domain_extension_id,
        ServerCertificateId=certificate_id,
    )


def delete_domain_extension(domain_extension_id: str) -> Call:
    return _call("DeleteDomainExtension", DomainExtensionId=domain_extension_id)


# Primary/secondary groups


def create_master_slave_server_group(
    load_balancer_id: str, name: str, primary: BackendServer, secondary: BackendServer
) -> Call:
    """There is no client token, and no call that changes such a group."""
    servers = [
        {**server.to_api(), "ServerType": role}
        for server, role in ((primary, "Master"), (secondary, "Slave"))
    ]
    return _call(
        "CreateMasterSlaveServerGroup",
        LoadBalancerId=load_balancer_id,
        MasterSlaveServerGroupName=name,
        MasterSlaveBackendServers=_json(servers),
    )


def delete_master_slave_server_group(group_id: str) -> Call:
    return _call("DeleteMasterSlaveServerGroup", MasterSlaveServerGroupId=group_id)
