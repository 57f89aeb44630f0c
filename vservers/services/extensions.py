"""Domain extensions: the certificate that an HTTPS listener shows for another domain."""

from typing import Any

from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action
from vservers.models import DomainExtension, Listener

from . import scopes
from .changes import Change, Kind
from .errors import Gone
from .locks import hold
from .observing import extension_values
from .operations import Plan, carry_out

RESOURCE = gettext_noop("domain extension")


def add_extension(*, actor: Actor, listener: Listener, domain: str, certificate_id: str) -> None:
    """Show the certificate to clients that ask for the domain.

    domain: lower case, not in the listener's list yet. Raises NotAllowed, Gone, Busy, CallFailed,
    Waiting, NotReread.
    """
    with hold(listener.load_balancer_id):
        carry_out(
            plan_new_extension(
                actor=actor, listener=listener, domain=domain, certificate_id=certificate_id
            )
        )


def plan_new_extension(
    *, actor: Actor, listener: Listener, domain: str, certificate_id: str
) -> Plan:
    """What add_extension would do. Raises NotAllowed, Gone, NotRead."""
    plan = _plan(actor, listener, gettext_noop("add domain extension"), domain)
    listener = _read(plan, listener)
    after = {"server_certificate_id": certificate_id}
    plan.changes = [Change(Kind.EXTENSION, _key(listener, domain), None, after)]
    plan.after = {"domain": domain, **after}
    return plan


def change_extension(*, actor: Actor, extension: DomainExtension, certificate_id: str) -> bool:
    """Show another certificate for the domain; False when it is shown already.

    Raises NotAllowed, Gone, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(extension.listener.load_balancer_id):
        plan = plan_extension_change(
            actor=actor, extension=extension, certificate_id=certificate_id
        )
        return carry_out(plan) is not None


def plan_extension_change(*, actor: Actor, extension: DomainExtension, certificate_id: str) -> Plan:
    """What change_extension would do. Raises NotAllowed, Gone, NotRead."""
    plan = _plan(
        actor, extension.listener, gettext_noop("change domain extension"), extension.domain
    )
    plan.resource_id = extension.pk
    extension = _read_extension(plan, extension)
    before = extension_values(extension)
    after = {**before, "server_certificate_id": certificate_id}
    plan.before, plan.after = _picture(extension.domain, before), _picture(extension.domain, after)
    if before != after:
        key = _key(extension.listener, extension.domain)
        plan.changes = [Change(Kind.EXTENSION, key, before, after)]
    return plan


def delete_extension(*, actor: Actor, extension: DomainExtension) -> None:
    """Show the listener's own certificate for the domain again.

    Raises NotAllowed, Gone, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(extension.listener.load_balancer_id):
        carry_out(plan_extension_deletion(actor=actor, extension=extension))


def plan_extension_deletion(*, actor: Actor, extension: DomainExtension) -> Plan:
    """What delete_extension would do. Raises NotAllowed, Gone, NotRead."""
    plan = _plan(
        actor, extension.listener, gettext_noop("delete domain extension"), extension.domain
    )
    plan.resource_id = extension.pk
    extension = _read_extension(plan, extension)
    before = extension_values(extension)
    plan.before = _picture(extension.domain, before)
    key = _key(extension.listener, extension.domain)
    plan.changes = [Change(Kind.EXTENSION, key, before, None)]
    return plan


def _plan(actor: Actor, listener: Listener, verb: str, domain: str) -> Plan:
    return Plan(
        actor=actor,
        action=Action.CHANGE_LISTENERS,
        verb=verb,
        load_balancer=listener.load_balancer,
        resource_type=RESOURCE,
        resource_name=domain,
        reread=[scopes.LISTENERS],
    )


def _read(plan: Plan, listener: Listener) -> Listener:
    plan.read_now(scopes.LISTENERS)
    current = Listener.objects.filter(pk=listener.pk).first()
    if current is None:
        raise Gone(gettext_noop("listener"))
    return current


def _read_extension(plan: Plan, extension: DomainExtension) -> DomainExtension:
    plan.read_now(scopes.LISTENERS)
    rows = DomainExtension.objects.select_related("listener__load_balancer")
    current = rows.filter(pk=extension.pk).first()
    if current is None:
        raise Gone(RESOURCE)
    return current


def _key(listener: Listener, domain: str) -> tuple[str, int, str]:
    return listener.protocol, listener.port, domain


def _picture(domain: str, values: dict[str, Any]) -> dict[str, Any]:
    return {"domain": domain, "server_certificate_id": values["server_certificate_id"]}
