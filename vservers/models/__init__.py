"""The mirror: the cloud's state as last read, which only services.sync writes; and operations."""

from .balancers import LoadBalancer, Region
from .groups import Member, PoolServer, VServerGroup
from .listeners import Listener, Rule, ServerHealth
from .operations import Operation, OperationCall
from .servers import Server

__all__ = [
    "Listener",
    "LoadBalancer",
    "Member",
    "Operation",
    "OperationCall",
    "PoolServer",
    "Region",
    "Rule",
    "Server",
    "ServerHealth",
    "VServerGroup",
]
