"""The state: every object in memory for reading, in SQLite for keeping.

Reads see committed objects only. A write works on a Draft; the writer puts the drafts of all
waiting requests on disk in one transaction, then publishes them (see writer.py).
"""

import itertools
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, cast

from vservers.localcloud.model import Entity, dump, load, servers_in

Key = tuple[str, str, str]  # account, kind, ID
Family = tuple[str, str, str]  # account, kind, parent's ID
Changes = dict[Key, Entity | None]  # None: the object is gone

# Nobody else writes here; who only looks (a backup) gets out of the way soon.
_BUSY_SECONDS = 2.0
# By number, which the store knows of each object: what is made goes to the end of the table, and a
# change touches one page. No index by ID: nobody looks an object up on disk.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    number INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
"""
_INSERT = "INSERT INTO objects VALUES (?, ?, ?, ?, ?)"
_UPDATE = "UPDATE objects SET body = ? WHERE number = ?"
_DELETE = "DELETE FROM objects WHERE number = ?"
# Where earlier versions kept the same, by account, kind and ID.
_FORMER = "SELECT 1 FROM sqlite_schema WHERE name = 'entities'"
_TAKE_OVER = """
BEGIN IMMEDIATE;
INSERT INTO objects SELECT number, account, kind, id, body FROM entities;
DROP TABLE entities;
COMMIT;
"""

_NOBODY: dict[str, Entity] = {}


class Layer(Protocol):
    """Objects by key and by parent: the store, or a draft over it."""

    def find(self, key: Key) -> Entity | None:
        """The object, None when there is none."""

    def family(self, family: Family) -> Iterable[Entity]:
        """The objects of a kind under one parent, oldest first."""

    def size(self, family: Family) -> int:
        """How many those are."""

    def uses(self, account: str, server_id: str) -> int:
        """How many of the account's groups and pools have the server."""


class View:
    """One account's objects in a layer; what handlers read."""

    def __init__(self, layer: Layer, account: str) -> None:
        self._layer = layer
        self.account = account

    def get[E: Entity](self, cls: type[E], object_id: str) -> E | None:
        """An object of the account by its ID."""
        return cast("E | None", self._layer.find((self.account, cls.kind, object_id)))

    def children[E: Entity](self, cls: type[E], parent: str) -> Iterable[E]:
        """The account's objects of a kind under a parent, oldest first."""
        return cast("Iterable[E]", self._layer.family((self.account, cls.kind, parent)))

    def count(self, cls: type[Entity], parent: str) -> int:
        """How many children there are."""
        return self._layer.size((self.account, cls.kind, parent))

    def uses(self, server_id: str) -> int:
        """How many groups and pools have the server."""
        return self._layer.uses(self.account, server_id)


class Store:
    """All accounts' objects. Opens (and makes) the database; loads everything once."""

    def __init__(self, path: Path) -> None:
        self._objects: dict[Key, Entity] = {}
        self._families: dict[Family, dict[str, Entity]] = {}
        self._uses: Counter[tuple[str, str]] = Counter()
        # Told of changes while the store still holds what they replace.
        self.before_publishing: Callable[[Changes], None] = lambda changes: None
        # The writer's thread commits; nobody else touches the connection after this.
        self._database = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None, timeout=_BUSY_SECONDS
        )
        self._database.execute("PRAGMA journal_mode = WAL")
        # FULL: a commit returns when the log is on disk, so an answered write survives a crash.
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.executescript(_SCHEMA)
        if self._database.execute(_FORMER).fetchone():
            self._database.executescript(_TAKE_OVER)
        # Lists are answered in the order of creation, which the number keeps over restarts.
        self._numbers: dict[Key, int] = {}
        self._last_number = 0
        for number, account, kind, body in self._database.execute(
            "SELECT number, account, kind, body FROM objects ORDER BY number"
        ):
            entity = load(kind, body)
            self._put(account, entity)
            self._uses.update(_moved(account, None, entity))
            self._numbers[account, kind, entity.id] = self._last_number = number

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def accounts(self) -> set[str]:
        """Every account that has anything."""
        return {account for account, _, _ in self._families}

    def holds(self, account: str) -> bool:
        """Whether anything of an account is there."""
        return account in self.accounts()

    def find(self, key: Key) -> Entity | None:
        """The committed object, None when there is none."""
        return self._objects.get(key)

    def family(self, family: Family) -> Iterable[Entity]:
        """The committed objects under a parent."""
        return self._families.get(family, _NOBODY).values()

    def size(self, family: Family) -> int:
        """How many there are."""
        return len(self._families.get(family, _NOBODY))

    def uses(self, account: str, server_id: str) -> int:
        """How many committed groups and pools have the server."""
        return self._uses[account, server_id]

    def everything(self, cls: type[Entity]) -> Iterator[tuple[str, Entity]]:
        """Every account's objects of a kind, with the account."""
        for (account, kind, _), entities in self._families.items():
            if kind == cls.kind:
                for entity in entities.values():
                    yield account, entity

    def write(self, changes: Changes) -> None:
        """Put changes on disk, all or none. Blocks until they are there; may run in a thread."""
        made: dict[Key, int] = {}
        gone: list[Key] = []
        inserts: list[tuple[object, ...]] = []
        updates: list[tuple[str, int]] = []
        # A batch that fails leaves a gap in the numbers, which is no harm.
        numbers = itertools.count(self._last_number + 1)
        for key, entity in changes.items():
            known = self._numbers.get(key)
            if entity is None:
                # One that was made and deleted in the same batch was never there.
                if known is not None:
                    gone.append(key)
            elif known is not None:
                updates.append((dump(entity), known))
            else:
                made[key] = number = next(numbers)
                inserts.append((number, *key, dump(entity)))
        self._last_number += len(made)
        self._commit(
            (_INSERT, inserts),
            (_UPDATE, updates),
            (_DELETE, [(self._numbers[key],) for key in gone]),
        )
        self._numbers |= made
        for key in gone:
            del self._numbers[key]

    def _commit(self, *statements: tuple[str, Sequence[tuple[object, ...]]]) -> None:
        """Carry out each statement for all its rows, in one transaction."""
        database = self._database
        database.execute("BEGIN IMMEDIATE")
        try:
            for statement, rows in statements:
                if rows:
                    database.executemany(statement, rows)
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise

    def publish(self, changes: Changes) -> None:
        """Let readers see changes that are on disk."""
        self.before_publishing(changes)
        for key, entity in changes.items():
            before = self._objects.get(key)
            self._uses.update(_moved(key[0], before, entity))
            if before is not None and (entity is None or entity.parent != before.parent):
                self._drop(key, before)
            if entity is not None:
                self._put(key[0], entity)

    def _put(self, account: str, entity: Entity) -> None:
        self._objects[account, entity.kind, entity.id] = entity
        family = (account, entity.kind, entity.parent)
        self._families.setdefault(family, {})[entity.id] = entity

    def _drop(self, key: Key, entity: Entity) -> None:
        del self._objects[key]
        family = (key[0], entity.kind, entity.parent)
        siblings = self._families[family]
        del siblings[entity.id]
        if not siblings:
            del self._families[family]


