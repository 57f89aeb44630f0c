"""Forwarding rules over HTTP."""

import pytest

from tests.localcloud.conftest import REGION


@pytest.fixture
def where(balancer, listener):
    return {"RegionId": REGION, "LoadBalancerId": balancer, "ListenerPort": listener}


def create(client, where, group, *rules):
    rules = [{"VServerGroupId": group} | rule for rule in rules]
    answer = client.call("CreateRules", **where, RuleList=rules)
    return [rule["RuleId"] for rule in answer["Rules"]["Rule"]]


def listed(client, where):
    return client.call("DescribeRules", **where)["Rules"]["Rule"]


def test_rules_are_made_listed_and_described(client, where, group):
    first, _ = create(
        client,
        where,
        group,
        {"RuleName": "host", "Domain": "*.Example.com"},
        {"RuleName": "path", "Domain": "", "Url": "/img/a.png?x%20&y#z"},
    )
    found = listed(client, where)
    assert [(rule["RuleName"], rule["Domain"], rule["Url"]) for rule in found] == [
        ("host", "*.example.com", ""),
        ("path", "", "/img/a.png?x%20&y#z"),
    ]
    one = client.call("DescribeRuleAttribute", RegionId=REGION, RuleId=first)
    assert (one["ListenerPort"], one["ListenerSync"]) == ("80", "on")
    assert one["VServerGroupId"] == group


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"RuleName": "r"}, "InvalidParameter"),
        ({"RuleName": "r", "Domain": "", "Url": ""}, "InvalidParameter"),
        ({"Domain": "a.example.com"}, "MissingParameter.RuleName"),
        ({"RuleName": "a" * 41, "Url": "/a"}, "InvalidParameter"),
        ({"RuleName": "a b", "Url": "/a"}, "InvalidParameter"),
        ({"RuleName": "r", "Domain": "a*.example.com"}, "DomainMalformed"),
        ({"RuleName": "r", "Domain": "*.*.com"}, "DomainMalformed"),
        ({"RuleName": "r", "Domain": "*"}, "DomainMalformed"),
        ({"RuleName": "r", "Domain": ".example.com"}, "DomainMalformed"),
        ({"RuleName": "r", "Domain": "exa mple.com"}, "DomainMalformed"),
        ({"RuleName": "r", "Domain": "a.com\n"}, "DomainMalformed"),
        ({"RuleName": "r", "Domain": "例.com"}, "DomainMalformed"),
        ({"RuleName": "r", "Domain": {"a": 1}}, "DomainMalformed"),
        ({"RuleName": "r", "Url": "/"}, "UrlMalformed"),
        ({"RuleName": "r", "Url": "a"}, "UrlMalformed"),
        ({"RuleName": "r", "Url": "/" + "a" * 80}, "UrlMalformed"),
        ({"RuleName": "r", "Url": '/a"b'}, "UrlMalformed"),
        ({"RuleName": "r", "Url": "/a b"}, "UrlMalformed"),
        ({"RuleName": "r", "Url": "/a", "VServerGroupId": ""}, "RuleListMalformed"),
    ],
)
def test_a_wrong_rule_is_refused_and_none_is_made(client, where, group, refused, rule, code):
    with refused(code):
        create(client, where, group, {"RuleName": "good", "Url": "/good"}, rule)
    assert listed(client, where) == []


@pytest.mark.parametrize("text", ["x", "{}", "[]", "[1]"])
def test_a_text_that_is_no_list_of_rules_is_malformed(client, where, refused, text):
    with refused("RuleListMalformed"):
        client.call("CreateRules", **where, RuleList=text)


