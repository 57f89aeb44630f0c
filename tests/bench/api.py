"""API requests per second, beside moto's server doing the like for ELBv2 target groups.

Both are real processes on loopback, asked in turns over connections that the client keeps alive
(moto's server closes each), so that the machine's moods hit both alike; the figures are medians of
the rounds, "times" that of the rounds' quotients. "client" is the part of the time for which a
client was at work itself, asking us / moto: no server can shorten it. The local cloud checks each
signature and answers a write when it is on disk; moto does neither. A group's description has its
20 servers, a target group's has none.

The aims name no client, so there are two tables: in the first, one plain client asks both with
requests that were made (and signed) before, so that what differs is the servers; in the second,
each is asked by its users' own library, whose work counts as well.
"""

import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from tests.bench._sides import (
    ROWS,
    BySdk,
    Call,
    Failed,
    MotoByBoto3,
    Plain,
    PlainMoto,
    Side,
    moto_server,
)
from tests.localcloud.process import ROOT, LocalCloud

ROUNDS = 5
CLIENTS = (1, 4)
GROUPS = 1000
DESCRIBED = 100
SYNCS = 100

_ROW = "{:<24}{:>8}{:>14}{:>12}{:>10}{:>6}  {:<8}{:<14}{}"


@dataclass(frozen=True)
class Way:
    """How both sides are asked. calls: how often the local cloud is, and moto, in one round."""

    title: str
    ours: Callable[[LocalCloud], Side]
    theirs: Callable[[int], Side]
    calls: tuple[int, int]


WAYS = (
    Way(
        "one plain HTTP client asks both (the aims are judged by this)",
        Plain,
        PlainMoto,
        (400, 100),
    ),
    Way("each asked by its own library: the vendor's SDK, boto3", BySdk, MotoByBoto3, (100, 60)),
)


@dataclass(frozen=True)
class Work:
    """What is done, how many times moto's rate it should be, and its calls of a side.

    share: of the way's calls in a round.
    """

    what: str
    aim: float
    calls: Callable[[Side], Iterator[Call]]
    share: float = 1.0


def _creates(side: Side) -> Iterator[Call]:
    while True:
        yield side.create()


def _adds(side: Side) -> Iterator[Call]:
    return (side.add(group) for group in list(side.groups))


def _describes(side: Side) -> Iterator[Call]:
    return (side.describe(group) for group in cycle(side.groups[:DESCRIBED]))


def _describes_all(side: Side) -> Iterator[Call]:
    _fill(side)

    def described(call: Call) -> Call:
        def checked(connection: Any) -> None:
            found = call(connection)
            if found != GROUPS:
                raise Failed(f"{found} groups")

        return checked

    while True:
        yield described(side.describe_all())


def _fill(side: Side) -> None:
    """Bring the groups that are described all at once to 1,000."""
    connection = side.connect()
    # A balancer of the local cloud is kept for them; moto describes all target groups it has.
    there = 0 if isinstance(side, Plain | BySdk) else len(side.groups)
    assert there <= GROUPS, f"moto has {there} target groups already"
    for _ in range(GROUPS - there):
        side.create(full=True)(connection)


WORKS = (
    Work("create a group", 4, _creates),
    Work(f"add {ROWS} servers", 4, _adds),
    Work("describe one group", 5, _describes),
    Work(f"describe {GROUPS:,} groups", 10, _describes_all, share=0.04),
)


def round_of(connections: list[Any], calls: list[Call]) -> tuple[float, int, float]:
    """Carry out the calls, shared out over the connections.

    Answers per second, failures, and the part of the time for which a client was at work itself.
    """
    clients = len(connections)
    shares = [calls[number::clients] for number in range(clients)]
    failed = [0] * clients
    worked = [0.0] * clients
    begin = threading.Barrier(clients + 1)

    def run(number: int) -> None:
        begin.wait()
        for call in shares[number]:
            try:
                call(connections[number])
            except Failed:
                failed[number] += 1
        worked[number] = time.thread_time()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    begin.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    return (len(calls) - sum(failed)) / took, sum(failed), sum(worked) / (clients * took)


def measure(way: Way, folder: Path) -> bool:
    """Print a table of one way to ask; whether all aims are met."""
    met = True
    print(f"\n{way.title}\n")
    print(
        _ROW.format(
            "", "clients", "local cloud", "moto", "times", "aim", "", "client", "failed calls"
        )
    )
    with (
        # moto has no limits of this kind either.
        LocalCloud(folder, env={"LOCALCLOUD_QUOTAS": "server_uses=0"}) as cloud,
        moto_server() as port,
    ):
        sides: tuple[Side, Side] = (way.ours(cloud), way.theirs(port))
        connections = [[side.connect() for _ in range(max(CLIENTS))] for side in sides]
        for work in WORKS:
            calls = [work.calls(side) for side in sides]
            # The same number for each client, and at least one.
            many = [max(CLIENTS) * max(1, round(work.share * n / max(CLIENTS))) for n in way.calls]
            for clients in CLIENTS:
                rates: tuple[list[float], list[float]] = ([], [])
                worked: tuple[list[float], list[float]] = ([], [])
                failed = [0, 0]
                for number in range(ROUNDS):
                    for side in (0, 1) if number % 2 else (1, 0):
                        wanted = list(islice(calls[side], many[side]))
                        rate, lost, at_work = round_of(connections[side][:clients], wanted)
                        rates[side].append(rate)
                        worked[side].append(at_work)
                        failed[side] += lost
                times = statistics.median(
                    mine / other if other else float("inf")
                    for mine, other in zip(*rates, strict=True)
                )
                good = times >= work.aim and not failed[0]
                met = met and good
                print(
                    _ROW.format(
                        work.what,
                        clients,
                        *(f"{statistics.median(one):,.1f}" for one in rates),
                        f"{times:.1f}",
                        f"{work.aim:g}",
                        "met" if good else "MISSED",
                        " / ".join(f"{statistics.median(one):.0%}" for one in worked),
                        f"{failed[0]} / {failed[1]}",
                    ),
                    flush=True,
                )
    return met


def _disk_milliseconds(folder: Path) -> float:
    """How long a small write takes until it is on disk, in the middle."""
    took = []
    with (folder / "synced").open("wb", buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def main() -> bool:
    """Measure both ways; whether the servers themselves meet all aims."""
    (ROOT / "var").mkdir(exist_ok=True)
    print("\nAPI requests per second (the local cloud's writes are on disk when answered)")
    # In the project's own folder: a temporary one may be in memory, where nothing is synced.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "var") as text:
        # Each of our writes waits for the disk once, none of moto's does.
        print(
            f"now: load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors,"
            f" 4 KiB are on disk after {_disk_milliseconds(Path(text)):.2f} ms"
        )
        met = [measure(way, Path(text) / str(number)) for number, way in enumerate(WAYS)]
    return met[0]


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