class Draft:
    """Changes over a layer that nobody else sees yet. An object never changes its parent."""

    def __init__(self, below: Layer) -> None:
        self._below = below
        self.changes: Changes = {}
        self._touched: dict[Family, dict[str, Entity | None]] = {}
        # By how much the uses of servers differ from those below.
        self._uses: Counter[tuple[str, str]] = Counter()

    def find(self, key: Key) -> Entity | None:
        """The object as the draft has it."""
        if key in self.changes:
            return self.changes[key]
        return self._below.find(key)

    def family(self, family: Family) -> Iterable[Entity]:
        """The objects under a parent as the draft has them."""
        touched = self._touched.get(family)
        return self._merged(family, dict(touched)) if touched else self._below.family(family)

    def size(self, family: Family) -> int:
        """How many there are, without going through them."""
        size = self._below.size(family)
        for object_id, entity in self._touched.get(family, {}).items():
            before = self._below.find((family[0], family[1], object_id))
            size += (entity is not None) - (before is not None)
        return size

    def _merged(self, family: Family, touched: dict[str, Entity | None]) -> Iterator[Entity]:
        for entity in self._below.family(family):
            now = touched.pop(entity.id) if entity.id in touched else entity
            if now is not None:
                yield now
        # What is left over is new.
        yield from (entity for entity in touched.values() if entity is not None)

    def uses(self, account: str, server_id: str) -> int:
        """How many groups and pools have the server."""
        return self._below.uses(account, server_id) + self._uses[account, server_id]

    def put(self, account: str, entity: Entity) -> None:
        """Add an object or replace the one of the same ID."""
        self._change(account, entity, entity)

    def delete(self, account: str, entity: Entity) -> None:
        """Take an object away."""
        self._change(account, entity, None)

    def _change(self, account: str, entity: Entity, after: Entity | None) -> None:
        key = (account, entity.kind, entity.id)
        self._uses.update(_moved(account, self.find(key), after))
        self.changes[key] = after
        self._touched.setdefault((account, entity.kind, entity.parent), {})[entity.id] = after

    def absorb(self, above: "Draft") -> None:
        """Take over the changes of a draft that was made over this one."""
        self.changes.update(above.changes)
        self._uses.update(above._uses)
        for family, touched in above._touched.items():
            self._touched.setdefault(family, {}).update(touched)


def _moved(
    account: str, before: Entity | None, after: Entity | None
) -> Mapping[tuple[str, str], int]:
    """How a change of one object changes the uses of servers."""
    had, has = servers_in(before), servers_in(after)
    if had == has:
        return {}
    moved = {(account, server_id): 1 for server_id in has - had}
    return moved | {(account, server_id): -1 for server_id in had - has}


class Edit(View):
    """One account's objects in a draft; what writing handlers read and change."""

    def __init__(self, draft: Draft, account: str) -> None:
        super().__init__(draft, account)
        self._draft = draft

    def put(self, entity: Entity) -> None:
        """Add an object or replace the one of the same ID."""
        self._draft.put(self.account, entity)

    def delete(self, entity: Entity) -> None:
        """Take an object away."""
        self._draft.delete(self.account, entity)
