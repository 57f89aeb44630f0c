"""Rows on their way into the mirror: written in bulk, and only those that differ."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Model
from psycopg import sql

type Row = tuple[Any, ...]


def upsert(
    model: type[Model], columns: Sequence[str], rows: Sequence[Row], *, key: Sequence[str]
) -> None:
    """Insert rows, or update those whose key is there. columns, key: names of the table's columns.

    A dict or a list in a row is written as JSON. Every column that may not be null must be among
    `columns`. One statement, whose rows travel as one JSON document that PostgreSQL takes apart by
    the types of the table's columns: as quick as VALUES for a few rows and as COPY through a
    temporary table for the hundreds of a load balancer; of thousands COPY takes three quarters.
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
    statement = sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table},"
        " %s) ON CONFLICT ({key}) DO UPDATE SET {also}"
    ).format(
        table=table,
        names=names,
        key=sql.SQL(", ").join(map(sql.Identifier, key)),
        also=sql.SQL(", ").join(also),
    )
    # Moments as PostgreSQL reads them; all else in a row is JSON's own.
    document = json.dumps([dict(zip(columns, row, strict=True)) for row in rows], default=str)
    with connection.cursor() as cursor:
        cursor.execute(statement, [document])


def differing[K](before: Mapping[K, Row], after: Mapping[K, Row]) -> list[K]:
    """The keys of `after` whose row is new or other than before."""
    return [key for key, row in after.items() if before.get(key) != row]
