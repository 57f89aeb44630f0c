"""The mirror: the cloud's state as last read, and what the reading itself needs to remember.

Only the sync writes it. Beside it the operations: what was to be changed, and what became of it.
"""

from .accounts import AccountRegion, CloudAccount, PaceSlot
from .balancers import LoadBalancer, Region
from .batches import Batch, BatchItem
from .drift import Drift
from .groups import Member, PoolServer, VServerGroup
from .listeners import DomainExtension, Listener, Rule, ServerHealth
from .operations import Operation, OperationCall
from .pairs import MasterSlaveGroup, MasterSlaveMember
from .procedures import Procedure, ProcedureMember
from .regional import AccessControlEntry, AccessControlList, CACertificate, ServerCertificate
from .runs import SyncRun
from .servers import Server

__all__ = [
    "AccessControlEntry",
    "AccessControlList",
    "AccountRegion",
    "Batch",
    "BatchItem",
    "CACertificate",
    "CloudAccount",
    "DomainExtension",
    "Drift",
    "Listener",
    "LoadBalancer",
    "MasterSlaveGroup",
    "MasterSlaveMember",
    "Member",
    "Operation",
    "OperationCall",
    "PaceSlot",
    "PoolServer",
    "Procedure",
    "ProcedureMember",
    "Region",
    "Rule",
    "Server",
    "ServerCertificate",
    "ServerHealth",
    "SyncRun",
    "VServerGroup",
]
