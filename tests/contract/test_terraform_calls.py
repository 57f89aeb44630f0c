"""What `terraform apply` and `destroy` send for each classic SLB resource, and what they read.

The provider is a Go program that cannot be built here: its calls are replayed by its source.
"""

import json
import uuid
from functools import partial

import pytest

from tests.contract.replays import REGION, Go, Tea, expected
from tests.localcloud.client import Client, Refused

pytestmark = pytest.mark.contract

WEB = [f"i-bp1web{number:02d}".ljust(22, "0") for number in range(1, 5)]
PAY_SWITCH = "vsw-bp1payh000000001"


@pytest.fixture
def go(cloud):
    return Go(Client(cloud))


@pytest.fixture
def tea(cloud):
    return Tea(Client(cloud))


@pytest.fixture
def balancer(tea):
    """alicloud_slb_load_balancer, as created with the provider's defaults."""
    made = tea(
        "CreateLoadBalancer",
        AddressIPVersion="ipv4",
        AddressType="internet",
        Bandwidth=1,
        DeleteProtection="off",
        InternetChargeType="paybytraffic",
        LoadBalancerName="tf-balancer",
        LoadBalancerSpec="slb.s1.small",
        RegionId=REGION,
        ClientToken=f"TF-CreateLoadBalancer-{uuid.uuid4()}",
    )
    yield made["LoadBalancerId"]
    tea("DeleteLoadBalancer", LoadBalancerId=made["LoadBalancerId"], RegionId=REGION)


def members(rows):
    """Servers as expandBackendServersWithPortToString writes them: no JSON, all texts."""
    texts = [
        f"{{'ServerId':'{server}','Port':'{port}','Weight':'{weight}', 'Type': 'ecs'}}"
        for server, port, weight in rows
    ]
    return f"[{','.join(texts)}]"


def group(go, balancer, name="tf-server-group"):
    made = go("CreateVServerGroup", LoadBalancerId=balancer, VServerGroupName=name)
    go("SetVServerGroupAttribute", VServerGroupId=made["VServerGroupId"], VServerGroupName=name)
    return made["VServerGroupId"]


def gone(read, *words):
    with pytest.raises(Refused) as refused:
        read()
    return expected(refused.value, *words)


def test_a_load_balancer_is_read_changed_and_gone(tea):
    made = tea("CreateLoadBalancer", RegionId=REGION, AddressType="internet")
    where = {"LoadBalancerId": made["LoadBalancerId"], "RegionId": REGION}
    read = tea("DescribeLoadBalancerAttribute", **where)
    assert read["LoadBalancerStatus"] == "active"
    assert (read["PayType"], read["InternetChargeType"]) == ("PayOnDemand", "paybytraffic")
    assert (read["AddressIPVersion"], read["ModificationProtectionStatus"]) == (
        "ipv4",
        "NonProtection",
    )
    resource = {
        "RegionId": REGION,
        "ResourceType": "instance",
        "ResourceId.1": where["LoadBalancerId"],
    }
    tea("TagResources", **resource, **{"Tag.1.Key": "Created", "Tag.1.Value": "TF"})
    tagged = tea("ListTagResources", **resource)
    assert [tag["TagKey"] for tag in tagged["TagResources"]["TagResource"]] == ["Created"]
    assert "NextToken" not in tagged
    tea("UntagResources", **resource, **{"TagKey.1": "Created"})
    # The status goes without a region, the charge type in the words of the configuration.
    tea(
        "SetLoadBalancerStatus",
        LoadBalancerId=where["LoadBalancerId"],
        LoadBalancerStatus="inactive",
    )
    tea("SetLoadBalancerName", **where, LoadBalancerName="renamed")
    tea("SetLoadBalancerDeleteProtection", **where, DeleteProtection="on")
    tea(
        "SetLoadBalancerModificationProtection",
        **where,
        ModificationProtectionStatus="ConsoleProtection",
        ModificationProtectionReason="tf",
    )
    tea("ModifyLoadBalancerInternetSpec", **where, InternetChargeType="PayByBandwidth", Bandwidth=5)
    tea("ModifyLoadBalancerInstanceSpec", **where, LoadBalancerSpec="slb.s2.small")
    read = tea("DescribeLoadBalancerAttribute", **where)
    assert (read["InternetChargeType"], read["Bandwidth"]) == ("paybybandwidth", 5)
    assert (read["LoadBalancerStatus"], read["LoadBalancerSpec"]) == ("inactive", "slb.s2.small")
    tea("SetLoadBalancerDeleteProtection", **where, DeleteProtection="off")
    tea("DeleteLoadBalancer", **where)
    assert gone(
        lambda: tea("DescribeLoadBalancerAttribute", **where), "InvalidLoadBalancerId.NotFound"
    )


