"""The default server pool of a load balancer. Its servers have no port: each listener has."""

from dataclasses import replace

from vservers.localcloud.errors import ApiError, missing
from vservers.localcloud.handlers.backends import (
    changed,
    new_members,
    refuse_same_address,
    refuse_too_many,
    wire_members,
    without,
)
from vservers.localcloud.handlers.lookup import the_balancer
from vservers.localcloud.model import Balancer
from vservers.localcloud.registry import Answer, Writing, writes


@writes("slb", "AddBackendServers")
def add_backends(call: Writing) -> Answer:
    """Add servers. Of one that comes twice in a call the first counts.

    Raises InvalidParameter for a server that is there already.
    """
    balancer = the_balancer(call)
    if "BackendServers" not in call.params:
        raise missing("BackendServers")
    first: dict[str, dict[str, object]] = {}
    for row in call.params["BackendServers"]:
        first.setdefault(row["ServerId"], row)
    for member in balancer.pool:
        if member.server_id in first:
            raise ApiError(
                "InvalidParameter", f"The server {member.server_id} is a backend server already."
            )
    try:
        added = new_members(call.state, balancer, tuple(first.values()))
    except ApiError as error:
        # This action alone names a wrong network by the general code.
        if error.code == "NetworkConflict":
            raise ApiError("InvalidParameter", error.message) from error
        raise
    balancer = replace(balancer, pool=balancer.pool + added)
    refuse_same_address(call.state, balancer.pool)
    call.state.put(balancer)
    refuse_too_many(call, balancer, added=added)
    return _worded(balancer)


@writes("slb", "SetBackendServers")
def set_backends(call: Writing) -> Answer:
    """Change weight and description of servers that are in the pool."""
    balancer = the_balancer(call)
    if "BackendServers" not in call.params:
        raise missing("BackendServers")
    balancer = replace(balancer, pool=changed(balancer.pool, call.params["BackendServers"]))
    call.state.put(balancer)
    return _worded(balancer)


@writes("slb", "RemoveBackendServers")
def remove_backends(call: Writing) -> Answer:
    """Remove servers; unknown ones are ignored."""
    balancer = the_balancer(call)
    balancer = replace(balancer, pool=without(balancer.pool, call.params["BackendServers"]))
    call.state.put(balancer)
    return _answer(balancer)


def _answer(balancer: Balancer) -> Answer:
    return {
        "LoadBalancerId": balancer.id,
        "BackendServers": wire_members(balancer.pool, with_port=False),
    }


def _worded(balancer: Balancer) -> Answer:
    """The pool with weights as strings, which the answers to adding and setting declare."""
    rows = wire_members(balancer.pool, with_port=False)["BackendServer"]
    worded = [{**row, "Weight": str(row["Weight"])} for row in rows]
    return {"LoadBalancerId": balancer.id, "BackendServers": {"BackendServer": worded}}
