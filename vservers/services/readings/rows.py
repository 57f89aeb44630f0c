"""Rows of the mirror, read and written in bulk by statements that a connection prepares once.

A load balancer takes some twenty of them. Put together by Django and planned by PostgreSQL anew for
each, they took as long as all calls to the cloud.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from django.db import connection
from django.db.models import Field, JSONField, Model
from psycopg import sql

from vservers.models.prepared import Row, execute

type Fields = dict[str, Field[Any, Any]]

_NAMES = sql.SQL(", ")


def held(
    model: type[Model], columns: Sequence[str], condition: str, *values: object, lock: bool = False
) -> list[Row]:
    """Columns of the rows that meet a condition; it holds %s for each of the values.

    What vanished is among them. JSON comes as what it says. lock: until the transaction ends.
    """
    found: list[Row] = execute(_select(model, tuple(columns), condition, lock), values).fetchall()
    at = _json_among(model, tuple(columns))
    if not at:
        return found
    return [
        tuple(orjson.loads(v) if n in at and v is not None else v for n, v in enumerate(row))
        for row in found
    ]


def upsert(
    model: type[Model],
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    key: Sequence[str],
    returning: Sequence[str] = (),
) -> list[Row]:
    """Insert rows, or update those whose key is there. columns, key: names of the table's columns.

    returning: columns to hand back of the rows that were written.

    A dict or a list in a row is written as JSON. Every column that may not be null must be among
    `columns`. One statement, whose rows travel as one JSON document: as quick as COPY through a
    temporary table for the hundreds of a load balancer.
    """
    if not rows:
        return []
    statement = _insert(model, tuple(columns), tuple(key), tuple(returning))
    written = execute(statement, [_document(rows)])
    return written.fetchall() if returning else []


def update(model: type[Model], pk: object, values: Mapping[str, object]) -> None:
    """Set columns of one row. A dict or a list is written as JSON."""
    statement = _update(model, tuple(values))
    execute(statement, [_document([tuple(values.values())]), pk])


def count_rows(models: Iterable[type[Model]]) -> None:
    """Have PostgreSQL count what was written, by ANALYZE.

    By itself it does so a minute later or more, and plans until then as if the tables were empty.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("ANALYZE {}").format(_NAMES.join(map(_table, models))))


def columns_of(value: Any) -> dict[str, Any]:
    """A dataclass by the names of its fields: asdict, but what it holds is not copied."""
    return {name: getattr(value, name) for name in value.__match_args__}


def differing[K](before: Mapping[K, Row], after: Mapping[K, Row]) -> list[K]:
    """The keys of `after` whose row is new or other than before."""
    return [key for key, row in after.items() if before.get(key) != row]


def _document(rows: Sequence[Row]) -> str:
    # Moments as PostgreSQL reads them; all else in a row is JSON's own.
    return orjson.dumps(rows, default=str).decode()


@cache
def _select(model: type[Model], columns: tuple[str, ...], condition: str, lock: bool) -> str:
    statement = sql.SQL("SELECT {names} FROM {table} WHERE {condition}{lock}")
    return statement.format(
        names=_NAMES.join(map(sql.Identifier, columns)),
        table=_table(model),
        condition=sql.SQL(condition),
        lock=sql.SQL(" FOR UPDATE" if lock else ""),
    ).as_string()


@cache
def _insert(
    model: type[Model], columns: tuple[str, ...], key: tuple[str, ...], returning: tuple[str, ...]
) -> str:
    statement = (
        "INSERT INTO {table} ({names}) SELECT {values} FROM jsonb_array_elements(%s) AS item"
        " ON CONFLICT ({key}) DO UPDATE SET {also}"
    )
    if returning:
        statement += " RETURNING {returned}"
    also = [
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(column))
        for column in columns
        if column not in key
    ]
    composed = sql.SQL(statement).format(
        table=_table(model),
        names=_NAMES.join(map(sql.Identifier, columns)),
        values=_values(model, columns),
        key=_NAMES.join(map(sql.Identifier, key)),
        also=_NAMES.join(also),
        returned=_NAMES.join(map(sql.Identifier, returning)),
    )
    return composed.as_string()


@cache
def _update(model: type[Model], columns: tuple[str, ...]) -> str:
    statement = sql.SQL(
        "UPDATE {table} SET ({names}) ="
        " (SELECT {values} FROM jsonb_array_elements(%s) AS item) WHERE {pk} = %s"
    )
    return statement.format(
        table=_table(model),
        names=_NAMES.join(map(sql.Identifier, columns)),
        values=_values(model, columns),
        pk=sql.Identifier(str(model._meta.pk.column)),
    ).as_string()


def _table(model: type[Model]) -> sql.Identifier:
    return sql.Identifier(model._meta.db_table)


def _values(model: type[Model], columns: tuple[str, ...]) -> sql.Composed:
    """The elements of a JSON array as the columns' types; none is cut to a column's length."""
    json_at = _json_among(model, columns)
    fields = _fields(model)
    values = []
    for place, column in enumerate(columns):
        if place in json_at:
            values.append(sql.SQL("nullif(item->{}, 'null')").format(sql.Literal(place)))
        else:
            kind = str(fields[column].db_type(connection)).partition("(")[0]
            value = sql.SQL("(item->>{})::{}")
            values.append(value.format(sql.Literal(place), sql.SQL(kind)))
    return _NAMES.join(values)


@cache
def _json_among(model: type[Model], columns: tuple[str, ...]) -> frozenset[int]:
    fields = _fields(model)
    return frozenset(
        place for place, column in enumerate(columns) if isinstance(fields[column], JSONField)
    )


def _fields(model: type[Model]) -> Fields:
    return {field.column: field for field in model._meta.concrete_fields if field.column}
