"""Listeners over HTTP."""

import pytest

from tests.localcloud.conftest import REGION

CREATE = "CreateLoadBalancerHTTPListener"
SET = "SetLoadBalancerHTTPListenerAttribute"
DESCRIBE = "DescribeLoadBalancerHTTPListenerAttribute"


def create(client, balancer, **params):
    defaults = {"ListenerPort": 80, "HealthCheck": "off", "BackendServerPort": 8080}
    given = {name: value for name, value in (defaults | params).items() if value is not None}
    return client.call(CREATE, LoadBalancerId=balancer, **given)


def read(client, balancer, port=80):
    return client.call(DESCRIBE, LoadBalancerId=balancer, ListenerPort=port)


def test_a_new_listener_is_stopped_and_has_the_documented_defaults(client, balancer):
    create(client, balancer, HealthCheck="on")
    found = read(client, balancer)
    assert found["Status"] == "stopped"
    assert {
        name: found[name]
        for name in (
            "Scheduler",
            "StickySession",
            "HealthCheckURI",
            "HealthCheckHttpCode",
            "HealthCheckInterval",
            "HealthCheckTimeout",
            "HealthyThreshold",
            "UnhealthyThreshold",
            "IdleTimeout",
            "RequestTimeout",
            "Gzip",
            "XForwardedFor",
            "Bandwidth",
            "BackendServerPort",
        )
    } == {
        "Scheduler": "wrr",
        "StickySession": "off",
        "HealthCheckURI": "/",
        "HealthCheckHttpCode": "http_2xx",
        "HealthCheckInterval": 2,
        "HealthCheckTimeout": 5,
        "HealthyThreshold": 3,
        "UnhealthyThreshold": 3,
        "IdleTimeout": 15,
        "RequestTimeout": 60,
        "Gzip": "on",
        "XForwardedFor": "on",
        "Bandwidth": -1,
        "BackendServerPort": 8080,
    }


def test_it_starts_stops_and_is_deleted_with_its_rules(client, balancer, group, listener, refused):
    where = {"LoadBalancerId": balancer, "ListenerPort": listener}
    client.call("StartLoadBalancerListener", **where)
    client.call("StartLoadBalancerListener", **where, ListenerProtocol="http")
    assert read(client, balancer)["Status"] == "running"
    client.call("StopLoadBalancerListener", **where)
    assert read(client, balancer)["Status"] == "stopped"
    made = client.call(
        "CreateRules",
        RegionId=REGION,
        RuleList=[{"RuleName": "r", "Url": "/a", "VServerGroupId": group}],
        **where,
    )
    client.call("DeleteLoadBalancerListener", **where)
    with refused("ResourceNotFound.Listener", 404):
        client.call("DeleteLoadBalancerListener", **where)
    with refused("InvalidRuleId.NotFound", 404):
        client.call(
            "DescribeRuleAttribute", RegionId=REGION, RuleId=made["Rules"]["Rule"][0]["RuleId"]
        )
    for action in (DESCRIBE, "StartLoadBalancerListener", "StopLoadBalancerListener"):
        with refused("ListenerNotFound", 404):
            client.call(action, **where)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"ListenerPort": 0}, "InvalidParameter"),
        ({"ListenerPort": 65536}, "InvalidParameter"),
        ({"ListenerPort": "eighty"}, "InvalidParameter"),
        ({"ListenerPort": None}, "MissingParameter"),
        ({"HealthCheck": None}, "MissingParameter"),
        ({"HealthCheck": "maybe"}, "InvalidParameter"),
        ({"BackendServerPort": None}, "MissingParameter"),
        ({"BackendServerPort": 70000}, "InvalidParameter"),
        ({"Bandwidth": 0}, "InvalidParameter"),
        ({"Bandwidth": 5121}, "InvalidParameter"),
        ({"Scheduler": "sch"}, "InvalidParameter"),
        ({"IdleTimeout": 10000}, "InvalidParameter.IdleTimeout"),
        ({"RequestTimeout": 0}, "InvalidParameter.RequestTimeout"),
        ({"HealthCheck": "on", "HealthyThreshold": 11}, "InvalidParameter"),
        ({"HealthCheck": "on", "HealthCheckURI": "no-slash"}, "InvalidParameter"),
        ({"HealthCheck": "on", "HealthCheckURI": "/a\nb"}, "InvalidParameter"),
        ({"HealthCheck": "on", "HealthCheckDomain": "a b"}, "InvalidParameter"),
        ({"HealthCheck": "on", "HealthCheckHttpCode": "http_2xx,http_9xx"}, "InvalidParameter"),
        ({"StickySession": "on"}, "MissingParameter"),
        ({"StickySession": "on", "StickySessionType": "insert"}, "MissingParameter"),
        ({"StickySession": "on", "StickySessionType": "server"}, "MissingParameter"),
        (
            {"StickySession": "on", "StickySessionType": "server", "Cookie": "a;b"},
            "InvalidParameter",
        ),
        ({"Description": "two\nlines"}, "InvalidParameter"),
        ({"VServerGroupId": "rsp-nothing"}, "InvalidParameter"),
        ({"AclStatus": "on"}, "MissingParameter"),
        ({"AclStatus": "on", "AclId": "acl-x"}, "AclNotExist"),
        ({"ListenerForward": "on"}, "MissingParameter"),
        ({"ListenerForward": "on", "ForwardPort": 443}, "ListenerForwardNotSupport"),
    ],
)
def test_a_wrong_creation_is_refused(client, balancer, refused, params, code):
    with refused(code, 404 if params.get("VServerGroupId") else 400):
        create(client, balancer, **params)
    attribute = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    assert attribute["ListenerPorts"] == {"ListenerPort": []}


