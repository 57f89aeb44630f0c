"""The mirror: the cloud's state as last read. Only services.sync writes it."""

from .balancers import LoadBalancer, Region
from .groups import Member, PoolServer, VServerGroup
from .listeners import Listener, Rule, ServerHealth
from .servers import Server

__all__ = [
    "Listener",
    "LoadBalancer",
    "Member",
    "PoolServer",
    "Region",
    "Rule",
    "Server",
    "ServerHealth",
    "VServerGroup",
]
