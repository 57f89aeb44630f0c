"""Listeners of all four protocols with all that they can be told, against a live cloud."""

from dataclasses import asdict, replace

import pytest

from tests.cloud import REGION, connect, web
from tests.localcloud.certificates import pair as key_pair
from tests.localcloud.certificates import upload
from vservers.cloud.settings import (
    HTTPSettings,
    HTTPSSettings,
    TCPSettings,
    UDPSettings,
)
from vservers.cloud.types import BackendServer
from vservers.models import Drift, Listener, Operation
from vservers.selectors.fingerprints import listener_fingerprint
from vservers.services import readings, rules, sync, undo
from vservers.services.desired import desired
from vservers.services.errors import CallFailed
from vservers.services.groups import create_group
from vservers.services.listeners import (
    ListenerSpec,
    change_listener,
    create_listener,
    delete_listener,
    plan_new_listener,
    set_access_control,
    spec_of,
)
from vservers.services.terraform import terraform

CHECK = {
    "health_check_connect_port": 8099,
    "health_check_interval": 3,
    "health_check_timeout": 7,
    "healthy_threshold": 4,
    "unhealthy_threshold": 5,
}
TCP = TCPSettings(
    **CHECK,
    scheduler="rr",
    bandwidth=20,
    persistence_timeout=600,
    established_timeout=300,
    connection_drain="on",
    connection_drain_timeout=30,
    health_check_type="http",
    health_check_uri="/up",
    health_check_domain="up.example.com",
    health_check_http_code="http_2xx,http_3xx",
    proxy_protocol_v2="true",
)
UDP = UDPSettings(
    **CHECK, scheduler="wrr", bandwidth=-1, health_check_req="ping", health_check_exp="pong"
)
HTTP = HTTPSettings(
    **CHECK,
    sticky_session="on",
    sticky_session_type="insert",
    cookie_timeout=60,
    health_check_method="get",
    health_check_uri="/up",
    health_check_http_code="http_2xx",
)


@pytest.fixture
def actor(operator):
    return operator.as_actor()


@pytest.fixture
def group(actor, balancer):
    members = [BackendServer(web(1), 80, 100)]
    return create_group(actor=actor, load_balancer=balancer, name="g", members=members)


@pytest.fixture
def certificate(outsider):
    return upload(outsider, key_pair("www.example.com"))


@pytest.fixture
def authority(outsider):
    text, _ = key_pair("authority", ca=True)
    answer = outsider.call("UploadCACertificate", form=True, RegionId=REGION, CACertificate=text)
    return answer["CACertificateId"]


@pytest.fixture
def access_list(outsider):
    answer = outsider.call("CreateAccessControlList", RegionId=REGION, AclName="offices")
    return answer["AclId"]


@pytest.fixture
def pair(outsider, balancer):
    """A primary/secondary group."""
    servers = [
        {"ServerId": web(n), "Port": 80, "Weight": 100, "ServerType": kind}
        for n, kind in ((1, "Master"), (2, "Slave"))
    ]
    answer = outsider.call(
        "CreateMasterSlaveServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        MasterSlaveServerGroupName="pair",
        MasterSlaveBackendServers=servers,
    )
    return answer["MasterSlaveServerGroupId"]


def make(actor, balancer, protocol, port, spec, *, start=False):
    return create_listener(
        actor=actor, load_balancer=balancer, protocol=protocol, port=port, spec=spec, start=start
    )


def change(actor, listener, **values):
    spec = replace(spec_of(listener), **values)
    changed = change_listener(
        actor=actor, listener=listener, spec=spec, seen=listener_fingerprint(listener)
    )
    return changed, Listener.objects.get(pk=listener.pk)


@pytest.mark.parametrize(
    ("protocol", "told"),
    [("tcp", TCP), ("udp", UDP), ("http", HTTP)],
    ids=lambda one: str(one)[:4],
)
def test_all_that_a_listener_was_told_is_read_back(actor, balancer, group, protocol, told):
    spec = ListenerSpec(settings=told, vserver_group=group, description="told")
    listener = make(actor, balancer, protocol, 7000, spec, start=True)
    assert listener.settings == asdict(told)
    assert (listener.status, listener.vserver_group) == ("running", group)
    unchanged, _ = change(actor, listener)
    assert not unchanged


def test_terraform_says_what_it_can_and_names_what_it_cannot(actor, balancer, group):
    spec = ListenerSpec(settings=TCP, vserver_group=group, description="told")
    plan = plan_new_listener(
        actor=actor, load_balancer=balancer, protocol="tcp", port=7000, spec=spec, start=True
    )
    text = terraform(desired(balancer, plan.changes))
    for line in (
        'resource "alicloud_slb_listener" "tcp_7000"',
        "established_timeout",
        'health_check_type         = "http"',
        "no argument for connection draining, the proxy protocol.",
    ):
        assert line in text


def test_what_a_check_looked_at_can_be_given_back_to_each_server(actor, balancer, group):
    spec = ListenerSpec(settings=TCP, vserver_group=group, description="d")
    listener = make(actor, balancer, "tcp", 7001, spec)
    plain = replace(
        TCP,
        health_check_type="tcp",
        health_check_connect_port=None,
        health_check_uri=None,
        health_check_domain=None,
        health_check_http_code=None,
        connection_drain="off",
        connection_drain_timeout=None,
    )
    changed, listener = change(actor, listener, settings=plain)
    assert changed
    assert listener.settings == asdict(plain)


