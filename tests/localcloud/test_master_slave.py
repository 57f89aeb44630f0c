"""Primary/secondary groups, network interfaces as servers, and how often a server may serve."""

import pytest

from tests.localcloud.client import Client
from tests.localcloud.conftest import REGION, pay, report, rows, web
from tests.localcloud.process import LocalCloud

MASTER = {"ServerId": web(1), "Port": 80, "ServerType": "Master"}
SLAVE = {"ServerId": web(2), "Port": 81, "Weight": "60", "ServerType": "Slave"}


def create(client, balancer, servers, **params):
    return client.call(
        "CreateMasterSlaveServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer,
        MasterSlaveBackendServers=servers,
        **params,
    )


def eni(server):
    return f"eni-{server.removeprefix('i-')}"


def test_a_pair_is_made_read_used_and_deleted(client, balancer, refused):
    made = create(
        client, balancer, [MASTER, SLAVE], MasterSlaveServerGroupName="主备", **{"Tag.1.Key": "k"}
    )
    this = {"RegionId": REGION, "MasterSlaveServerGroupId": made["MasterSlaveServerGroupId"]}
    found = client.call("DescribeMasterSlaveServerGroupAttribute", **this)
    members = found["MasterSlaveBackendServers"]["MasterSlaveBackendServer"]
    assert [
        (one["ServerId"], one["Port"], one["Weight"], one["ServerType"]) for one in members
    ] == [(web(1), 80, 100, "Master"), (web(2), 81, 60, "Slave")]
    assert (found["MasterSlaveServerGroupName"], found["LoadBalancerId"]) == ("主备", balancer)
    client.call(
        "CreateLoadBalancerTCPListener",
        LoadBalancerId=balancer,
        ListenerPort=90,
        Bandwidth=-1,
        BackendServerPort=80,
        MasterSlaveServerGroupId=this["MasterSlaveServerGroupId"],
    )
    client.call("StartLoadBalancerListener", LoadBalancerId=balancer, ListenerPort=90)
    where = {"RegionId": REGION, "LoadBalancerId": balancer, "Tag.1.Key": "k"}
    listed = client.call("DescribeMasterSlaveServerGroups", **where, IncludeListener="true")
    (one,) = listed["MasterSlaveServerGroups"]["MasterSlaveServerGroup"]
    assert one["AssociatedObjects"]["Listeners"]["Listener"] == [{"Protocol": "tcp", "Port": 90}]
    health = client.call("DescribeHealthStatus", LoadBalancerId=balancer)
    assert [
        (one["ServerId"], one["Port"], one["ServerHealthStatus"])
        for one in health["BackendServers"]["BackendServer"]
    ] == [(web(1), 80, "unavailable"), (web(2), 81, "unavailable")]
    with refused("RspoolVipExist"):
        client.call("DeleteMasterSlaveServerGroup", **this)
    client.call("DeleteLoadBalancerListener", LoadBalancerId=balancer, ListenerPort=90)
    client.call("DeleteMasterSlaveServerGroup", **this)
    for action in ("DescribeMasterSlaveServerGroupAttribute", "DeleteMasterSlaveServerGroup"):
        with refused("InvalidParameter", 404, "MasterSlaveGroupId does not exist"):
            client.call(action, **this)
    listed = client.call("DescribeMasterSlaveServerGroups", **where)
    assert listed["MasterSlaveServerGroups"] == {"MasterSlaveServerGroup": []}


@pytest.mark.parametrize(
    ("servers", "code"),
    [
        ([], "BACKEND_SERVERS_NUM_MUST_BE_TWO"),
        ([MASTER], "BACKEND_SERVERS_NUM_MUST_BE_TWO"),
        ([MASTER, SLAVE, SLAVE], "BACKEND_SERVERS_NUM_MUST_BE_TWO"),
        (
            [MASTER, SLAVE | {"ServerType": "Master"}],
            "BACKEND_SERVERS_CAN_ONLY_CONTAIN_ONE_MASTER_AND_ONE_SLAVE",
        ),
        (
            [MASTER, MASTER | {"ServerType": "Slave"}],
            "BACKEND_SERVERS_HAVE_SAME_PORT_AND_SERVERID",
        ),
        ([MASTER, SLAVE | {"ServerType": "Other"}], "INVALID_SERVER_TYPE"),
        ([MASTER, SLAVE | {"ServerId": ""}], "BACKEND_SERVER_ID_CAN_NOT_EMPTY"),
        (
            [MASTER, {"ServerId": web(2), "ServerType": "Slave"}],
            "BACKEND_SERVER_PORT_CAN_NOT_EMPTY",
        ),
        ([MASTER, SLAVE | {"ServerId": web(8)}], "ObtainIpFail"),
        ([MASTER, SLAVE | {"ServerId": pay(1)}], "InvalidBackendServers.Inconsistent"),
        ([MASTER, SLAVE | {"Weight": 101}], "InvalidWeight.Malformed"),
        ("two", "BackendServersMalformed"),
        ("", "MissingParameter"),
    ],
)
def test_a_wrong_pair_is_refused(client, balancer, refused, servers, code):
    with refused(code):
        create(client, balancer, servers)
    where = {"RegionId": REGION, "LoadBalancerId": balancer}
    listed = client.call("DescribeMasterSlaveServerGroups", **where)
    assert listed["MasterSlaveServerGroups"] == {"MasterSlaveServerGroup": []}


