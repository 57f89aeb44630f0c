"""The documented errors of the group, rule, listener and pool families, for each of their actions.

What one action's own tests look at is not repeated: here stand the errors that several share.
"""

import pytest

from tests.localcloud.client import Refused
from tests.localcloud.conftest import REGION, pay, report, web
from vservers.localcloud.faultctl import ask
from vservers.localcloud.validate import table

PAY_BALANCER = "lb-bp1payintranet00001"
PROTOCOLS = ("HTTP", "HTTPS", "TCP", "UDP")
TAGGED = [action for action, specs in table("slb").actions.items() if "Tag" in specs]
OLD_ROW = {"ServerId": web(1), "Port": 80}


def add_to_group(client, balancer, rows, action):
    """One of the three ways by which servers come into a group, with what it needs."""
    where = {"RegionId": REGION, "LoadBalancerId": balancer}
    if action == "CreateVServerGroup":
        return client.call(action, **where, BackendServers=rows)
    group = client.call("CreateVServerGroup", **where)["VServerGroupId"]
    name = "BackendServers" if action.startswith("Add") else "NewBackendServers"
    return client.call(action, RegionId=REGION, VServerGroupId=group, **{name: rows})


@pytest.mark.parametrize(
    "action",
    [
        "CreateVServerGroup",
        "AddVServerGroupBackendServers",
        "ModifyVServerGroupBackendServers",
    ],
)
@pytest.mark.parametrize(
    ("intranet", "rows", "code"),
    [
        (False, "no list", "BackendServersMalformed"),
        (False, [{"ServerId": web(1), "Port": 0}], "InvalidParameter"),
        (False, [OLD_ROW, OLD_ROW], "InvalidParameter"),
        (False, [OLD_ROW | {"Weight": 101}], "InvalidWeight.Malformed"),
        (False, [OLD_ROW | {"Type": "ip"}], "BackendServer.InvalidType"),
        (False, [OLD_ROW | {"Type": "eni"}], "BackendServer.InvalidType"),
        (
            False,
            [{"ServerId": web(1), "Port": port} for port in range(1, 22)],
            "TooManyBackendServers",
        ),
        (False, [{"ServerId": web(8), "Port": 80}], "ObtainIpFail"),
        (False, [{"ServerId": "i-nothing", "Port": 80}], "ObtainIpFail"),
        (False, [OLD_ROW, {"ServerId": pay(1), "Port": 80}], "InvalidBackendServers.Inconsistent"),
        (True, [OLD_ROW], "NetworkConflict"),
        (True, [{"ServerId": report(1), "Port": 80}], "NetworkConflict"),
    ],
)
def test_servers_that_a_group_cannot_take(client, balancer, refused, action, intranet, rows, code):
    with refused(code):
        add_to_group(client, PAY_BALANCER if intranet else balancer, rows, action)


@pytest.mark.parametrize("action", ["AddVServerGroupBackendServers", "CreateVServerGroup"])
def test_an_instance_and_its_interface_are_one_address(client, strong, refused, action):
    rows = [
        {"ServerId": pay(1), "Port": 80},
        {"ServerId": f"eni-{pay(1)[2:]}", "Port": 80, "Type": "eni"},
    ]
    with refused("InvalidBackendServers.ServerIpConflict"):
        add_to_group(client, strong, rows, action)


@pytest.mark.parametrize("action", TAGGED)
def test_wrong_tags_are_refused_by_each_action_that_takes_them(client, refused, action):
    given = {}
    for name, spec in table("slb").actions[action].items():
        if spec.get("required") and spec["type"] != "list":
            texts = {"integer": "80", "json": "[]"}
            given[name] = spec.get("enum", [texts.get(spec["type"], "valid")])[0]
    given |= {"RegionId": REGION, "ResourceId.1": "lb-x"}
    for tags, code in (
        ({"Tag.1.Key": "acs:x"}, "InvalidParam.TagKey"),
        ({"Tag.1.Key": "k", "Tag.1.Value": "http://x"}, "InvalidParam.TagValue"),
        ({"Tag.1.Value": "v"}, "MissingParam.TagKey"),
        ({f"Tag.{n}.Key": f"k{n}" for n in range(1, 22)}, "SizeLimitExceeded.Tag"),
    ):
        with refused(code):
            client.call(action, **given | tags)


