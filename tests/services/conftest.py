"""A live cloud, and a second session of the database."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from django.db import connection

from tests.cloud import (  # noqa: F401 - fixtures of this folder
    balancer,
    cloud,
    flaky_cloud,
    live_cloud,
    new_balancer,
    outsider,
    vpc_balancer,
)
from vservers.services.locks import LOCK_SPACE


class OtherSession:
    """What another process does on the same database."""

    def __init__(self, session: psycopg.Connection) -> None:
        self._session = session

    @contextmanager
    def holding(self, load_balancer_id: str) -> Iterator[None]:
        """While it is at work on a load balancer."""
        key = [LOCK_SPACE, load_balancer_id]
        self._session.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", key)
        try:
            yield
        finally:
            self._session.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", key)

    def end(self, pid: int) -> None:
        """End a session as a restart of the server or a broken network would; waits for its end."""
        self._session.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])


@pytest.fixture
def other_session(db: None) -> Iterator[OtherSession]:
    parameters = connection.get_connection_params()
    wanted = {name: parameters.get(name) for name in ("dbname", "host", "port", "user", "password")}
    with psycopg.connect(autocommit=True, **{k: v for k, v in wanted.items() if v}) as session:
        yield OtherSession(session)
