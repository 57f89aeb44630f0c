"""Health status over HTTP; without data plane nothing is ever checked."""

from tests.localcloud.conftest import REGION, web


def test_each_server_port_and_listener_has_an_entry(client, balancer, group, listener):
    client.call("AddBackendServers", LoadBalancerId=balancer, BackendServers=[{"ServerId": web(2)}])
    client.call(
        "CreateRules",
        RegionId=REGION,
        LoadBalancerId=balancer,
        ListenerPort=listener,
        RuleList=[
            {"RuleName": "a", "Url": "/a", "VServerGroupId": group},
            {"RuleName": "b", "Url": "/b", "VServerGroupId": group},
        ],
    )
    ask = {"LoadBalancerId": balancer}
    found = client.call("DescribeHealthStatus", **ask)["BackendServers"]["BackendServer"]
    assert [(row["ServerId"], row["Port"]) for row in found] == [(web(2), 8080), (web(1), 80)]
    assert {row["ServerHealthStatus"] for row in found} == {"unavailable"}
    assert {(row["ListenerPort"], row["Protocol"]) for row in found} == {(80, "http")}
    assert all(row["ServerIp"].startswith("127.") for row in found)
    one = client.call("DescribeHealthStatus", **ask, ListenerPort=80)
    assert one["BackendServers"]["BackendServer"] == found
    none = client.call("DescribeHealthStatus", **ask, ListenerProtocol="tcp")
    assert none["BackendServers"]["BackendServer"] == []


def test_a_listener_that_is_not_there_is_refused(client, balancer, refused):
    with refused("ListenerNotFound", 404):
        client.call("DescribeHealthStatus", LoadBalancerId=balancer, ListenerPort=99)
