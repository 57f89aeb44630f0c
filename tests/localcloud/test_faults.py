"""Faults on request, on the real process."""

import http.client
import shutil
import stat
import subprocess
import sys
import time

import pytest

from tests.localcloud.client import Client
from tests.localcloud.conftest import REGION, web
from tests.localcloud.process import ROOT, LocalCloud
from tests.localcloud.test_served import CHECKED_SECONDS, LISTENER, SHOP, answers, place
from vservers.localcloud.admin import socket_path
from vservers.localcloud.faultctl import ask


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    with LocalCloud(tmp_path_factory.mktemp("bad")) as running:
        yield running


@pytest.fixture
def client(bad):
    yield Client(bad)
    assert ask(bad.data_dir, "DELETE", "/faults")[0] == 200


@pytest.fixture
def begin(bad):
    def begin(**fault):
        status, answer = ask(bad.data_dir, "POST", "/faults", fault)
        assert status == 201, answer
        return answer

    return begin


def regions(client):
    return client.call("DescribeRegions")


def names(client):
    answer = client.call("DescribeVServerGroups", RegionId=REGION, LoadBalancerId=SHOP)
    return [one["VServerGroupName"] for one in answer["VServerGroups"]["VServerGroup"]]


def create(client, name="made"):
    return client.call(
        "CreateVServerGroup", RegionId=REGION, LoadBalancerId=SHOP, VServerGroupName=name
    )["VServerGroupId"]


def test_latency_delays_the_actions_that_it_names(client, begin):
    begin(kind="latency", actions=["Describe*"], ms=300)
    began = time.monotonic()
    regions(client)
    assert time.monotonic() - began >= 0.3
    began = time.monotonic()
    create(client)
    assert time.monotonic() - began < 0.25


def test_a_throttle_lets_so_many_calls_a_second_through(client, begin, refused):
    begin(kind="throttle", actions=["DescribeRegions"], per_second=2)
    regions(client)
    regions(client)
    with refused("Throttling.User", 400, "flow control"):
        regions(client)
    names(client)
    time.sleep(0.6)
    regions(client)


def test_a_throttle_ends_after_its_calls(client, begin, refused):
    begin(kind="throttle", times=2)
    for _ in range(2):
        with refused("Throttling.User"):
            regions(client)
    regions(client)


def test_an_error_is_answered_and_nothing_done(client, begin, refused):
    before = names(client)
    begin(kind="error", actions=["Create*"], status=500, code="InternalError", times=2)
    for _ in range(2):
        with refused("InternalError", 500):
            create(client)
    assert names(client) == before
    begin(kind="error", times=1)
    with refused("ServiceUnavailable", 503):
        regions(client)


def test_a_busy_cloud_says_so_for_one_action(client, begin, refused):
    group = create(client)
    begin(kind="busy", actions=["SetVServerGroupAttribute"], code="VServerGroupProcessing", times=1)
    change = {"RegionId": REGION, "VServerGroupId": group, "VServerGroupName": "other"}
    with refused("VServerGroupProcessing", 400):
        client.call("SetVServerGroupAttribute", **change)
    client.call("SetVServerGroupAttribute", **change)


def test_a_dropped_answer_is_of_a_write_that_was_done(client, begin):
    begin(kind="drop", actions=["CreateVServerGroup"], times=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        create(client, "dropped")
    assert "dropped" in names(client)
    create(client, "answered")


def test_reads_lag_writes_and_catch_up(client, begin):
    kept = create(client, "kept")
    gone = create(client, "gone")
    begin(kind="lag", ms=700, actions=["DescribeVServerGroups"])
    before = names(client)
    wrote = time.monotonic()
    create(client, "late")
    client.call("DeleteVServerGroup", RegionId=REGION, VServerGroupId=gone)
    client.call(
        "SetVServerGroupAttribute",
        RegionId=REGION,
        VServerGroupId=kept,
        VServerGroupName="renamed",
    )
    stale = names(client)
    if time.monotonic() - wrote < 0.7:
        assert sorted(stale) == sorted(before)
    # Another action sees it at once.
    one = client.call("DescribeVServerGroupAttribute", RegionId=REGION, VServerGroupId=kept)
    assert one["VServerGroupName"] == "renamed"
    time.sleep(0.8)
    after = names(client)
    assert {"late", "renamed"} <= set(after)
    assert "gone" not in after


def test_faults_are_listed_and_cleared_one_by_one(client, bad, begin):
    first, second = begin(kind="latency", ms=1), begin(kind="drop", actions=["Nothing"], times=3)
    assert ask(bad.data_dir, "GET", "/faults")[1]["faults"] == [first, second]
    assert ask(bad.data_dir, "DELETE", f"/faults/{first['id']}") == (200, {"ended": 1})
    assert ask(bad.data_dir, "DELETE", f"/faults/{first['id']}") == (404, {"ended": 0})
    assert ask(bad.data_dir, "GET", "/faults")[1]["faults"] == [second]
    assert ask(bad.data_dir, "DELETE", "/faults") == (200, {"ended": 1})


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "earthquake"},
        {"kind": "drop", "ms": 5},
        {"kind": "latency", "ms": -1},
        {"kind": "latency", "ms": "300"},
        {"kind": "latency", "ms": True},
        {"kind": "lag"},
        {"kind": "throttle"},
        {"kind": "throttle", "per_second": float("inf")},
        {"kind": "error", "status": 200},
        {"kind": "error", "code": "a\nb"},
        {"kind": "drop", "times": 0},
        {"kind": "drop", "actions": []},
        {"kind": "drop", "actions": [5]},
        {},
    ],
)
def test_a_fault_that_is_none_is_refused(bad, fault):
    status, answer = ask(bad.data_dir, "POST", "/faults", fault)
    assert (status, list(answer)) == (400, ["error"])
    assert ask(bad.data_dir, "GET", "/faults")[1]["faults"] == []


