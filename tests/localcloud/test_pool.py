"""The default server pool over HTTP."""

from tests.localcloud.conftest import pay, rows, web


def test_servers_are_added_weighted_and_removed(client, balancer):
    added = client.call(
        "AddBackendServers",
        LoadBalancerId=balancer,
        BackendServers=[{"ServerId": web(1)}, {"ServerId": web(2), "Weight": "7"}],
    )
    assert rows(added) == [(web(1), 0, 100), (web(2), 0, 7)]
    assert "Port" not in added["BackendServers"]["BackendServer"][0]
    changed = client.call(
        "SetBackendServers",
        LoadBalancerId=balancer,
        BackendServers=[{"ServerId": web(1), "Weight": 0}],
    )
    assert rows(changed) == [(web(1), 0, 0), (web(2), 0, 7)]
    left = client.call(
        "RemoveBackendServers",
        LoadBalancerId=balancer,
        BackendServers=[{"ServerId": web(1)}, {"ServerId": "i-unknown"}],
    )
    assert rows(left) == [(web(2), 0, 7)]
    attribute = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    assert rows(attribute) == [(web(2), 0, 7)]


def test_old_clients_remove_by_a_list_of_ids(client, balancer):
    client.call("AddBackendServers", LoadBalancerId=balancer, BackendServers=[{"ServerId": web(1)}])
    left = client.call("RemoveBackendServers", LoadBalancerId=balancer, BackendServers=[web(1)])
    assert rows(left) == []


def test_of_a_server_twice_in_a_call_the_first_counts(client, balancer):
    added = client.call(
        "AddBackendServers",
        LoadBalancerId=balancer,
        BackendServers=[{"ServerId": web(1), "Weight": 1}, {"ServerId": web(1), "Weight": 2}],
    )
    assert rows(added) == [(web(1), 0, 1)]


def test_a_server_that_is_there_is_not_added_again(client, balancer, refused):
    one = {"LoadBalancerId": balancer, "BackendServers": [{"ServerId": web(1)}]}
    client.call("AddBackendServers", **one)
    with refused("InvalidParameter", words="already"):
        client.call("AddBackendServers", **one)


def test_a_wrong_network_is_an_invalid_parameter_here(client, refused):
    made = client.call("CreateLoadBalancer", RegionId="cn-hangzhou", AddressType="intranet")
    with refused("InvalidParameter", words="does not support the network type"):
        client.call(
            "AddBackendServers",
            LoadBalancerId=made["LoadBalancerId"],
            BackendServers=[{"ServerId": pay(1)}],
        )


def test_a_stopped_server_is_refused(client, balancer, refused):
    with refused("ObtainIpFail"):
        client.call(
            "AddBackendServers", LoadBalancerId=balancer, BackendServers=[{"ServerId": web(8)}]
        )
    with refused("MissingParameter"):
        client.call("AddBackendServers", LoadBalancerId=balancer)


def test_weights_of_strangers_cannot_be_set(client, balancer, refused):
    with refused("InvalidParameter"):
        client.call(
            "SetBackendServers",
            LoadBalancerId=balancer,
            BackendServers=[{"ServerId": web(1), "Weight": 5}],
        )
