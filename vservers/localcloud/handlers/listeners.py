"""Listeners of the four protocols; what they share is written once.

Source: CreateLoadBalancerHTTPListener and its family; defaults are the tables'.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vservers.localcloud.ciphers import DEFAULT_POLICY
from vservers.localcloud.errors import ApiError, missing
from vservers.localcloud.handlers.attachments import (
    acl_ids,
    check_access_lists,
    check_bandwidth,
    check_group,
    check_https,
    check_master_slave,
    check_scheduler,
)
from vservers.localcloud.handlers.changes import in_change, refuse_changing, shown_status, wake
from vservers.localcloud.handlers.lookup import (
    given_tags,
    has_tags,
    listeners_of,
    rules_of,
    the_balancer,
    the_listener,
    token_start,
    visible_balancers,
    wire_tags,
)
from vservers.localcloud.handlers.settings import (
    LAYER_7,
    checked_settings,
    named_as_answered,
    wire_settings,
)
from vservers.localcloud.model import (
    Balancer,
    DomainExtension,
    Listener,
    MasterSlaveGroup,
    listener_id,
)
from vservers.localcloud.quotas import exceeded
from vservers.localcloud.registry import Answer, Call, Reading, Writing, reads, writes
from vservers.localcloud.store import View

# Parameters that say which listener is meant, or are kept in fields of their own.
_NO_SETTINGS = frozenset(
    (
        "LoadBalancerId",
        "ListenerPort",
        "RegionId",
        "VServerGroup",
        "VServerGroupId",
        "MasterSlaveServerGroup",
        "MasterSlaveServerGroupId",
        "Tag",
        "DryRun",
    )
)
_TOP = ("AclId", "AclStatus", "AclType", "BackendServerPort", "Bandwidth", "Description")
# The protocols that need the port of a TCP socket for themselves.
_SHARE_NO_PORT = ("http", "https", "tcp")
_RESERVED_UDP_PORTS = (250, 4789, 4790)


@writes("slb", "CreateLoadBalancerHTTPListener")
@writes("slb", "CreateLoadBalancerHTTPSListener")
@writes("slb", "CreateLoadBalancerTCPListener")
@writes("slb", "CreateLoadBalancerUDPListener")
def create_listener(call: Writing) -> Answer:
    """A new listener, stopped."""
    protocol = _protocol(call.action)
    balancer = the_balancer(call)
    _check_port(call, balancer, protocol)
    settings = kept_settings(call.params)
    if protocol == "https":
        settings = {"EnableHttp2": "on", "TLSCipherPolicy": DEFAULT_POLICY} | settings
    listener = Listener(
        balancer_id=balancer.id,
        protocol=protocol,
        port=call.params["ListenerPort"],
        region=balancer.region,
        created=call.now,
        group_id=_named_group(call, balancer, protocol),
        settings=settings,
        tags=given_tags(call.params),
    )
    if settings.get("ListenerForward") == "on":
        if "ForwardPort" not in settings:
            raise missing("ForwardPort")
        if not call.state.get(Listener, listener_id(balancer.id, "https", settings["ForwardPort"])):
            raise ApiError("ListenerForwardNotSupport")
    elif not listener.group_id and not settings.get("BackendServerPort"):
        raise ApiError(
            "MissingParameter", "The BackendServerPort or VServerGroupId is required at lease one."
        )
    _put_checked(call, balancer, listener)
    wake(call, balancer)
    return {}


@writes("slb", "SetLoadBalancerHTTPListenerAttribute")
@writes("slb", "SetLoadBalancerHTTPSListenerAttribute")
@writes("slb", "SetLoadBalancerTCPListenerAttribute")
@writes("slb", "SetLoadBalancerUDPListenerAttribute")
def set_listener(call: Writing) -> Answer:
    """Change what is named; the rest stays. VServerGroup=off goes back to the default pool."""
    protocol = _protocol(call.action)
    balancer = the_balancer(call)
    listener = the_listener(call, balancer, protocol=protocol)
    refuse_changing(call, listener, "ServiceIsConfiguring")
    group_id = _changed_group(call, balancer, listener)
    settings = {**listener.settings, **kept_settings(call.params)}
    if listener.status == "running":
        listener = in_change(call, listener, "configuring")
    _put_checked(call, balancer, replace(listener, group_id=group_id, settings=settings))
    return {}


@reads("slb", "DescribeLoadBalancerHTTPListenerAttribute")
@reads("slb", "DescribeLoadBalancerHTTPSListenerAttribute")
@reads("slb", "DescribeLoadBalancerTCPListenerAttribute")
@reads("slb", "DescribeLoadBalancerUDPListenerAttribute")
def describe_listener(call: Reading) -> Answer:
    """One listener; with its rules and extra domains where the protocol has them."""
    protocol = _protocol(call.action)
    balancer = the_balancer(call)
    listener = the_listener(call, balancer, protocol=protocol)
    answer: Answer = {
        "LoadBalancerId": balancer.id,
        "ListenerPort": listener.port,
        "Status": shown_status(call, listener),
        **_top(listener),
        **_config(listener),
        **_groups(call.state, listener),
        "Scheduler": listener.settings["Scheduler"],
        "AclIds": {"AclId": acl_ids(listener.settings)},
        "Tags": {"Tag": wire_tags(listener.tags)},
    }
    if protocol in LAYER_7:
        answer["SecurityStatus"] = "on"
        answer["Rules"] = {"Rule": _rules(call, listener)}
    if protocol == "https":
        answer["DomainExtensions"] = {
            "DomainExtension": [
                wire_extension(one) for one in call.state.children(DomainExtension, listener.id)
            ]
        }
    return answer


@reads("slb", "DescribeLoadBalancerListeners")
def describe_listeners(call: Reading) -> Answer:
    """Listeners of many balancers, filtered, by token pages. Lists have no inner wrapper here."""
    params = call.params
    wanted = params.get("LoadBalancerId", ())
    balancers = [
        balancer for balancer in visible_balancers(call) if not wanted or balancer.id in wanted
    ]
    found = [
        (balancer, listener)
        for balancer in balancers
        for listener in listeners_of(call.state, balancer.id)
        if params.get("ListenerProtocol", listener.protocol) == listener.protocol
        and (params.get("ListenerPort") or listener.port) == listener.port
        and params.get("Description", "") in ("", listener.settings.get("Description", ""))
        and has_tags(listener.tags, params.get("Tag", ()))
    ]
    size = params["MaxResults"]
    start = token_start(params.get("NextToken", ""), "IllegalParam.NextToken")
    page = found[start : start + size]
    answer: Answer = {
        "Listeners": [_listed(call, balancer, listener) for balancer, listener in page],
        "MaxResults": size,
        "TotalCount": len(found),
    }
    if start + size < len(found):
        answer["NextToken"] = str(start + size)
    return answer


def served[V: View](call: Call[V], balancer: Balancer, listener: Listener) -> dict[str, str]:
    """Where a running listener answers, beyond the cloud's fields; clients ignore unknown ones."""
    on = call.plane.status.on and listener.status == "running" and balancer.status == "active"
    if not on:
        return {"ServedAt": "", "ServedNotice": ""}
    address, port, notice = call.plane.served_at(balancer.address, listener.port, listener.protocol)
    return {"ServedAt": f"{address}:{port}", "ServedNotice": notice}