def test_an_intranet_load_balancer_finds_its_vpc_by_the_switch(tea):
    switch = tea("DescribeVSwitchAttributes", product="vpc", RegionId=REGION, VSwitchId=PAY_SWITCH)
    assert switch["VSwitchId"] == PAY_SWITCH
    made = tea(
        "CreateLoadBalancer",
        RegionId=REGION,
        AddressType="intranet",
        VpcId=switch["VpcId"],
        VSwitchId=PAY_SWITCH,
    )
    where = {"LoadBalancerId": made["LoadBalancerId"], "RegionId": REGION}
    assert tea("DescribeLoadBalancerAttribute", **where)["VSwitchId"] == PAY_SWITCH
    tea("DeleteLoadBalancer", **where)


def test_a_server_group_takes_changes_in_the_providers_own_notation(go, balancer):
    group_id = group(go, balancer)
    go(
        "AddVServerGroupBackendServers",
        VServerGroupId=group_id,
        BackendServers=members([(WEB[0], 80, 100), (WEB[1], 80, 100)]),
    )
    go(
        "RemoveVServerGroupBackendServers",
        VServerGroupId=group_id,
        BackendServers=members([(WEB[0], 80, 100)]),
    )
    go(
        "SetVServerGroupAttribute",
        VServerGroupId=group_id,
        VServerGroupName="renamed",
        BackendServers=members([(WEB[1], 80, 30)]),
    )
    read = go("DescribeVServerGroupAttribute", VServerGroupId=group_id)
    (row,) = read["BackendServers"]["BackendServer"]
    assert (row["Port"], row["Weight"], row["Type"], row["ServerId"]) == (80, 30, "ecs", WEB[1])
    assert (read["VServerGroupName"], read["LoadBalancerId"]) == ("renamed", balancer)
    go("DeleteVServerGroup", VServerGroupId=group_id)
    words = ("The specified VServerGroupId does not exist", "InvalidParameter")
    for action in ("DescribeVServerGroupAttribute", "DeleteVServerGroup"):
        assert gone(partial(go, action, VServerGroupId=group_id), *words)


def test_a_server_attachment_is_found_by_its_port_as_text(go, tea, balancer):
    group_id = group(go, balancer)
    row = {"ServerId": WEB[0], "Port": 8080, "Weight": 0, "Type": "ecs", "Description": "tf"}
    where = {"RegionId": REGION, "VServerGroupId": group_id}
    tea("AddVServerGroupBackendServers", **where, BackendServers=json.dumps([row]))
    (read,) = tea("DescribeVServerGroupAttribute", **where)["BackendServers"]["BackendServer"]
    assert (read["ServerId"], str(read["Port"]), read["Weight"]) == (WEB[0], "8080", 0)
    old = json.dumps([row | {"Port": "8080"}])
    tea("RemoveVServerGroupBackendServers", **where, BackendServers=old)
    assert not tea("DescribeVServerGroupAttribute", **where)["BackendServers"]["BackendServer"]


