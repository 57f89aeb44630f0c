"""TCP, UDP and HTTPS listeners over HTTP; HTTP's own are in test_listeners."""

import pytest

from tests.localcloud.certificates import pair
from tests.localcloud.conftest import REGION, web
from tests.localcloud.listeners import change, create, read

TCP = {
    "Scheduler": "wrr",
    "Bandwidth": -1,
    "BackendServerPort": 8080,
    "PersistenceTimeout": 0,
    "EstablishedTimeout": 900,
    "HealthCheck": "on",
    "HealthCheckType": "tcp",
    "HealthCheckInterval": 2,
    "HealthCheckConnectTimeout": 5,
    "HealthyThreshold": 3,
    "UnhealthyThreshold": 3,
    "AclStatus": "off",
    "ProxyProtocolV2Enabled": False,
}
UDP = {
    "Scheduler": "wrr",
    "HealthCheck": "on",
    "HealthCheckInterval": 5,
    "HealthCheckConnectTimeout": 10,
    "HealthyThreshold": 3,
    "UnhealthyThreshold": 3,
}
HTTPS = {
    "Scheduler": "wrr",
    "EnableHttp2": "on",
    "TLSCipherPolicy": "tls_cipher_policy_1_0",
    "Gzip": "on",
    "IdleTimeout": 15,
    "RequestTimeout": 60,
    "StickySession": "off",
    "HealthCheck": "off",
}


def secured(certificate, **params):
    return {"HealthCheck": "off", "ServerCertificateId": certificate} | params


@pytest.fixture
def master_slave(client, balancer):
    """A primary/secondary group of the balancer."""
    rows = [
        {"ServerId": web(number), "Port": 80, "ServerType": kind}
        for number, kind in ((1, "Master"), (2, "Slave"))
    ]
    return client.call(
        "CreateMasterSlaveServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer,
        MasterSlaveBackendServers=rows,
    )["MasterSlaveServerGroupId"]


def test_tcp_and_udp_have_the_documented_defaults_and_share_a_port(client, balancer):
    create(client, balancer, "TCP")
    create(client, balancer, "UDP")
    tcp, udp = (read(client, balancer, protocol) for protocol in ("TCP", "UDP"))
    assert {name: tcp[name] for name in TCP} == TCP
    assert {name: udp[name] for name in UDP} == UDP
    assert (tcp["Status"], tcp["VServerGroupId"], tcp["MasterSlaveServerGroupId"]) == (
        "stopped",
        "",
        "",
    )
    for absent in ("HealthCheckURI", "HealthCheckDomain", "healthCheckInterval", "Rules"):
        assert absent not in tcp
    assert "HealthCheckType" not in udp


def test_https_has_the_documented_defaults(client, balancer, https, certificate):
    found = read(client, balancer, "HTTPS", https)
    assert {name: found[name] for name in HTTPS} == HTTPS
    assert found["ServerCertificateId"] == certificate
    assert found["DomainExtensions"] == {"DomainExtension": []}
    assert found["Rules"] == {"Rule": []}
    assert "CACertificateId" not in found


def test_a_port_of_two_protocols_needs_the_protocol_named(client, balancer, refused):
    create(client, balancer, "TCP")
    create(client, balancer, "UDP")
    where = {"LoadBalancerId": balancer, "ListenerPort": 90}
    for action in (
        "StartLoadBalancerListener",
        "StopLoadBalancerListener",
        "DeleteLoadBalancerListener",
        "DescribeListenerAccessControlAttribute",
    ):
        with refused("TooManyListeners"):
            client.call(action, **where)
    client.call("StartLoadBalancerListener", **where, ListenerProtocol="udp")
    assert read(client, balancer, "UDP")["Status"] == "running"
    assert read(client, balancer, "TCP")["Status"] == "stopped"
    client.call("DeleteLoadBalancerListener", **where, ListenerProtocol="tcp")
    client.call("StopLoadBalancerListener", **where)
    assert read(client, balancer, "UDP")["Status"] == "stopped"


