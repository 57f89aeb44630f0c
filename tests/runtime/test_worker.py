"""`manage.py worker` as a real process: it syncs, and what a killed one left is resumed."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from django.conf import settings as django_settings

from tests.environment import environment_of_tests
from tests.localcloud.client import Client as Outsider
from tests.localcloud.process import LocalCloud
from vservers.localcloud.faultctl import ask
from vservers.models import CloudAccount, LoadBalancer, Member, SyncRun, VServerGroup
from vservers.services import accounts
from vservers.services.connection import connect
from vservers.services.regions import sync_regions

pytestmark = [pytest.mark.xdist_group("up"), pytest.mark.django_db(transaction=True)]

REGION = "cn-hangzhou"
_BALANCERS = 24
_WAIT_SECONDS = 90


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    with LocalCloud(tmp_path / "cloud") as running:
        outsider = Outsider(running)
        web = "i-bp1web0100000000000000"[:22]
        for number in range(_BALANCERS):
            made = outsider.call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]
            for _ in range(2):
                servers = [{"ServerId": web, "Port": 80 + n, "Weight": n} for n in range(3)]
                outsider.call(
                    "CreateVServerGroup",
                    RegionId=REGION,
                    LoadBalancerId=made,
                    VServerGroupName=f"group-{number}",
                    BackendServers=servers,
                )
        yield running


@pytest.fixture
def account(cloud: LocalCloud, settings) -> CloudAccount:
    settings.CLOUD_ENDPOINT = cloud.endpoint
    settings.CLOUD_ACCESS_KEY_ID = cloud.access_key_id
    settings.CLOUD_ACCESS_KEY_SECRET = cloud.access_key_secret
    account = accounts.from_environment()
    sync_regions(account)
    # One region is enough to wait for.
    account.account_regions.exclude(region=REGION).delete()
    return account


@contextmanager
def worker(log: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker"],
            cwd=django_settings.BASE_DIR,
            env=environment_of_tests(SYNC_READERS="1", **environment),
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(happens: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not happens():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def runs() -> list[SyncRun]:
    return list(SyncRun.objects.filter(region=REGION, kind=SyncRun.Kind.FULL))


def test_a_worker_killed_in_the_middle_is_resumed_by_the_next(cloud, account, tmp_path):
    # So that there is a middle.
    fault = {"kind": "latency", "actions": ["DescribeVServerGroupAttribute"], "ms": 40}
    assert ask(cloud.data_dir, "POST", "/faults", fault)[0] in {200, 201}
    log = tmp_path / "worker.log"

    def in_the_middle() -> bool:
        return any(run.stage == "parts" and run.done >= 5 for run in runs())

    with worker(log) as process:
        wait_until(in_the_middle, process, log)
        process.send_signal(signal.SIGKILL)
        process.wait()
    (run,) = runs()
    assert run.status == "running"
    read_before = dict(LoadBalancer.objects.exclude(synced_at=None).values_list("pk", "synced_at"))
    assert 5 <= len(read_before) < LoadBalancer.objects.count()

    with worker(log) as process:
        wait_until(lambda: not runs()[0].is_unfinished, process, log)
    (run,) = runs()
    assert (run.status, run.attempts) == ("done", 2), run.errors
    after = dict(LoadBalancer.objects.values_list("pk", "synced_at"))
    assert {pk: after[pk] for pk in read_before} == read_before, "read once only"
    assert all(after.values()), "and none was left out"

    # What the cloud says itself, one by one.
    slb = connect(account, REGION).slb
    expected = {
        detail.vserver_group_id: {(s.server_id, s.port): s.weight for s in detail.servers}
        for balancer in slb.describe_load_balancers()
        for group in slb.describe_vserver_groups(balancer.load_balancer_id)
        for detail in [slb.describe_vserver_group_attribute(group.vserver_group_id)]
    }
    mirrored: dict[str, dict[tuple[str, int], int]] = {
        pk: {} for pk in VServerGroup.objects.values_list("pk", flat=True)
    }
    for member in Member.objects.all():
        mirrored[member.group_id][member.server_id, member.port] = member.weight
    assert mirrored == expected
    assert Member.objects.count() == sum(map(len, expected.values()))


def test_two_workers_share_the_work_and_stop_when_told(cloud, account, tmp_path):
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    with worker(logs[0]) as one, worker(logs[1]) as two:
        wait_until(lambda: bool(runs()) and not runs()[0].is_unfinished, one, logs[0])
        (run,) = runs()
        assert (run.status, run.attempts) == ("done", 1), "only one of them carried it out"
        for process in (one, two):
            children = psutil.Process(process.pid).children()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, logs[0].read_text() + logs[1].read_text()
            assert not any(child.is_running() for child in children)
    assert account.load_balancers.count() >= _BALANCERS
