"""What Kubernetes' cloud controller sends for a Service of type LoadBalancer, and what it reads.

A Go program that cannot be built here: its calls are replayed by its source, one reconciliation
after the other.
"""

import json
import uuid

import pytest

from tests.contract.replays import REGION, Go
from tests.localcloud.client import Client, Refused

pytestmark = pytest.mark.contract

NODES = [f"i-bp1web{number:02d}".ljust(22, "0") for number in range(1, 4)]
TAGS = [
    {"TagKey": "kubernetes.do.not.delete", "TagValue": "a1b2c3"},
    {"TagKey": "ack.aliyun.com", "TagValue": "c1"},
]


@pytest.fixture
def go(cloud):
    return Go(Client(cloud))


def backends(*rows):
    """Backends as its JSON tags write them: every field, empty or not, in camel case."""
    return json.dumps(
        [
            {
                "description": "k8s/80/web/default/c1",
                "serverId": node,
                "serverIp": "",
                "weight": weight,
                "port": port,
                "type": "ecs",
            }
            for node, port, weight in rows
        ]
    )


def rows_of(go, group_id):
    read = go("DescribeVServerGroupAttribute", VServerGroupId=group_id)
    return [
        (row["ServerId"], row["Port"], row["Weight"], row["Description"])
        for row in read["BackendServers"]["BackendServer"]
    ]


@pytest.fixture
def balancer(go):
    """Found by tags and by name in vain, then made, tagged and protected."""
    tags = json.dumps(TAGS)
    assert go("DescribeLoadBalancers", Tags=tags)["LoadBalancers"] == {"LoadBalancer": []}
    named = go("DescribeLoadBalancers", LoadBalancerName="a1b2c3")
    assert named["LoadBalancers"]["LoadBalancer"] == []
    made = go(
        "CreateLoadBalancer",
        AddressType="internet",
        InternetChargeType="paybytraffic",
        LoadBalancerName="a1b2c3",
        LoadBalancerSpec="slb.s1.small",
        DeleteProtection="on",
        ModificationProtectionStatus="ConsoleProtection",
        ModificationProtectionReason="managed.by.ack",
        ClientToken=str(uuid.uuid4()),
    )["LoadBalancerId"]
    go("AddTags", LoadBalancerId=made, Tags=tags)
    (found,) = go("DescribeLoadBalancers", Tags=tags)["LoadBalancers"]["LoadBalancer"]
    assert found["LoadBalancerId"] == made
    tagged = go("DescribeTags", LoadBalancerId=made)["TagSets"]["TagSet"]
    assert sorted(tag["TagKey"] for tag in tagged) == sorted(tag["TagKey"] for tag in TAGS)
    yield made
    go("SetLoadBalancerDeleteProtection", LoadBalancerId=made, DeleteProtection="off")
    go("DeleteLoadBalancer", LoadBalancerId=made)
    with pytest.raises(Refused, match="LoadBalancerId does not exist"):
        go("DescribeLoadBalancerAttribute", LoadBalancerId=made)


@pytest.fixture
def group(go, balancer):
    """Made empty, as its code does it for fear of the limit on rows."""
    made = go(
        "CreateVServerGroup", LoadBalancerId=balancer, VServerGroupName="k8s/80/web/default/c1"
    )
    return made["VServerGroupId"]


