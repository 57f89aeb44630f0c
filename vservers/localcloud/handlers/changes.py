"""A listener's status, the times in between, and what may not be done meanwhile."""

from dataclasses import replace

from vservers.localcloud.errors import ApiError
from vservers.localcloud.handlers.lookup import (
    listeners_of,
    rules_of,
    the_balancer,
    the_listener,
)
from vservers.localcloud.model import Balancer, DomainExtension, Listener
from vservers.localcloud.registry import Answer, Call, Writing, writes
from vservers.localcloud.store import View


def shown_status[V: View](call: Call[V], listener: Listener) -> str:
    """running or stopped; starting, stopping or configuring while that is not over."""
    if listener.changing and call.now < listener.changed:
        return listener.changing
    return listener.status


def refuse_changing[V: View](call: Call[V], listener: Listener, code: str) -> None:
    """Raises the code while the listener's last change is not over."""
    if shown_status(call, listener) != listener.status:
        raise ApiError(code)


def in_change(call: Writing, listener: Listener, word: str) -> Listener:
    """The listener, which is "starting", "stopping" or "configuring" from now on."""
    if not call.settling:
        return listener
    return replace(listener, changing=word, changed=call.now + call.settling)


@writes("slb", "StartLoadBalancerListener")
def start_listener(call: Writing) -> Answer:
    """Start it; one that runs already goes on. Raises Operation.Deny while it is changing."""
    listener = the_listener(call, the_balancer(call))
    refuse_changing(call, listener, "Operation.Deny")
    if listener.status != "running":
        call.state.put(in_change(call, replace(listener, status="running"), "starting"))
    return {}


@writes("slb", "StopLoadBalancerListener")
def stop_listener(call: Writing) -> Answer:
    """Stop it; new requests are refused from now on."""
    listener = the_listener(call, the_balancer(call))
    refuse_changing(call, listener, "Operation.NotAllowed")
    if listener.status != "stopped":
        call.state.put(in_change(call, replace(listener, status="stopped"), "stopping"))
    return {}


@writes("slb", "DeleteLoadBalancerListener")
def delete_listener(call: Writing) -> Answer:
    """Delete it with its rules and domain extensions, running or stopped.

    A load balancer whose last listener went turns inactive.
    """
    balancer = the_balancer(call)
    listener = the_listener(call, balancer, missing="ResourceNotFound.Listener")
    refuse_changing(call, listener, "Operation.NotAllowed")
    for other in listeners_of(call.state, balancer.id):
        if (
            other.settings.get("ListenerForward") == "on"
            and listener.protocol == "https"
            and other.settings.get("ForwardPort") == listener.port
        ):
            raise ApiError("ListenerForwardExist")
    drop_listener(call, listener)
    if not call.state.count(Listener, balancer.id) and balancer.status == "active":
        call.state.put(replace(balancer, status="inactive", idle=True))
    return {}


def drop_listener(call: Writing, listener: Listener) -> None:
    """Take a listener away with all that is its own."""
    for rule in rules_of(call.state, listener):
        call.state.delete(rule)
    for extension in list(call.state.children(DomainExtension, listener.id)):
        call.state.delete(extension)
    call.state.delete(listener)


def wake(call: Writing, balancer: Balancer) -> None:
    """Turn a load balancer active that went inactive for want of listeners."""
    if balancer.idle:
        call.state.put(replace(balancer, status="active", idle=False))