def test_pairs_need_their_balancer(client, refused):
    with refused("InvalidLoadBalancerId.NotFound", 404):
        create(client, "lb-nothing", [MASTER, SLAVE])
    with refused("InvalidLoadBalancerId.NotFound", 404):
        client.call("DescribeMasterSlaveServerGroups", RegionId=REGION, LoadBalancerId="lb-nothing")


def test_interfaces_serve_on_guaranteed_instances(client, strong, refused):
    row = {"ServerId": eni(pay(1)), "Port": 80, "Type": "eni"}
    group = client.call(
        "CreateVServerGroup", RegionId=REGION, LoadBalancerId=strong, BackendServers=[row]
    )
    this = {"RegionId": REGION, "VServerGroupId": group["VServerGroupId"]}
    (member,) = group["BackendServers"]["BackendServer"]
    assert (member["Type"], member["ServerIp"][:4]) == ("eni", "127.")
    add = "AddVServerGroupBackendServers"
    for wrong, code in (
        ({"ServerId": pay(1), "Port": 80}, "InvalidBackendServers.ServerIpConflict"),
        (row | {"Port": 81, "ServerIp": "10.9.9.9"}, "ObtainIpFail"),
        (row | {"Port": 81, "Type": "ecs"}, "ObtainIpFail"),
        (row | {"ServerId": eni(web(1))}, "ObtainIpFail"),
        (row | {"ServerId": eni(report(1))}, "InvalidBackendServers.Inconsistent"),
        ({"ServerId": "eci-bp1", "Port": 80, "Type": "eci"}, "ObtainIpFail"),
    ):
        with refused(code):
            client.call(add, **this, BackendServers=[wrong])
    changed = client.call("SetVServerGroupAttribute", **this, BackendServers=[row | {"Weight": 7}])
    assert rows(changed) == [(eni(pay(1)), 80, 7)]
    left = client.call("RemoveVServerGroupBackendServers", **this, BackendServers=[row])
    assert rows(left) == []
    client.call("AddBackendServers", LoadBalancerId=strong, BackendServers=[row])
    with refused("InvalidBackendServers.ServerIpConflict"):
        client.call(
            "AddBackendServers", LoadBalancerId=strong, BackendServers=[{"ServerId": pay(1)}]
        )


def test_a_server_serves_only_so_often(tmp_path, refused):
    quotas = {"LOCALCLOUD_QUOTAS": "server_uses=3,groups=4,servers=3,group_members=2"}
    with LocalCloud(tmp_path / "cloud", env=quotas) as cloud:
        client = Client(cloud)
        made = client.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]
        where = {"RegionId": REGION, "LoadBalancerId": made}
        # The demo's pool has web-01 once.
        full = [client.call("CreateVServerGroup", **where, BackendServers=[MASTER])]
        full.append(client.call("CreateVServerGroup", **where, BackendServers=[MASTER]))
        for action, name in (
            ("CreateVServerGroup", "BackendServers"),
            ("AddBackendServers", "BackendServers"),
            ("CreateMasterSlaveServerGroup", "MasterSlaveBackendServers"),
        ):
            with refused("InstanceBackendServerNumberOverLimit", words="too many times"):
                client.call(action, **where, **{name: [MASTER, SLAVE]})
        four = [{"ServerId": web(number), "Port": 80} for number in (4, 5, 6)]
        with refused("InstanceBackendServerNumberOverLimit"):
            client.call("CreateVServerGroup", **where, BackendServers=four)
        with refused("InstanceBackendServerNumberOverLimit"):
            client.call("AddBackendServers", **where, BackendServers=four)
        for _ in range(2):
            client.call("CreateVServerGroup", **where)
        with refused("OverQuota"):
            client.call("CreateVServerGroup", **where)
        # A server that left one group may join another; a second port in a group is no second use.
        of = {"RegionId": REGION, "VServerGroupId": full[0]["VServerGroupId"]}
        client.call("RemoveVServerGroupBackendServers", **of, BackendServers=[MASTER])
        twice = [MASTER, MASTER | {"Port": 81}]
        client.call("AddVServerGroupBackendServers", **of, BackendServers=twice)
        cloud.restart()
        with refused("InstanceBackendServerNumberOverLimit", words="too many times"):
            client.call("AddBackendServers", **where, BackendServers=[MASTER])


def test_limits_that_are_none_end_the_start(tmp_path):
    for text in ("balancers", "unknown=1", "balancers=-1"):
        cloud = LocalCloud(tmp_path / "cloud", env={"LOCALCLOUD_QUOTAS": text})
        with pytest.raises(AssertionError, match="LOCALCLOUD_QUOTAS wants"):
            cloud.start()
