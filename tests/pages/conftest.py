"""A live cloud, and what several pages are shown with; a file may have its own instead."""

import pytest

from tests.cloud import (  # noqa: F401 - fixtures of this folder
    REGION,
    balancer,
    cloud,
    flaky_cloud,
    live_cloud,
    mirror,
    new_balancer,
    outsider,
    vpc_balancer,
    web,
)
from tests.pages.rules import blue, green, make, shop  # noqa: F401 - fixtures too
from tests.services.conftest import other_session  # noqa: F401 - a fixture too


@pytest.fixture
def group(balancer, outsider):  # noqa: F811 - pytest hands them over
    """A group of the balancer with one server, mirrored."""
    group_id = outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        VServerGroupName="blue",
        BackendServers=[{"ServerId": web(1), "Port": 80}],
    )["VServerGroupId"]
    mirror(balancer.pk)
    return balancer.vserver_groups.get(pk=group_id)


@pytest.fixture
def listener(balancer, outsider):  # noqa: F811 - pytest hands them over
    """A stopped HTTP listener on port 80, on the pool's port 8080, mirrored."""
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        BackendServerPort=8080,
        HealthCheck="on",
        HealthCheckDomain="check.example.com",
        HealthCheckConnectPort=9000,
        Description="front",
    )
    mirror(balancer.pk)
    return balancer.listeners.get()
