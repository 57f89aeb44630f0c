"""The pace of each account, kept in the database so that all processes and machines share it."""

from collections.abc import Callable
from functools import lru_cache, partial

from django.conf import settings
from django.db import connection, transaction

from vservers.cloud.pace import READ, Limit, Pace
from vservers.models import CloudAccount

# The moment at which the next call may leave moves on by what is reserved. It never lies further
# back than the burst, which is all that a rest may save up. Losing the last moments in a crash of
# the database costs nothing, so nobody waits for its disk.
_RESERVE = """
    INSERT INTO vservers_paceslot AS slot (account_id, family, next_at)
    VALUES (
        %(account)s, %(family)s,
        clock_timestamp() - make_interval(secs => %(rest)s) + make_interval(secs => %(taken)s)
    )
    ON CONFLICT (account_id, family) DO UPDATE SET next_at =
        greatest(slot.next_at, clock_timestamp() - make_interval(secs => %(rest)s))
        + make_interval(secs => %(taken)s)
    RETURNING extract(epoch FROM next_at - clock_timestamp())::float8 - %(taken)s
"""


def reserve(account_id: int, family: str, limit: Limit, calls: int) -> float:
    """Take the next `calls` moments of an account and family: seconds until the first."""
    values: dict[str, float | str] = {
        "account": account_id,
        "family": family,
        "rest": (limit.burst - 1) / limit.per_second,
        "taken": calls / limit.per_second,
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(_RESERVE, values)
        row: tuple[float] = cursor.fetchone()
    return row[0]


# What calls in the background take of the reads, at most: the rest is for people.
BACKGROUND_SHARE = 0.7
_BACKGROUND = "background"


def pace_of(account: CloudAccount, *, background: bool = False) -> Callable[[str], None]:
    """What every call of the account waits for. background: of the sync that nobody waits for."""
    rates = {**settings.CLOUD_PACES, **account.paces}
    if not background:
        return _pace(account.pk, tuple(sorted(rates.items())))
    slower = {_BACKGROUND: rates.get(READ, 0) * BACKGROUND_SHARE}
    first, then = _pace(account.pk, tuple(slower.items())), pace_of(account)

    def wait(action: str) -> None:
        first(_BACKGROUND)
        then(action)

    return wait


@lru_cache(maxsize=256)
def _pace(account_id: int, rates: tuple[tuple[str, float], ...]) -> Pace:
    return Pace(dict(rates), partial(reserve, account_id))
