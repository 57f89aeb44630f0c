"""The pace of an account: over threads, processes and machines, by the clock of the database."""

import subprocess
import sys
import time

import pytest
from django.conf import settings as django_settings
from django.db import connection

from tests.cloud import REGION, the_account
from tests.environment import environment_of_tests
from vservers.cloud.pace import Limit, Pace
from vservers.models import CloudAccount
from vservers.services import pacing
from vservers.services.connection import connect


@pytest.fixture
def account(db):
    return CloudAccount.objects.create(name="paced", endpoint="http://127.0.0.1:9")


class Bucket:
    """A reservation book of its own, and a clock that sleeping moves."""

    def __init__(self):
        self.asked = []
        self.slept = []

    def reserve(self, family, limit, calls):
        self.asked.append((family, calls))
        return 0.25


def test_an_action_waits_for_its_own_family_and_for_reads_or_writes():
    book = Bucket()
    pace = Pace(
        {"read": 10, "write": 2, "CreateVServerGroup": 1}, book.reserve, sleep=book.slept.append
    )
    pace("DescribeRegions")
    pace("DeleteVServerGroup")
    pace("CreateVServerGroup")
    families = [family for family, _ in book.asked]
    assert families == ["read", "write", "CreateVServerGroup", "write"]
    assert all(0.2 < seconds <= 0.25 for seconds in book.slept)


def test_without_a_limit_nobody_is_asked():
    book = Bucket()
    Pace({"read": 0}, book.reserve)("DescribeRegions")
    assert book.asked == []


def test_a_high_rate_is_reserved_in_blocks():
    book = Bucket()
    pace = Pace({"read": 500}, book.reserve, sleep=lambda seconds: None)
    for _ in range(20):
        pace("DescribeRegions")
    assert book.asked == [("read", 10)] * 2


def test_a_rest_saves_up_a_burst_and_no_more(account):
    limit = Limit(10)
    waits = [pacing.reserve(account.pk, "read", limit, 1) for _ in range(30)]
    assert sum(wait <= 0 for wait in waits) in range(10, 13)
    assert waits == sorted(waits)
    assert 1.7 < waits[-1] <= 2.0


def test_the_families_and_accounts_are_apart(account):
    other = CloudAccount.objects.create(name="other", endpoint="http://127.0.0.1:9")
    limit = Limit(1)
    assert pacing.reserve(account.pk, "read", limit, 1) <= 0
    assert pacing.reserve(account.pk, "read", limit, 1) > 0.5
    assert pacing.reserve(account.pk, "write", limit, 1) <= 0
    assert pacing.reserve(other.pk, "read", limit, 1) <= 0


def test_calls_in_the_background_leave_a_part_to_people(account, settings):
    settings.CLOUD_PACES = {"read": 10}
    pacing.pace_of(account, background=True)("DescribeRegions")
    with connection.cursor() as cursor:
        cursor.execute("SELECT family FROM vservers_paceslot ORDER BY family")
        assert [row[0] for row in cursor.fetchall()] == ["background", "read"]


def test_a_paced_connection_is_slower_than_the_cloud(cloud, settings):
    account = the_account()
    account.paces = {"read": 20}
    account.save()
    slb = connect(account, REGION).slb
    started = time.monotonic()
    for _ in range(40):
        slb.describe_regions()
    # Twenty leave at once, the others at twenty a second.
    assert time.monotonic() - started > 0.9


_CALLS = """
import sys, time, django
django.setup()
from vservers.services import pacing
from vservers.models import CloudAccount
print("ready", flush=True)
for line in sys.stdin:
    account, seconds = line.split()
    pace = pacing.pace_of(CloudAccount.objects.get(pk=int(account)))
    until = time.time() + float(seconds)
    while time.time() < until:
        pace("DescribeRegions")
        print(time.time(), flush=True)
    print("done", flush=True)
"""
SECONDS = 2


@pytest.fixture
def processes(transactional_db):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", _CALLS],
            cwd=django_settings.BASE_DIR,
            env=environment_of_tests(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    yield started
    for process in started:
        process.communicate(timeout=60)


def test_several_processes_together_stay_under_the_rate(processes):
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for rate in (20, 200):
        account = CloudAccount.objects.create(
            name=f"shared at {rate}", endpoint="http://127.0.0.1:9", paces={"read": rate}
        )
        for process in processes:
            process.stdin.write(f"{account.pk} {SECONDS}\n")
            process.stdin.flush()
        _judge(rate, [list(_moments(process)) for process in processes])


def _moments(process):
    """When its calls left, in Unix seconds, until it is done."""
    while (line := process.stdout.readline()) != "done\n":
        yield float(line)


def _judge(rate, moments):
    assert all(moments), "each had its turn"
    together = sorted(moment for some in moments for moment in some)
    limit = Limit(rate)
    # What one process reserved and uses late may leave beside what others do: a block each.
    slack = limit.burst + len(moments) * limit.block + 1
    for first, moment in enumerate(together):
        window = [one for one in together[first:] if one - moment < 1.0]
        assert len(window) <= rate + slack
    whole = together[-1] - together[0]
    assert len(together) <= rate * whole + slack
    assert len(together) >= rate * whole * 0.5, "and they do use it"
