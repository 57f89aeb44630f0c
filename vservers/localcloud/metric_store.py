"""Points of metrics on disk: one row a listener and period, in a file of its own.

Its own file, because nobody waits for these: the state's file is written through to the disk at
each answer, this one once a period, by a thread of its own. The size is bounded by deleting the
oldest points.

A point is a list of numbers, one a name in FIELDS. On disk it is a bit mask of those that are not
zero, and their values: a listener at rest takes some 40 bytes a point with its key, a busy one 170.
"""

import sqlite3
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vservers.localcloud.dataplane.counters import COUNTERS

# Of values that are read several times a period: their sum, least and most.
GAUGES = ("connections_now", "healthy", "unhealthy")
FIELDS = (*COUNTERS, "samples", *(f"{g}_{word}" for g in GAUGES for word in ("sum", "min", "max")))
PLACES = {name: place for place, name in enumerate(FIELDS)}

KEPT_SECONDS = 31 * 24 * 3600
MAX_BYTES = 256 * 1024 * 1024
# How much of the kept time goes at once when the file is full.
_SLICE = 20
_BUSY_SECONDS = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS series (
    number INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    balancer TEXT NOT NULL,
    protocol TEXT NOT NULL,
    port INTEGER NOT NULL,
    address TEXT NOT NULL,
    UNIQUE (account, balancer, protocol, port)
) STRICT;
CREATE TABLE IF NOT EXISTS points (
    series INTEGER NOT NULL,
    moment INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (series, moment)
) WITHOUT ROWID, STRICT;
"""

Point = list[float]


@dataclass(frozen=True, slots=True)
class Series:
    """Whose points: a listener of an account's load balancer."""

    account: str
    balancer: str
    protocol: str
    port: int
    address: str


def empty_point() -> Point:
    """A point without any sample."""
    return [0.0] * len(FIELDS)


def merge(into: Point, other: Point) -> None:
    """Add a point of the same listener to another."""
    samples = PLACES["samples"]
    either_empty = not into[samples] or not other[samples]
    for place, name in enumerate(FIELDS):
        if name.endswith(("_min", "_max")) and not either_empty:
            choose = min if name.endswith("_min") else max
            into[place] = choose(into[place], other[place])
        else:
            into[place] += other[place]


def encode(point: Point) -> bytes:
    """The bytes on disk."""
    mask = sum(1 << place for place, value in enumerate(point) if value)
    values = [value for value in point if value]
    return struct.pack(f"<I{len(values)}d", mask, *values)


def decode(body: bytes) -> Point:
    """The point that `encode` wrote."""
    (mask,) = struct.unpack_from("<I", body)
    values = iter(struct.unpack_from(f"<{mask.bit_count()}d", body, 4))
    return [next(values) if mask >> place & 1 else 0.0 for place in range(len(FIELDS))]


class MetricStore:
    """The file. Every method blocks, and all are called by one thread after the other."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self._database = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None, timeout=_BUSY_SECONDS
        )
        self._max_bytes = max_bytes
        self._database.execute("PRAGMA journal_mode = WAL")
        # NORMAL: a crash of the program loses nothing, one of the machine the last points.
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def size(self) -> int:
        """Bytes in use."""
        pages, free, of = (
            self._database.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * of)

    def add(self, moment: int, points: Iterable[tuple[Series, Point]]) -> None:
        """Put points of one moment (Unix seconds, the period's beginning) on disk.

        What is there of that moment, from before a restart, is added to.
        """
        database = self._database
        with _transaction(database):
            for series, point in points:
                key = (self._number(series), moment)
                row = database.execute(
                    "SELECT body FROM points WHERE series = ? AND moment = ?", key
                ).fetchone()
                if row is not None:
                    merge(point, decode(row[0]))
                database.execute(
                    "INSERT OR REPLACE INTO points VALUES (?, ?, ?)", (*key, encode(point))
                )

    def prune(self, now: int) -> None:
        """Delete what is older than is kept, and the oldest of what does not fit."""
        self._delete_before(now - KEPT_SECONDS)
        while self.size() > self._max_bytes:
            oldest = self._database.execute("SELECT min(moment) FROM points").fetchone()[0]
            if oldest is None:
                return
            self._delete_before(oldest + max((now - oldest) // _SLICE, 1))

    def series(self, account: str, balancer: str) -> dict[int, Series]:
        """The listeners of a load balancer that there are points of, by number."""
        rows = self._database.execute(
            "SELECT number, account, balancer, protocol, port, address FROM series"
            " WHERE account = ? AND balancer = ? ORDER BY port, protocol",
            (account, balancer),
        )
        return {number: Series(*rest) for number, *rest in rows}

    def points(self, number: int, after: int, until: int) -> Iterator[tuple[int, Point]]:
        """(moment, point) of a series, oldest first; after < moment <= until, Unix seconds."""
        rows = self._database.execute(
            "SELECT moment, body FROM points WHERE series = ? AND moment > ? AND moment <= ?"
            " ORDER BY moment",
            (number, after, until),
        )
        return ((moment, decode(body)) for moment, body in rows)

    def _number(self, series: Series) -> int:
        row = self._database.execute(
            "INSERT INTO series (account, balancer, protocol, port, address)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET address = excluded.address"
            " RETURNING number",
            (series.account, series.balancer, series.protocol, series.port, series.address),
        ).fetchone()
        return int(row[0])

    def _delete_before(self, moment: int) -> None:
        database = self._database
        with _transaction(database):
            for (number,) in database.execute("SELECT number FROM series").fetchall():
                database.execute(
                    "DELETE FROM points WHERE series = ? AND moment < ?", (number, moment)
                )
            database.execute(
                "DELETE FROM series WHERE NOT EXISTS"
                " (SELECT 1 FROM points WHERE points.series = series.number)"
            )


class _transaction:
    """All or nothing."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *rest: object) -> None:
        if self._database.in_transaction:
            self._database.execute("COMMIT" if kind is None else "ROLLBACK")