@pytest.fixture
def listeners(client, balancer, certificate):
    """A listener of each protocol; `listeners("TCP")` says how to name it."""
    ports = {protocol: 100 + number for number, protocol in enumerate(PROTOCOLS)}
    for protocol, port in ports.items():
        client.call(
            f"CreateLoadBalancer{protocol}Listener",
            LoadBalancerId=balancer,
            ListenerPort=port,
            Bandwidth=-1,
            BackendServerPort=8080,
            HealthCheck="off",
            ServerCertificateId=certificate,
        )
    return lambda protocol: {"LoadBalancerId": balancer, "ListenerPort": ports[protocol]}


@pytest.fixture
def six(client):
    made = client.call(
        "CreateAccessControlList", RegionId=REGION, AclName="six", AddressIPVersion="ipv6"
    )["AclId"]
    yield made
    client.call("DeleteAccessControlList", RegionId=REGION, AclId=made)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_wrong_access_control_is_refused_by_each_protocol(
    client, listeners, certificate, acl, six, refused, protocol
):
    where = listeners(protocol)
    create = where | {"ListenerPort": 200, "Bandwidth": -1, "BackendServerPort": 80}
    create |= {"HealthCheck": "off", "ServerCertificateId": certificate}
    for given, code in (
        ({"AclId": "acl-nothing", "AclType": "white"}, "AclNotExist"),
        ({"AclId": six, "AclType": "white"}, "IpVersionConflict"),
        ({"AclId": f"{acl},{acl}", "AclType": "white"}, "Duplicated.AclEntry"),
        ({"AclId": f"{acl},a,b,c", "AclType": "white"}, "QuotaLimitExceeds.AclAttachedToListener"),
        ({"AclId": acl}, "MissingParameter"),
        ({"AclType": "white"}, "MissingParameter"),
        ({"AclId": acl, "AclType": "grey"}, "InvalidParameter"),
    ):
        with refused(code):
            client.call(
                f"SetLoadBalancer{protocol}ListenerAttribute", **where, **given, AclStatus="on"
            )
        with refused(code):
            client.call(f"CreateLoadBalancer{protocol}Listener", **create, **given, AclStatus="on")


def test_groups_that_a_listener_cannot_take_on_a_change(client, listeners, group, refused):
    other = client.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]
    strange = client.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=other)
    strange_id = strange["VServerGroupId"]
    for protocol, missing, status, foreign in (
        ("HTTP", "InvalidParameter", 404, "InvalidParameter.VServerGroupId"),
        ("HTTPS", "InvalidParameter", 404, "InvalidParameter.VServerGroupId"),
        ("TCP", "ResourceNotFound.VServerGroup", 400, "InvalidParam.VServerGroupId"),
        ("UDP", "ResourceNotFound.VServerGroup", 400, "InvalidParam.VServerGroupId"),
    ):
        action = f"SetLoadBalancer{protocol}ListenerAttribute"
        with refused(missing, status):
            client.call(action, **listeners(protocol), VServerGroupId="rsp-nothing")
        with refused(foreign):
            client.call(action, **listeners(protocol), VServerGroupId=strange_id)
        with refused("MissingParam.VServerGroupId"):
            client.call(action, **listeners(protocol), VServerGroup="on")
        client.call(action, **listeners(protocol), VServerGroupId=group)


