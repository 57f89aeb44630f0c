"""One change of a load balancer, or of a region as a whole, at a time, over all processes.

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
from django.db.models import Q
from django.utils import timezone

from vservers.cloud.deadline import ANSWER_SECONDS
from vservers.cloud.sending import CONNECT_SECONDS
from vservers.cloud.transport import LONGEST_PAUSE_SECONDS
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


def region_lock(account_id: int | None, region_id: str) -> str:
    """The name of the lock of a region of an account; that of a load balancer is its ID."""
    # No load balancer's ID has a slash.
    return f"{account_id}/{region_id}"


def _of(name: str) -> Q:
    """The calls of operations that take the lock of this name."""
    account_id, slash, region_id = name.partition("/")
    if not slash:
        return Q(operation__load_balancer_id=name)
    account = None if account_id == str(None) else account_id
    return Q(
        operation__load_balancer_id="",
        operation__account_id=account,
        operation__region_id=region_id,
    )


def _held() -> dict[str, Any]:
    """{name of a lock: the session that took it} of this thread."""
    held: dict[str, Any] | None = getattr(_threads, "held", None)
    if held is None:
        held = _threads.held = {}
    return held


def try_hold(name: str) -> bool:
    """Take the lock if it is free. Not to be nested: one `release` forgets the session's hold."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [LOCK_SPACE, name])
        taken = bool(cursor.fetchone()[0])
    if taken:
        _held()[name] = connection.connection
    return taken


def check_held(name: str) -> None:
    """Raise LostHold unless the session of the lock is still this thread's.

    Django opens a new session in the place of one that broke inside a transaction. Whatever is
    committed after this check without an error was committed under the lock.
    """
    session = connection.connection
    if session is None or session.closed or session is not _held().get(name):
        raise LostHold(f"the lock of {name} went with its database session")


def release(name: str) -> None:
    """Give the lock back; where the session cannot, it is ended, and the lock with it."""
    session = _held().pop(name, None)
    if session is None or session.closed or session is not connection.connection:
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [LOCK_SPACE, name])
    except Error:
        # In a transaction that failed, say. A pool would hand the session on with its lock.
        logger.exception("The lock of %s is given back by ending its session", name)
        session.close()


def under_way(name: str, *, seconds: float = IN_FLIGHT_SECONDS) -> bool:
    """Whether a call of a process that died may still reach the cloud. Hold the lock to ask."""
    return OperationCall.objects.filter(
        _of(name),
        operation__status__in=Operation.UNSETTLED,
        outcome=OperationCall.Outcome.SENDING,
        sent_at__gt=timezone.now() - timedelta(seconds=seconds),
    ).exists()


def _try_hold_quiet(name: str) -> bool:
    """Take the lock if it is free and nothing that a dead process sent can come in between."""
    if not try_hold(name):
        return False
    if under_way(name):
        release(name)
        return False
    return True


@contextmanager
def hold(name: str, *, seconds: float | None = None) -> Iterator[None]:
    """Wait for other changes of the same place, then keep them waiting. Raises Busy.

    seconds: HOLD_SECONDS where it is not given.
    """
    deadline = time.monotonic() + (HOLD_SECONDS if seconds is None else seconds)
    while not _try_hold_quiet(name):
        if time.monotonic() > deadline:
            raise Busy
        time.sleep(_POLL_SECONDS)
    try:
        yield
    finally:
        release(name)
