"""Rows on their way into the mirror: written in bulk, and only those that differ."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from django.db import connection
from django.db.models import Model
from psycopg import sql
from psycopg.types.json import Jsonb

type Row = tuple[Any, ...]

# From so many rows on, COPY through a temporary table is quicker than one INSERT.
_COPY_FROM = 50


def upsert(
    model: type[Model], columns: Sequence[str], rows: Sequence[Row], *, key: Sequence[str]
) -> None:
    """Insert rows, or update those whose key is there. columns, key: names of the table's columns.

    A dict or a list in a row is written as JSON. Every column that may not be null must be among
    `columns`.
    """
    if not rows:
        return
    table = sql.Identifier(model._meta.db_table)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    also = [
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column))
        for column in columns
        if column not in key
    ]
    on_conflict = sql.SQL("ON CONFLICT ({}) DO UPDATE SET {}").format(
        sql.SQL(", ").join(map(sql.Identifier, key)), sql.SQL(", ").join(also)
    )
    plain = [_as_json(row) for row in rows]
    with connection.cursor() as cursor:
        if len(plain) < _COPY_FROM:
            one = sql.SQL("({})").format(sql.SQL(", ").join([sql.Placeholder()] * len(columns)))
            values = sql.SQL(", ").join([one] * len(plain))
            cursor.execute(
                sql.SQL("INSERT INTO {} ({}) VALUES {} {}").format(
                    table, names, values, on_conflict
                ),
                list(chain.from_iterable(plain)),
            )
            return
        incoming = sql.Identifier(f"incoming_{model._meta.db_table}")
        cursor.execute(
            sql.SQL(
                "CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA"
            ).format(incoming, names, table)
        )
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(incoming, names)) as copy:
            for row in plain:
                copy.write_row(row)
        cursor.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} {}").format(
                table, names, names, incoming, on_conflict
            )
        )
        cursor.execute(sql.SQL("DROP TABLE {}").format(incoming))


def _as_json(row: Row) -> Row:
    kinds = set(map(type, row))
    if dict in kinds or list in kinds:
        return tuple(Jsonb(value) if type(value) in (dict, list) else value for value in row)
    return row


def differing[K](before: Mapping[K, Row], after: Mapping[K, Row]) -> list[K]:
    """The keys of `after` whose row is new or other than before."""
    return [key for key, row in after.items() if before.get(key) != row]
