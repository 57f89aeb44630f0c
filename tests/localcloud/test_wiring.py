"""From stored objects to what is served."""

from dataclasses import replace

import pytest

from vservers.localcloud import demo
from vservers.localcloud.addresses import Addresses, NetworkFull
from vservers.localcloud.assets import (
    AccessList,
    CaCertificate,
    CipherPolicy,
    ServerCertificate,
)
from vservers.localcloud.dataplane.topology import AccessControl
from vservers.localcloud.model import (
    DomainExtension,
    Instance,
    Listener,
    MasterSlaveGroup,
    Member,
    Rule,
)
from vservers.localcloud.store import Draft, Edit, Store, View
from vservers.localcloud.wiring import topology

ACCOUNT = "1"
STRICT = "tls_cipher_policy_1_2_strict_with_1_3"


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "state.sqlite3")
    save(opened, *demo.entities(Addresses("127.99.0.0/16", ())))
    yield opened
    opened.close()


def save(store, *entities, gone=()):
    draft = Draft(store)
    edit = Edit(draft, ACCOUNT)
    for entity in entities:
        edit.put(entity)
    for entity in gone:
        edit.delete(entity)
    store.write(draft.changes)
    store.publish(draft.changes)


def served(store, balancer_id):
    return [one for one in topology(store).listeners if one.load_balancer_id == balancer_id]


def test_the_default_pool_is_served_on_the_listeners_port(store):
    (listener,) = served(store, demo.SHOP_BALANCER)
    assert (listener.address, listener.port) == ("127.99.0.1", 80)
    assert listener.default_backend == demo.SHOP_BALANCER
    (pool,) = listener.backends
    assert [(one.address, one.port) for one in pool.members] == [
        (f"127.99.128.{number}", 8080) for number in (1, 2, 3)
    ]
    assert listener.health_check is not None
    assert listener.health_check.http_codes == ("http_2xx", "http_3xx")


def test_groups_of_the_listener_and_of_rules_are_backends(store):
    (listener,) = served(store, demo.PAY_BALANCER)
    assert listener.default_backend == "rsp-bp1payblue0000001"
    assert [backend.key for backend in listener.backends] == [
        "rsp-bp1payblue0000001",
        "rsp-bp1payapi00000001",
    ]
    (route,) = listener.routes
    assert (route.domain, route.backend_key) == ("api.pay.example.com", "rsp-bp1payapi00000001")
    assert [member.weight for member in listener.backends[0].members] == [100, 100, 50]


def test_a_stopped_listener_and_an_inactive_balancer_serve_nothing(store):
    view = View(store, ACCOUNT)
    (listener,) = view.children(Listener, demo.SHOP_BALANCER)
    save(store, replace(listener, status="stopped"))
    assert served(store, demo.SHOP_BALANCER) == []


def test_every_running_instance_answers_and_the_stopped_one_does_not(store):
    instances = dict(topology(store).instances)
    assert len(instances) == 24 - 1 + 4 + 3
    assert "i-bp1web08000000000000" not in instances
    view = View(store, ACCOUNT)
    server = view.get(Instance, "i-bp1web01000000000000")
    save(store, replace(server, status="Stopped"))
    (listener,) = served(store, demo.SHOP_BALANCER)
    assert [member.running for member in listener.backends[0].members] == [False, True, True]


def test_a_timeout_shorter_than_the_interval_counts_as_the_interval(store):
    (listener,) = View(store, ACCOUNT).children(Listener, demo.SHOP_BALANCER)
    settings = dict(listener.settings) | {"HealthCheckInterval": 50, "StickySession": "on"}
    settings |= {"StickySessionType": "insert", "CookieTimeout": 9}
    save(store, replace(listener, settings=settings))
    (found,) = served(store, demo.SHOP_BALANCER)
    assert (found.health_check.interval, found.health_check.timeout) == (50, 50)
    assert (found.sticky.kind, found.sticky.cookie_timeout) == ("insert", 9)


def test_a_code_that_was_kept_as_a_text_is_one_code(store):
    (listener,) = View(store, ACCOUNT).children(Listener, demo.SHOP_BALANCER)
    settings = dict(listener.settings) | {"HealthCheckHttpCode": "http_2xx"}
    save(store, replace(listener, settings=settings))
    (found,) = served(store, demo.SHOP_BALANCER)
    assert found.health_check.http_codes == ("http_2xx",)


WEB = [f"i-bp1web0{number}0000000000000"[:22] for number in (1, 2, 3)]
REGION = "cn-hangzhou"


def put_listener(store, protocol, port, group_id="", **settings):
    listener = Listener(
        demo.SHOP_BALANCER,
        protocol,
        port,
        REGION,
        1,
        status="running",
        group_id=group_id,
        settings={"Scheduler": "wrr", "BackendServerPort": 8080} | settings,
    )
    save(store, listener)
    return listener


def served_on(store, port):
    (found,) = [one for one in served(store, demo.SHOP_BALANCER) if one.port == port]
    return found


