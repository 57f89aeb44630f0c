"""Listeners. HTTP is served so far; what the protocols share is written once.

Source: CreateLoadBalancerHTTPListener and its family; defaults are the tables'.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vservers.localcloud.errors import ApiError, group_not_found, missing
from vservers.localcloud.handlers.lookup import (
    given_tags,
    has_tags,
    listeners_of,
    rules_of,
    the_balancer,
    the_listener,
    visible_balancers,
    wire_tags,
)
from vservers.localcloud.model import Balancer, Group, Listener, listener_id
from vservers.localcloud.registry import Answer, Call, Reading, Writing, reads, writes
from vservers.localcloud.store import View

MAX_LISTENERS_PER_BALANCER = 50
# Parameters that say which listener is meant, or are kept in fields of their own.
_NO_SETTINGS = frozenset(
    (
        "LoadBalancerId",
        "ListenerPort",
        "RegionId",
        "VServerGroup",
        "VServerGroupId",
        "Tag",
        "DryRun",
    )
)
# The tables leave these to the cloud: they count only where a check or a session is on.
_CHECK_DEFAULTS: Mapping[str, Any] = {
    "HealthCheckURI": "/",
    "HealthCheckMethod": "head",
    "HealthCheckHttpCode": ("http_2xx",),
    "HealthCheckInterval": 2,
    "HealthCheckTimeout": 5,
    "HealthyThreshold": 3,
    "UnhealthyThreshold": 3,
}
_SESSION = ("StickySession", "StickySessionType", "Cookie", "CookieTimeout")
_CHECK = ("HealthCheck", "HealthCheckDomain", "HealthCheckConnectPort", *_CHECK_DEFAULTS)
_TOP = ("AclId", "AclStatus", "AclType", "BackendServerPort", "Bandwidth", "Description")
_USE_BACKEND_PORT = -520
# The protocols that need the port of a TCP socket for themselves.
_SHARE_NO_PORT = ("http", "https", "tcp")


@writes("slb", "CreateLoadBalancerHTTPListener")
def create_http_listener(call: Writing) -> Answer:
    """A new HTTP listener, stopped."""
    balancer = the_balancer(call)
    _refuse_taken_port(call, balancer, "http")
    settings = {name: value for name, value in call.params.items() if name not in _NO_SETTINGS}
    group_id = call.params.get("VServerGroupId", "")
    if settings.get("ListenerForward") == "on":
        if "ForwardPort" not in settings:
            raise missing("ForwardPort")
        if not call.state.get(Listener, listener_id(balancer.id, "https", settings["ForwardPort"])):
            raise ApiError("ListenerForwardNotSupport")
    elif not group_id and "BackendServerPort" not in settings:
        raise ApiError(
            "MissingParameter", "The BackendServerPort or VServerGroupId is required at lease one."
        )
    if group_id:
        _check_group(call.state, balancer, group_id)
    listener = Listener(
        balancer_id=balancer.id,
        protocol="http",
        port=call.params["ListenerPort"],
        region=balancer.region,
        created=call.now,
        group_id=group_id,
        settings=checked_settings(settings),
        tags=given_tags(call.params),
    )
    _check_acl(listener.settings)
    call.state.put(listener)
    _check_bandwidth(call.state, balancer)
    return {}


@writes("slb", "SetLoadBalancerHTTPListenerAttribute")
def set_http_listener(call: Writing) -> Answer:
    """Change what is named; the rest stays. VServerGroup=off goes back to the default pool."""
    balancer = the_balancer(call)
    listener = the_listener(call, balancer, protocol="http")
    group_id = call.params.get("VServerGroupId", "")
    attach = call.params.get("VServerGroup", "on" if group_id else "")
    if attach == "on":
        if not group_id:
            raise ApiError("MissingParam.VServerGroupId")
        _check_group(call.state, balancer, group_id)
    elif attach == "off":
        if listener.group_id and "BackendServerPort" not in listener.settings:
            raise ApiError("OperationFailed.ServerGroupInUse")
        group_id = ""
    else:
        group_id = listener.group_id
    named = {name: value for name, value in call.params.items() if name not in _NO_SETTINGS}
    _check_acl(named)
    settings = checked_settings({**listener.settings, **named})
    call.state.put(replace(listener, group_id=group_id, settings=settings))
    _check_bandwidth(call.state, balancer)
    return {}


@reads("slb", "DescribeLoadBalancerHTTPListenerAttribute")
def describe_http_listener(call: Reading) -> Answer:
    """One HTTP listener with its rules."""
    balancer = the_balancer(call)
    listener = the_listener(call, balancer, protocol="http")
    return {
        "LoadBalancerId": balancer.id,
        "ListenerPort": listener.port,
        "Status": listener.status,
        "SecurityStatus": "on",
        **_top(listener),
        **_http_config(listener),
        "VServerGroupId": listener.group_id,
        "Scheduler": listener.settings["Scheduler"],
        "AclIds": {"AclId": _acl_ids(listener)},
        "Tags": {"Tag": wire_tags(listener.tags)},
        "Rules": {
            "Rule": [
                {
                    "RuleId": rule.id,
                    "RuleName": rule.name,
                    "Domain": rule.domain,
                    "Url": rule.url,
                    "VServerGroupId": rule.group_id,
                }
                for rule in rules_of(call.state, listener)
            ]
        },
    }


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
    start = _token_start(params.get("NextToken", ""))
    page = found[start : start + size]
    answer: Answer = {
        "Listeners": [
            {
                "LoadBalancerId": balancer.id,
                "ListenerPort": listener.port,
                "ListenerProtocol": listener.protocol,
                "Status": listener.status,
                "Scheduler": listener.settings.get("Scheduler", "wrr"),
                "VServerGroupId": listener.group_id,
                **_top(listener),
                "AclIds": _acl_ids(listener),
                f"{listener.protocol.upper()}ListenerConfig": _http_config(listener),
                "Tags": wire_tags(listener.tags),
                **served(call, balancer, listener),
            }
            for balancer, listener in page
        ],
        "MaxResults": size,
        "TotalCount": len(found),
    }
    if start + size < len(found):
        answer["NextToken"] = str(start + size)
    return answer


@writes("slb", "StartLoadBalancerListener")
def start_listener(call: Writing) -> Answer:
    """Start it; one that runs already goes on. `starting` is over before the answer."""
    listener = the_listener(call, the_balancer(call))
    call.state.put(replace(listener, status="running"))
    return {}


@writes("slb", "StopLoadBalancerListener")
def stop_listener(call: Writing) -> Answer:
    """Stop it; new requests are refused from now on."""
    listener = the_listener(call, the_balancer(call))
    call.state.put(replace(listener, status="stopped"))
    return {}


@writes("slb", "DeleteLoadBalancerListener")
def delete_listener(call: Writing) -> Answer:
    """Delete it with its rules, running or stopped."""
    balancer = the_balancer(call)
    listener = the_listener(call, balancer, missing="ResourceNotFound.Listener")
    for other in listeners_of(call.state, balancer.id):
        if (
            other.settings.get("ListenerForward") == "on"
            and listener.protocol == "https"
            and other.settings.get("ForwardPort") == listener.port
        ):
            raise ApiError("ListenerForwardExist")
    for rule in rules_of(call.state, listener):
        call.state.delete(rule)
    call.state.delete(listener)
    return {}


def served[V: View](call: Call[V], balancer: Balancer, listener: Listener) -> dict[str, str]:
    """Where a running listener answers, beyond the cloud's fields; clients ignore unknown ones."""
    if not call.plane.status.on or listener.status != "running":
        return {"ServedAt": "", "ServedNotice": ""}
    address, port, notice = call.plane.served_at(balancer.address, listener.port)
    return {"ServedAt": f"{address}:{port}", "ServedNotice": notice}