@pytest.mark.parametrize(
    ("protocol", "params", "code"),
    [
        ("HTTPS", {"ServerCertificateId": "nothing"}, "CertificateNotExist"),
        ("HTTPS", {"CACertificateId": "nothing"}, "CertificateNotExist"),
        ("HTTPS", {"CACertificateId": "{certificate}"}, "CertificateTypeMismatched"),
        ("HTTPS", {"TLSCipherPolicy": "nothing"}, "InvalidTLSPolicyId.NotExist"),
        ("HTTPS", {"IdleTimeout": 0}, "InvalidParameter.IdleTimeout"),
        ("HTTP", {"RequestTimeout": 0}, "InvalidParameter.RequestTimeout"),
        ("HTTP", {"StickySession": "on"}, "MissingParameter"),
        ("TCP", {"Scheduler": "sch"}, "InvalidParameterValue.SpecNotSupport"),
        ("TCP", {"ConnectionDrain": "on"}, "MissingParameter"),
        ("UDP", {"ConnectionDrain": "on"}, "MissingParameter"),
        ("TCP", {"HealthCheckSwitch": "maybe"}, "InvalidParam.HealthCheck"),
        ("UDP", {"HealthCheckSwitch": "maybe"}, "IllegalParam.HealthCheck"),
        ("UDP", {"Scheduler": "qch"}, "InvalidParameterValue.SpecNotSupport"),
        ("UDP", {"healthCheckReq": "a b"}, "InvalidParam.HealthCheckReq"),
        ("UDP", {"healthCheckExp": "a b"}, "InvalidParam.HealthCheckExp"),
        ("UDP", {"healthCheckExp": "x" * 65}, "InvalidParamLength.HealthCheckExp"),
    ],
)
def test_a_wrong_change_leaves_a_listener_as_it_was(
    client, listeners, certificate, refused, protocol, params, code
):
    describe = f"DescribeLoadBalancer{protocol}ListenerAttribute"
    before = client.call(describe, **listeners(protocol)) | {"RequestId": ""}
    given = {
        name: value.format(certificate=certificate) if isinstance(value, str) else value
        for name, value in params.items()
    }
    with refused(code):
        client.call(f"SetLoadBalancer{protocol}ListenerAttribute", **listeners(protocol), **given)
    assert client.call(describe, **listeners(protocol)) | {"RequestId": ""} == before


def test_rules_of_a_port_with_two_protocols_need_it_named(client, balancer, listener, refused):
    where = {"RegionId": REGION, "LoadBalancerId": balancer, "ListenerPort": listener}
    client.call("CreateLoadBalancerUDPListener", **where, Bandwidth=-1, BackendServerPort=53)
    rules = [{"RuleName": "r", "Url": "/a", "VServerGroupId": "rsp-any"}]
    with refused("TooManyListeners"):
        client.call("DescribeRules", **where)
    with refused("TooManyListeners"):
        client.call("CreateRules", **where, RuleList=rules)
    assert client.call("DescribeRules", **where, ListenerProtocol="http")["Rules"] == {"Rule": []}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"ListenerProtocol": "quic"}, "IllegalParam.ListenerProtocol"),
        ({"MaxResults": 101}, "IllegalParam.MaxResults"),
        ({"NextToken": "x"}, "IllegalParam.NextToken"),
        ({f"LoadBalancerId.{n}": "lb" for n in range(1, 12)}, "IllegalParamSize.LoadBalancerId"),
    ],
)
def test_a_wrong_question_for_listeners_is_refused(client, refused, params, code):
    with refused(code):
        client.call("DescribeLoadBalancerListeners", RegionId=REGION, **params)


@pytest.fixture
def locked(client, cloud, balancer, group, listener):
    """A load balancer with a group, a rule and an HTTP listener on port 80, locked on request."""
    where = {"RegionId": REGION, "LoadBalancerId": balancer, "ListenerPort": listener}
    row = {"RuleName": "r", "Url": "/a", "VServerGroupId": group}
    made = client.call("CreateRules", **where, RuleList=[row])["Rules"]["Rule"]
    named = where | {"VServerGroupId": group, "RuleId": made[0]["RuleId"]}
    assert ask(cloud.data_dir, "POST", f"/balancers/{balancer}", {"status": "locked"})[0] == 200
    yield named
    ask(cloud.data_dir, "DELETE", "/faults")


def test_a_locked_balancer_is_read(client, locked, balancer):
    found = client.call("DescribeLoadBalancerAttribute", **locked)
    assert found["LoadBalancerStatus"] == "locked"
    found = client.call("DescribeLoadBalancers", RegionId=REGION, LoadBalancerStatus="locked")
    assert [one["LoadBalancerId"] for one in found["LoadBalancers"]["LoadBalancer"]] == [balancer]
    for action in ("DescribeVServerGroupAttribute", "DescribeRules", "DescribeRuleAttribute"):
        assert client.call(action, **locked)["RequestId"]