def test_the_socket_is_its_owners_and_goes_with_the_cloud(tmp_path):
    with LocalCloud(tmp_path / "cloud") as running:
        socket = socket_path(running.data_dir)
        assert stat.S_IMODE(socket.stat().st_mode) == 0o600
        running.kill()
        running.start()
        assert ask(running.data_dir, "GET", "/faults")[0] == 200
    assert not socket.exists()


def test_a_long_path_has_its_socket_elsewhere(tmp_path):
    deep = tmp_path / ("d" * 100)
    with LocalCloud(deep):
        assert ask(deep, "GET", "/faults")[0] == 200
        assert socket_path(deep).parent != deep
    assert not socket_path(deep).exists()
    socket_path(deep).parent.rmdir()


def test_the_command_asks_and_says_who_does_not_answer(bad, client, tmp_path):
    def faultctl(*arguments, data_dir=bad.data_dir):
        return subprocess.run(
            [sys.executable, "-m", "vservers.localcloud.faultctl", *arguments],
            cwd=ROOT,
            env={"LOCALCLOUD_DATA_DIR": str(data_dir), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    done = faultctl("add", "error", "--actions", "DescribeZones", "--times", "2")
    assert (done.returncode, '"ServiceUnavailable"' in done.stdout) == (0, True), done.stderr
    assert '"DescribeZones"' in faultctl("list").stdout
    assert faultctl("add", "nothing").returncode == 1
    assert '"ended": 1' in faultctl("clear").stdout
    nobody = faultctl("list", data_dir=tmp_path)
    assert (nobody.returncode, "Traceback" in nobody.stderr) == (2, False)


@pytest.mark.dataplane
@pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed")
def test_an_instance_goes_down_and_up(tmp_path):
    with LocalCloud(tmp_path / "cloud", dataplane=True) as running:
        client = Client(running)

        def state():
            shown = client.call(
                "DescribeInstances", product="ecs", RegionId=REGION, InstanceIds=[web(1)]
            )["Instances"]["Instance"][0]["Status"]
            rows = client.call("DescribeHealthStatus", **LISTENER)
            health = {
                row["ServerId"]: row["ServerHealthStatus"]
                for row in rows["BackendServers"]["BackendServer"]
            }
            return shown, health[web(1)]

        def wait_for(expected):
            deadline = time.monotonic() + CHECKED_SECONDS
            while (found := state()) != expected:
                assert time.monotonic() < deadline, found
                time.sleep(0.2)

        wait_for(("Running", "normal"))
        instance = f"/instances/{web(1)}"
        assert ask(running.data_dir, "POST", instance, {"status": "Stopped"})[0] == 200
        wait_for(("Stopped", "abnormal"))
        assert set(answers(place(client), 20)) == {web(2), web(3)}
        assert ask(running.data_dir, "GET", "/faults")[1]["instances_down"] == [web(1)]
        running.restart()
        wait_for(("Stopped", "abnormal"))
        assert ask(running.data_dir, "POST", instance, {"status": "Running"})[0] == 200
        wait_for(("Running", "normal"))
        assert ask(running.data_dir, "POST", "/instances/i-none", {"status": "Stopped"})[0] == 404
        assert ask(running.data_dir, "POST", instance, {"status": "Lost"})[0] == 400
