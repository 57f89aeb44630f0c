"""No account sees another's objects."""

from tests.localcloud.conftest import REGION, web


def test_another_account_sees_nothing_of_ours(other, balancer, group, refused):
    assert other.call("DescribeLoadBalancers", RegionId=REGION)["TotalCount"] == 0
    assert other.call("DescribeInstances", product="ecs", RegionId=REGION)["TotalCount"] == 0
    assert other.call("DescribeLoadBalancerListeners", RegionId=REGION)["TotalCount"] == 0
    with refused("InvalidLoadBalancerId.NotFound", 404):
        other.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    with refused("InvalidParameter", 404):
        other.call("DeleteVServerGroup", RegionId=REGION, VServerGroupId=group)


def test_another_account_cannot_take_our_servers_or_addresses(client, other, balancer, refused):
    made = other.call("CreateLoadBalancer", RegionId=REGION)
    ours = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    assert made["Address"] != ours["Address"]
    with refused("ObtainIpFail"):
        other.call(
            "CreateVServerGroup",
            RegionId=REGION,
            LoadBalancerId=made["LoadBalancerId"],
            BackendServers=[{"ServerId": web(1), "Port": 80}],
        )
