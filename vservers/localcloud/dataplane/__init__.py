"""The local cloud's data plane: HAProxy and the demo ECS instances behind it.

A program gives a `DataPlane` the `Topology` to serve, and gets back whether it is served, where,
and how the servers are. Nothing here knows the API, the store or the console.
"""

from vservers.localcloud.dataplane.plane import DataPlane
from vservers.localcloud.dataplane.status import Status
from vservers.localcloud.dataplane.topology import (
    AccessControl,
    Backend,
    Certificate,
    HealthCheck,
    Listener,
    Member,
    OwnSettings,
    Route,
    StickySession,
    TlsPolicy,
    Topology,
)

__all__ = [
    "AccessControl",
    "Backend",
    "Certificate",
    "DataPlane",
    "HealthCheck",
    "Listener",
    "Member",
    "OwnSettings",
    "Route",
    "Status",
    "StickySession",
    "TlsPolicy",
    "Topology",
]