def test_an_https_listener_gets_and_loses_mutual_authentication(
    actor, balancer, group, certificate, authority
):
    settings = HTTPSSettings(
        **asdict(HTTP),
        server_certificate_id=certificate,
        ca_certificate_id=authority,
        enable_http2="off",
    )
    spec = ListenerSpec(settings=settings, vserver_group=group, description="d")
    listener = make(actor, balancer, "https", 443, spec)
    assert listener.settings["ca_certificate_id"] == authority
    assert listener.settings["enable_http2"] == "off"
    wanted = replace(spec_of(listener).settings, ca_certificate_id="")
    changed, listener = change(actor, listener, settings=wanted)
    assert changed
    assert listener.settings["ca_certificate_id"] == ""
    delete_listener(actor=actor, listener=listener)
    undo.undo(actor=actor, operation=Operation.objects.latest("pk"))
    again = balancer.listeners.get()
    assert (again.settings, again.protocol) == (listener.settings, "https")


def test_an_http_listener_redirects_to_https_and_needs_no_servers(
    actor, balancer, group, certificate
):
    target = ListenerSpec(
        settings=HTTPSSettings(health_check="off", server_certificate_id=certificate),
        vserver_group=group,
        description="d",
    )
    make(actor, balancer, "https", 443, target)
    spec = ListenerSpec(
        settings=HTTPSettings(health_check="off"), description="redirect", forward_port=443
    )
    listener = make(actor, balancer, "http", 80, spec, start=True)
    assert (listener.forward_port, listener.status) == (443, "running")
    changed, listener = change(actor, listener, description="renamed")
    assert changed
    assert (listener.forward_port, listener.description) == (443, "renamed")


def test_a_redirect_to_no_listener_is_refused_in_the_clouds_words(actor, balancer):
    spec = ListenerSpec(
        settings=HTTPSettings(health_check="off"), description="d", forward_port=443
    )
    with pytest.raises(CallFailed) as caught:
        make(actor, balancer, "http", 80, spec)
    assert caught.value.code == "ListenerForwardNotSupport"


def test_a_listener_goes_from_a_group_to_a_pair_and_to_the_pool(actor, balancer, group, pair):
    spec = ListenerSpec(
        settings=UDPSettings(), vserver_group=group, backend_server_port=53, description="dns"
    )
    listener = make(actor, balancer, "udp", 53, spec)
    _, listener = change(actor, listener, vserver_group=None, master_slave_server_group_id=pair)
    held = listener.vserver_group, listener.master_slave_server_group_id
    assert held == (None, pair)
    _, listener = change(actor, listener, master_slave_server_group_id="")
    assert (listener.vserver_group, listener.master_slave_server_group_id) == (None, "")
    _, listener = change(actor, listener, vserver_group=group)
    assert listener.vserver_group == group


def test_access_control_goes_on_and_off_and_back(actor, balancer, group, access_list):
    spec = ListenerSpec(settings=TCPSettings(), vserver_group=group, description="d")
    listener = make(actor, balancer, "tcp", 7002, spec)
    assert set_access_control(
        actor=actor,
        listener=listener,
        status="on",
        acl_type="white",
        acl_id=access_list,
        seen=listener_fingerprint(listener),
    )
    listener = Listener.objects.get(pk=listener.pk)
    assert (listener.acl_status, listener.settings["acl_id"]) == ("white", access_list)
    set_access_control(
        actor=actor,
        listener=listener,
        status="off",
        acl_type="",
        acl_id="",
        seen=listener_fingerprint(listener),
    )
    listener = Listener.objects.get(pk=listener.pk)
    assert listener.acl_status == ""
    undo.undo(actor=actor, operation=Operation.objects.latest("pk"))
    assert Listener.objects.get(pk=listener.pk).acl_status == "white"


def test_what_somebody_else_set_on_a_tcp_listener_is_drift(actor, balancer, group, outsider):
    spec = ListenerSpec(settings=TCPSettings(), vserver_group=group, description="d")
    make(actor, balancer, "tcp", 7003, spec)
    outsider.call(
        "SetLoadBalancerTCPListenerAttribute",
        LoadBalancerId=balancer.pk,
        ListenerPort=7003,
        EstablishedTimeout=77,
    )
    sync.store(connect(REGION), balancer.pk, readings.listeners(balancer.pk))
    drift = Drift.objects.get(load_balancer_id=balancer.pk)
    assert (drift.field, drift.before, drift.after) == ("established_timeout", 900, 77)


def test_some_rules_of_a_listener_are_deleted_at_once(actor, balancer, group):
    spec = ListenerSpec(settings=HTTPSettings(), vserver_group=group, description="d")
    listener = make(actor, balancer, "http", 80, spec)
    wanted = [rules.NewRule(f"r{n}", f"{n}.example.com", "", group) for n in range(12)]
    ids = rules.create_rules(actor=actor, listener=listener, rules=wanted)
    gone = rules.delete_rules(actor=actor, listener=listener, rule_ids=[*ids[:11], "rule-gone"])
    assert gone == 11
    assert [rule.pk for rule in listener.rules.all()] == ids[11:]
    assert Operation.objects.latest("pk").calls.count() == 2