@pytest.mark.parametrize("protocol", ["http", "tcp", "udp"])
def test_a_listener_goes_from_plan_to_gone(go, balancer, protocol):
    where = {"LoadBalancerId": balancer, "ListenerPort": 80}
    common = where | {"BackendServerPort": 80, "Bandwidth": 10, "AclStatus": "off"}
    http = {
        "StickySession": "on",
        "StickySessionType": "insert",
        "CookieTimeout": 86400,
        "HealthCheck": "on",
        "HealthCheckURI": "/cons",
        "HealthCheckConnectPort": 20,
        "HealthyThreshold": 8,
        "UnhealthyThreshold": 8,
        "HealthCheckTimeout": 8,
        "HealthCheckInterval": 5,
        "HealthCheckHttpCode": "http_2xx,http_3xx",
        "IdleTimeout": 30,
        "RequestTimeout": 80,
    }
    kind = protocol.upper()
    read = f"DescribeLoadBalancer{kind}ListenerAttribute"
    # Common requests are sent with GET, and a boolean of the schema travels as on and off.
    go(
        f"CreateLoadBalancer{kind}Listener",
        method="GET",
        **common,
        **(http if protocol == "http" else {}),
    )
    assert go(read, method="GET", **where)["Status"] == "stopped"
    go("StartLoadBalancerListener", **where, ListenerProtocol=protocol)
    assert go(read, method="GET", **where)["Status"] == "running"
    # Its update sends one bag of settings to every protocol, whether it has them or not.
    changed = common | {
        "Scheduler": "rr",
        "Gzip": "on",
        "XForwardedFor_SLBIP": "on",
        "XForwardedFor_SLBID": "off",
        "XForwardedFor_proto": "off",
        "UnhealthyThreshold": 4,
        "HealthyThreshold": 4,
        "HealthCheckConnectTimeout": 9,
        "HealthCheckInterval": 6,
        "PersistenceTimeout": 3600,
        "StickySession": "off",
        "HealthCheck": "on",
    }
    go(f"SetLoadBalancer{kind}ListenerAttribute", method="GET", **changed)
    listener = go(read, method="GET", **where)
    numbers = ("ListenerPort", "BackendServerPort", "Bandwidth", "HealthyThreshold")
    assert [type(listener[name]) for name in numbers] == [int] * 4
    assert (listener["Scheduler"], listener["HealthCheckInterval"]) == ("rr", 6)
    balancer_now = go("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    (port,) = balancer_now["ListenerPortsAndProtocol"]["ListenerPortAndProtocol"]
    assert (port["ListenerPort"], port["ListenerProtocol"]) == (80, protocol)
    go("DeleteLoadBalancerListener", **where, ListenerProtocol=protocol)
    # By these words alone does the provider know that it may go on.
    assert gone(lambda: go(read, method="GET", **where), "The specified resource does not exist")


def test_a_rule_is_made_read_and_gone(go, tea, balancer):
    first, second = group(go, balancer, "a"), group(go, balancer, "b")
    listener = {"LoadBalancerId": balancer, "ListenerPort": 80}
    go("CreateLoadBalancerHTTPListener", **listener, BackendServerPort=80, HealthCheck="off")
    words = (
        f"[{{'RuleName':'tf','Domain':'*.aliyun.com','Url':'/image','VServerGroupId':'{first}'}}]"
    )
    made = go("CreateRules", **listener, RuleList=words)
    rule = {"RuleId": made["Rules"]["Rule"][0]["RuleId"]}
    read = go("DescribeRuleAttribute", method="GET", **rule)
    # Its schema's number comes from a text.
    assert int(read["ListenerPort"]) == 80 and isinstance(read["ListenerPort"], str)
    assert (read["Domain"], read["Url"], read["ListenerSync"]) == ("*.aliyun.com", "/image", "on")
    tea(
        "SetRule",
        **rule,
        RegionId=REGION,
        VServerGroupId=second,
        ListenerSync="off",
        Scheduler="rr",
        StickySession="on",
        StickySessionType="server",
        Cookie="23ffsa",
        HealthCheck="on",
        HealthCheckHttpCode="http_2xx",
        HealthCheckURI="/test",
        HealthCheckInterval=10,
        HealthCheckTimeout=30,
        HealthyThreshold=3,
        UnhealthyThreshold=5,
    )
    assert go("DescribeRuleAttribute", method="GET", **rule)["VServerGroupId"] == second
    with pytest.raises(Refused) as used:
        go("DeleteVServerGroup", VServerGroupId=second)
    assert used.value.code in ("RspoolVipExist", "RspoolRuleExist")
    go("DeleteRules", RuleIds=f"['{rule['RuleId']}']")
    for action, given in (
        ("DescribeRuleAttribute", rule),
        ("DeleteRules", {"RuleIds": f"['{rule['RuleId']}']"}),
    ):
        assert gone(partial(go, action, **given), "InvalidRuleId.NotFound")


def test_backend_servers_of_the_pool_are_written_without_ports(go, balancer):
    def rows(*pairs):
        texts = [f"{{'ServerId':'{s}','Weight':'{w}', 'Type': 'ecs'}}" for s, w in pairs]
        return f"[{','.join(texts)}]"

    where = {"LoadBalancerId": balancer}
    added = go("AddBackendServers", **where, BackendServers=rows((WEB[0], 100), (WEB[1], 50)))
    assert added["LoadBalancerId"] == balancer
    go("SetBackendServers", **where, BackendServers=rows((WEB[1], 10)))
    go("RemoveBackendServers", **where, BackendServers=rows((WEB[0], 100)))
    read = go("DescribeLoadBalancerAttribute", **where)
    (row,) = read["BackendServers"]["BackendServer"]
    assert (row["ServerId"], row["Weight"], row["Type"]) == (WEB[1], 10, "ecs")


def test_an_access_list_is_gone_by_its_code(tea):
    made = tea(
        "CreateAccessControlList", RegionId=REGION, AclName="tf-acl", AddressIPVersion="ipv4"
    )
    acl = {"RegionId": REGION, "AclId": made["AclId"]}
    entries = json.dumps([{"comment": "first", "entry": "10.10.10.0/24"}])
    tea("AddAccessControlListEntry", **acl, AclEntrys=entries)
    read = partial(tea, "DescribeAccessControlListAttribute", **acl)
    assert read()["AclEntrys"]["AclEntry"] == [
        {"AclEntryIP": "10.10.10.0/24", "AclEntryComment": "first"}
    ]
    tea("RemoveAccessControlListEntry", **acl, AclEntrys=entries)
    tea("DeleteAccessControlList", **acl)
    assert gone(read, "AclNotExist")


def test_policies_and_certificates_are_gone_by_an_empty_list(go, tea):
    policy = tea(
        "CreateTLSCipherPolicy",
        RegionId=REGION,
        Name="tf",
        **{"TLSVersions.1": "TLSv1.2", "Ciphers.1": "AES256-SHA256"},
    )
    wanted = {"RegionId": REGION, "TLSCipherPolicyId": policy["TLSCipherPolicyId"]}
    (one,) = tea("ListTLSCipherPolicies", **wanted)["TLSCipherPolicies"]
    assert one["InstanceId"] == policy["TLSCipherPolicyId"]
    tea("DeleteTLSCipherPolicy", **wanted)
    assert tea("ListTLSCipherPolicies", **wanted)["TLSCipherPolicies"] == []
    found = go("DescribeServerCertificates", ServerCertificateId="nothing")
    assert found["ServerCertificates"] == {"ServerCertificate": []}
    found = go("DescribeCACertificates", CACertificateId="nothing")
    assert found["CACertificates"] == {"CACertificate": []}


def test_an_extension_is_gone_by_its_code_and_a_pair_by_its_words(go, balancer):
    read = partial(go, "DescribeDomainExtensionAttribute", DomainExtensionId="de-nothing")
    assert gone(read, "InvalidParameter.DomainExtensionId", "InvalidParameter")
    pair = [
        {"ServerId": server, "Port": 80, "Weight": 100, "ServerType": role}
        for server, role in zip(WEB, ("Master", "Slave"), strict=False)
    ]
    made = go(
        "CreateMasterSlaveServerGroup",
        LoadBalancerId=balancer,
        MasterSlaveServerGroupName="tf",
        MasterSlaveBackendServers=json.dumps(pair),
    )
    where = {"MasterSlaveServerGroupId": made["MasterSlaveServerGroupId"]}
    go("DeleteMasterSlaveServerGroup", **where)
    read = partial(go, "DescribeMasterSlaveServerGroupAttribute", **where)
    assert gone(read, "The specified MasterSlaveGroupId does not exist")
