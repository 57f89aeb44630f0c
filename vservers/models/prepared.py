"""Statements that a connection prepares once: asked so often that planning them counts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper

type Row = tuple[Any, ...]
type Values = Sequence[Any] | Mapping[str, Any]


def execute(statement: str, values: Values) -> CursorWrapper:
    """Run a statement on Django's connection and inside its transaction, prepared.

    Its text must be one of few: a connection keeps each. What varies travels in `values`, a list of
    IDs as an array for = ANY(...).
    """
    connection.ensure_connection()
    database: psycopg.Connection[Row] = connection.connection
    # Django turns this off: its own cursors write the values into each statement.
    database.prepare_threshold = 0
    # As Django wraps those, so that whoever watches statements sees these as well.
    wrap: Callable[[Any], CursorWrapper] = (
        connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    )
    cursor = wrap(psycopg.Cursor(database))
    cursor.execute(statement, values)
    return cursor
