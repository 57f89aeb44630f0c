"""The column that the search box looks in: what a row is known by, in small letters.

PostgreSQL keeps it by itself. Finding a part of a word by an index needs pg_trgm, which the
embedded server has not; reading one short column of 10,000 rows takes a few milliseconds.
"""

from django.db import models
from django.db.models.functions import Cast, Concat, Lower


def search_text(*fields: str, glue: str = " ") -> models.GeneratedField:
    """The fields of the row, in this order. glue: between the first two, a blank after others."""
    parts: list[models.Expression] = []
    for field, after in zip(fields, [glue, *[" "] * len(fields)], strict=False):
        parts += [Cast(field, models.TextField()), models.Value(after)]
    return models.GeneratedField(
        expression=Lower(Concat(*parts, output_field=models.TextField())),
        output_field=models.TextField(),
        db_persist=True,
    )
