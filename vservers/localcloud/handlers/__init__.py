"""The actions, one module an aggregate. Importing a module registers its actions."""

from vservers.localcloud.handlers import (
    balancers,
    groups,
    health,
    identities,
    instances,
    listeners,
    networks,
    pool,
    regions,
    rules,
)

__all__ = [
    "balancers",
    "groups",
    "health",
    "identities",
    "instances",
    "listeners",
    "networks",
    "pool",
    "regions",
    "rules",
]