@pytest.mark.parametrize(("first", "second"), [("TCP", "HTTP"), ("HTTP", "TCP"), ("TCP", "HTTPS")])
def test_protocols_over_tcp_share_no_port(client, balancer, certificate, refused, first, second):
    create(client, balancer, first, HealthCheck="off")
    with refused("InvalidParameter.ListenerPortConflict"):
        create(client, balancer, second, **secured(certificate))
    with refused("ListenerAlreadyExists"):
        create(client, balancer, first, HealthCheck="off")


@pytest.mark.parametrize(
    ("protocol", "params", "code", "status"),
    [
        ("TCP", {"Bandwidth": None}, "MissingParameter", 400),
        ("TCP", {"BackendServerPort": None}, "MissingParameter", 400),
        ("TCP", {"BackendServerPort": 0}, "MissingParameter", 400),
        ("TCP", {"ListenerPort": 0}, "InvalidParam.ListenerPort", 400),
        ("TCP", {"PersistenceTimeout": 3601}, "InvalidParameter", 400),
        ("TCP", {"EstablishedTimeout": 9}, "InvalidParameter", 400),
        ("TCP", {"healthCheckInterval": 51}, "InvalidParameter", 400),
        ("TCP", {"HealthCheckInterval": 51}, "InvalidParameter", 400),
        ("TCP", {"HealthCheckType": "udp"}, "InvalidParameter", 400),
        ("TCP", {"Scheduler": "tch"}, "InvalidParameterValue.SpecNotSupport", 400),
        ("TCP", {"Scheduler": "qch"}, "InvalidParameter", 400),
        ("TCP", {"ConnectionDrain": "on"}, "MissingParameter", 400),
        ("TCP", {"VServerGroupId": "rsp-none"}, "ResourceNotFound.VServerGroup", 400),
        ("TCP", {"MasterSlaveServerGroupId": "rsp-none"}, "InvalidParameter", 404),
        ("UDP", {"ListenerPort": 4789}, "OperationDenied.SpecialListenerPortNotAllowed", 400),
        ("UDP", {"ListenerPort": 0}, "InvalidParam.ListenerPort", 400),
        ("UDP", {"BackendServerPort": None}, "MissingParameter", 400),
        ("UDP", {"Scheduler": "qch"}, "InvalidParameterValue.SpecNotSupport", 400),
        ("UDP", {"healthCheckReq": "a b"}, "InvalidParam.HealthCheckReq", 400),
        ("UDP", {"healthCheckExp": "x" * 65}, "InvalidParamLength.HealthCheckExp", 400),
        ("UDP", {"HealthCheckReq": "x" * 65}, "InvalidParamLength.HealthCheckReq", 400),
        ("HTTPS", {"IdleTimeout": 0}, "InvalidParameter.IdleTimeout", 400),
        ("HTTPS", {"RequestTimeout": 10000}, "InvalidParameter.RequestTimeout", 400),
        ("HTTPS", {"HealthCheck": None}, "MissingParameter", 400),
        ("HTTPS", {"Bandwidth": None}, "MissingParameter", 400),
        ("HTTPS", {"ServerCertificateId": None}, "MissingParam.ServerCertificates", 400),
        ("HTTPS", {"ServerCertificateId": "none"}, "CertificateNotExist", 400),
        ("HTTPS", {"CACertificateId": "none"}, "CertificateNotExist", 400),
        ("HTTPS", {"CACertificateId": "{certificate}"}, "CertificateTypeMismatched", 400),
        ("HTTPS", {"ServerCertificateId": "{ca}"}, "CertificateTypeMismatched", 400),
        ("HTTPS", {"TLSCipherPolicy": "tls-none"}, "InvalidTLSPolicyId.NotExist", 400),
        (
            "HTTPS",
            {"TLSCipherPolicy": "tls_cipher_policy_1_2"},
            "SPEC_NOT_SUPPORT_PARAMETER",
            400,
        ),
        ("HTTPS", {"VServerGroupId": "rsp-none"}, "InvalidParameter", 404),
    ],
)
def test_a_wrong_creation_is_refused(
    client, balancer, certificate, refused, protocol, params, code, status
):
    authority = client.call(
        "UploadCACertificate", form=True, RegionId=REGION, CACertificate=pair("ca.test", ca=True)[0]
    )["CACertificateId"]
    given = secured(certificate) if protocol == "HTTPS" else {}
    for name, value in params.items():
        if isinstance(value, str):
            value = value.format(certificate=certificate, ca=authority)
        given[name] = value
    with refused(code, status):
        create(client, balancer, protocol, **given)
    attribute = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    assert attribute["ListenerPorts"] == {"ListenerPort": []}