def checked_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings made whole: defaults of what is on; what is off is dropped.

    Raises MissingParameter when a session lacks what its type needs.
    """
    settings = dict(settings)
    if settings.get("StickySession", "off") == "on":
        kind = settings.get("StickySessionType", "")
        if not kind:
            raise missing("StickySessionType")
        need, idle = (
            ("CookieTimeout", "Cookie") if kind == "insert" else ("Cookie", "CookieTimeout")
        )
        if need not in settings:
            raise missing(need)
        settings.pop(idle, None)
    else:
        for name in _SESSION[1:]:
            settings.pop(name, None)
    if settings.get("HealthCheck") == "on":
        settings = {**_CHECK_DEFAULTS, **settings}
        if settings.get("HealthCheckConnectPort") == _USE_BACKEND_PORT:
            del settings["HealthCheckConnectPort"]
    else:
        for name in _CHECK[1:]:
            settings.pop(name, None)
    return settings


def wire_settings(settings: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The named settings that are set, as answers spell them."""
    return {
        name: ",".join(value) if isinstance(value, (tuple, list)) else value
        for name in names
        if (value := settings.get(name)) is not None
    }


def session_and_check(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Session and health check, of a listener or of a rule with its own."""
    return wire_settings(settings, _SESSION + _CHECK)


def _top(listener: Listener) -> dict[str, Any]:
    return wire_settings(listener.settings, _TOP)


def _http_config(listener: Listener) -> dict[str, Any]:
    elsewhere = {*_TOP, "Scheduler"}
    names = tuple(name for name in listener.settings if name not in elsewhere)
    return wire_settings(listener.settings, names)


def _acl_ids(listener: Listener) -> list[str]:
    acl_id = listener.settings.get("AclId", "")
    return acl_id.split(",") if acl_id else []


def _token_start(token: str) -> int:
    if token and not (token.isascii() and token.isdigit() and len(token) < 10):
        raise ApiError("IllegalParam.NextToken", "The specified NextToken is invalid.")
    return int(token or 0)


def _refuse_taken_port(call: Writing, balancer: Balancer, protocol: str) -> None:
    port = call.params["ListenerPort"]
    if call.state.count(Listener, balancer.id) >= MAX_LISTENERS_PER_BALANCER:
        raise ApiError("ListenerNumberOverLimit")
    if call.state.get(Listener, listener_id(balancer.id, protocol, port)):
        raise ApiError("ListenerAlreadyExists")
    for other in _SHARE_NO_PORT:
        if protocol in _SHARE_NO_PORT and call.state.get(
            Listener, listener_id(balancer.id, other, port)
        ):
            raise ApiError("InvalidParameter.ListenerPortConflict")


def _check_group(state: View, balancer: Balancer, group_id: str) -> None:
    group = state.get(Group, group_id)
    if group is None:
        raise group_not_found()
    if group.balancer_id != balancer.id:
        raise ApiError("InvalidParameter.VServerGroupId")


def _check_acl(settings: Mapping[str, Any]) -> None:
    if settings.get("AclStatus") == "on":
        if not settings.get("AclId"):
            raise missing("AclId")
        raise ApiError("AclNotExist")


def _check_bandwidth(state: View, balancer: Balancer) -> None:
    if balancer.internet_charge_type != "paybybandwidth" or balancer.bandwidth < 1:
        return
    parts = [one.settings.get("Bandwidth", -1) for one in listeners_of(state, balancer.id)]
    if sum(part for part in parts if part > 0) > balancer.bandwidth:
        raise ApiError(
            "InvalidParameter", "The listeners' Bandwidth exceeds that of the load balancer."
        )
