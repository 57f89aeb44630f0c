"""Metrics: what is found in the points is what went through the listener."""

import http.client
import json
import shutil
import socket
import time

import pytest

from tests.localcloud.client import Client
from tests.localcloud.conftest import REGION, web
from tests.localcloud.process import LocalCloud
from tests.localcloud.test_served import answers, place

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed"),
]
SHOP = "lb-bp1shopinternet0001"
SECONDS = 20.0


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    env = {
        "LOCALCLOUD_METRIC_SECONDS": "1",
        "LOCALCLOUD_MORE_ACCESS_KEYS": "otherKeyId:otherSecret:2000000000000002",
    }
    with LocalCloud(tmp_path_factory.mktemp("measured"), dataplane=True, env=env) as running:
        yield running


def points(client, metric, *, action="DescribeMetricList", **params):
    given = {"Dimensions": [{"instanceId": SHOP, "port": 80}], "Period": 1} | params
    answer = client.call(
        action, product="cms", Namespace="acs_slb_dashboard", MetricName=metric, **given
    )
    assert (answer["Code"], answer["Success"]) == ("200", True)
    return json.loads(answer["Datapoints"])


def total(client, metric, seconds=1):
    return round(sum(point["Average"] for point in points(client, metric)) * seconds, 6)


def wait_for(what, expected):
    deadline = time.monotonic() + SECONDS
    while (found := what()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def test_requests_are_found_again_over_a_reload_and_a_restart(measured):
    client = Client(measured)
    at = place(client)
    sent = sum(answers(at, 60).values())
    wait_for(lambda: total(client, "Qps"), sent)
    # A new member is a reload: the new worker counts from 0.
    client.call(
        "AddBackendServers",
        LoadBalancerId=SHOP,
        BackendServers=[{"ServerId": web(4), "Weight": 100}],
    )
    served: set[str] = set()
    while web(4) not in served:
        found = answers(at, 4)
        served |= set(found)
        sent += sum(found.values())
    for metric in ("Qps", "StatusCode2xx", "NewConnection"):
        wait_for(lambda metric=metric: total(client, metric), sent)
    measured.restart()
    assert total(client, "Qps") == sent
    sent += sum(answers(at, 10).values())
    wait_for(lambda: total(client, "Qps"), sent)


def test_a_request_that_an_old_worker_answers_last_is_counted(measured):
    client = Client(measured)
    at = place(client)
    sent = total(client, "Qps")
    host, port = at.split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as waiting:
        waiting.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        # A server goes: a reload, whose old worker ends with this one connection.
        client.call("RemoveBackendServers", LoadBalancerId=SHOP, BackendServers=[web(4)])
        while web(4) in (found := answers(at, 4)):
            sent += found.total()
        sent += found.total()
        # The counters are read meanwhile, and not again before the worker has ended.
        wait_for(lambda: total(client, "Qps"), sent)
        waiting.sendall(b"\r\n")
        assert waiting.recv(1024).startswith(b"HTTP/1.1 200 ")
    for metric in ("Qps", "StatusCode2xx", "NewConnection"):
        wait_for(lambda metric=metric: total(client, metric), sent + 1)


def test_a_point_says_whose_it_is_and_what_was_least_and_most(measured):
    client = Client(measured)
    answers(place(client), 3)
    wait_for(lambda: bool(points(client, "HeathyServerCount")), True)
    point = points(client, "TrafficTXNew")[-1]
    address = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=SHOP)["Address"]
    assert point.keys() == {
        *("timestamp", "userId", "instanceId", "port", "protocol", "vip"),
        *("Average", "Minimum", "Maximum"),
    }
    assert (point["instanceId"], point["port"], point["protocol"]) == (SHOP, "80", "http")
    assert (point["vip"], point["userId"]) == (address, "1000000000000001")
    assert point["timestamp"] % 1000 == 0
    assert "Minimum" not in points(client, "Qps")[-1]
    assert "port" not in points(client, "InstanceQps", Dimensions={"instanceId": SHOP})[-1]
    assert total(client, "TrafficTXNew") > total(client, "TrafficRXNew") > 0
    assert points(client, "PacketRX") == []


