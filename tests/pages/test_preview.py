"""Show what will be sent: every dialog tells its plan, sends nothing, and keeps what was typed."""

import pytest
from django.utils.translation import override

from tests.cloud import REGION, mirror, web
from tests.localcloud.client import Client as Outsider
from tests.pages.addresses import HTMX, address
from tests.pages.test_group_dialog import form, shown_rows
from tests.pages.test_listeners import FORM
from vservers.models import Operation
from vservers.pages.wording import Wording

PLAN = {"intent": "plan"}


@pytest.fixture
def browser(client_of, operator):
    return client_of(operator)


@pytest.fixture
def furnished(balancer, outsider: Outsider):
    """A load balancer with a group, a listener with a rule, and a server in the pool."""
    made = outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        VServerGroupName="shop",
        BackendServers=[{"ServerId": web(1), "Port": "80", "Weight": "10"}],
    )
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        BackendServerPort=8080,
        StickySession="off",
        HealthCheck="on",
        Bandwidth=-1,
        HealthCheckURI="/",
        HealthCheckInterval=2,
        HealthCheckTimeout=5,
        HealthyThreshold=3,
        UnhealthyThreshold=3,
    )
    outsider.call(
        "CreateRules",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        RuleList=[{"RuleName": "r", "Url": "/aa", "VServerGroupId": made["VServerGroupId"]}],
    )
    outsider.call(
        "AddBackendServers",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        BackendServers=[{"ServerId": web(2), "Weight": "100"}],
    )
    return mirror(balancer.pk)


KEY = ("http", 80)

# (URL name, what follows the instance in the address, what is typed, the actions that are planned)
DIALOGS = [
    (
        "groups-new",
        lambda lb: (),
        lambda lb: form(*[(web(1), str(8000 + n), "1") for n in range(21)], name="new"),
        ["CreateVServerGroup", "AddVServerGroupBackendServers"],
    ),
    (
        "groups-edit",
        lambda lb: (lb.vserver_groups.get().pk,),
        lambda lb: form((web(1), "80", "0"), (web(3), "80", "5"), name="shop"),
        ["AddVServerGroupBackendServers", "SetVServerGroupAttribute"],
    ),
    (
        "listeners-new",
        lambda lb: (),
        lambda lb: FORM | {"listening_port": "81", "start": "on"},
        [
            "CreateLoadBalancerHTTPListener",
            "StartLoadBalancerListener",
        ],
    ),
    (
        "listeners-edit",
        lambda lb: KEY,
        lambda lb: FORM | {"description": "typed"},
        ["SetLoadBalancerHTTPListenerAttribute"],
    ),
    ("listeners-start", lambda lb: KEY, lambda lb: {}, ["StartLoadBalancerListener"]),
    ("listeners-delete", lambda lb: KEY, lambda lb: {}, ["DeleteLoadBalancerListener"]),
    (
        "rules-new",
        lambda lb: KEY,
        lambda lb: {
            "rows": "1",
            "rule-0-domain": "a.example.com",
            "rule-0-url": "",
            "rule-0-name": "typed",
            "rule-0-vserver_group": lb.vserver_groups.get().pk,
        },
        ["CreateRules"],
    ),
    (
        "rules-edit",
        lambda lb: (*KEY, lb.listeners.get().rules.get().pk),
        lambda lb: {"name": "typed", "vserver_group": lb.vserver_groups.get().pk},
        ["SetRule"],
    ),
    (
        "rules-delete",
        lambda lb: (*KEY, lb.listeners.get().rules.get().pk),
        lambda lb: {},
        ["DeleteRules"],
    ),
    (
        "pool-add",
        lambda lb: (),
        lambda lb: {"tick": [web(1)], "weight": "7"},
        ["AddBackendServers"],
    ),
    (
        "pool-weights",
        lambda lb: (),
        lambda lb: {f"weight-{web(2)}": "7"},
        ["SetBackendServers"],
    ),
    (
        "pool-remove",
        lambda lb: (),
        lambda lb: {"server": web(2), "asked": "1"},
        ["RemoveBackendServers"],
    ),
]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize(("name", "place", "typed", "actions"), DIALOGS, ids=lambda v: str(v)[:18])
def test_the_plan_is_shown_and_nothing_is_sent(
    browser, furnished, outsider, name, place, typed, actions, headers
):
    url = address(name, furnished, *place(furnished))
    in_list = name in {"pool-weights", "pool-remove"}
    opened = address("pool-list", furnished) if in_list else url
    shown = browser.get(opened).context
    seen = dict(shown["seen"].fields) if shown.get("seen") else {}
    answer = browser.post(url, {**typed(furnished), **seen, **PLAN}, headers=headers)
    page = answer.content.decode()
    assert answer.status_code == 200, page
    assert [step.action for step in answer.context["preview"].steps] == actions
    assert not Operation.objects.exists()
    for words in ("What will be sent", "aliyun slb", "alibabacloud_slb20140515", "Terraform"):
        assert words in page
    steering = {"intent", "step", "had"}
    texts = [
        value
        for name, value in typed(furnished).items()
        if isinstance(value, str) and name not in steering
    ]
    assert all(text in page for text in texts), "what was typed stays"


