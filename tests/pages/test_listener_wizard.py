"""The wizard of a new listener, as a browser without script goes through it."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.cloud import REGION, connect, mirror, place, web
from tests.localcloud.certificates import pair as key_pair
from tests.localcloud.certificates import upload
from tests.pages.addresses import HTMX, address
from tests.pages.browserless import Visitor, form_of
from vservers.models import VServerGroup
from vservers.services import readings
from vservers.services.sync import store_region


@pytest.fixture
def wizard(client_of, operator, balancer):
    return Visitor(client_of(operator), address("listeners-new", balancer))


def steps(visitor):
    return [step.title for step in visitor.answer.context["wizard"].steps]


def step(visitor):
    return visitor.answer.context["wizard"].step


def test_what_was_typed_comes_through_all_steps_to_the_cloud(wizard, balancer, group, outsider):
    wizard.press(
        "next",
        listening_port="7000",
        scheduler="wlc",
        persistence_timeout="600",
        established_timeout="77",
        connection_drain_timeout="30",
        bandwidth="9",
    )
    assert step(wizard) == "backend"
    wizard.press("next", target=group.pk)
    assert step(wizard) == "check"
    wizard.press("next", health_check_type="http", health_check_uri="/up", unhealthy_threshold="7")
    assert step(wizard) == "review"
    for words in ("TCP:7000", "blue", "/up", "600 s", "9 Mbit/s"):
        assert words in wizard.page
    wizard.press("create")
    assert wizard.answer.status_code == 303
    listener = balancer.listeners.get()
    assert (listener.protocol, listener.status, listener.vserver_group) == ("tcp", "running", group)
    settings = listener.settings
    assert (settings["persistence_timeout"], settings["established_timeout"]) == (600, 77)
    assert (settings["connection_drain_timeout"], settings["bandwidth"]) == (30, 9)
    assert (settings["health_check_uri"], settings["unhealthy_threshold"]) == ("/up", 7)


def test_it_is_made_after_the_second_step_with_the_defaults(wizard, balancer, group):
    wizard.press("next", listening_port="7001").press("create", target=group.pk)
    listener = balancer.listeners.get()
    assert (listener.description, listener.status) == ("tcp_7001", "running")
    assert listener.settings["health_check_timeout"] == 5


def test_a_group_that_nothing_uses_leads_to_a_listener_that_uses_it(
    client_of, operator, reader, balancer, group
):
    page = client_of(operator).get(address("groups-detail", balancer, group.pk)).content.decode()
    url = f"{address('listeners-new', balancer)}?group={group.pk}"
    assert f'hx-get="{url}"' in page
    wizard = Visitor(client_of(operator), url)
    wizard.press("next", listening_port="7001").press("create")
    assert balancer.listeners.get().vserver_group == group
    seen = client_of(reader).get(address("groups-detail", balancer, group.pk)).content.decode()
    assert url not in seen


def test_a_group_of_another_instance_is_not_proposed(client_of, operator, balancer):
    wizard = Visitor(client_of(operator), address("listeners-new", balancer) + "?group=rsp-none")
    assert not wizard.answer.context["form"]["target"].value()


@pytest.mark.parametrize("name", ["listeners-list", "balancers-detail"])
def test_it_leads_to_the_listeners_from_any_other_page(client_of, operator, balancer, group, name):
    url = address("listeners-new", balancer)
    wizard = Visitor(client_of(operator), url).press("next", listening_port="7001")
    wizard.press("next", target=group.pk)
    here = HTMX | {"HX-Current-URL": f"http://testserver{address(name, balancer)}?page=1"}
    typed = form_of(wizard.page) | {"intent": "create"}
    answer = client_of(operator).post(url, typed, headers=here)
    if name == "listeners-list":
        assert "listeners-changed" in answer["HX-Trigger"]
    else:
        assert answer["HX-Redirect"] == address("listeners-list", balancer)


def test_another_protocol_brings_its_own_defaults_and_keeps_what_was_typed(wizard, balancer, group):
    wizard.press("protocol", listening_port="5353", bandwidth="7", protocol="udp")
    assert "udp" in wizard.page
    form = wizard.answer.context["form"]
    assert (form["listening_port"].value(), form["bandwidth"].value()) == ("5353", "7")
    assert form["health_check_timeout"].value() == 10, "UDP's own default"
    wizard.press("next").press("next", target=group.pk)
    wizard.press("next", health_check_req="ping", health_check_exp="pong").press("create")
    listener = balancer.listeners.get()
    assert (listener.protocol, listener.port) == ("udp", 5353)
    assert listener.settings["health_check_exp"] == "pong"


def test_what_was_typed_is_there_when_one_goes_back(wizard, group):
    wizard.press("next", listening_port="7002", proxy_protocol_v2="on")
    wizard.press("go:listener", target=group.pk, backend_port="65")
    form = wizard.answer.context["form"]
    assert form["listening_port"].value() == "7002"
    wizard.press("next")
    form = wizard.answer.context["form"]
    assert (form["target"].value(), form["backend_port"].value()) == (group.pk, "65")
    wizard.press("go:listener").press("next", proxy_protocol_v2=None).press("create")
    assert wizard.answer.status_code == 303


def test_a_switch_that_was_turned_off_stays_off(wizard, balancer, group):
    wizard.press("protocol", protocol="http").press("next", listening_port="80", gzip=None)
    wizard.press("go:listener").press("next").press("create", target=group.pk)
    assert balancer.listeners.get().settings["gzip"] == "off"


def test_a_step_that_is_wrong_is_not_left_forwards(wizard):
    wizard.press("next", listening_port="0")
    assert wizard.answer.status_code == 422
    assert step(wizard) == "listener"
    assert "listening_port" in wizard.answer.context["form"].errors
    assert wizard.answer.context["form"]["listening_port"].value() == "0"
    wizard.press("next", listening_port="81").press("next")
    assert (wizard.answer.status_code, step(wizard)) == (422, "backend")
    assert "choose a server group" in wizard.page


def test_a_step_that_was_not_seen_yet_shows_no_errors(wizard, group):
    wizard.press("next", listening_port="81")
    assert not wizard.answer.context["form"].errors
    assert 'aria-invalid="true"' not in wizard.page


def test_a_port_that_is_taken_is_said_in_the_first_step(wizard, balancer, listener):
    wizard.press("next", listening_port="80")
    assert "HTTP:80 (front) listens on this port already." in wizard.page
    wizard.press("protocol", protocol="udp").press("next", listening_port="80")
    assert step(wizard) == "backend", "UDP may share it"
    wizard.press("go:listener").press("next", listening_port="4789")
    assert "keeps this port" in wizard.page


@pytest.fixture
def certificate(outsider, balancer):
    """A server certificate of the region, mirrored."""
    made = upload(outsider, key_pair("shop.example.com"))
    store_region(connect(), place(), readings.certificates(place()))
    return made


def test_https_asks_for_its_certificate(wizard, balancer, group, certificate):
    wizard.press("protocol", protocol="https")
    assert [str(title) for title in steps(wizard)][1] == "SSL Certificates"
    wizard.press("next", listening_port="443").press("next")
    assert "Choose the certificate that the listener shows." in wizard.page
    assert "shop.example.com" in wizard.page
    wizard.press("next", server_certificate_id=certificate).press("create", target=group.pk)
    made = balancer.listeners.get(port=443)
    assert made.settings["server_certificate_id"] == certificate
    assert made.settings["enable_http2"] == "on"


def test_a_certificate_is_uploaded_beside_the_wizard_and_chosen(wizard, balancer, outsider):
    wizard.press("protocol", protocol="https").press("next", listening_port="443")
    assert f'href="{reverse("certificates-new", args=[REGION])}"' in wizard.page
    assert "beside.example.com" not in wizard.page
    certificate_id = upload(outsider, key_pair("beside.example.com"))
    store_region(connect(), place(), readings.certificates(place()))
    wizard.press("go:certificates")
    assert step(wizard) == "certificates"
    wizard.press("next", server_certificate_id=certificate_id)
    assert step(wizard) == "backend"


def test_a_policy_that_the_account_has_made_can_be_chosen(
    client_of, operator, new_balancer, certificate, outsider
):
    policy = outsider.call(
        "CreateTLSCipherPolicy",
        RegionId=REGION,
        Name="ours",
        **{"TLSVersions.1": "TLSv1.2", "Ciphers.1": "ECDHE-RSA-AES128-GCM-SHA256"},
    )["TLSCipherPolicyId"]
    balancer = new_balancer(LoadBalancerSpec="slb.s2.small")
    wizard = Visitor(client_of(operator), address("listeners-new", balancer))
    wizard.press("protocol", protocol="https").press("next", listening_port="443")
    assert "ours (TLSv1.2, 1 cipher)" in wizard.page
    wizard.press("next", server_certificate_id=certificate, tls_cipher_policy=policy)
    wizard.press("create", backend_port="80")
    assert balancer.listeners.get(port=443).settings["tls_cipher_policy"] == policy


def test_without_its_policies_the_form_has_those_of_the_cloud(
    client_of, operator, new_balancer, certificate, flaky_cloud
):
    flaky_cloud.refuse("ListTLSCipherPolicies", "Forbidden.RAM", 9)
    balancer = new_balancer(LoadBalancerSpec="slb.s2.small")
    asked: list[str] = []
    flaky_cloud.watch(asked.append)
    wizard = Visitor(client_of(operator), address("listeners-new", balancer))
    wizard.press("protocol", protocol="https").press("next", listening_port="443")
    assert "TLS 1.2, forward secrecy only" in wizard.page
    assert asked.count("ListTLSCipherPolicies") == 1, "one answer serves every step"


def test_a_redirect_goes_from_the_first_step_to_the_review(
    wizard, balancer, group, certificate, outsider
):
    outsider.call(
        "CreateLoadBalancerHTTPSListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=443,
        Bandwidth=-1,
        HealthCheck="off",
        VServerGroupId=group.pk,
        ServerCertificateId=certificate,
    )
    mirror(balancer.pk)
    wizard.press("protocol", protocol="http").press("next", listening_port="80", forward_port="443")
    assert step(wizard) == "review"
    assert len(steps(wizard)) == 2
    wizard.press("create")
    listener = balancer.listeners.get(port=80)
    assert (listener.forward_port, listener.status) == (443, "running")


@pytest.fixture
def access_list(outsider, balancer):
    """An access control list without entries, mirrored."""
    made = outsider.call("CreateAccessControlList", RegionId=REGION, AclName="offices")["AclId"]
    store_region(connect(), place(), readings.access_lists(place()))
    yield made
    outsider.call("DeleteAccessControlList", RegionId=REGION, AclId=made)


def test_an_empty_whitelist_is_warned_of(wizard, group, access_list):
    wizard.press("next", listening_port="7010", access="white")
    assert "Choose the list, or switch access control off." in wizard.page
    wizard.press("next", acl_id=access_list).press("next", target=group.pk).press("next")
    assert "nobody can connect" in wizard.page


def test_access_control_is_set_from_the_row(
    client_of, operator, reader, balancer, listener, access_list
):
    url = address("listeners-access", balancer, "http", 80)
    assert client_of(reader).get(url).status_code == 403
    visitor = Visitor(client_of(operator), url)
    visitor.press("", access="white")
    assert visitor.answer.status_code == 422
    assert "Choose the list" in visitor.page
    visitor.press("", acl_id=access_list)
    assert visitor.answer.status_code == 303
    assert balancer.listeners.get().acl_status == "white"
    visitor = Visitor(client_of(operator), url)
    assert "nobody can connect" in visitor.page
    visitor.press("", access="off")
    assert balancer.listeners.get().acl_status == ""


def test_a_group_is_made_on_the_way_and_chosen(wizard, balancer):
    wizard.press("next", listening_port="7003").press("group-open")
    wizard.press("search", network_type="classic")
    assert "web-01" in wizard.page
    wizard.press("group-make", group_name="on the way")
    assert wizard.answer.status_code == 422
    assert "Enter a whole number from 1 to 65535" in wizard.page
    wizard.press("search", q="web-02", tick=[web(1)])
    assert "Ticked outside this list" in wizard.page
    wizard.press("group-make", group_name="new/one", group_port="8080", tick=[web(1), web(2)])
    group = balancer.vserver_groups.get()
    assert {(one.server_id, one.port) for one in group.members.all()} == {
        (web(1), 8080),
        (web(2), 8080),
    }
    assert wizard.answer.context["form"]["target"].value() == group.pk
    wizard.press("create")
    assert balancer.listeners.get().vserver_group == group


def test_a_group_that_is_not_made_leaves_what_was_typed(wizard, balancer):
    wizard.press("next", listening_port="7004").press("group-open")
    wizard.press("group-close", group_name="kept").press("group-open")
    assert 'value="kept"' in wizard.page
    assert not balancer.vserver_groups.exists()


def test_the_servers_of_the_chosen_group_are_shown(wizard, group):
    wizard.press("next", listening_port="7005").press("show", target=group.pk)
    assert "Servers of blue" in wizard.page
    assert web(1) in wizard.page


@pytest.mark.parametrize(
    ("servers", "typed", "words"),
    [
        ([], {}, "has no server"),
        ([(1, 80, 10), (2, 80, 20)], {"scheduler": "rr"}, "Round robin ignores weights"),
        ([(1, 80, 10), (2, 81, 10)], {"health_check_connect_port": "90"}, "ports of the group"),
        ([(1, 80, 0)], {}, "All servers have weight 0"),
        ([(1, 80, 10)], {"health_check_timeout": "1", "health_check_interval": "9"}, "shorter"),
    ],
)
def test_the_review_warns(wizard, balancer, outsider, servers, typed, words):
    group_id = outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        VServerGroupName="warned",
        BackendServers=[
            {"ServerId": web(n), "Port": port, "Weight": weight} for n, port, weight in servers
        ],
    )["VServerGroupId"]
    mirror(balancer.pk)
    first = {name: value for name, value in typed.items() if name == "scheduler"}
    check = {name: value for name, value in typed.items() if name != "scheduler"}
    wizard.press("next", listening_port="7006", **first).press("next", target=group_id)
    wizard.press("next", **check)
    assert words in wizard.page


def test_the_review_shows_what_will_be_sent_and_sends_nothing(wizard, balancer, group):
    wizard.press("next", listening_port="7007").press("next", target=group.pk).press("next")
    wizard.press("plan")
    assert "CreateLoadBalancerTCPListener" in wizard.page
    assert not balancer.listeners.exists()
    assert step(wizard) == "review"


def test_a_refused_call_keeps_the_step_and_all_that_was_typed(wizard, balancer, group, flaky_cloud):
    wizard.press("next", listening_port="7008", description="kept")
    flaky_cloud.refuse("CreateLoadBalancerTCPListener", "ListenerNumberOverLimit", 1)
    wizard.press("create", target=group.pk)
    assert wizard.answer.status_code == 422
    assert "ListenerNumberOverLimit" in wizard.page
    wizard.press("create")
    assert balancer.listeners.get().description == "kept"


def test_the_times_of_the_check_follow_what_was_typed(wizard, group):
    wizard.press("next", listening_port="7009").press("next", target=group.pk)
    assert (wizard.answer.context["times"].down, wizard.answer.context["times"].up) == (19, 7)
    wizard.press("go:backend", health_check_timeout="10").press("next")
    assert wizard.answer.context["times"].down == 34
    wizard.press("go:backend", health_check_timeout="x").press("go:listener")
    assert step(wizard) == "listener"


def test_under_htmx_only_the_part_is_answered(client_of, operator, balancer):
    part = client_of(operator).get(address("listeners-new", balancer), headers=HTMX)
    assert "<html" not in part.content.decode()
    assert part.status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_groups(
    client_of, operator, balancer, django_assert_max_num_queries
):
    VServerGroup.objects.bulk_create(
        VServerGroup(
            vserver_group_id=f"rsp-{n}",
            load_balancer=balancer,
            name=f"g{n}",
            synced_at=timezone.now(),
        )
        for n in range(30)
    )
    client = client_of(operator)
    client.get(address("listeners-new", balancer))
    with django_assert_max_num_queries(10):
        client.get(address("listeners-new", balancer))