def test_a_port_has_one_listener(client, balancer, listener, refused):
    with refused("ListenerAlreadyExists"):
        create(client, balancer)


def test_fifty_listeners_and_not_one_more(client, balancer, refused):
    for port in range(1, 51):
        create(client, balancer, ListenerPort=port)
    with refused("ListenerNumberOverLimit"):
        create(client, balancer, ListenerPort=51)


def test_a_group_of_another_balancer_is_refused(client, group, refused):
    stranger = client.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]
    with refused("InvalidParameter.VServerGroupId"):
        create(client, stranger, VServerGroupId=group)


def test_a_group_is_attached_and_detached(client, balancer, group, listener, refused):
    where = {"LoadBalancerId": balancer, "ListenerPort": listener}
    with refused("MissingParam.VServerGroupId"):
        client.call(SET, **where, VServerGroup="on")
    client.call(SET, **where, VServerGroup="on", VServerGroupId=group)
    assert read(client, balancer)["VServerGroupId"] == group
    client.call(SET, **where, VServerGroup="off")
    assert read(client, balancer)["VServerGroupId"] == ""


def test_a_listener_without_backend_port_cannot_lose_its_group(client, balancer, group, refused):
    create(client, balancer, BackendServerPort=None, VServerGroupId=group)
    with refused("OperationFailed.ServerGroupInUse"):
        client.call(SET, LoadBalancerId=balancer, ListenerPort=80, VServerGroup="off")


def test_a_set_changes_only_what_it_names(client, balancer):
    create(
        client,
        balancer,
        HealthCheck="on",
        HealthCheckURI="/check",
        IdleTimeout=33,
        XForwardedFor="off",
        Description="before",
    )
    client.call(SET, LoadBalancerId=balancer, ListenerPort=80, Scheduler="rr")
    found = read(client, balancer)
    assert (found["Scheduler"], found["IdleTimeout"]) == ("rr", 33)
    assert (found["HealthCheckURI"], found["XForwardedFor"]) == ("/check", "off")
    client.call(SET, LoadBalancerId=balancer, ListenerPort=80, HealthCheck="off")
    assert "HealthCheckURI" not in read(client, balancer)


def test_the_gateway_takes_a_threshold_of_one_and_the_special_check_port(client, balancer):
    create(
        client,
        balancer,
        HealthCheck="on",
        HealthyThreshold="1",
        HealthCheckConnectPort="-520",
        HealthCheckHttpCode="http_2xx, http_3xx",
    )
    found = read(client, balancer)
    assert found["HealthyThreshold"] == 1
    assert "HealthCheckConnectPort" not in found
    assert found["HealthCheckHttpCode"] == "http_2xx,http_3xx"


def test_session_persistence_is_kept(client, balancer):
    create(client, balancer, StickySession="on", StickySessionType="insert", CookieTimeout=500)
    found = read(client, balancer)
    assert (found["StickySessionType"], found["CookieTimeout"]) == ("insert", 500)


def test_the_bandwidth_of_all_listeners_fits_the_balancer(client, refused):
    made = client.call(
        "CreateLoadBalancer",
        RegionId=REGION,
        InternetChargeType="paybybandwidth",
        Bandwidth="10",
    )["LoadBalancerId"]
    create(client, made, Bandwidth=6)
    with refused("InvalidParameter", words="Bandwidth"):
        create(client, made, ListenerPort=81, Bandwidth=5)


def test_listeners_of_many_balancers_are_listed_by_pages(client, balancer):
    for port in (80, 81, 82):
        create(client, balancer, ListenerPort=port, **{"Tag.1.Key": f"k{port}"})
    ask = {"RegionId": REGION, "LoadBalancerId.1": balancer}

    def ports(**filters):
        answer = client.call("DescribeLoadBalancerListeners", **ask, **filters)
        return [listener["ListenerPort"] for listener in answer["Listeners"]]

    assert ports() == [80, 81, 82]
    assert ports(ListenerPort=81) == [81]
    assert ports(ListenerProtocol="tcp") == []
    assert ports(**{"Tag.1.Key": "k82"}) == [82]
    first = client.call("DescribeLoadBalancerListeners", **ask, MaxResults=2)
    assert (len(first["Listeners"]), first["TotalCount"]) == (2, 3)
    assert ports(MaxResults=2, NextToken=first["NextToken"]) == [82]
    (one, *_) = first["Listeners"]
    assert one["HTTPListenerConfig"]["IdleTimeout"] == 15
    assert (one["LoadBalancerId"], one["ServedAt"], one["AclIds"]) == (balancer, "", [])


def test_without_balancers_named_the_regions_listeners_are_listed(client):
    answer = client.call("DescribeLoadBalancerListeners", RegionId="cn-shanghai")
    assert [one["LoadBalancerId"] for one in answer["Listeners"]] == ["lb-uf6orders".ljust(22, "0")]