@pytest.mark.parametrize(
    ("action", "more", "code"),
    [
        ("StartLoadBalancerListener", {}, "Operation.NotAllowed"),
        ("StopLoadBalancerListener", {}, "Operation.NotAllowed"),
        ("DeleteLoadBalancerListener", {}, "Operation.NotAllowed"),
        ("DeleteLoadBalancer", {}, "Operation.NotAllowed"),
        ("CreateVServerGroup", {}, "LbStatusNotSupport"),
        ("AddVServerGroupBackendServers", {"BackendServers": []}, "LbStatusNotSupport"),
        ("RemoveVServerGroupBackendServers", {"BackendServers": []}, "LbStatusNotSupport"),
        ("ModifyVServerGroupBackendServers", {"NewBackendServers": []}, "LbStatusNotSupport"),
        ("SetVServerGroupAttribute", {"VServerGroupName": "x"}, "LbStatusNotSupport"),
        ("DeleteVServerGroup", {}, "LbStatusNotSupport"),
        ("AddBackendServers", {"BackendServers": []}, "LbStatusNotSupport"),
        ("SetBackendServers", {"BackendServers": []}, "LbStatusNotSupport"),
        ("RemoveBackendServers", {"BackendServers": []}, "LbStatusNotSupport"),
        ("CreateRules", {"RuleList": []}, "LbStatusNotSupport"),
        ("SetRule", {"RuleName": "x"}, "LbStatusNotSupport"),
        ("DeleteRules", {"RuleIds": "{RuleId}"}, "LbStatusNotSupport"),
        (
            "CreateLoadBalancerTCPListener",
            {"ListenerPort": 81, "Bandwidth": -1, "BackendServerPort": 80},
            "LbStatusNotSupport",
        ),
        ("SetLoadBalancerHTTPListenerAttribute", {"Scheduler": "rr"}, "LbStatusNotSupport"),
        ("SetLoadBalancerStatus", {"LoadBalancerStatus": "active"}, "LbStatusNotSupport"),
    ],
)
def test_a_locked_balancer_is_not_changed(client, locked, refused, action, more, code):
    if more.get("RuleIds"):
        more = {"RuleIds": [locked["RuleId"]]}
    with refused(code):
        client.call(action, **locked | more)


def test_what_is_named_by_its_own_id_is_locked_too(client, cloud, balancer, https, certificate):
    pair = [
        {"ServerId": web(number), "Port": 80, "ServerType": role}
        for number, role in ((1, "Master"), (2, "Slave"))
    ]
    where = {"RegionId": REGION, "LoadBalancerId": balancer}
    made = client.call("CreateMasterSlaveServerGroup", **where, MasterSlaveBackendServers=pair)
    extension = client.call(
        "CreateDomainExtension",
        **where,
        ListenerPort=https,
        Domain="a.example.com",
        ServerCertificateId=certificate,
    )
    named = {name: made[name] for name in ("MasterSlaveServerGroupId",)} | where
    named |= {"DomainExtensionId": extension["DomainExtensionId"]}
    assert ask(cloud.data_dir, "POST", f"/balancers/{balancer}", {"status": "locked"})[0] == 200
    try:
        for action in ("DeleteMasterSlaveServerGroup", "DeleteDomainExtension"):
            with pytest.raises(Refused) as caught:
                client.call(action, **named)
            assert caught.value.code == "LbStatusNotSupport", action
            assert client.call(f"{action.replace('Delete', 'Describe')}Attribute", **named)
    finally:
        ask(cloud.data_dir, "DELETE", "/faults")


def test_a_balancer_is_unlocked_alone_or_with_all_faults(client, cloud, locked, balancer):
    def status():
        return client.call("DescribeLoadBalancerAttribute", **locked)["LoadBalancerStatus"]

    def put(word, name=balancer):
        return ask(cloud.data_dir, "POST", f"/balancers/{name}", {"status": word})[0]

    assert ask(cloud.data_dir, "GET", "/faults")[1]["balancers_locked"] == [balancer]
    assert (put("active"), status()) == (200, "active")
    assert (put("locked"), status()) == (200, "locked")
    assert ask(cloud.data_dir, "DELETE", "/faults")[0] == 200
    assert status() == "active"
    assert (put("locked", "lb-nothing"), put("inactive")) == (404, 400)
    client.call("DeleteLoadBalancerListener", **locked)
    assert status() == "inactive"
    assert [put("locked"), put("active"), status()] == [200, 200, "inactive"]
