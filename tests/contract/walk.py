"""A walk through every action, for any SDK; each answer is looked at.

Each part makes what it needs and leaves nothing behind.
"""

import json
from typing import Any

from tests.contract.sdks import REGION, Sdk
from tests.localcloud.certificates import pair

WEB_1 = "i-bp1web01000000000000"
WEB_2 = "i-bp1web02000000000000"
R = {"RegionId": REGION}


class Walk:
    """Calls through an SDK and remembers what was called."""

    def __init__(self, sdk: Sdk, monitored_region: str) -> None:
        self._sdk = sdk
        self.monitored = {"RegionId": monitored_region}
        self.called: set[tuple[str, str]] = set()

    def __call__(self, action: str, product: str = "slb", **params: Any) -> dict[str, Any]:
        answer = self._sdk.call(action, product, **params)
        self.called.add((product, action))
        return answer


def everything(call: Walk) -> None:
    """All parts, one after the other."""
    places(call)
    made = call("CreateLoadBalancer", **R, LoadBalancerName="walk", LoadBalancerSpec="slb.s1.small")
    where = {"RegionId": REGION, "LoadBalancerId": made["LoadBalancerId"]}
    settings(call, where)
    payment(call, where)
    groups(call, where)
    pool(call, where)
    acl = access_list(call)
    http(call, where, acl)
    layer_4(call, where)
    https(call, where)
    tags(call, where)
    logs(call, where)
    call("DeleteAccessControlList", **R, AclId=acl)
    call("DeleteLoadBalancer", **where)
    left = call("DescribeLoadBalancers", **where)
    assert left["TotalCount"] == 0


def places(call: Walk) -> None:
    """Regions, zones, networks, servers, and who calls."""
    for product in ("slb", "ecs"):
        regions = call("DescribeRegions", product)["Regions"]["Region"]
        assert REGION in [one["RegionId"] for one in regions]
        zones = call("DescribeZones", product, **R)["Zones"]["Zone"]
        assert [one["ZoneId"] for one in zones] == ["cn-hangzhou-h", "cn-hangzhou-i"]
    available = call("DescribeAvailableResource", **R)["AvailableResources"]["AvailableResource"]
    assert available[0]["MasterZoneId"] == "cn-hangzhou-h"
    server = call("DescribeInstances", "ecs", **R, InstanceIds=json.dumps([WEB_1]))
    assert server["Instances"]["Instance"][0]["InstanceId"] == WEB_1
    interfaces = call("DescribeNetworkInterfaces", "ecs", **R, PageSize=5)
    assert len(interfaces["NetworkInterfaceSets"]["NetworkInterfaceSet"]) == 5
    vpcs = call("DescribeVpcs", "vpc", **R)["Vpcs"]["Vpc"]
    assert [one["VpcName"] for one in vpcs] == ["payments", "analytics"]
    switches = call("DescribeVSwitches", "vpc", **R, VpcId=vpcs[0]["VpcId"])
    assert switches["TotalCount"] == 2
    vpc = call("DescribeVpcAttribute", "vpc", **R, VpcId=vpcs[0]["VpcId"])
    assert vpc["VpcName"] == "payments"
    switch_id = vpc["VSwitchIds"]["VSwitchId"][0]
    switch = call("DescribeVSwitchAttributes", "vpc", **R, VSwitchId=switch_id)
    assert switch["VpcId"] == vpc["VpcId"]
    account = call("GetCallerIdentity", "sts")["AccountId"]
    role = call(
        "AssumeRole", "sts", RoleArn=f"acs:ram::{account}:role/walker", RoleSessionName="walk"
    )
    assert role["Credentials"]["SecurityToken"]


def settings(call: Walk, where: dict[str, Any]) -> None:
    """Name, status and protection."""
    call("SetLoadBalancerName", **where, LoadBalancerName="renamed")
    call("SetLoadBalancerStatus", **where, LoadBalancerStatus="inactive")
    call("SetLoadBalancerDeleteProtection", **where, DeleteProtection="on")
    call(
        "SetLoadBalancerModificationProtection",
        **where,
        ModificationProtectionStatus="ConsoleProtection",
        ModificationProtectionReason="walk",
    )
    found = call("DescribeLoadBalancerAttribute", **where)
    assert (found["LoadBalancerName"], found["LoadBalancerStatus"]) == ("renamed", "inactive")
    assert found["DeleteProtection"] == "on"
    assert found["ModificationProtectionReason"] == "walk"
    call("SetLoadBalancerDeleteProtection", **where, DeleteProtection="off")
    call("SetLoadBalancerStatus", **where, LoadBalancerStatus="active")