def test_a_tcp_listener_is_changed_and_its_check_switched_over(client, balancer):
    create(client, balancer, "TCP", healthCheckInterval=7, ConnectionDrain="off")
    assert read(client, balancer, "TCP")["HealthCheckInterval"] == 7
    change(
        client,
        balancer,
        "TCP",
        HealthCheckType="http",
        HealthCheckURI="/check",
        HealthCheckInterval=9,
        ConnectionDrain="on",
        ConnectionDrainTimeout=30,
        SynProxy="enable",
        ProxyProtocolV2Enabled="True",
        PersistenceTimeout=60,
    )
    found = read(client, balancer, "TCP")
    assert (found["HealthCheckType"], found["HealthCheckURI"]) == ("http", "/check")
    assert (found["HealthCheckHttpCode"], found["HealthCheckInterval"]) == ("http_2xx", 9)
    assert (found["ConnectionDrainTimeout"], found["SynProxy"]) == (30, "enable")
    assert (found["ProxyProtocolV2Enabled"], found["PersistenceTimeout"]) == (True, 60)
    listed = client.call("DescribeLoadBalancerListeners", **{"LoadBalancerId.1": balancer})
    config = listed["Listeners"][0]["TCPListenerConfig"]
    assert (config["ProxyProtocolV2Enabled"], config["HealthCheckType"]) == ("true", "http")
    change(client, balancer, "TCP", HealthCheckType="tcp", ConnectionDrain="off")
    found = read(client, balancer, "TCP")
    assert "HealthCheckURI" not in found
    assert "ConnectionDrainTimeout" not in found
    change(client, balancer, "TCP", HealthCheckSwitch="off")
    found = read(client, balancer, "TCP")
    assert found["HealthCheck"] == "off"
    assert "HealthCheckInterval" not in found


def test_a_udp_check_says_what_it_sends_and_expects(client, balancer):
    create(client, balancer, "UDP", healthCheckReq="ping", HealthCheckExp="pong")
    found = read(client, balancer, "UDP")
    assert (found["HealthCheckReq"], found["HealthCheckExp"]) == ("ping", "pong")
    change(client, balancer, "UDP", healthCheckReq="hello", Description="games")
    found = read(client, balancer, "UDP")
    assert (found["HealthCheckReq"], found["HealthCheckExp"]) == ("hello", "pong")
    assert found["Description"] == "games"