def test_a_wrong_field_is_said_instead_of_a_plan(browser, balancer):
    rows = [(web(1), "99999", "7")]
    answer = browser.post(address("groups-new", balancer), form(*rows, **PLAN))
    assert answer.status_code == 422
    assert answer.context["preview"] is None
    assert shown_rows(answer) == rows


def test_a_plan_of_nothing_says_so(browser, furnished):
    url = address("groups-edit", furnished, furnished.vserver_groups.get().pk)
    seen = dict(browser.get(url).context["seen"].fields)
    answer = browser.post(url, form((web(1), "80", "10"), name="shop", **seen, **PLAN))
    assert "Nothing would be sent" in answer.content.decode()


def test_the_outdated_is_said_instead_of_a_plan(browser, furnished, outsider):
    group = furnished.vserver_groups.get()
    url = address("groups-edit", furnished, group.pk)
    seen = dict(browser.get(url).context["seen"].fields)
    outsider.call(
        "SetVServerGroupAttribute",
        RegionId=REGION,
        VServerGroupId=group.pk,
        VServerGroupName="theirs",
    )
    answer = browser.post(url, form((web(1), "80", "10"), name="mine", **seen, **PLAN))
    assert answer.status_code == 422
    assert "changed by somebody else" in answer.content.decode()


def test_a_group_of_400_rows_can_be_sent_in_one_form(browser, balancer):
    rows = [(web(1 + number % 5), str(8000 + number), "1") for number in range(400)]
    data = form(*rows, **PLAN)
    hidden = ("server_ip", "description")
    data |= {f"rows-{number}-{column}": "" for number in range(400) for column in hidden}
    answer = browser.post(address("groups-new", balancer), data)
    assert answer.status_code == 200
    assert len(answer.context["preview"].steps) == 20


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("gzip", "on", "on"),
        ("description", "on", "on"),
        ("scheduler", "qch", "Consistent hash: QUIC ID"),
        ("scheduler", "newer", "newer"),
        ("status", "running", "Running"),
        ("tls_cipher_policy", "tls_cipher_policy_1_2", "TLS 1.2 and later"),
        ("tls_cipher_policy", "tls-own", "tls-own"),
        ("health_check_http_code", "http_2xx,http_3xx", "2xx, 3xx"),
        ("drain", {"connection_drain": "on", "connection_drain_timeout": 30}, "30 s"),
    ],
)
def test_a_setting_is_said_in_words(db, name, value, words):
    assert Wording().setting(name, value) == words


def test_a_switch_is_said_in_the_language_of_the_reader_and_a_name_is_not(db):
    with override("zh-hans"):
        assert Wording().setting("gzip", "on") != "on"
        assert Wording().setting("description", "on") == "on"