def payment(call: Walk, where: dict[str, Any]) -> None:
    """What is paid how, and back to where it was."""

    def found() -> dict[str, Any]:
        return call("DescribeLoadBalancerAttribute", **where)

    call("ModifyLoadBalancerInstanceSpec", **where, LoadBalancerSpec="slb.s2.small")
    assert found()["LoadBalancerSpec"] == "slb.s2.small"
    internet = {"InternetChargeType": "paybybandwidth", "Bandwidth": 100}
    call("ModifyLoadBalancerInternetSpec", **where, **internet)
    assert found()["Bandwidth"] == 100
    call("ModifyLoadBalancerPayType", **where, PayType="PrePay", PricingCycle="month", Duration=1)
    assert found()["PayType"] == "PrePay"
    call("ModifyLoadBalancerPayType", **where, PayType="PayOnDemand")
    charge = "ModifyLoadBalancerInstanceChargeType"
    call(charge, **where, InstanceChargeType="PayByCLCU")
    assert found()["InstanceChargeType"] == "PayByCLCU"
    call(charge, **where, InstanceChargeType="PayBySpec", LoadBalancerSpec="slb.s1.small")


def groups(call: Walk, where: dict[str, Any]) -> None:
    """VServer groups, and primary/secondary ones."""
    row = {"ServerId": WEB_1, "Port": 80, "Weight": 30}
    other = {"ServerId": WEB_2, "Port": 81}
    made = call(
        "CreateVServerGroup", **where, VServerGroupName="组", BackendServers=json.dumps([row])
    )
    this = R | {"VServerGroupId": made["VServerGroupId"]}
    call("AddVServerGroupBackendServers", **this, BackendServers=json.dumps([other]))
    call(
        "ModifyVServerGroupBackendServers",
        **this,
        OldBackendServers=json.dumps([other]),
        NewBackendServers=json.dumps([other | {"Port": 82}]),
    )
    call("SetVServerGroupAttribute", **this, VServerGroupName="renamed")
    call("RemoveVServerGroupBackendServers", **this, BackendServers=json.dumps([row]))
    found = call("DescribeVServerGroupAttribute", **this)
    (left,) = found["BackendServers"]["BackendServer"]
    assert (left["ServerId"], left["Port"], left["Weight"]) == (WEB_2, 82, 100)
    listed = call("DescribeVServerGroups", **where, IncludeListener=True)
    assert [one["VServerGroupName"] for one in listed["VServerGroups"]["VServerGroup"]] == [
        "renamed"
    ]
    call("DeleteVServerGroup", **this)
    servers = [
        {"ServerId": WEB_1, "Port": 80, "ServerType": "Master"},
        {"ServerId": WEB_2, "Port": 80, "ServerType": "Slave"},
    ]
    made = call(
        "CreateMasterSlaveServerGroup", **where, MasterSlaveBackendServers=json.dumps(servers)
    )
    this = R | {"MasterSlaveServerGroupId": made["MasterSlaveServerGroupId"]}
    found = call("DescribeMasterSlaveServerGroupAttribute", **this)
    members = found["MasterSlaveBackendServers"]["MasterSlaveBackendServer"]
    assert [one["ServerType"] for one in members] == ["Master", "Slave"]
    listed = call("DescribeMasterSlaveServerGroups", **where)
    assert len(listed["MasterSlaveServerGroups"]["MasterSlaveServerGroup"]) == 1
    call("DeleteMasterSlaveServerGroup", **this)


def pool(call: Walk, where: dict[str, Any]) -> None:
    """The default pool."""
    added = call("AddBackendServers", **where, BackendServers=json.dumps([{"ServerId": WEB_1}]))
    assert added["BackendServers"]["BackendServer"][0]["Weight"] == "100"
    row = json.dumps([{"ServerId": WEB_1, "Weight": "5"}])
    changed = call("SetBackendServers", **where, BackendServers=row)
    assert changed["BackendServers"]["BackendServer"][0]["Weight"] == "5"
    left = call("RemoveBackendServers", **where, BackendServers=json.dumps([WEB_1]))
    assert left["BackendServers"]["BackendServer"] == []


