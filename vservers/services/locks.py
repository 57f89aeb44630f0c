"""One change of a load balancer at a time, over all processes of all machines.

The lock is the database session's: a process that dies loses it with its connection, and that is
how others know that what it had begun is left behind. Of a machine that vanishes without a word the
server is told to find out in a minute, instead of the two hours that TCP takes by itself.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import Error, connection
from django.utils import timezone

from vservers.cloud.deadline import ANSWER_SECONDS
from vservers.cloud.transport import CONNECT_SECONDS, LONGEST_PAUSE_SECONDS
from vservers.models import Operation, OperationCall

from .errors import Busy

logger = logging.getLogger(__name__)

HOLD_SECONDS = 20
_POLL_SECONDS = 0.05
# Tells our advisory locks from those of other programs on the same database.
LOCK_SPACE = 0x51B
# A call that a dead process has sent may still be under way for so long: it was noted before a
# pause, a connection, the request and the answer.
IN_FLIGHT_SECONDS = LONGEST_PAUSE_SECONDS + 2 * CONNECT_SECONDS + ANSWER_SECONDS

_TAKE = """
    SELECT pg_try_advisory_lock(%s, hashtext(%s)),
        set_config('tcp_keepalives_idle', '30', false),
        set_config('tcp_keepalives_interval', '10', false),
        set_config('tcp_keepalives_count', '3', false)
"""

_threads = threading.local()


class LostHold(Exception):
    """The database session that held the lock has ended: somebody else may have it now."""


def _held() -> dict[str, Any]:
    """{load_balancer_id: the session that took it} of this thread."""
    held: dict[str, Any] | None = getattr(_threads, "held", None)
    if held is None:
        held = _threads.held = {}
    return held


def try_hold(load_balancer_id: str) -> bool:
    """Take the lock if it is free. Not to be nested: one `release` forgets the session's hold."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [LOCK_SPACE, load_balancer_id])
        taken = bool(cursor.fetchone()[0])
    if taken:
        _held()[load_balancer_id] = connection.connection
    return taken


def check_held(load_balancer_id: str) -> None:
    """Raise LostHold unless the session of the lock is still this thread's.

    Django opens a new session in the place of one that broke inside a transaction. Whatever is
    committed after this check without an error was committed under the lock.
    """
    session = connection.connection
    if session is None or session.closed or session is not _held().get(load_balancer_id):
        raise LostHold(f"the lock of {load_balancer_id} went with its database session")


def release(load_balancer_id: str) -> None:
    """Give the lock back; where the session cannot, it is ended, and the lock with it."""
    session = _held().pop(load_balancer_id, None)
    if session is None or session.closed or session is not connection.connection:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_unlock(%s, hashtext(%s))", [LOCK_SPACE, load_balancer_id]
            )
    except Error:
        # In a transaction that failed, say. A pool would hand the session on with its lock.
        logger.exception("The lock of %s is given back by ending its session", load_balancer_id)
        session.close()


def under_way(load_balancer_id: str, *, seconds: float = IN_FLIGHT_SECONDS) -> bool:
    """Whether a call of a process that died may still reach the cloud. Hold the lock to ask."""
    return OperationCall.objects.filter(
        operation__load_balancer_id=load_balancer_id,
        operation__status__in=Operation.UNSETTLED,
        outcome=OperationCall.Outcome.SENDING,
        sent_at__gt=timezone.now() - timedelta(seconds=seconds),
    ).exists()


def _try_hold_quiet(load_balancer_id: str) -> bool:
    """Take the lock if it is free and nothing that a dead process sent can come in between."""
    if not try_hold(load_balancer_id):
        return False
    if under_way(load_balancer_id):
        release(load_balancer_id)
        return False
    return True


@contextmanager
def hold(load_balancer_id: str, *, seconds: float | None = None) -> Iterator[None]:
    """Wait for other changes of the load balancer, then keep them waiting. Raises Busy.

    seconds: HOLD_SECONDS where it is not given.
    """
    deadline = time.monotonic() + (HOLD_SECONDS if seconds is None else seconds)
    while not _try_hold_quiet(load_balancer_id):
        if time.monotonic() > deadline:
            raise Busy
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        release(load_balancer_id)