def test_domain_and_url_are_unique_together_and_names_alone(client, where, group, refused):
    create(client, where, group, {"RuleName": "a", "Domain": "a.com", "Url": "/x"})
    create(client, where, group, {"RuleName": "b", "Domain": "a.com"})
    with refused("DomainExist"):
        create(client, where, group, {"RuleName": "c", "Domain": "A.com", "Url": "/x"})
    twins = [{"RuleName": name, "Url": "/t"} for name in "de"]
    with refused("DomainExist"):
        create(client, where, group, *twins)
    with refused("InvalidParameter", words="RuleName already exists"):
        create(client, where, group, {"RuleName": "a", "Url": "/y"})


def test_a_group_must_be_of_the_same_balancer(client, where, group, refused):
    stranger = client.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]
    theirs = client.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=stranger)
    with refused("InvalidParameter", words="does not belong to the LoadBalancerId of the rule"):
        create(client, where, theirs["VServerGroupId"], {"RuleName": "r", "Url": "/a"})
    with refused("InvalidParameter", 404, "does not exist"):
        create(client, where, "rsp-nothing", {"RuleName": "r", "Url": "/a"})


def test_ten_rules_a_call_and_forty_a_listener(client, where, group, refused):
    rules = [{"RuleName": f"r{number}", "Url": f"/{number}"} for number in range(41)]
    with refused("TooManyRules"):
        create(client, where, group, *rules[:11])
    for start in range(0, 40, 10):
        create(client, where, group, *rules[start : start + 10])
    with refused("TooManyRules"):
        create(client, where, group, rules[40])


def test_a_listener_that_is_not_there_takes_no_rules(client, where, group, refused):
    with refused("ListenerNotFound", 404):
        create(client, where | {"ListenerPort": 99}, group, {"RuleName": "r", "Url": "/a"})


def test_name_group_and_own_settings_are_changed_but_never_the_domain(
    client, balancer, where, group, refused
):
    (rule, _) = create(
        client, where, group, {"RuleName": "a", "Url": "/a"}, {"RuleName": "b", "Url": "/b"}
    )
    second = client.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=balancer)
    change = {"RegionId": REGION, "RuleId": rule}
    client.call(
        "SetRule",
        **change,
        RuleName="c",
        VServerGroupId=second["VServerGroupId"],
        Domain="no.example.com",
    )
    found = listed(client, where)[0]
    assert (found["RuleName"], found["Domain"]) == ("c", "")
    assert found["VServerGroupId"] == second["VServerGroupId"]
    with refused("InvalidParameter", words="RuleName"):
        client.call("SetRule", **change, RuleName="b")
    with refused("MissingParameter", words="Scheduler"):
        client.call("SetRule", **change, ListenerSync="off")
    client.call(
        "SetRule",
        **change,
        ListenerSync="off",
        Scheduler="rr",
        StickySession="off",
        HealthCheck="on",
        HealthCheckURI="/up",
    )
    found = listed(client, where)[0]
    assert (found["ListenerSync"], found["Scheduler"]) == ("off", "rr")
    assert found["HealthCheckURI"] == "/up"
    client.call("SetRule", **change, ListenerSync="on")
    found = listed(client, where)[0]
    assert found["ListenerSync"] == "on"
    assert "Scheduler" not in found


def test_rules_of_one_listener_are_deleted_together(client, balancer, where, group, refused):
    first = create(client, where, group, {"RuleName": "a", "Url": "/a"})
    client.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer,
        ListenerPort=81,
        HealthCheck="off",
        VServerGroupId=group,
    )
    second = create(client, where | {"ListenerPort": 81}, group, {"RuleName": "a", "Url": "/a"})
    with refused("Operation.NotAllowed"):
        client.call("DeleteRules", RegionId=REGION, RuleIds=first + second)
    client.call("DeleteRules", RegionId=REGION, RuleIds=first)
    assert listed(client, where) == []
    with refused("InvalidRuleId.NotFound", 404):
        client.call("DeleteRules", RegionId=REGION, RuleIds=first)
    with refused("InvalidRuleId.NotFound", 404):
        client.call("SetRule", RegionId=REGION, RuleId=first[0], RuleName="x")