def access_list(call: Walk) -> str:
    """An access control list with one entry; its ID."""
    acl = call("CreateAccessControlList", **R, AclName="walk")["AclId"]
    rows = [{"entry": "10.0.0.0/8", "comment": "a"}, {"entry": "127.0.0.0/8", "comment": "b"}]
    call("AddAccessControlListEntry", **R, AclId=acl, AclEntrys=json.dumps(rows))
    call("RemoveAccessControlListEntry", **R, AclId=acl, AclEntrys=json.dumps(rows[:1]))
    call("SetAccessControlListAttribute", **R, AclId=acl, AclName="walked")
    found = call("DescribeAccessControlListAttribute", **R, AclId=acl)
    assert (found["AclName"], found["TotalAclEntry"]) == ("walked", 1)
    listed = call("DescribeAccessControlLists", **R, AclName="walked")["Acls"]["Acl"]
    assert acl in [one["AclId"] for one in listed]
    return str(acl)


def http(call: Walk, where: dict[str, Any], acl: str) -> None:
    """An HTTP listener, its rules, and both access controls."""
    group = call("CreateVServerGroup", **where)["VServerGroupId"]
    here = where | {"ListenerPort": 80}
    create = {"HealthCheck": "on", "BackendServerPort": 8080}
    call("CreateLoadBalancerHTTPListener", **here, **create)
    call("StartLoadBalancerListener", **here)
    control = {"AclStatus": "on", "AclType": "white", "AclId": acl}
    call("SetLoadBalancerHTTPListenerAttribute", **here, **control)
    found = call("DescribeLoadBalancerHTTPListenerAttribute", **here)
    assert (found["Status"], found["AclIds"]) == ("running", {"AclId": [acl]})
    call("SetLoadBalancerHTTPListenerAttribute", **here, AclStatus="off")
    call("AddListenerWhiteListItem", **here, SourceItems="10.0.0.1,10.0.0.2")
    call("RemoveListenerWhiteListItem", **here, SourceItems="10.0.0.2")
    call("SetListenerAccessControlStatus", **here, AccessControlStatus="open_white_list")
    found = call("DescribeListenerAccessControlAttribute", **here)
    assert (found["AccessControlStatus"], found["SourceItems"]) == ("open_white_list", "10.0.0.1")
    rules = [{"RuleName": "r", "Domain": "a.example.com", "VServerGroupId": group}]
    made = call("CreateRules", **here, RuleList=json.dumps(rules))["Rules"]["Rule"]
    rule = R | {"RuleId": made[0]["RuleId"]}
    own = {"ListenerSync": "off", "Scheduler": "rr", "StickySession": "off", "HealthCheck": "off"}
    call("SetRule", **rule, RuleName="own", **own)
    found = call("DescribeRuleAttribute", **rule)
    assert (found["RuleName"], found["Scheduler"]) == ("own", "rr")
    listed = call("DescribeRules", **here)["Rules"]["Rule"]
    assert [one["RuleId"] for one in listed] == [rule["RuleId"]]
    health = call("DescribeHealthStatus", **where)["BackendServers"]["BackendServer"]
    assert health == []
    listed = call("DescribeLoadBalancerListeners", **R, LoadBalancerId=[where["LoadBalancerId"]])
    assert [one["ListenerProtocol"] for one in listed["Listeners"]] == ["http"]
    call("DeleteRules", **R, RuleIds=json.dumps([rule["RuleId"]]))
    call("StopLoadBalancerListener", **here)
    call("DeleteLoadBalancerListener", **here)
    call("DeleteVServerGroup", **R, VServerGroupId=group)


def layer_4(call: Walk, where: dict[str, Any]) -> None:
    """A TCP and a UDP listener on one port."""
    here = where | {"ListenerPort": 53}
    for protocol, scheduler in (("TCP", "sch"), ("UDP", "qch")):
        call(f"CreateLoadBalancer{protocol}Listener", **here, Bandwidth=-1, BackendServerPort=53)
        call(f"SetLoadBalancer{protocol}ListenerAttribute", **here, Scheduler=scheduler)
        found = call(f"DescribeLoadBalancer{protocol}ListenerAttribute", **here)
        assert (found["Scheduler"], found["HealthCheck"]) == (scheduler, "on")
    for protocol in ("tcp", "udp"):
        call("DeleteLoadBalancerListener", **here, ListenerProtocol=protocol)


