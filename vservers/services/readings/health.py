"""What the health checks of a load balancer's listeners say, and since when."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from vservers.cloud import Cloud
from vservers.cloud import types as api
from vservers.models import ServerHealth
from vservers.services.differences import Written

from .listeners import listener_ids
from .reader import Locked, Reader, Writer, stamped
from .rows import Row, differing, held, upsert

_KEY = ["listener_id", "server_id", "port"]
_VALUES = ["status", "read_at", "changed_at", "check_result", "check_code", "check_message"]
# The cloud tells how long ago in whole seconds: the moment wavers by that, and by the way.
_SAME_MOMENT = timedelta(seconds=5)
_LONGEST_MESSAGE = 200

_Key = tuple[int, str, int]


def health(
    load_balancer_id: str, *, also: Callable[[Sequence[api.Health]], object] | None = None
) -> Reader[Locked]:
    """What the health checks of all listeners of a load balancer say now.

    also: is handed the answer, of which the mirror keeps a part only.
    """

    def read(cloud: Cloud) -> Writer[Locked]:
        read_at = timezone.now()
        found = cloud.slb.describe_health_status(load_balancer_id)
        if also:
            also(found)

        def write(locked: Locked) -> Written:
            ids = locked.listener_ids
            if ids is None:
                ids = listener_ids(load_balancer_id)
            worst = _worst(found, ids)
            rows = held(
                ServerHealth, ["id", *_KEY, *_VALUES], "listener_id = ANY(%s)", list(ids.values())
            )
            before: dict[_Key, Row] = {}
            pks: dict[_Key, int] = {}
            for pk, listener_id, server_id, port, *values in rows:
                before[listener_id, server_id, port] = tuple(values)
                pks[listener_id, server_id, port] = pk
            after = {key: _row(item, before.get(key), read_at) for key, item in worst.items()}
            upsert(
                ServerHealth,
                [*_KEY, *_VALUES],
                [(*key, *after[key]) for key in differing(before, after)],
                key=_KEY,
            )
            gone = [pks[key] for key in before.keys() - after.keys()]
            if gone:
                ServerHealth.objects.filter(pk__in=gone).delete()
            return Written(rows=len(worst))

        return write

    return stamped(read, "health_at")


def _worst(found: Iterable[api.Health], ids: dict[tuple[str, int], int]) -> dict[_Key, api.Health]:
    """One server and port may come twice, by two groups of one listener: the worse counts."""
    worst: dict[_Key, api.Health] = {}
    for item in found:
        listener_id = ids.get((item.protocol, item.listener_port))
        if listener_id is None or item.status not in ServerHealth.Status:
            continue
        key = (listener_id, item.server_id, item.port)
        other = worst.get(key)
        if other is None or ServerHealth.worse(item.status, other.status) != other.status:
            worst[key] = item
    return worst


def _row(item: api.Health, before: Row | None, read_at: datetime) -> Row:
    """The values of a row, with what was known of it before."""
    said = (item.check_result, item.check_code, item.check_message[:_LONGEST_MESSAGE])
    if before is None:
        return (item.status, read_at, item.changed_at, *said)
    status, since, changed_at, *_ = before
    if status != item.status:
        return (item.status, read_at, item.changed_at or read_at, *said)
    # It may have gone and come back between two reads, which only the cloud has seen.
    told = item.changed_at
    if told and (changed_at is None or told - changed_at > _SAME_MOMENT):
        changed_at = told
    return (status, since, changed_at, *said)
