"""The console's sync of a company's account, beside the floor: the bare calls and the bare writes.

500 load balancers, 10,000 groups, 200,000 members in a real local cloud, one PostgreSQL. The floor
(see _floor.py) and the full sync each begin with an empty mirror, in turns, and are held against
each other; then a group in a hundred changes and the incremental sync follows. Afterwards the
mirror is counted, so that a sync that leaves something out is no fast one.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.bench._console import ENVIRONMENT, READERS
from tests.bench._floor import REGION, TABLES
from tests.database import DatabaseOfTheRun
from tests.localcloud.client import Client
from tests.localcloud.process import ROOT, LocalCloud
from vservers.localcloud.big_account import Size
from vservers.localcloud.generate import BIG_ACCOUNT, generate

SIZE = Size()
SEED = 1
ROUNDS = 2
CHANGED_PERCENT = 1
NEW_PORT = 61000
AIM_FULL, AIM_INCREMENTAL, AIM_MIB = 1.5, 0.05, 300


@dataclass(frozen=True)
class Measured:
    """seconds: without the start of Python; peak: MiB of memory that the process ever had."""

    seconds: float
    peak: float
    answer: dict[str, Any]


def measure(*words: str, env: dict[str, str]) -> Measured:
    """Run a module whose last line says its seconds as JSON. Raises AssertionError."""
    process = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = process.stdout.read().splitlines()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    assert process.returncode == 0, f"{' '.join(words)} failed"
    answer = json.loads(said[-1])
    return Measured(answer["seconds"], used.ru_maxrss / 1024, answer)


class Mirror:
    """The database under the syncs."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def one_member_each(self) -> list[tuple[str, str]]:
        """(group, server) of every group that has servers."""
        return self._connection.execute(
            "SELECT group_id, min(server_id) FROM vservers_member GROUP BY group_id ORDER BY 1"
        ).fetchall()

    def clear(self) -> None:
        """As after the migrations, with nothing for the next run to trip over."""
        self._connection.execute("TRUNCATE vservers_region, vservers_cloudaccount CASCADE")
        self._connection.execute("VACUUM ANALYZE")

    def counts(self) -> dict[str, int]:
        return {table: self.number(f"SELECT count(*) FROM vservers_{table}") for table in TABLES}  # noqa: S608

    def number(self, query: str) -> int:
        row = self._connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    def close(self) -> None:
        self._connection.close()


def change(client: Client, mirror: Mirror) -> int:
    """Give a group in a hundred one more member, as another program would; how many those are."""
    chosen = mirror.one_member_each()[:: 100 // CHANGED_PERCENT]
    for group, server in chosen:
        client.call(
            "AddVServerGroupBackendServers",
            RegionId=REGION,
            VServerGroupId=group,
            BackendServers=[{"ServerId": server, "Port": NEW_PORT, "Weight": 100}],
        )
    return len(chosen)


def main() -> bool:
    """Measure, print the table; whether all aims are met."""
    (ROOT / "var").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as text:
        folder = Path(text)
        began = time.perf_counter()
        generate(folder, BIG_ACCOUNT, size=SIZE, region=REGION, seed=SEED)
        print(f"\nan account of {SIZE.groups:,} groups made in {time.perf_counter() - began:.1f} s")
        pair = json.loads((folder / f"access-key-{BIG_ACCOUNT}.json").read_text())
        database = DatabaseOfTheRun()
        try:
            # The changes put a server into more groups than the cloud lets.
            with LocalCloud(
                folder, demo=False, env={"LOCALCLOUD_QUOTAS": "server_uses=0"}
            ) as cloud:
                env = {
                    **os.environ,
                    **ENVIRONMENT,
                    "DATABASE_URL": database.url,
                    "CLOUD_ENDPOINT": cloud.endpoint,
                    "CLOUD_ACCESS_KEY_ID": pair["access_key_id"],
                    "CLOUD_ACCESS_KEY_SECRET": pair["access_key_secret"],
                }
                subprocess.run(
                    [sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=env, check=True
                )
                client = Client(cloud, pair["access_key_id"], pair["access_key_secret"])
                return _compare(client, Mirror(database.url), env)
        finally:
            database.stop()


def _compare(client: Client, mirror: Mirror, env: dict[str, str]) -> bool:
    floors, fulls = [], []
    for _ in range(ROUNDS):
        mirror.clear()
        floors.append(measure("-m", "tests.bench._floor", str(READERS), env=env))
        expected = mirror.counts()
        mirror.clear()
        fulls.append(measure("-m", "tests.bench._console", "full", env=env))
        assert mirror.counts() == expected, f"{mirror.counts()} instead of {expected}"
    changed = change(client, mirror)
    incremental = measure("-m", "tests.bench._console", "incremental", env=env)
    found = mirror.number(f"SELECT count(*) FROM vservers_member WHERE port = {NEW_PORT}")  # noqa: S608
    assert found == changed, f"{found} of {changed} changes arrived"
    mirror.close()

    floor, full = (statistics.median(one.seconds for one in some) for some in (floors, fulls))
    rows = sum(expected.values())
    print(f"{rows:,} rows, connections to the cloud: {READERS}, rounds in turns: {ROUNDS}\n")
    line = "{:<36}{:>10}{:>14}{:>12}{:>12}"
    print(line.format("", "seconds", "rows/s", "MiB", "of floor"))
    for name, seconds, done, of in (
        ("floor", floor, rows, floors),
        ("full sync", full, rows, fulls),
        (f"incremental, {changed} groups changed", incremental.seconds, 0, [incremental]),
    ):
        rate = f"{done / seconds:,.0f}" if done else ""
        peak = max(one.peak for one in of)
        print(line.format(name, f"{seconds:.2f}", rate, f"{peak:.0f}", f"{seconds / floor:.2f}"))
    apart = ", ".join(f"{one.answer['fetch']:.1f} + {one.answer['write']:.1f}" for one in floors)
    print(f"\nfloor, fetching + writing: {apart} s")
    peak = max(one.peak for one in [*fulls, incremental])
    return all(
        [
            _aim("full sync, times the floor", full / floor, AIM_FULL),
            _aim("incremental, part of a full sync", incremental.seconds / full, AIM_INCREMENTAL),
            _aim("memory of the sync, MiB", peak, AIM_MIB),
        ]
    )


def _aim(what: str, value: float, aim: float) -> bool:
    print(f"{what}: {value:.3g} (aim {aim:g}){'' if value <= aim else '   MISSED'}")
    return value <= aim


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