def wire_extension(extension: DomainExtension) -> dict[str, Any]:
    """A domain extension as lists spell it."""
    return {
        "DomainExtensionId": extension.id,
        "Domain": extension.domain,
        "ServerCertificateId": extension.certificate_id,
    }


def _protocol(action: str) -> str:
    """CreateLoadBalancerUDPListener -> udp."""
    _, _, rest = action.partition("LoadBalancer")
    return rest.partition("Listener")[0].lower()


def kept_settings(params: Mapping[str, Any]) -> dict[str, Any]:
    """What a listener keeps of the validated parameters of a request, in the answers' names."""
    kept = {name: value for name, value in params.items() if name not in _NO_SETTINGS}
    return named_as_answered(kept)


def _put_checked(call: Writing, balancer: Balancer, listener: Listener) -> None:
    """Store a listener when all it names is there and fits."""
    settings = checked_settings(listener.settings, listener.protocol)
    # An emptied CA certificate switches mutual authentication off.
    listener = replace(listener, settings={k: v for k, v in settings.items() if v != ""})
    check_scheduler(balancer, listener.settings)
    check_access_lists(call.state, balancer, listener, call.quotas)
    if listener.protocol == "https":
        check_https(call.state, balancer, listener.settings)
    call.state.put(listener)
    check_bandwidth(call.state, balancer)


def _named_group(call: Writing, balancer: Balancer, protocol: str) -> str:
    """The group that a request names, "" for none."""
    group_id = call.params.get("VServerGroupId", "")
    pair_id = call.params.get("MasterSlaveServerGroupId", "")
    if group_id and pair_id:
        raise ApiError("Abs.VServerGroupIdAndMasterSlaveServerGroupId.MissMatch")
    if group_id:
        check_group(call.state, balancer, protocol, group_id)
    if pair_id:
        check_master_slave(call.state, balancer, pair_id)
    return str(group_id or pair_id)


