"""The reads of the cloud that fill each page, by the name of its address.

Pages are drawn from the mirror; these are the calls by which what they show comes into it.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from vservers.cloud.calls import Call
from vservers.cloud.cms import metric_params
from vservers.cloud.slb import PAGE_SIZE

from .monitoring import METRIC_NAMES

Address = Mapping[str, Any]
_HOUR = 3600


def _call(action: str, product: str = "slb", **params: Any) -> Call:
    return Call(action, params, product)


def _balancers(at: Address) -> list[Call]:
    return [
        _call("DescribeLoadBalancers", PageNumber=1, PageSize=PAGE_SIZE),
        _call("DescribeLoadBalancerListeners", MaxResults=PAGE_SIZE),
    ]


def _listeners(at: Address) -> Call:
    one = {"LoadBalancerId.1": at["balancer_id"], "MaxResults": PAGE_SIZE}
    return Call("DescribeLoadBalancerListeners", one)


def _of_balancer(action: str) -> Callable[[Address], Call]:
    return lambda at: _call(action, LoadBalancerId=at["balancer_id"])


_attribute = _of_balancer("DescribeLoadBalancerAttribute")
_groups = _of_balancer("DescribeVServerGroups")
_health = _of_balancer("DescribeHealthStatus")
_pairs = _of_balancer("DescribeMasterSlaveServerGroups")


def _group(at: Address) -> Call:
    return _call("DescribeVServerGroupAttribute", VServerGroupId=at["group_id"])


def _rules(at: Address) -> Call:
    return _call(
        "DescribeRules",
        LoadBalancerId=at["balancer_id"],
        ListenerProtocol=at["protocol"],
        ListenerPort=at["port"],
    )


def _metrics(at: Address) -> list[Call]:
    until = int(time.time()) // 60 * 60
    span = {"after": until - _HOUR, "until": until, "period": 60}
    return [
        Call("DescribeMetricList", metric_params(metric, at["balancer_id"], **span), "cms")
        for metric in METRIC_NAMES
    ]


def _servers(at: Address) -> Call:
    return _call("DescribeInstances", "ecs", PageNumber=1, PageSize=PAGE_SIZE)


def _server(at: Address) -> Call:
    return _call("DescribeInstances", "ecs", InstanceIds=json.dumps([at["server_id"]]))


def _extensions(at: Address) -> Call:
    return _call(
        "DescribeDomainExtensions", LoadBalancerId=at["balancer_id"], ListenerPort=at["port"]
    )


def _acl(at: Address) -> Call:
    return _call("DescribeAccessControlListAttribute", AclId=at["acl_id"])


_READS: dict[str, Callable[[Address], list[Call]]] = {
    "balancers-list": _balancers,
    "balancers-detail": lambda at: [_attribute(at), _listeners(at), _groups(at), _health(at)],
    "listeners-list": lambda at: [_listeners(at), _health(at)],
    "rules-list": lambda at: [_rules(at), _groups(at)],
    "rules-who-gets": lambda at: [_listeners(at), _rules(at), _health(at)],
    "pool-list": lambda at: [_attribute(at), _health(at)],
    "groups-list": lambda at: [_groups(at)],
    "groups-detail": lambda at: [_group(at), _health(at)],
    "health-list": lambda at: [_listeners(at), _groups(at), _attribute(at), _health(at)],
    "monitoring-detail": _metrics,
    "servers-list": lambda at: [_servers(at)],
    "servers-detail": lambda at: [_server(at)],
    "pairs-list": lambda at: [_pairs(at)],
    "extensions-list": lambda at: [_extensions(at)],
    "certificates-list": lambda at: [_call("DescribeServerCertificates")],
    "certificates-ca": lambda at: [_call("DescribeCACertificates")],
    "access-lists-list": lambda at: [
        _call("DescribeAccessControlLists", PageNumber=1, PageSize=50)
    ],
    "access-lists-detail": lambda at: [_acl(at)],
}


def reads_of(url_name: str, at: Address) -> list[Call]:
    """The calls behind a page of this name and address; none where it shows what only we know."""
    reads = _READS.get(url_name)
    return reads(at) if reads else []
