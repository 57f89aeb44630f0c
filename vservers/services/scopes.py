"""What an operation touches, by name, so that it can be kept in its row: a name and arguments.

Scopes of a load balancer and of a region of an account are read by different readers; a further
one of either joins its table here.
"""

from collections.abc import Callable, Iterable, Sequence

from vservers.models import AccountRegion, LoadBalancer

from . import readings

Scope = Sequence[str]

# The load balancer itself, with its pool; it may be gone.
BALANCER: Scope = ("balancer",)
GROUPS: Scope = ("groups",)
POOL: Scope = ("pool",)
LISTENERS: Scope = ("listeners",)
HEALTH: Scope = ("health",)
PAIRS: Scope = ("pairs",)
# Of a region
BALANCERS: Scope = ("balancers",)
CERTIFICATES: Scope = ("certificates",)
ACCESS_LISTS: Scope = ("access lists",)

_READERS: dict[str, Callable[..., readings.Reader[readings.Locked]]] = {
    "balancer": readings.itself_or_gone,
    "group": readings.one_group,
    "groups": readings.all_groups,
    "pool": readings.attributes_and_pool,
    "listeners": readings.listeners,
    "health": readings.health,
    "pairs": readings.pairs,
    # They are so few, and never change, that one is read with its list.
    "pair": lambda load_balancer_id, group_id: readings.pairs(load_balancer_id),
}
_REGIONAL: dict[str, Callable[..., readings.Reader[AccountRegion]]] = {
    "balancers": readings.new_balancers,
    "new balancer": lambda place, balancer_id: readings.new_balancers(place, [balancer_id]),
    "certificates": readings.certificates,
    # One call tells all of them.
    "certificate": lambda place, certificate_id: readings.certificates(place),
    "access list": readings.one_access_list,
    "access lists": readings.access_lists,
}


def group(vserver_group_id: str) -> Scope:
    return "group", vserver_group_id


def access_list(acl_id: str) -> Scope:
    return "access list", acl_id


def reader(place: LoadBalancer | AccountRegion, wanted: Iterable[Scope]) -> readings.Reader:
    """One reading of all of them."""
    if isinstance(place, LoadBalancer):
        return readings.together(
            [_READERS[name](place.pk, *arguments) for name, *arguments in wanted]
        )
    return readings.together([_REGIONAL[name](place, *arguments) for name, *arguments in wanted])
