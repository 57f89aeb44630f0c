"""What was answered is on disk; what was not, never happened."""

import http.client
import itertools
import sqlite3
import threading
import time

import pytest

from tests.localcloud.client import Client, Refused
from tests.localcloud.conftest import REGION, web
from tests.localcloud.process import LocalCloud

SHOP = "lb-bp1shopinternet0001"
WRITES = 500


@pytest.fixture
def own(tmp_path):
    with LocalCloud(tmp_path / "cloud") as running:
        yield running


def groups(client):
    answer = client.call("DescribeVServerGroups", RegionId=REGION, LoadBalancerId=SHOP)
    return {group["VServerGroupId"] for group in answer["VServerGroups"]["VServerGroup"]}


def test_every_answered_write_survives_a_crash_in_the_middle_of_500_and_none_is_half_done(own):
    """Four writers make 500 groups of three servers, and change each; killed at the 250th."""
    before = groups(Client(own))
    answered: dict[str, int] = {}
    asked = itertools.count(1)
    killed = threading.Event()

    def write() -> None:
        client = Client(own)
        while (number := next(asked)) <= WRITES // 2 and not killed.is_set():
            try:
                made = client.call(
                    "CreateVServerGroup",
                    RegionId=REGION,
                    LoadBalancerId=SHOP,
                    VServerGroupName=f"group-{number}",
                    BackendServers=members(100),
                )["VServerGroupId"]
                answered[made] = 100
                client.call(
                    "SetVServerGroupAttribute",
                    RegionId=REGION,
                    VServerGroupId=made,
                    BackendServers=members(number % 100),
                )
                answered[made] = number % 100
            except (OSError, http.client.HTTPException, ValueError):
                return

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    while len(answered) < WRITES // 4:
        assert any(writer.is_alive() for writer in writers)
        time.sleep(0.001)
    own.kill()
    killed.set()
    for writer in writers:
        writer.join()
    assert len(answered) < WRITES // 2, "the kill came in the middle"
    own.start()
    client = Client(own)
    found = groups(client)
    assert set(answered) <= found
    # At most one unanswered request a writer can have been saved.
    assert len(found - before) <= len(answered) + len(writers)
    for group in found - before:
        read = client.call("DescribeVServerGroupAttribute", RegionId=REGION, VServerGroupId=group)
        weights = {row["Weight"] for row in read["BackendServers"]["BackendServer"]}
        assert len(read["BackendServers"]["BackendServer"]) == 3
        # All three rows of one request, or none of them.
        number = int(read["VServerGroupName"].removeprefix("group-"))
        assert weights in ({100}, {number % 100})
        if answered.get(group, 100) != 100:
            assert weights == {answered[group]}


def members(weight):
    return [{"ServerId": web(n), "Port": 80, "Weight": weight} for n in (1, 2, 3)]


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