def test_a_tcp_listener_of_a_pair_has_a_backup(store):
    pair = MasterSlaveGroup(
        "rsp-pair",
        demo.SHOP_BALANCER,
        REGION,
        "",
        1,
        (Member(WEB[0], 80, role="Master"), Member(WEB[1], 81, role="Slave")),
    )
    save(store, pair)
    put_listener(
        store,
        "tcp",
        90,
        pair.id,
        HealthCheck="on",
        HealthCheckType="http",
        HealthCheckURI="/up",
        HealthCheckMethod="head",
        HealthCheckHttpCode=["http_2xx"],
        HealthCheckInterval=2,
        HealthCheckConnectTimeout=9,
        HealthyThreshold=3,
        UnhealthyThreshold=3,
        PersistenceTimeout=60,
        EstablishedTimeout=20,
        ConnectionDrain="on",
        ConnectionDrainTimeout=30,
    )
    found = served_on(store, 90)
    (backend,) = found.backends
    assert found.default_backend == backend.key == pair.id
    assert [(one.port, one.backup) for one in backend.members] == [(80, False), (81, True)]
    check = found.health_check
    assert (check.kind, check.uri, check.timeout) == ("http", "/up", 9)
    assert (found.persistence_timeout, found.established_timeout, found.drain_timeout) == (
        60,
        20,
        30,
    )


def test_a_udp_listener_says_what_its_check_sends(store):
    put_listener(
        store,
        "udp",
        90,
        HealthCheck="on",
        HealthCheckInterval=5,
        HealthCheckConnectTimeout=10,
        HealthyThreshold=3,
        UnhealthyThreshold=3,
        HealthCheckReq="ping",
        HealthCheckExp="pong",
    )
    check = served_on(store, 90).health_check
    assert (check.kind, check.request, check.expect, check.timeout) == ("udp", "ping", "pong", 10)


def test_an_https_listener_brings_all_its_certificates_and_its_policy(store):
    facts = {"common_name": "", "fingerprint": "", "expires": 1}
    own = ServerCertificate("c-1", REGION, "", 1, "PEM 1", key="KEY 1", **facts)
    extra = ServerCertificate("c-2", REGION, "", 1, "PEM 2", key="KEY 2", **facts)
    authority = CaCertificate("c-3", REGION, "", 1, "PEM 3", **facts)
    policy = CipherPolicy("tls-1", REGION, "", 1, ("TLSv1.3",), ("TLS_AES_128_GCM_SHA256",))
    extension = DomainExtension("de-1", demo.SHOP_BALANCER, 443, REGION, "*.b.test", extra.id, 1)
    save(store, own, extra, authority, policy, extension)
    listener = put_listener(
        store,
        "https",
        443,
        ServerCertificateId=own.id,
        CACertificateId=authority.id,
        TLSCipherPolicy=policy.id,
        EnableHttp2="off",
        XForwardedFor_SLBPORT="on",
    )
    found = served_on(store, 443)
    assert (found.certificate.chain, found.certificate.key) == ("PEM 1", "KEY 1")
    assert [(domain, one.chain) for domain, one in found.extensions] == [("*.b.test", "PEM 2")]
    assert (found.ca_certificate.chain, found.ca_certificate.key) == ("PEM 3", "")
    assert (found.tls_policy.versions, found.tls_policy.ciphers) == (
        policy.versions,
        policy.ciphers,
    )
    assert (found.http2, found.slb_port) == (False, True)
    save(store, replace(listener, settings=dict(listener.settings) | {"TLSCipherPolicy": STRICT}))
    policy = served_on(store, 443).tls_policy
    assert policy.versions == ("TLSv1.2", "TLSv1.3")
    assert "AES128-SHA" not in policy.ciphers


def test_access_lists_and_the_older_white_list_say_who_comes_in(store):
    office = AccessList("acl-1", REGION, "", 1, entries=(("10.0.0.0/8", ""), ("10.1.1.1", "x")))
    home = AccessList("acl-2", REGION, "", 1, entries=(("10.0.0.0/8", ""),))
    save(store, office, home)
    listener = put_listener(store, "http", 90)
    assert served_on(store, 90).access is None
    save(store, replace(listener, white_listed=True, white_list=("10.2.2.2",)))
    assert served_on(store, 90).access == AccessControl("white", ("10.2.2.2",))
    settings = {"AclStatus": "on", "AclType": "black", "AclId": "acl-1,acl-2"}
    put_listener(store, "http", 90, **settings)
    assert served_on(store, 90).access == AccessControl("black", ("10.0.0.0/8", "10.1.1.1"))


def test_a_forwarder_has_a_port_and_no_backends(store):
    put_listener(store, "http", 90, ListenerForward="on", ForwardPort=443)
    found = served_on(store, 90)
    assert (found.forward_port, found.backends, found.routes) == (443, (), ())


def test_a_rule_with_settings_of_its_own_has_a_backend_of_its_own(store):
    view = View(store, ACCOUNT)
    (rule,) = view.children(Rule, f"{demo.PAY_BALANCER}_http_80")
    own = {
        "Scheduler": "rr",
        "StickySession": "on",
        "StickySessionType": "server",
        "Cookie": "c",
        "HealthCheck": "off",
    }
    twin = replace(rule, id="rule-2", name="2", url="/x", settings=own)
    save(store, twin)
    (listener,) = served(store, demo.PAY_BALANCER)
    assert [route.backend_key for route in listener.routes] == [rule.group_id, twin.id]
    backend = next(one for one in listener.backends if one.key == twin.id)
    plain = next(one for one in listener.backends if one.key == rule.group_id)
    assert backend.members == plain.members
    assert (plain.settings, backend.settings.scheduler) == (None, "rr")
    assert (backend.settings.sticky.cookie, backend.settings.health_check) == ("c", None)


def test_a_network_that_is_full_says_so():
    addresses = Addresses("127.9.9.0/24", {"127.9.9.1"})
    given = [addresses.for_balancer() for _ in range(125)]
    assert given[0] == "127.9.9.2"
    assert len(set(given)) == 125
    with pytest.raises(NetworkFull):
        addresses.for_balancer()
    assert addresses.for_instance() == "127.9.9.129"
