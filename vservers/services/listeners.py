"""Listeners: creating them, giving them a group, starting, stopping and deleting them."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from vservers.cloud.settings import ListenerSettings, settings_of
from vservers.models import Listener, LoadBalancer, VServerGroup
from vservers.selectors.fingerprints import listener_fingerprint

from . import scopes
from .changes import Change, Kind
from .errors import Gone, Stale
from .locks import hold
from .observing import listener_values, rule_key, rule_values
from .operations import Plan, carry_out

RESOURCE = gettext_noop("listener")

_TOUCHED = (scopes.LISTENERS, scopes.HEALTH)
# An instance turns inactive by itself with its last listener, and active with the first.
_WITH_STATUS = (*_TOUCHED, scopes.BALANCER)


@dataclass(frozen=True, slots=True)
class ListenerSpec:
    """How a listener shall be.

    settings: of its protocol's class. vserver_group, master_slave_server_group_id: one of both, or
    neither for the default pool, which needs backend_server_port. forward_port: of the HTTPS
    listener that an HTTP one sends every client to; it then needs no servers. Port and forward
    count only when a listener is created: the cloud never changes them.
    """

    settings: ListenerSettings
    vserver_group: VServerGroup | None = None
    master_slave_server_group_id: str = ""
    backend_server_port: int | None = None
    description: str = ""
    forward_port: int | None = None

    def as_values(self) -> dict[str, Any]:
        """As changes and the audit trail have it."""
        return {
            "vserver_group_id": self.vserver_group.pk if self.vserver_group else "",
            "master_slave_server_group_id": self.master_slave_server_group_id,
            "backend_server_port": self.backend_server_port,
            "description": self.description,
            "forward_port": self.forward_port,
            **asdict(self.settings),
        }


def spec_of(listener: Listener) -> ListenerSpec:
    """How a listener is, as the mirror has it."""
    return ListenerSpec(
        settings=settings_of(listener.protocol, listener.settings),
        vserver_group=listener.vserver_group,
        master_slave_server_group_id=listener.master_slave_server_group_id,
        backend_server_port=listener.backend_server_port,
        description=listener.description,
        forward_port=listener.forward_port,
    )


def create_listener(
    *,
    actor: Actor,
    load_balancer: LoadBalancer,
    protocol: str,
    port: int,
    spec: ListenerSpec,
    start: bool,
) -> Listener:
    """A new listener. start: the cloud makes listeners stopped.

    Raises NotAllowed, Busy, CallFailed (the listener may exist, stopped), Waiting, NotReread.
    """
    with hold(load_balancer.pk):
        carry_out(
            plan_new_listener(
                actor=actor,
                load_balancer=load_balancer,
                protocol=protocol,
                port=port,
                spec=spec,
                start=start,
            )
        )
    return load_balancer.listeners.get(protocol=protocol, port=port)


def plan_new_listener(
    *,
    actor: Actor,
    load_balancer: LoadBalancer,
    protocol: str,
    port: int,
    spec: ListenerSpec,
    start: bool,
) -> Plan:
    """What create_listener would do. Raises NotAllowed, NotRead."""
    plan = _plan(actor, load_balancer, protocol, port, gettext_noop("create listener"))
    plan.reread = _WITH_STATUS
    plan.read_now(scopes.LISTENERS)
    plan.after = spec.as_values()
    after = {**plan.after, "status": "running" if start else "stopped"}
    plan.changes = [Change(Kind.LISTENER, (protocol, port), None, after)]
    return plan


def change_listener(*, actor: Actor, listener: Listener, spec: ListenerSpec, seen: str) -> bool:
    """New settings or another group for a listener; False when it has them already.

    Without a group its requests go to the default pool. seen: fingerprint of the listener as the
    person saw it. Raises NotAllowed, Gone, Stale, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(listener.load_balancer_id):
        plan = plan_listener_change(actor=actor, listener=listener, spec=spec, seen=seen)
        return carry_out(plan) is not None


def plan_listener_change(
    *, actor: Actor, listener: Listener, spec: ListenerSpec, seen: str
) -> Plan:
    """What change_listener would do. Raises NotAllowed, Gone, Stale, NotRead."""
    plan = _plan_of(actor, listener, gettext_noop("change listener"))
    listener = _read_listener(plan, listener)
    if listener_fingerprint(listener) != seen:
        raise Stale(RESOURCE)
    held = spec_of(listener)
    wanted = replace(
        spec, backend_server_port=held.backend_server_port, forward_port=held.forward_port
    )
    _change_to(plan, listener, held, wanted)
    return plan


def set_access_control(
    *, actor: Actor, listener: Listener, status: str, acl_type: str, acl_id: str, seen: str
) -> bool:
    """Let in only the addresses of a list (white), keep them out (black), or neither (off).

    Raises as change_listener.
    """
    with hold(listener.load_balancer_id):
        plan = plan_access_control(
            actor=actor,
            listener=listener,
            status=status,
            acl_type=acl_type,
            acl_id=acl_id,
            seen=seen,
        )
        return carry_out(plan) is not None


def plan_access_control(
    *, actor: Actor, listener: Listener, status: str, acl_type: str, acl_id: str, seen: str
) -> Plan:
    """What set_access_control would do. Raises NotAllowed, Gone, Stale, NotRead."""
    plan = _plan_of(actor, listener, gettext_noop("set access control"))
    listener = _read_listener(plan, listener)
    if listener_fingerprint(listener) != seen:
        raise Stale(RESOURCE)
    held = spec_of(listener)
    on = status == "on"
    settings = replace(
        held.settings,
        acl_status=status,
        acl_type=acl_type if on else None,
        acl_id=acl_id if on else None,
    )
    _change_to(plan, listener, held, replace(held, settings=settings))
    return plan


def _change_to(plan: Plan, listener: Listener, held: ListenerSpec, wanted: ListenerSpec) -> None:
    before, after = held.as_values(), wanted.as_values()
    if after != before:
        key = listener.protocol, listener.port
        plan.changes = [Change(Kind.LISTENER, key, before, after)]
        plan.before, plan.after = before, after


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
    verb = gettext_noop("start listener") if status == "running" else gettext_noop("stop listener")
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
    plan = _plan_of(actor, listener, gettext_noop("delete listener"))
    plan.reread = _WITH_STATUS
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
        reread=_TOUCHED,
    )