def _changed_group(call: Writing, balancer: Balancer, listener: Listener) -> str:
    """The listener's group after the request.

    VServerGroup and MasterSlaveServerGroup say whether the request attaches one of that kind (on)
    or detaches it (off); on goes without saying where an ID is given.
    """
    params = call.params
    switches = {}
    for name in ("VServerGroup", "MasterSlaveServerGroup"):
        given = params.get(f"{name}Id", "")
        switches[name] = params.get(name, "on" if given else "")
        if switches[name] == "on" and not given:
            raise ApiError(f"MissingParam.{name}Id")
    if list(switches.values()) == ["on", "on"]:
        raise ApiError("Abs.VServerGroupIdAndMasterSlaveServerGroupId.MissMatch")
    for name, switch in switches.items():
        if switch == "on" and name == "VServerGroup":
            check_group(call.state, balancer, listener.protocol, params["VServerGroupId"])
            return str(params["VServerGroupId"])
        if switch == "on":
            check_master_slave(call.state, balancer, params["MasterSlaveServerGroupId"])
            return str(params["MasterSlaveServerGroupId"])
    present = _groups(call.state, listener)
    for name, switch in switches.items():
        if switch == "off" and present.get(f"{name}Id"):
            if not listener.settings.get("BackendServerPort"):
                raise ApiError("OperationFailed.ServerGroupInUse")
            return ""
    return listener.group_id


def _groups(state: View, listener: Listener) -> dict[str, str]:
    """The listener's group under the name of its kind."""
    if listener.protocol in LAYER_7:
        return {"VServerGroupId": listener.group_id}
    paired = listener.group_id and state.get(MasterSlaveGroup, listener.group_id) is not None
    return {
        "VServerGroupId": "" if paired else listener.group_id,
        "MasterSlaveServerGroupId": listener.group_id if paired else "",
    }


def _check_port(call: Writing, balancer: Balancer, protocol: str) -> None:
    port = call.params["ListenerPort"]
    if not port:
        # 0 stands for a range of ports, which shared and guaranteed instances do not have.
        raise ApiError("InvalidParam.ListenerPort")
    if protocol == "udp" and port in _RESERVED_UDP_PORTS:
        raise ApiError("OperationDenied.SpecialListenerPortNotAllowed")
    if exceeded(call.state.count(Listener, balancer.id) + 1, call.quotas.listeners):
        raise ApiError("ListenerNumberOverLimit")
    if call.state.get(Listener, listener_id(balancer.id, protocol, port)):
        raise ApiError("ListenerAlreadyExists")
    for other in _SHARE_NO_PORT:
        if protocol in _SHARE_NO_PORT and call.state.get(
            Listener, listener_id(balancer.id, other, port)
        ):
            raise ApiError("InvalidParameter.ListenerPortConflict")


def _listed(call: Reading, balancer: Balancer, listener: Listener) -> dict[str, Any]:
    config = _config(listener)
    if "ProxyProtocolV2Enabled" in config:
        # A word here, a boolean in the listener's own answer.
        config["ProxyProtocolV2Enabled"] = str(config["ProxyProtocolV2Enabled"]).lower()
    groups = _groups(call.state, listener)
    if "MasterSlaveServerGroupId" in groups:
        config["MasterSlaveServerGroupId"] = groups["MasterSlaveServerGroupId"]
    return {
        "LoadBalancerId": balancer.id,
        "ListenerPort": listener.port,
        "ListenerProtocol": listener.protocol,
        "Status": shown_status(call, listener),
        "Scheduler": listener.settings.get("Scheduler", "wrr"),
        "VServerGroupId": groups["VServerGroupId"],
        **_top(listener),
        "AclIds": acl_ids(listener.settings),
        f"{listener.protocol.upper()}ListenerConfig": config,
        "Tags": wire_tags(listener.tags),
        **served(call, balancer, listener),
    }


def _rules(call: Reading, listener: Listener) -> list[dict[str, Any]]:
    return [
        {
            "RuleId": rule.id,
            "RuleName": rule.name,
            "Domain": rule.domain,
            "Url": rule.url,
            "VServerGroupId": rule.group_id,
        }
        for rule in rules_of(call.state, listener)
    ]


def _top(listener: Listener) -> dict[str, Any]:
    return wire_settings(listener.settings, _TOP)


def _config(listener: Listener) -> dict[str, Any]:
    elsewhere = {*_TOP, "Scheduler"}
    names = tuple(name for name in listener.settings if name not in elsewhere)
    return wire_settings(listener.settings, names)
