"""Statements that a connection prepares once: asked so often that planning them counts."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import psycopg
from django.db import connection

type Row = tuple[Any, ...]
type Values = Sequence[object] | Mapping[str, object]


def execute(statement: str, values: Values) -> psycopg.Cursor[Row]:
    """Run a statement on Django's connection and inside its transaction, prepared.

    Its text must be one of few: a connection keeps each. What varies travels in `values`, a list of
    IDs as an array for = ANY(...).
    """
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    database: psycopg.Connection[Row] = connection.connection
    # Django turns this off: its cursors write the values into each statement.
    database.prepare_threshold = 0

    def run(sent: str, given: Values, *_: object) -> psycopg.Cursor[Row]:
        with connection.wrap_database_errors:
            return psycopg.Cursor(database).execute(sent.encode(), given, prepare=True)

    # What watches Django's statements sees these as well.
    watched: Callable[..., psycopg.Cursor[Row]] = run
    for wrapper in reversed(connection.execute_wrappers):
        watched = partial(wrapper, watched)
    return watched(statement, values, False, {"connection": connection})
