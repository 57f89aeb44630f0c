"""Server and CA certificates: uploading, renaming and deleting them.

A private key passes through once: it is sealed in the operation until it was sent, and then gone.
"""

from typing import Any

from django.utils.translation import gettext_noop
from django.views.decorators.debug import sensitive_variables

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from vservers.models import (
    AccountRegion,
    CACertificate,
    DomainExtension,
    Listener,
    ServerCertificate,
)
from vservers.selectors.usage import extensions_with_certificate, listeners_with_certificate

from . import readings, scopes, sync
from .changes import NEW, Change, Kind
from .connection import connect
from .errors import Gone, UsedBy
from .locks import hold
from .operations import RegionalPlan, carry_out
from .pem import Pem
from .places import lock_of

Certificate = ServerCertificate | CACertificate

SERVER = gettext_noop("server certificate")
CA = gettext_noop("CA certificate")
_UPLOADS = {
    SERVER: gettext_noop("upload server certificate"),
    CA: gettext_noop("upload CA certificate"),
}


@sensitive_variables("private_key")
def upload_server_certificate(
    *, actor: Actor, account_region: AccountRegion, name: str, certificate: Pem, private_key: str
) -> ServerCertificate:
    """A certificate that listeners can show.

    private_key: of that certificate, as pem.read_server_certificate has checked it. Raises
    NotAllowed, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(lock_of(account_region)):
        operation = carry_out(
            plan_server_certificate(
                actor=actor,
                account_region=account_region,
                name=name,
                certificate=certificate,
                private_key=private_key,
            )
        )
    return ServerCertificate.objects.get(pk=operation.resource_id if operation else "")


@sensitive_variables("private_key")
def plan_server_certificate(
    *, actor: Actor, account_region: AccountRegion, name: str, certificate: Pem, private_key: str
) -> RegionalPlan:
    """What upload_server_certificate would do. Raises NotAllowed."""
    plan = _new(actor, account_region, SERVER, Kind.SERVER_CERTIFICATE, name, certificate)
    plan.secrets = {"PrivateKey": private_key}
    return plan


def upload_ca_certificate(
    *, actor: Actor, account_region: AccountRegion, name: str, certificate: Pem
) -> CACertificate:
    """A certificate that listeners can check those of clients against.

    Raises NotAllowed, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(lock_of(account_region)):
        operation = carry_out(
            plan_ca_certificate(
                actor=actor, account_region=account_region, name=name, certificate=certificate
            )
        )
    return CACertificate.objects.get(pk=operation.resource_id if operation else "")


def plan_ca_certificate(
    *, actor: Actor, account_region: AccountRegion, name: str, certificate: Pem
) -> RegionalPlan:
    """What upload_ca_certificate would do. Raises NotAllowed."""
    return _new(actor, account_region, CA, Kind.CA_CERTIFICATE, name, certificate)


def rename_certificate(*, actor: Actor, certificate: Certificate, name: str) -> bool:
    """Another name; False when it has it already.

    Raises NotAllowed, Gone, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(lock_of(place_of_certificate(certificate))):
        plan = plan_certificate_rename(actor=actor, certificate=certificate, name=name)
        return carry_out(plan) is not None


def plan_certificate_rename(*, actor: Actor, certificate: Certificate, name: str) -> RegionalPlan:
    """What rename_certificate would do. Raises NotAllowed, Gone, NotRead."""
    plan = _plan(actor, certificate, gettext_noop("rename certificate"))
    certificate = _read(plan, certificate)
    plan.before, plan.after = {"name": certificate.name}, {"name": name}
    if name != certificate.name:
        key = (certificate.pk,)
        plan.changes = [Change(_kind(certificate), key, plan.before, plan.after)]
    return plan


def delete_certificate(*, actor: Actor, certificate: Certificate) -> None:
    """Delete one that no listener and no domain extension uses.

    Raises NotAllowed, Gone, UsedBy, Busy, CallFailed, Waiting, NotReread.
    """
    with hold(lock_of(place_of_certificate(certificate))):
        carry_out(plan_certificate_deletion(actor=actor, certificate=certificate))


def plan_certificate_deletion(*, actor: Actor, certificate: Certificate) -> RegionalPlan:
    """What delete_certificate would do. Raises NotAllowed, Gone, UsedBy, NotRead."""
    plan = _plan(actor, certificate, gettext_noop("delete certificate"))
    certificate = _read(plan, certificate)
    sync.read_listeners_now(plan.cloud, plan.account_region)
    users: list[Listener | DomainExtension] = [
        *listeners_with_certificate(certificate.pk),
        *extensions_with_certificate(certificate.pk),
    ]
    if users:
        raise UsedBy(users)
    plan.before = _picture(certificate)
    values = {"name": certificate.name, "fingerprint": certificate.fingerprint}
    plan.changes = [Change(_kind(certificate), (certificate.pk,), values, None)]
    return plan


def refresh_certificates(*, actor: Actor, account_region: AccountRegion) -> None:
    """Read the certificates of a region, and its listeners. Raises NotAllowed, CloudError."""
    check(actor, Action.REFRESH)
    cloud = connect(account_region)
    sync.store_region(cloud, account_region, readings.certificates(account_region))
    sync.read_listeners_now(cloud, account_region)


def place_of_certificate(certificate: Certificate) -> AccountRegion:
    rows = AccountRegion.objects.select_related("account")
    return rows.get(account=certificate.account_id, region=certificate.region_id)


def _kind(certificate: Certificate) -> Kind:
    is_server = isinstance(certificate, ServerCertificate)
    return Kind.SERVER_CERTIFICATE if is_server else Kind.CA_CERTIFICATE


def _new(
    actor: Actor, account_region: AccountRegion, what: str, kind: Kind, name: str, certificate: Pem
) -> RegionalPlan:
    plan = RegionalPlan(
        actor=actor,
        action=Action.CHANGE_CERTIFICATES,
        verb=_UPLOADS[what],
        account_region=account_region,
        resource_type=what,
        resource_name=name,
        # Until its ID is known, one that may have been uploaded is found among all.
        reread=[scopes.CERTIFICATES],
    )
    values = {"name": name, "fingerprint": certificate.fingerprint, "pem": certificate.pem}
    plan.changes = [Change(kind, (NEW,), None, values)]
    plan.after = {
        "name": name,
        "common_name": certificate.common_name,
        "names": list(certificate.names),
        "fingerprint": certificate.fingerprint,
        "expires_at": certificate.valid_to.isoformat(),
    }
    return plan


def _plan(actor: Actor, certificate: Certificate, verb: str) -> RegionalPlan:
    return RegionalPlan(
        actor=actor,
        action=Action.CHANGE_CERTIFICATES,
        verb=verb,
        account_region=place_of_certificate(certificate),
        resource_type=SERVER if isinstance(certificate, ServerCertificate) else CA,
        resource_id=certificate.pk,
        resource_name=certificate.name,
        reread=[scopes.CERTIFICATES],
    )


def _read(plan: RegionalPlan, certificate: Certificate) -> Any:
    plan.read_now(scopes.CERTIFICATES)
    current = type(certificate).objects.filter(pk=certificate.pk).first()
    if current is None:
        raise Gone(plan.resource_type)
    return current


def _picture(certificate: Certificate) -> dict[str, Any]:
    return {
        "name": certificate.name,
        "common_name": certificate.common_name,
        "fingerprint": certificate.fingerprint,
        "expires_at": certificate.expires_at.isoformat() if certificate.expires_at else None,
    }