def test_status_classes_and_servers_are_counted(measured):
    client = Client(measured)
    health = client.call("DescribeHealthStatus", LoadBalancerId=SHOP, ListenerPort=80)
    servers = len(health["BackendServers"]["BackendServer"])
    group = {"RegionId": REGION, "LoadBalancerId": SHOP}
    empty, other = (
        client.call("CreateVServerGroup", **group, BackendServers=rows)["VServerGroupId"]
        for rows in ([], [{"ServerId": web(5), "Port": 8081}])
    )
    client.call(
        "CreateRules",
        RegionId=REGION,
        LoadBalancerId=SHOP,
        ListenerPort=80,
        RuleList=[
            {"RuleName": "empty", "Domain": "empty.example", "VServerGroupId": empty},
            {"RuleName": "other", "Domain": "other.example", "VServerGroupId": other},
        ],
    )
    wait_for(
        lambda: [point["Maximum"] for point in points(client, "HeathyServerCount")][-1:],
        [servers + 1],
    )
    assert points(client, "UnhealthyServerCount")[-1]["Average"] == 0
    for _ in range(3):
        connection = http.client.HTTPConnection(place(client), timeout=5)
        connection.request("GET", "/", headers={"Host": "empty.example"})
        assert connection.getresponse().status == 503
        connection.close()
    wait_for(lambda: total(client, "StatusCode5xx"), 3)


def test_pages_and_periods_add_up(measured):
    client = Client(measured)
    wait_for(lambda: len(points(client, "Qps")) > 5, True)
    now = int(time.time() - 2) * 1000
    asked = {
        "MetricName": "Qps",
        "Namespace": "acs_slb_dashboard",
        "Dimensions": [{"instanceId": SHOP}],
        "Period": "1",
        "StartTime": str(now - 600_000),
        "EndTime": str(now),
    }
    whole = json.loads(client.call("DescribeMetricList", product="cms", **asked)["Datapoints"])
    paged, token = [], ""
    while True:
        more = {"NextToken": token} if token else {}
        answer = client.call("DescribeMetricList", product="cms", Length="2", **asked, **more)
        paged += json.loads(answer["Datapoints"])
        token = answer.get("NextToken", "")
        if not token:
            break
    assert paged == whole
    older = {"Project": asked.pop("Namespace"), "Metric": asked.pop("MetricName"), **asked}
    once = client.call("QueryMetricList", product="cms_query", Length="2", **older)
    rest = client.call("QueryMetricList", product="cms_query", Cursor=once["Cursor"], **older)
    assert json.loads(once["Datapoints"]) + json.loads(rest["Datapoints"]) == whole
    (newest,) = json.loads(
        client.call("QueryMetricLast", product="cms_query", **older)["Datapoints"]
    )
    assert newest == whole[-1]
    (last,) = points(client, "Qps", action="DescribeMetricLast")
    assert last["timestamp"] >= whole[-1]["timestamp"]


def test_faults_in_the_request_are_named(measured, refused):
    client = Client(measured)
    for params, code, status in (
        ({"MetricName": "Nothing"}, "ResourceNotFound", 404),
        ({"Namespace": "acs_ecs_dashboard"}, "ResourceNotFound", 404),
        ({"Dimensions": "{"}, "ParameterInvalid", 400),
        ({"StartTime": "yesterday"}, "ParameterInvalid", 400),
        ({"StartTime": "2020-01-01 00:00:00"}, "ParameterInvalid", 400),
        ({"NextToken": "x"}, "ParameterInvalid", 400),
        ({"Length": "1441"}, "ParameterInvalid", 400),
        ({"MetricName": ""}, "MissingParameter", 400),
    ):
        given = {"MetricName": "Qps", "Namespace": "acs_slb_dashboard"} | params
        with refused(code, status):
            client.call("DescribeMetricList", product="cms", **given)


def test_another_account_has_no_points_of_ours(measured):
    other = Client(measured, "otherKeyId", "otherSecret")
    assert points(other, "Qps") == []
    assert points(other, "Qps", Dimensions=[]) == []
    assert points(other, "Qps", Dimensions=[{"userId": "1000000000000001"}]) == []