def https(call: Walk, where: dict[str, Any]) -> None:
    """An HTTPS listener with all that belongs to it."""
    pem, key = pair("walk.example.com")
    upload = {"ServerCertificate": pem, "PrivateKey": key}
    certificate = call("UploadServerCertificate", **R, **upload)["ServerCertificateId"]
    named = R | {"ServerCertificateId": certificate}
    call("SetServerCertificateName", **named, ServerCertificateName="walked")
    (found,) = call("DescribeServerCertificates", **named)["ServerCertificates"][
        "ServerCertificate"
    ]
    assert (found["ServerCertificateName"], found["CommonName"]) == ("walked", "walk.example.com")
    authority = call("UploadCACertificate", **R, CACertificate=pair("ca.example.com", ca=True)[0])
    ca = R | {"CACertificateId": authority["CACertificateId"]}
    call("SetCACertificateName", **ca, CACertificateName="walked")
    (found,) = call("DescribeCACertificates", **ca)["CACertificates"]["CACertificate"]
    assert found["CACertificateName"] == "walked"
    words = {"TLSVersions": ["TLSv1.2"], "Ciphers": ["AES128-GCM-SHA256"]}
    policy = call("CreateTLSCipherPolicy", **R, Name="walk", **words)["TLSCipherPolicyId"]
    own = R | {"TLSCipherPolicyId": policy}
    call("SetTLSCipherPolicyAttribute", **own, Name="walked", **words)
    (found,) = call("ListTLSCipherPolicies", **own)["TLSCipherPolicies"]
    assert (found["Name"], found["Ciphers"]) == ("walked", ["AES128-GCM-SHA256"])
    here = where | {"ListenerPort": 443}
    call(
        "CreateLoadBalancerHTTPSListener",
        **here,
        Bandwidth=-1,
        HealthCheck="off",
        BackendServerPort=8080,
        ServerCertificateId=certificate,
    )
    more = {"TLSCipherPolicy": policy, "CACertificateId": ca["CACertificateId"]}
    call("SetLoadBalancerHTTPSListenerAttribute", **here, **more)
    found = call("DescribeLoadBalancerHTTPSListenerAttribute", **here)
    assert {name: found[name] for name in more} == more
    made = call(
        "CreateDomainExtension", **here, Domain="b.example.com", ServerCertificateId=certificate
    )
    extension = R | {"DomainExtensionId": made["DomainExtensionId"]}
    call("SetDomainExtensionAttribute", **extension, ServerCertificateId=certificate)
    found = call("DescribeDomainExtensionAttribute", **extension)
    assert found["Domain"] == "b.example.com"
    listed = call("DescribeDomainExtensions", **here)["DomainExtensions"]["DomainExtension"]
    assert len(listed) == 1
    call("DeleteDomainExtension", **extension)
    call("DeleteLoadBalancerListener", **here)
    call("DeleteTLSCipherPolicy", **own)
    call("DeleteCACertificate", **ca)
    call("DeleteServerCertificate", **named)


def tags(call: Walk, where: dict[str, Any]) -> None:
    """Tags in both forms, and the resource group."""
    balancer = where["LoadBalancerId"]
    this = R | {"ResourceType": "instance", "ResourceId": [balancer]}
    call("TagResources", **this, Tag=[{"Key": "app", "Value": "walk a+b&c"}])
    (found,) = call("ListTagResources", **this)["TagResources"]["TagResource"]
    assert (found["TagKey"], found["TagValue"]) == ("app", "walk a+b&c")
    call("UntagResources", **this, TagKey=["app"])
    old = json.dumps([{"TagKey": "old", "TagValue": "form"}])
    call("AddTags", **where, Tags=old)
    (found,) = call("DescribeTags", **where)["TagSets"]["TagSet"]
    assert (found["TagKey"], found["InstanceCount"]) == ("old", 1)
    call("RemoveTags", **where, Tags=old)
    assert call("DescribeTags", **where)["TotalCount"] == 0
    move = {"ResourceType": "loadbalancer", "ResourceId": balancer}
    call("MoveResourceGroup", **R, **move, NewResourceGroupId="rg-walk")
    found = call("DescribeLoadBalancerAttribute", **where)
    assert found["ResourceGroupId"] == "rg-walk"


def logs(call: Walk, where: dict[str, Any]) -> None:
    """Access logs and high-definition monitoring."""
    balancer = where["LoadBalancerId"]
    row = {"LoadBalancerId": balancer, "LogProject": "project", "LogStore": "store"}
    given = R | {"LogsDownloadAttributes": json.dumps([row])}
    call("SetAccessLogsDownloadAttribute", **given)
    found = call("DescribeAccessLogsDownloadAttribute", **R, LoadBalancerId=balancer)
    assert found["LogsDownloadAttributes"]["LogsDownloadAttribute"][0]["LogStore"] == "store"
    call("DeleteAccessLogsDownloadAttribute", **given)
    monitor = call.monitored | {"LogProject": "project", "LogStore": "store"}
    assert call("EnableHighDefinationMonitor", **monitor)["Success"] == "true"
    call("ModifyHighDefinationMonitor", **monitor | {"LogStore": "other"})
    assert call("DescribeHighDefinationMonitor", **call.monitored)["LogStore"] == "other"
