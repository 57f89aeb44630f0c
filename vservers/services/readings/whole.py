"""All of one load balancer."""

from collections.abc import Iterable

from vservers.cloud import types as api

from .balancers import attributes_and_pool
from .groups import all_groups
from .health import health
from .listeners import listeners
from .pairs import pairs
from .reader import Locked, Reader, stamped, together


def whole_balancer(
    load_balancer_id: str, *, listed: Iterable[api.Listener] | None = None
) -> Reader[Locked]:
    """Itself, pool, groups of all kinds with servers, listeners, rules, health.

    listed: as for listeners().
    """
    parts = [
        attributes_and_pool(load_balancer_id),
        all_groups(load_balancer_id),
        pairs(load_balancer_id),
        listeners(load_balancer_id, listed=listed),
        health(load_balancer_id),
    ]
    return stamped(together(parts), "synced_at")
