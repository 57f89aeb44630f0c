"""The console's sync of a company's account, beside the floor: the bare calls and the bare writes.

500 load balancers, 10,000 groups, 200,000 members in a real local cloud, one PostgreSQL. In each
round the floor (see _floor.py) and the full sync begin with an empty mirror; then a group in a
hundred changes and an incremental sync follows, in the process of the full one, as in a worker.
Rounds are repeated and each is held against its own floor, for machines have quick and slow
minutes. The mirror is counted each time, so that a sync that leaves something out is no fast one.
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
ROUNDS = 3
CHANGED_PERCENT = 1
# Of the first round's changes; each round has a port of its own.
NEW_PORT = 61000
AIM_FULL, AIM_INCREMENTAL, AIM_MIB = 1.5, 0.05, 300


@dataclass(frozen=True)
class Round:
    """Seconds of each part, without the start of Python. lists: the bare calls that an incremental
    sync cannot do without. peak: MiB of memory that the console's process ever had."""

    fetch: float
    write: float
    lists: float
    full: float
    incremental: float
    peak: float

    @property
    def floor(self) -> float:
        return self.fetch + self.write


class Program:
    """A module of this folder at work. Raises AssertionError where it fails."""

    def __init__(self, *words: str, env: dict[str, str]) -> None:
        self._words = words
        self._process = subprocess.Popen(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, word: str = "") -> str:
        """The line that it answers with."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if word:
            print(word, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, f"{' '.join(self._words)} failed"
        return answer

    def end(self) -> float:
        """MiB of memory that it ever had."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        _, status, used = os.wait4(self._process.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        assert self._process.returncode == 0, f"{' '.join(self._words)} failed"
        return used.ru_maxrss / 1024


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


def change(client: Client, mirror: Mirror, port: int) -> int:
    """Give a group in a hundred one more member, as another program would; how many those are."""
    chosen = mirror.one_member_each()[:: 100 // CHANGED_PERCENT]
    for group, server in chosen:
        client.call(
            "AddVServerGroupBackendServers",
            RegionId=REGION,
            VServerGroupId=group,
            BackendServers=[{"ServerId": server, "Port": port, "Weight": 100}],
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
    rounds = [_round(client, mirror, env, NEW_PORT + turn) for turn in range(ROUNDS)]
    rows = sum(mirror.counts().values())
    mirror.close()
    print(f"{rows:,} rows, connections to the cloud: {READERS}, median of {ROUNDS} rounds\n")
    line = "{:<36}{:>10}{:>12}   {}"
    print(line.format("", "seconds", "rows/s", "each round"))
    for name, counted, each in (
        ("floor", True, [one.floor for one in rounds]),
        ("  fetching", False, [one.fetch for one in rounds]),
        ("  writing", True, [one.write for one in rounds]),
        ("full sync", True, [one.full for one in rounds]),
        ("lists of an incremental one, bare", False, [one.lists for one in rounds]),
        (
            f"incremental, {CHANGED_PERCENT} % of groups changed",
            False,
            [r.incremental for r in rounds],
        ),
    ):
        seconds = statistics.median(each)
        rate = f"{rows / seconds:,.0f}" if counted else ""
        apart = ", ".join(f"{one:.2f}" for one in each)
        print(line.format(name, f"{seconds:.2f}", rate, apart))
    print()
    bare = statistics.median(one.lists / one.full for one in rounds)
    print(f"bare lists, part of a full sync: {bare:.3g}")
    return all(
        [
            _aim("full sync, times the floor", [one.full / one.floor for one in rounds], AIM_FULL),
            _aim(
                "incremental, part of a full sync",
                [one.incremental / one.full for one in rounds],
                AIM_INCREMENTAL,
            ),
            _aim("memory of the sync, MiB", [one.peak for one in rounds], AIM_MIB),
        ]
    )


def _round(client: Client, mirror: Mirror, env: dict[str, str], port: int) -> Round:
    mirror.clear()
    program = Program("tests.bench._floor", str(READERS), env=env)
    floor = json.loads(program.ask())
    program.end()
    expected = mirror.counts()
    mirror.clear()
    console = Program("tests.bench._console", env=env)
    full = float(console.ask("full"))
    assert mirror.counts() == expected, f"{mirror.counts()} instead of {expected}"
    changed = change(client, mirror, port)
    incremental = float(console.ask("incremental"))
    found = mirror.number(f"SELECT count(*) FROM vservers_member WHERE port = {port}")  # noqa: S608
    assert found == changed, f"{found} of {changed} changes arrived"
    return Round(**floor, full=full, incremental=incremental, peak=console.end())


def _aim(what: str, values: list[float], aim: float) -> bool:
    value = statistics.median(values)
    print(f"{what}: {value:.3g} (aim {aim:g}){'' if value <= aim else '   MISSED'}")
    return value <= aim


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