def test_hashing_and_strict_policies_are_for_guaranteed_instances(client, strong, certificate):
    create(client, strong, "TCP", Scheduler="sch")
    create(client, strong, "UDP", Scheduler="qch")
    create(
        client,
        strong,
        "HTTPS",
        ListenerPort=443,
        **secured(certificate, TLSCipherPolicy="tls_cipher_policy_1_2_strict"),
    )
    assert read(client, strong, "TCP")["Scheduler"] == "sch"
    change(client, strong, "HTTPS", 443, TLSCipherPolicy="tls_cipher_policy_1_1", EnableHttp2="off")
    found = read(client, strong, "HTTPS", 443)
    assert (found["TLSCipherPolicy"], found["EnableHttp2"]) == ("tls_cipher_policy_1_1", "off")


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_groups_of_both_kinds_are_attached_and_detached(
    client, balancer, group, master_slave, refused, protocol
):
    both = {"VServerGroupId": group, "MasterSlaveServerGroupId": master_slave}
    with refused("Abs.VServerGroupIdAndMasterSlaveServerGroupId.MissMatch"):
        create(client, balancer, protocol, **both)
    create(client, balancer, protocol, MasterSlaveServerGroupId=master_slave)

    def groups():
        found = read(client, balancer, protocol)
        return found["VServerGroupId"], found["MasterSlaveServerGroupId"]

    assert groups() == ("", master_slave)
    # To let go of a kind that it does not have changes nothing.
    change(client, balancer, protocol, VServerGroup="off")
    assert groups() == ("", master_slave)
    change(
        client,
        balancer,
        protocol,
        VServerGroup="on",
        VServerGroupId=group,
        MasterSlaveServerGroup="off",
    )
    assert groups() == (group, "")
    listed = client.call("DescribeLoadBalancerListeners", **{"LoadBalancerId.1": balancer})
    assert listed["Listeners"][0]["VServerGroupId"] == group
    with refused("RspoolVipExist"):
        client.call("DeleteVServerGroup", RegionId=REGION, VServerGroupId=group)
    change(
        client,
        balancer,
        protocol,
        MasterSlaveServerGroup="on",
        MasterSlaveServerGroupId=master_slave,
    )
    assert groups() == ("", master_slave)
    change(client, balancer, protocol, MasterSlaveServerGroup="off")
    assert groups() == ("", "")
    for name in ("VServerGroup", "MasterSlaveServerGroup"):
        with refused(f"MissingParam.{name}Id"):
            change(client, balancer, protocol, **{name: "on"})
    with refused("Abs.VServerGroupIdAndMasterSlaveServerGroupId.MissMatch"):
        change(client, balancer, protocol, **both)


def test_groups_of_another_balancer_are_refused(client, group, master_slave, strong, refused):
    with refused("InvalidParam.VServerGroupId"):
        create(client, strong, "TCP", VServerGroupId=group)
    with refused("VipNotMatchRspool"):
        create(client, strong, "TCP", MasterSlaveServerGroupId=master_slave)


def test_a_listener_without_backend_port_cannot_lose_its_group(
    client, balancer, group, master_slave, refused
):
    create(client, balancer, "TCP", BackendServerPort=None, VServerGroupId=group)
    create(client, balancer, "UDP", BackendServerPort=None, MasterSlaveServerGroupId=master_slave)
    for protocol, name in (("TCP", "VServerGroup"), ("UDP", "MasterSlaveServerGroup")):
        with refused("OperationFailed.ServerGroupInUse"):
            change(client, balancer, protocol, **{name: "off"})


def test_rules_are_for_http_and_https(client, balancer, group, https, refused):
    create(client, balancer, "TCP")
    rules = [{"RuleName": "r", "Domain": "a.example.com", "VServerGroupId": group}]
    where = {"RegionId": REGION, "LoadBalancerId": balancer, "RuleList": rules}
    with refused("RuleNotSupport"):
        client.call("CreateRules", **where, ListenerPort=90)
    client.call("CreateRules", **where, ListenerPort=https)
    (rule,) = read(client, balancer, "HTTPS", https)["Rules"]["Rule"]
    assert rule["Domain"] == "a.example.com"


def test_a_forwarder_needs_its_target(client, balancer, https, refused):
    where = {"LoadBalancerId": balancer, "ListenerPort": https}
    create(client, balancer, "HTTP", HealthCheck="off", ListenerForward="on", ForwardPort=https)
    found = read(client, balancer, "HTTP")
    assert (found["ListenerForward"], found["ForwardPort"]) == ("on", https)
    attribute = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    ports = attribute["ListenerPortsAndProtocol"]["ListenerPortAndProtocol"]
    assert [(one["ListenerForward"], one.get("ForwardPort")) for one in ports] == [
        ("on", https),
        ("off", None),
    ]
    with refused("ListenerForwardExist"):
        client.call("DeleteLoadBalancerListener", **where)
    with refused("ListenerNotSupportRule"):
        client.call(
            "CreateRules",
            RegionId=REGION,
            LoadBalancerId=balancer,
            ListenerPort=90,
            RuleList=[{"RuleName": "r", "Url": "/a", "VServerGroupId": "rsp-any"}],
        )
    client.call("DeleteLoadBalancerListener", LoadBalancerId=balancer, ListenerPort=90)
    client.call("DeleteLoadBalancerListener", **where)
