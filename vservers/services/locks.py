"""One change of a load balancer at a time, over all processes of all machines.

The lock is the database session's: a process that dies loses it with its connection, and that is
how others know that what it had begun is left behind.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from .errors import Busy

HOLD_SECONDS = 20
_POLL_SECONDS = 0.05
# Tells our advisory locks from those of other programs on the same database.
LOCK_SPACE = 0x51B


def try_hold(load_balancer_id: str) -> bool:
    """Take the lock if it is free. A session that takes it twice has to give it back twice."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_lock(%s, hashtext(%s))", [LOCK_SPACE, load_balancer_id]
        )
        return bool(cursor.fetchone()[0])


def release(load_balancer_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_unlock(%s, hashtext(%s))", [LOCK_SPACE, load_balancer_id]
        )


@contextmanager
def hold(load_balancer_id: str, *, seconds: float = HOLD_SECONDS) -> Iterator[None]:
    """Wait for other changes of the load balancer, then keep them waiting. Raises Busy."""
    deadline = time.monotonic() + seconds
    while not try_hold(load_balancer_id):
        if time.monotonic() > deadline:
            raise Busy
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            release(load_balancer_id)
