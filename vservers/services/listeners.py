"""HTTP listeners: creating them, giving them a group, starting, stopping and deleting them."""

from dataclasses import asdict
from typing import Any

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from vservers.cloud.types import HTTPSettings
from vservers.models import Listener, LoadBalancer, VServerGroup
from vservers.selectors.fingerprints import listener_fingerprint

from . import scopes
from .changes import Change, Kind
from .errors import Gone, Stale
from .locks import hold
from .observing import listener_values, rule_key, rule_values
from .operations import Plan, carry_out

RESOURCE = "listener"
HTTP = Listener.Protocol.HTTP.value


def create_http_listener(
    *,
    actor: Actor,
    load_balancer: LoadBalancer,
    port: int,
    settings: HTTPSettings,
    vserver_group: VServerGroup | None,
    backend_server_port: int | None,
    description: str,
    start: bool,
) -> Listener:
    """A new HTTP listener that sends its requests to the group, or else to the default pool.

    backend_server_port: needed without a group. start: the cloud makes listeners stopped. Raises
    NotAllowed, Busy, CallFailed (the listener may exist, stopped), Waiting, NotReread.
    """
    with hold(load_balancer.pk):
        carry_out(
            plan_new_http_listener(
                actor=actor,
                load_balancer=load_balancer,
                port=port,
                settings=settings,
                vserver_group=vserver_group,
                backend_server_port=backend_server_port,
                description=description,
                start=start,
            )
        )
    return load_balancer.listeners.get(protocol=HTTP, port=port)


def plan_new_http_listener(
    *,
    actor: Actor,
    load_balancer: LoadBalancer,
    port: int,
    settings: HTTPSettings,
    vserver_group: VServerGroup | None,
    backend_server_port: int | None,
    description: str,
    start: bool,
) -> Plan:
    """What create_http_listener would do. Raises NotAllowed, NotRead."""
    plan = _plan(actor, load_balancer, HTTP, port, "create listener")
    plan.read_now(scopes.LISTENERS)
    plan.after = _picture(settings, vserver_group, backend_server_port, description)
    after = {**plan.after, "status": "running" if start else "stopped"}
    plan.changes = [Change(Kind.LISTENER, (HTTP, port), None, after)]
    return plan


def change_http_listener(
    *,
    actor: Actor,
    listener: Listener,
    settings: HTTPSettings,
    vserver_group: VServerGroup | None,
    description: str,
    seen: str,
) -> bool:
    """New settings for an HTTP listener; False when it has them already.

    vserver_group: None detaches the group, requests then go to the default pool. seen: fingerprint
    of the listener as the person saw it. Raises NotAllowed, Gone, Stale, Busy, CallFailed, Waiting,
    NotReread.
    """
    with hold(listener.load_balancer_id):
        plan = plan_http_listener_change(
            actor=actor,
            listener=listener,
            settings=settings,
            vserver_group=vserver_group,
            description=description,
            seen=seen,
        )
        return carry_out(plan) is not None


def plan_http_listener_change(
    *,
    actor: Actor,
    listener: Listener,
    settings: HTTPSettings,
    vserver_group: VServerGroup | None,
    description: str,
    seen: str,
) -> Plan:
    """What change_http_listener would do. Raises NotAllowed, Gone, Stale, NotRead."""
    plan = _plan_of(actor, listener, "change listener")
    listener = _read_listener(plan, listener)
    if listener_fingerprint(listener) != seen:
        raise Stale(RESOURCE)
    port = listener.backend_server_port
    before = _picture(
        HTTPSettings(**listener.settings), listener.vserver_group, port, listener.description
    )
    after = _picture(settings, vserver_group, port, description)
    if after != before:
        plan.changes = [Change(Kind.LISTENER, (HTTP, listener.port), before, after)]
        plan.before, plan.after = before, after
    return plan


def start_listener(*, actor: Actor, listener: Listener) -> None:
    """Raises NotAllowed, Gone, Busy, CallFailed, Waiting, NotReread."""
    with hold(listener.load_balancer_id):
        carry_out(plan_listener_status(actor=actor, listener=listener, status="running"))


def stop_listener(*, actor: Actor, listener: Listener) -> None:
    """Requests to it fail from now on. Raises as start_listener."""
    with hold(listener.load_balancer_id):
        carry_out(plan_listener_status(actor=actor, listener=listener, status="stopped"))


def plan_listener_status(*, actor: Actor, listener: Listener, status: str) -> Plan:
    """What start_listener ("running") or stop_listener ("stopped") would do.

    Raises NotAllowed, Gone, NotRead.
    """
    verb = "start listener" if status == "running" else "stop listener"
    plan = _plan_of(actor, listener, verb)
    listener = _read_listener(plan, listener)
    plan.before, plan.after = {"status": listener.status}, {"status": status}
    plan.changes = [
        Change(Kind.LISTENER, (listener.protocol, listener.port), plan.before, plan.after)
    ]
    return plan


def delete_listener(*, actor: Actor, listener: Listener) -> None:
    """Delete a listener with its forwarding rules. Raises as start_listener."""
    with hold(listener.load_balancer_id):
        carry_out(plan_listener_deletion(actor=actor, listener=listener))


def plan_listener_deletion(*, actor: Actor, listener: Listener) -> Plan:
    """What delete_listener would do. Raises NotAllowed, Gone, NotRead."""
    plan = _plan_of(actor, listener, "delete listener")
    listener = _read_listener(plan, listener)
    before = listener_values(listener)
    plan.changes = [Change(Kind.LISTENER, (listener.protocol, listener.port), before, None)]
    plan.changes += [
        Change(Kind.RULE, rule_key(listener, rule.domain, rule.url), rule_values(rule), None)
        for rule in listener.rules.all()
    ]
    plan.before = before
    return plan


def _read_listener(plan: Plan, listener: Listener) -> Listener:
    plan.read_now(scopes.LISTENERS)
    current = Listener.objects.filter(pk=listener.pk).first()
    if current is None:
        raise Gone(RESOURCE)
    return current


def _plan_of(actor: Actor, listener: Listener, verb: str) -> Plan:
    return _plan(actor, listener.load_balancer, listener.protocol, listener.port, verb)


def _plan(actor: Actor, load_balancer: LoadBalancer, protocol: str, port: int, verb: str) -> Plan:
    return Plan(
        actor=actor,
        action=Action.CHANGE_LISTENERS,
        verb=verb,
        load_balancer=load_balancer,
        resource_type=RESOURCE,
        resource_id=f"{load_balancer.pk}_{protocol}_{port}",  # as the cloud's tags name a listener
        resource_name=f"{protocol.upper()}:{port}",
        reread=[scopes.LISTENERS, scopes.HEALTH],
    )


def _picture(
    settings: HTTPSettings,
    vserver_group: VServerGroup | None,
    backend_server_port: int | None,
    description: str,
) -> dict[str, Any]:
    return {
        "vserver_group_id": vserver_group.pk if vserver_group else "",
        "backend_server_port": backend_server_port,
        "description": description,
        **asdict(settings),
    }
