"""The different values of a column with an index, in as many steps as there are values.

PostgreSQL reads a whole table for DISTINCT; here each value is looked up as the next one after the
last, so that a filter's choices cost the same whether a table has ten rows or ten million.
"""

from django.db import connection
from django.db.models import Model
from psycopg import sql

_STATEMENT = sql.SQL(
    "WITH RECURSIVE found AS ("
    "(SELECT {column} AS value FROM {table} ORDER BY {column} LIMIT 1)"
    " UNION ALL SELECT (SELECT {column} FROM {table} WHERE {column} > found.value"
    " ORDER BY {column} LIMIT 1) FROM found WHERE found.value IS NOT NULL"
    ") SELECT value FROM found WHERE value IS NOT NULL"
)


def distinct(model: type[Model], field: str) -> list[str]:
    """All values of a text column that begins an index and is never null, in order."""
    statement = _STATEMENT.format(
        table=sql.Identifier(model._meta.db_table),
        column=sql.Identifier(field),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [value for (value,) in cursor.fetchall()]
