"""Listeners: the list, the form of an HTTP listener, start, stop, delete."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.cloud import REGION, connect
from tests.pages.addresses import HTMX, address
from vservers.models import Listener
from vservers.services import readings
from vservers.services.sync import store

KEY = ("http", 80)
# What a browser sends of an untouched form of an HTTP listener, with the fields that a person fills
# in; from the servers on, the wizard makes the listener.
FIELDS = {
    "listening_port": "80",
    "target": "",
    "backend_port": "8080",
    "description": "",
    "scheduler": "wrr",
    "forward_port": "",
    "health_check": "on",
    "health_check_method": "head",
    "health_check_uri": "/",
    "health_check_domain": "",
    "health_check_connect_port": "",
    "health_check_codes": ["http_2xx", "http_3xx"],
    "health_check_timeout": "5",
    "health_check_interval": "2",
    "unhealthy_threshold": "3",
    "healthy_threshold": "3",
    "session": "off",
    "cookie_timeout": "",
    "cookie": "",
    "idle_timeout": "15",
    "request_timeout": "60",
    "bandwidth": "",
    "gzip": "on",
    "x_forwarded_for": "on",
    "access": "off",
    "acl_id": "",
    "start": "on",
}
SWITCHED_OFF = ("x_forwarded_for_proto", "x_forwarded_for_slbip", "x_forwarded_for_slbid")
FORM = FIELDS | {
    "intent": "create",
    "step": "backend",
    "protocol": "http",
    "former": "http",
    "had": ",".join([*FIELDS, *SWITCHED_OFF]),
}


def in_cloud(outsider, balancer, port=80):
    return outsider.call(
        "DescribeLoadBalancerHTTPListenerAttribute",
        LoadBalancerId=balancer.pk,
        ListenerPort=port,
    )


def test_the_list_shows_where_requests_go(client_of, reader, balancer, listener):
    page = client_of(reader).get(address("listeners-list", balancer)).content.decode()
    for words in ("HTTP:80", "front", "Stopped", "Backend Servers", "on port 8080", "WRR"):
        assert words in page
    for offer in ("Add Listener", "Edit", "Start", "Delete"):
        assert f">{offer}<" not in page, "a reader is not offered what they may not do"


def test_each_of_several_access_lists_is_a_link(client_of, reader, balancer, listener):
    listener.settings |= {"acl_status": "on", "acl_type": "white", "acl_id": "acl-one,acl-two"}
    listener.save(update_fields=["settings"])
    page = client_of(reader).get(address("listeners-list", balancer)).content.decode()
    for one in ("acl-one", "acl-two"):
        assert f'href="{reverse("access-lists-detail", args=[balancer.region_id, one])}"' in page


def test_health_of_a_new_listener_is_asked_for_once_more(client_of, reader, balancer, group):
    listener = Listener.objects.create(
        load_balancer=balancer,
        protocol="http",
        port=8080,
        status="running",
        health_check="on",
        vserver_group=group,
    )
    listener.health.create(server_id="i-1", port=80, status="unavailable", read_at=timezone.now())
    page = client_of(reader).get(address("listeners-list", balancer), {"protocol": "http"})
    asked = f"{address('listeners-list', balancer)}?protocol=http&amp;health=now"
    assert asked in page.text
    part = client_of(reader).get(
        address("listeners-list", balancer), {"health": "now"}, headers=HTMX
    )
    assert not listener.health.exists(), "the cloud knows no such listener"
    assert "load delay" not in part.text
    assert f'hx-get="{address("listeners-list", balancer)}"' in part.text, (
        "the next change asks anew"
    )


def test_the_form_as_a_page_posts_like_any_form(client_of, operator, balancer):
    url, client = address("listeners-new", balancer), client_of(operator)
    form = re.compile(rf'<form[^>]*id="dialog-form"[^>]*hx-post="{url}"')
    assert form.search(client.get(url, headers=HTMX).content.decode())
    assert not form.search(client.get(url).content.decode()), "there is no list behind it"


def test_the_list_offers_an_operator_all_actions(client_of, operator, balancer, listener):
    page = client_of(operator).get(address("listeners-list", balancer)).content.decode()
    for name in ("listeners-edit", "listeners-start", "listeners-delete", "rules-list"):
        assert address(name, balancer, *KEY) in page


def test_under_htmx_only_the_part_is_answered(client_of, reader, balancer, listener):
    part = client_of(reader).get(address("listeners-list", balancer), headers=HTMX)
    assert "<html" not in part.content.decode()


@pytest.mark.parametrize("count", [1, 12])
def test_the_number_of_queries_does_not_grow_with_the_listeners(
    client_of, operator, balancer, django_assert_max_num_queries, count
):
    Listener.objects.bulk_create(
        Listener(load_balancer=balancer, protocol="http", port=n + 1, status="running")
        for n in range(count)
    )
    client = client_of(operator)
    client.get(address("listeners-list", balancer))
    with django_assert_max_num_queries(8):
        client.get(address("listeners-list", balancer))


def test_a_listener_for_the_pool_is_created_and_started(client_of, operator, balancer, outsider):
    client = client_of(operator)
    answer = client.post(address("listeners-new", balancer), FORM)
    assert answer.status_code == 303
    found = in_cloud(outsider, balancer)
    assert (found["Status"], found["BackendServerPort"]) == ("running", 8080)
    assert found["Description"] == "http_80", "the name is never empty"
    assert found["HealthCheckHttpCode"] == "http_2xx,http_3xx"
    assert balancer.listeners.get().status == "running", "the mirror was read again"


def on_the_list(balancer):
    """What htmx sends when the wizard was opened on the list of listeners."""
    return {**HTMX, "HX-Current-URL": f"http://testserver{address('listeners-list', balancer)}"}


def test_a_listener_for_a_group_needs_no_backend_port(client_of, operator, balancer, group):
    typed = {**FORM, "target": group.pk, "backend_port": "", "listening_port": "81"}
    answer = client_of(operator).post(
        address("listeners-new", balancer), typed, headers=on_the_list(balancer)
    )
    assert answer.status_code == 204
    assert "listeners-changed" in answer["HX-Trigger"]
    assert balancer.listeners.get(port=81).vserver_group == group


def test_a_listener_is_left_stopped_when_asked(client_of, operator, balancer):
    typed = {name: value for name, value in FORM.items() if name != "start"}
    client_of(operator).post(address("listeners-new", balancer), typed)
    assert balancer.listeners.get().status == "stopped"


def test_all_settings_reach_the_cloud(client_of, operator, balancer, outsider):
    typed = FORM | {
        "description": "前端/web_1",
        "scheduler": "rr",
        "health_check_method": "get",
        "health_check_uri": "/health?deep=1",
        "health_check_domain": "check.example.com",
        "health_check_connect_port": "9000",
        "health_check_codes": ["http_2xx"],
        "health_check_timeout": "300",
        "health_check_interval": "50",
        "unhealthy_threshold": "10",
        "healthy_threshold": "2",
        "session": "insert",
        "cookie_timeout": "86400",
        "idle_timeout": "60",
        "request_timeout": "180",
        "bandwidth": "5120",
        "x_forwarded_for_slbid": "on",
    }
    assert client_of(operator).post(address("listeners-new", balancer), typed).status_code == 303
    found = in_cloud(outsider, balancer)
    expected = {
        "Description": "前端/web_1",
        "Scheduler": "rr",
        "HealthCheckMethod": "get",
        "HealthCheckURI": "/health?deep=1",
        "HealthCheckDomain": "check.example.com",
        "HealthCheckConnectPort": 9000,
        "HealthCheckTimeout": 300,
        "StickySessionType": "insert",
        "CookieTimeout": 86400,
        "IdleTimeout": 60,
        "RequestTimeout": 180,
        "Bandwidth": 5120,
        "XForwardedFor_SLBID": "on",
    }
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("listening_port", "0", "a whole number from 1 to 65535"),
        ("listening_port", "65536", "a whole number from 1 to 65535"),
        ("listening_port", "", "a whole number from 1 to 65535"),
        ("listening_port", "web", "whole number"),
        ("backend_port", "", "or choose a server group"),
        ("backend_port", "65536", "a whole number from 1 to 65535"),
        ("description", "n" * 81, "at most 80"),
        ("description", "two words", "Use letters, Chinese characters"),
        ("target", "rsp-of-another", "does not exist any more"),
        ("health_check_uri", "no-slash", "Start with /"),
        ("health_check_domain", "bad domain", "Use letters"),
        ("health_check_timeout", "301", "300"),
        ("unhealthy_threshold", "1", "2"),
        ("health_check_codes", [], "required"),
        ("idle_timeout", "61", "60"),
        ("bandwidth", "0", "1"),
    ],
)
def test_bad_input_is_said_beside_the_field_and_kept(
    client_of, operator, balancer, field, value, sentence
):
    typed = FORM | {"listening_port": "8088", "backend_port": "8080", field: value}
    answer = client_of(operator).post(address("listeners-new", balancer), typed, headers=HTMX)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert sentence in " ".join(form.errors[field])
    assert form["idle_timeout"].value() == typed["idle_timeout"]
    assert form[field].value() == value, "what was typed is still there"
    assert not balancer.listeners.exists()


@pytest.mark.parametrize(
    ("session", "missing"), [("insert", "cookie_timeout"), ("server", "cookie")]
)
def test_session_persistence_needs_its_value(client_of, operator, balancer, session, missing):
    answer = client_of(operator).post(
        address("listeners-new", balancer), FORM | {"session": session}
    )
    assert missing in answer.context["form"].errors
    assert '<details class="fold" open>' in answer.content.decode(), "the fold shows its error"


def test_a_check_that_is_off_asks_for_nothing(client_of, operator, balancer, outsider):
    names = [name for name in FORM if name.startswith("health") or name.endswith("threshold")]
    typed = {name: value for name, value in FORM.items() if name not in names}
    assert client_of(operator).post(address("listeners-new", balancer), typed).status_code == 303
    assert in_cloud(outsider, balancer)["HealthCheck"] == "off"


def test_a_taken_port_is_said_with_the_name_of_the_listener(
    client_of, operator, balancer, listener
):
    answer = client_of(operator).post(address("listeners-new", balancer), FORM)
    assert answer.status_code == 422
    assert "HTTP:80 (front) listens on this port already." in answer.content.decode()


def test_a_refused_call_shows_code_and_request_id_and_keeps_what_was_typed(
    client_of, operator, balancer, flaky_cloud
):
    flaky_cloud.refuse("CreateLoadBalancerHTTPListener", "ListenerNumberOverLimit", 1)
    typed = FORM | {"description": "kept"}
    answer = client_of(operator).post(address("listeners-new", balancer), typed, headers=HTMX)
    assert answer.status_code == 422
    page = answer.content.decode()
    for words in ("ListenerNumberOverLimit", "RequestId", "Nothing was changed.", 'value="kept"'):
        assert words in page
    assert "listeners-changed" in answer["HX-Trigger"], "the list behind was read again"


def test_a_change_that_cannot_be_read_back_is_a_warning(client_of, operator, balancer, flaky_cloud):
    flaky_cloud.after("StartLoadBalancerListener", "DescribeLoadBalancerListeners", "InternalError")
    answer = client_of(operator).post(
        address("listeners-new", balancer), FORM, headers=on_the_list(balancer)
    )
    assert answer.status_code == 204
    assert "reading it back failed" in answer["HX-Trigger"]


def test_start_stop_and_delete(client_of, operator, balancer, listener, outsider):
    client = client_of(operator)
    assert client.post(address("listeners-start", balancer, *KEY)).status_code == 303
    assert balancer.listeners.get().status == "running"

    stop = address("listeners-stop", balancer, *KEY)
    assert "fail until it is started again" in client.get(stop).content.decode()
    assert balancer.listeners.get().status == "running", "a question stops nothing"
    assert client.post(stop, headers=HTMX).status_code == 204
    assert balancer.listeners.get().status == "stopped"

    delete = address("listeners-delete", balancer, *KEY)
    assert client.get(delete).status_code == 200
    assert client.post(delete).status_code == 303
    assert not balancer.listeners.exists()


def test_delete_says_how_many_rules_go_too(
    client_of, operator, balancer, listener, group, outsider
):
    outsider.call(
        "CreateRules",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        RuleList=[{"RuleName": "r", "Url": "/a", "VServerGroupId": group.pk}],
    )
    store(connect(REGION), balancer.pk, readings.listeners(balancer.pk))
    page = client_of(operator).get(address("listeners-delete", balancer, *KEY)).content.decode()
    assert "Its 1 forwarding rule will be deleted with it." in page


@pytest.mark.parametrize("name", ["listeners-stop", "listeners-delete"])
def test_whose_clients_are_redirected_to_it_is_said(client_of, operator, balancer, listener, name):
    Listener.objects.create(
        load_balancer=balancer, protocol="https", port=443, status="running", settings={}
    )
    url = address(name, balancer, "https", 443)
    assert "are redirected here" not in client_of(operator).get(url).content.decode()
    balancer.listeners.filter(protocol="http").update(forward_port=443)
    assert "Clients of HTTP:80 are redirected here" in client_of(operator).get(url).content.decode()


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("listeners-start", "StartLoadBalancerListener"),
        ("listeners-stop", "StopLoadBalancerListener"),
        ("listeners-delete", "DeleteLoadBalancerListener"),
    ],
)
def test_a_failed_act_says_code_and_request_id(
    client_of, operator, balancer, listener, flaky_cloud, name, action
):
    client = client_of(operator)
    was = "running" if action.startswith("Stop") else "stopped"
    if was == "running":
        client.post(address("listeners-start", balancer, *KEY))
    flaky_cloud.refuse(action, "Operation.Deny", 1)
    answer = client.post(address(name, balancer, *KEY), headers=HTMX)
    assert answer.status_code == 422
    assert "Operation.Deny" in answer.content.decode()
    assert balancer.listeners.get().status == was


WRITES = ["listeners-edit", "listeners-start", "listeners-stop", "listeners-delete"]


@pytest.mark.parametrize("name", WRITES)
def test_a_reader_may_not_and_a_stranger_finds_nothing(
    client_of, reader, stranger, balancer, listener, name
):
    url = address(name, balancer, *KEY)
    assert client_of(reader).post(url, FORM).status_code == 403
    assert client_of(stranger).post(url, FORM).status_code == 404
    assert balancer.listeners.get().status == "stopped"


def test_a_reader_may_not_add_and_a_stranger_sees_no_list(client_of, reader, stranger, balancer):
    new = address("listeners-new", balancer)
    assert client_of(reader).get(new).status_code == 403
    assert client_of(reader).post(new, FORM).status_code == 403
    assert client_of(stranger).get(new).status_code == 404
    assert client_of(stranger).get(address("listeners-list", balancer)).status_code == 404


def test_wrong_methods(client_of, operator, balancer, listener):
    client = client_of(operator)
    assert client.post(address("listeners-list", balancer)).status_code == 405
    assert client.put(address("listeners-start", balancer, *KEY)).status_code == 405
    assert client.put(address("listeners-edit", balancer, *KEY)).status_code == 405
