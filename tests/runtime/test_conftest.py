"""The people and the database that the other tests stand on."""

from django.db import connection


def test_it_runs_on_real_postgres(db):
    with connection.cursor() as cursor:
        assert cursor.execute("SELECT version()").fetchone()[0].startswith("PostgreSQL")


def test_it_gives_four_people(administrator, operator, reader, stranger):
    assert [p.role for p in (administrator, operator, reader, stranger)] == [
        "administrator", "operator", "viewer", "",
    ]  # fmt: skip