def test_the_attributes_that_it_compares_are_there(go, balancer):
    read = go("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    assert (read["LoadBalancerSpec"], read["DeleteProtection"]) == ("slb.s1.small", "on")
    assert (read["InternetChargeType"], read["AddressIPVersion"]) == ("paybytraffic", "ipv4")
    assert read["ModificationProtectionStatus"] == "ConsoleProtection"
    assert read["Address"] and read["MasterZoneId"] and read["ResourceGroupId"]


def test_a_group_follows_the_nodes(go, balancer, group):
    go(
        "AddVServerGroupBackendServers",
        VServerGroupId=group,
        BackendServers=backends((NODES[0], 30080, 100), (NODES[1], 30080, 100)),
    )
    go(
        "SetVServerGroupAttribute",
        VServerGroupId=group,
        BackendServers=backends((NODES[0], 30080, 40)),
    )
    go(
        "RemoveVServerGroupBackendServers",
        VServerGroupId=group,
        BackendServers=backends((NODES[1], 30080, 100)),
    )
    go(
        "ModifyVServerGroupBackendServers",
        VServerGroupId=group,
        OldBackendServers=backends((NODES[0], 30080, 40)),
        NewBackendServers=backends((NODES[2], 30081, 100)),
    )
    assert rows_of(go, group) == [(NODES[2], 30081, 100, "k8s/80/web/default/c1")]
    (listed,) = go("DescribeVServerGroups", LoadBalancerId=balancer)["VServerGroups"][
        "VServerGroup"
    ]
    assert listed["VServerGroupId"] == group
    go("DeleteVServerGroup", VServerGroupId=group)


@pytest.mark.parametrize("protocol", ["TCP", "UDP", "HTTP"])
def test_a_listener_is_made_read_back_changed_and_deleted(go, balancer, group, protocol):
    where = {"LoadBalancerId": balancer, "ListenerPort": 80}
    generic = where | {
        "VServerGroupId": group,
        "Description": "k8s/80/web/default/c1",
        "Bandwidth": -1,
        "Scheduler": "rr",
        "HealthCheckConnectPort": 30080,
        "HealthCheckInterval": 3,
        "HealthyThreshold": 4,
        "UnhealthyThreshold": 4,
    }
    own = {
        "TCP": {
            "PersistenceTimeout": 0,
            "HealthCheckConnectTimeout": 6,
            "HealthCheckType": "tcp",
            "ConnectionDrain": "on",
            "ConnectionDrainTimeout": 30,
        },
        "UDP": {
            "HealthCheckConnectTimeout": 6,
            "ConnectionDrain": "on",
            "ConnectionDrainTimeout": 30,
        },
        "HTTP": {
            "HealthCheck": "on",
            "HealthCheckURI": "/healthz",
            "HealthCheckTimeout": 6,
            "StickySession": "on",
            "StickySessionType": "insert",
            "CookieTimeout": 1800,
            "XForwardedFor_proto": "on",
            "IdleTimeout": 20,
        },
    }[protocol]
    go(f"CreateLoadBalancer{protocol}Listener", **generic, **own)
    go("StartLoadBalancerListener", **where)
    answer = go("DescribeLoadBalancerListeners", **{"LoadBalancerId.1": balancer}, MaxResults=50)
    assert answer.get("NextToken", "") == ""
    (read,) = answer["Listeners"]
    assert (read["ListenerProtocol"], read["Status"]) == (protocol.lower(), "running")
    assert (read["VServerGroupId"], read["Bandwidth"], read["Scheduler"]) == (group, -1, "rr")
    config = read[f"{protocol}ListenerConfig"]
    for name in ("HealthCheckConnectPort", "HealthCheckInterval", "HealthyThreshold", *own):
        expected = (generic | own)[name]
        assert config[name] == expected and type(config[name]) is type(expected), name
    # It sets all of it again, with the switch that keeps the group.
    go(
        f"SetLoadBalancer{protocol}ListenerAttribute",
        **generic | {"Scheduler": "wrr"},
        **own,
        VServerGroup="on",
    )
    (read,) = go("DescribeLoadBalancerListeners", **{"LoadBalancerId.1": balancer})["Listeners"]
    assert (read["Scheduler"], read["VServerGroupId"]) == ("wrr", group)
    go("StopLoadBalancerListener", **where)
    go("DeleteLoadBalancerListener", **where)
    assert go("DescribeLoadBalancerListeners", **{"LoadBalancerId.1": balancer})["Listeners"] == []


def test_the_network_is_read_for_network_interfaces(go):
    found = go(
        "DescribeNetworkInterfaces",
        product="ecs",
        **{"PrivateIpAddress.1": "127.0.0.1"},
        MaxResults=10,
    )
    assert found["NetworkInterfaceSets"]["NetworkInterfaceSet"] == []
    nodes = go("DescribeInstances", product="ecs", InstanceIds=json.dumps(NODES), MaxResults=50)
    assert [one["InstanceId"] for one in nodes["Instances"]["Instance"]] == NODES
    assert {one["RegionId"] for one in nodes["Instances"]["Instance"]} == {REGION}
