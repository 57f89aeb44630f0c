"""The mirror: the cloud's state as last read, and what the reading itself needs to remember.

Only the sync writes it. Beside it the operations: what was to be changed, and what became of it.
"""

from .accounts import AccountRegion, CloudAccount, PaceSlot
from .balancers import LoadBalancer, Region
from .batches import Batch, BatchItem
from .drift import Drift
from .groups import Member, PoolServer, VServerGroup
from .listeners import Listener, Rule, ServerHealth
from .operations import Operation, OperationCall
from .runs import SyncRun
from .servers import Server

__all__ = [
    "AccountRegion",
    "Batch",
    "BatchItem",
    "CloudAccount",
    "Drift",
    "Listener",
    "LoadBalancer",
    "Member",
    "Operation",
    "OperationCall",
    "PaceSlot",
    "PoolServer",
    "Region",
    "Rule",
    "Server",
    "ServerHealth",
    "SyncRun",
    "VServerGroup",
]
