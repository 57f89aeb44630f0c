"""What an operation touches, by name, so that it can be kept in its row: a name and arguments."""

from collections.abc import Callable, Iterable, Sequence

from . import readings

Scope = Sequence[str]

# The load balancer itself, with its pool; it may be gone.
BALANCER: Scope = ("balancer",)
GROUPS: Scope = ("groups",)
POOL: Scope = ("pool",)
LISTENERS: Scope = ("listeners",)
HEALTH: Scope = ("health",)

_READERS: dict[str, Callable[..., readings.Reader]] = {
    "balancer": readings.itself_or_gone,
    "group": readings.one_group,
    "groups": readings.all_groups,
    "pool": readings.attributes_and_pool,
    "listeners": readings.listeners,
    "health": readings.health,
}


def group(vserver_group_id: str) -> Scope:
    return "group", vserver_group_id


def reader(load_balancer_id: str, scopes: Iterable[Scope]) -> readings.Reader:
    """One reading of all of them."""
    return readings.together(
        [_READERS[name](load_balancer_id, *arguments) for name, *arguments in scopes]
    )
