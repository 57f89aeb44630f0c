"""What was answered is on disk; what was not, never happened."""

import sqlite3
import threading

import pytest

from tests.localcloud.client import Client, Refused
from tests.localcloud.conftest import REGION, web
from tests.localcloud.process import LocalCloud

SHOP = "lb-bp1shopinternet0001"


@pytest.fixture
def own(tmp_path):
    with LocalCloud(tmp_path / "cloud") as running:
        yield running


def groups(client):
    answer = client.call("DescribeVServerGroups", RegionId=REGION, LoadBalancerId=SHOP)
    return {group["VServerGroupId"] for group in answer["VServerGroups"]["VServerGroup"]}


def test_every_answered_write_survives_a_crash_under_load(own):
    answered: set[str] = set()
    stop = threading.Event()

    def write() -> None:
        client = Client(own)
        while not stop.is_set():
            try:
                made = client.call(
                    "CreateVServerGroup",
                    RegionId=REGION,
                    LoadBalancerId=SHOP,
                    BackendServers=[{"ServerId": web(1), "Port": 80}],
                )
            except (OSError, ValueError):
                return
            answered.add(made["VServerGroupId"])

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    while len(answered) < 60:
        assert any(writer.is_alive() for writer in writers)
    own.kill()
    stop.set()
    for writer in writers:
        writer.join()
    own.start()
    client = Client(own)
    assert answered <= groups(client)
    one = client.call(
        "DescribeVServerGroupAttribute", RegionId=REGION, VServerGroupId=min(answered)
    )
    assert one["BackendServers"]["BackendServer"][0]["ServerId"] == web(1)


def test_everything_is_the_same_after_a_restart(own):
    client = Client(own)
    group = client.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=SHOP)[
        "VServerGroupId"
    ]
    bind = {"LoadBalancerId": SHOP, "ListenerPort": 80}
    client.call(
        "CreateRules",
        RegionId=REGION,
        RuleList=[{"RuleName": "r", "Url": "/a", "VServerGroupId": group}],
        **bind,
    )
    token = client.call(
        "CreateLoadBalancer", RegionId=REGION, ClientToken="t", **{"Tag.1.Key": "k"}
    )
    reads = [
        ("DescribeLoadBalancers", {"RegionId": REGION}),
        ("DescribeLoadBalancerAttribute", {"LoadBalancerId": SHOP}),
        ("DescribeLoadBalancerHTTPListenerAttribute", bind),
        ("DescribeVServerGroups", {"RegionId": REGION, "LoadBalancerId": SHOP}),
        ("DescribeRules", {"RegionId": REGION, **bind}),
    ]

    def everything():
        answers = [client.call(action, **params) for action, params in reads]
        return [{**answer, "RequestId": ""} for answer in answers]

    before = everything()
    assert own.stop() == 0
    own.start()
    assert everything() == before
    again = client.call(
        "CreateLoadBalancer", RegionId=REGION, ClientToken="t", **{"Tag.1.Key": "k"}
    )
    assert again["LoadBalancerId"] == token["LoadBalancerId"]
    fresh = client.call("CreateLoadBalancer", RegionId=REGION)
    assert fresh["Address"] not in {
        one["Address"] for one in before[0]["LoadBalancers"]["LoadBalancer"]
    }


def test_a_write_that_cannot_be_saved_changes_nothing(own):
    client = Client(own)
    before = groups(client)
    blocker = sqlite3.connect(own.data_dir / "state.sqlite3", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(Refused) as refused:
            client.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=SHOP)
        assert (refused.value.status, refused.value.code) == (503, "ServiceUnavailable")
        assert groups(client) == before
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
    client.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=SHOP)
    assert len(groups(client)) == len(before) + 1


def test_two_writers_of_one_group_lose_nothing(own):
    client = Client(own)
    group = client.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=SHOP)[
        "VServerGroupId"
    ]

    def add(first: int) -> None:
        for port in range(first, first + 20):
            Client(own).call(
                "AddVServerGroupBackendServers",
                RegionId=REGION,
                VServerGroupId=group,
                BackendServers=[{"ServerId": web(1), "Port": port}],
            )

    writers = [threading.Thread(target=add, args=(1000 * number,)) for number in range(1, 5)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = client.call("DescribeVServerGroupAttribute", RegionId=REGION, VServerGroupId=group)
    assert len(found["BackendServers"]["BackendServer"]) == 80
