"""Writes of listeners, their forwarding rules and their domain extensions, as data."""

from collections.abc import Sequence

from .calls import Call, as_json, call
from .settings import ListenerSettings, RuleSettings
from .types import Rule

# CreateRules and DeleteRules.
MAX_RULES_PER_CALL = 10
_CLEARED_BY_EMPTY = ("CACertificateId",)


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
    return call(
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
    made = call(
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
    return Call(made.action, {**made.params, **cleared})


def start_listener(load_balancer_id: str, protocol: str, port: int) -> Call:
    return _listener("StartLoadBalancerListener", load_balancer_id, protocol, port)


def stop_listener(load_balancer_id: str, protocol: str, port: int) -> Call:
    return _listener("StopLoadBalancerListener", load_balancer_id, protocol, port)


def delete_listener(load_balancer_id: str, protocol: str, port: int) -> Call:
    return _listener("DeleteLoadBalancerListener", load_balancer_id, protocol, port)


def _listener(action: str, load_balancer_id: str, protocol: str, port: int) -> Call:
    return call(
        action, LoadBalancerId=load_balancer_id, ListenerProtocol=protocol, ListenerPort=port
    )


# Forwarding rules


def create_rules(load_balancer_id: str, protocol: str, port: int, rules: Sequence[Rule]) -> Call:
    """rule_id of what is given counts for nothing."""
    return call(
        "CreateRules",
        LoadBalancerId=load_balancer_id,
        ListenerProtocol=protocol,
        ListenerPort=port,
        RuleList=as_json([_rule(rule) for rule in rules]),
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
    return call(
        "SetRule",
        RuleId=rule_id,
        RuleName=name,
        VServerGroupId=vserver_group_id,
        ListenerSync=listener_sync,
        **(settings.to_api_over() if settings else {}),
    )


def delete_rules(rule_ids: Sequence[str]) -> Call:
    return call("DeleteRules", RuleIds=as_json(list(rule_ids)))


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
    return call(
        "CreateDomainExtension",
        LoadBalancerId=load_balancer_id,
        ListenerPort=port,
        Domain=domain,
        ServerCertificateId=certificate_id,
    )


def set_domain_extension(domain_extension_id: str, certificate_id: str) -> Call:
    """Another certificate; the domain never changes."""
    return call(
        "SetDomainExtensionAttribute",
        DomainExtensionId=domain_extension_id,
        ServerCertificateId=certificate_id,
    )


def delete_domain_extension(domain_extension_id: str) -> Call:
    return call("DeleteDomainExtension", DomainExtensionId=domain_extension_id)
