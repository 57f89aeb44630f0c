"""The API and the data plane together: what an answer says is served, is."""

import http.client
import shutil
import time
from collections import Counter

import pytest

from tests.localcloud.client import Client
from tests.localcloud.conftest import REGION, web
from tests.localcloud.process import LocalCloud

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed"),
]
SHOP = "lb-bp1shopinternet0001"
LISTENER = {"LoadBalancerId": SHOP, "ListenerPort": 80}
SERVED_SECONDS = 1.0
CHECKED_SECONDS = 20.0


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    with LocalCloud(tmp_path_factory.mktemp("served"), dataplane=True) as running:
        yield running


def place(client: Client) -> str:
    answer = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=SHOP)
    assert answer["DataPlane"] == {"Status": "on", "Reason": ""}
    (listener,) = answer["ListenerPortsAndProtocol"]["ListenerPortAndProtocol"]
    return listener["ServedAt"]


def answers(at: str, count: int) -> Counter[str]:
    """Which instance answered how many of a number of requests."""
    found: Counter[str] = Counter()
    for _ in range(count):
        connection = http.client.HTTPConnection(at, timeout=5)
        connection.request("GET", "/")
        found[connection.getresponse().read().decode().split()[0]] += 1
        connection.close()
    return found


def test_the_default_pool_answers_as_soon_as_the_cloud_is_ready(served):
    assert answers(place(Client(served)), 30) == {web(1): 10, web(2): 10, web(3): 10}


def test_a_written_group_serves_within_a_second_in_proportion_and_is_found_healthy(served):
    client = Client(served)
    group = client.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=SHOP,
        BackendServers=[
            {"ServerId": web(number), "Port": 9000 + number, "Weight": weight}
            for number, weight in ((4, 10), (5, 30), (6, 60))
        ],
    )["VServerGroupId"]
    client.call(
        "SetLoadBalancerHTTPListenerAttribute", VServerGroup="on", VServerGroupId=group, **LISTENER
    )
    time.sleep(SERVED_SECONDS)
    shares = answers(place(client), 100)
    assert set(shares) == {web(4), web(5), web(6)}
    assert all(abs(shares[web(n)] - w) <= 2 for n, w in ((4, 10), (5, 30), (6, 60)))
    deadline = time.monotonic() + CHECKED_SECONDS
    while True:
        health = client.call("DescribeHealthStatus", **LISTENER)["BackendServers"]["BackendServer"]
        states = {row["ServerHealthStatus"] for row in health}
        if states == {"normal"}:
            break
        assert time.monotonic() < deadline, health
        time.sleep(0.2)
    listed = client.call("DescribeLoadBalancerListeners", **{"LoadBalancerId.1": SHOP})
    assert listed["Listeners"][0]["ServedAt"] == place(client)
    client.call("StopLoadBalancerListener", **LISTENER)
    attribute = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=SHOP)
    (listener,) = attribute["ListenerPortsAndProtocol"]["ListenerPortAndProtocol"]
    assert listener["ServedAt"] == ""
