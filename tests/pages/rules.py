"""A listener with forwarding rules, for tests of its pages; the conftest takes the fixtures."""

import pytest

from tests.cloud import REGION, mirror, web
from vservers.models import Rule

KEY = ("http", 80)


@pytest.fixture
def shop(balancer, outsider):
    """An HTTP listener on port 80 for the pool, and two groups, blue and green, mirrored."""
    for name in ("blue", "green"):
        outsider.call(
            "CreateVServerGroup",
            RegionId=REGION,
            LoadBalancerId=balancer.pk,
            VServerGroupName=name,
            BackendServers=[{"ServerId": web(1), "Port": 80}],
        )
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        BackendServerPort=8080,
        HealthCheck="off",
    )
    mirror(balancer.pk)
    return balancer.listeners.get()


@pytest.fixture
def blue(balancer, shop):
    return balancer.vserver_groups.get(name="blue")


@pytest.fixture
def green(balancer, shop):
    return balancer.vserver_groups.get(name="green")


@pytest.fixture
def make(balancer, blue, outsider):
    """`make(("name", "domain", "url"), …)`: rules to the blue group, mirrored."""

    def made(*rules):
        outsider.call(
            "CreateRules",
            RegionId=REGION,
            LoadBalancerId=balancer.pk,
            ListenerPort=80,
            RuleList=[
                {"RuleName": name, "Domain": domain, "Url": url, "VServerGroupId": blue.pk}
                for name, domain, url in rules
            ],
        )
        mirror(balancer.pk)
        return [Rule.objects.get(name=name) for name, _, _ in rules]

    return made


def rows(*rules):
    """What the form sends for rows of (domain, URL, group, name)."""
    typed = {"rows": str(len(rules))}
    for number, values in enumerate(rules):
        for name, value in zip(("domain", "url", "vserver_group", "name"), values, strict=True):
            typed[f"rule-{number}-{name}"] = value
    return typed


def errors_of(answer):
    return [row.errors for row in answer.context["form"].rows]
