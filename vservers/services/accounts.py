"""Accounts of the cloud: added, changed, tested, deleted; the environment's kept as it says."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from console.audit.models import AuditEntry
from console.audit.record import record
from console.shell.sealing import Unreadable, reseal, seal, unseal
from vservers.cloud import Cloud, CloudUnreachable, Credentials
from vservers.models import CloudAccount

from .pacing import pace_of
from .regions import ANY_REGION

ENVIRONMENT = "Environment"
_PROBE_SECONDS = 5


class OfTheEnvironment(Exception):
    """The environment names this account, so it says what its endpoint and key are."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This account is given by the environment (CLOUD_ENDPOINT and its key). "
                "Change it there and start the console again."
            )
        )


def from_environment() -> CloudAccount:
    """The account that the settings name, made or brought up to date."""
    given = {
        "endpoint": settings.CLOUD_ENDPOINT,
        "access_key_id": settings.CLOUD_ACCESS_KEY_ID,
        "paces": settings.ENVIRONMENT_PACES,
    }
    with transaction.atomic():
        account = CloudAccount.objects.select_for_update().filter(from_environment=True).first()
        if account is None:
            name = ENVIRONMENT
            while CloudAccount.objects.filter(name=name).exists():
                name += "'"
            account = CloudAccount(name=name, from_environment=True)
        if _secret_of(account) != settings.CLOUD_ACCESS_KEY_SECRET:
            account.sealed_secret = seal(settings.CLOUD_ACCESS_KEY_SECRET)
        for column, value in given.items():
            setattr(account, column, value)
        account.save()
    return account


def _secret_of(account: CloudAccount) -> str | None:
    try:
        return unseal(account.sealed_secret) if account.sealed_secret else None
    except Unreadable:
        return None


def add_account(
    *,
    actor: Actor,
    name: str,
    endpoint: str,
    access_key_id: str,
    secret: str,
    paces: dict[str, float] | None = None,
) -> CloudAccount:
    """Add an account. Its regions are read by the next sync. Raises NotAllowed."""
    check(actor, Action.MANAGE_ACCOUNTS)
    with transaction.atomic():
        account = CloudAccount.objects.create(
            name=name,
            endpoint=endpoint,
            access_key_id=access_key_id,
            sealed_secret=seal(secret),
            paces=paces or {},
        )
        _record(actor, gettext_noop("add account"), account, after=_picture(account))
    return account


def change_account(
    *,
    actor: Actor,
    account: CloudAccount,
    name: str,
    endpoint: str,
    access_key_id: str,
    enabled: bool,
    secret: str = "",
    paces: dict[str, float] | None = None,
) -> bool:
    """Change an account; False when nothing differs. secret: "" leaves it.

    Of the environment's account only the name, the paces of others and whether it is enabled can be
    changed. Raises NotAllowed, OfTheEnvironment.
    """
    check(actor, Action.MANAGE_ACCOUNTS)
    with transaction.atomic():
        account = CloudAccount.objects.select_for_update().get(pk=account.pk)
        before = _picture(account)
        fixed = (endpoint, access_key_id) != (account.endpoint, account.access_key_id) or secret
        if account.from_environment and fixed:
            raise OfTheEnvironment
        account.name, account.endpoint, account.enabled = name, endpoint, enabled
        account.access_key_id = access_key_id
        if not account.from_environment:
            account.paces = paces or {}
        if secret:
            account.sealed_secret = seal(secret)
        # What was wrong with it may be right now.
        account.regions_tried_at = None
        after = _picture(account)
        if before == after and not secret:
            return False
        account.save()
        reason = gettext_noop("A new secret was set.") if secret else ""
        _record(
            actor,
            gettext_noop("change account"),
            account,
            before=before,
            after=after,
            reason=reason,
        )
    return True


def delete_account(*, actor: Actor, account: CloudAccount) -> None:
    """Delete an account and all that the mirror has of it; the cloud is not touched.

    Raises NotAllowed, OfTheEnvironment.
    """
    check(actor, Action.MANAGE_ACCOUNTS)
    if account.from_environment:
        raise OfTheEnvironment
    with transaction.atomic():
        _record(actor, gettext_noop("delete account"), account, before=_picture(account))
        account.delete()


def try_connection(
    *, actor: Actor, endpoint: str, access_key_id: str, secret: str, account: CloudAccount | None
) -> int:
    """Ask the cloud for its regions, once and signed: how many there are.

    secret: "" means the one that the account has. Raises NotAllowed, CloudError.
    """
    check(actor, Action.MANAGE_ACCOUNTS)
    if not secret and account:
        try:
            secret = unseal(account.sealed_secret)
        except Unreadable as error:
            raise CloudUnreachable(
                action="DescribeRegions", code="SecretUnreadable", message=str(error)
            ) from None
    cloud = Cloud(
        endpoint=endpoint,
        credentials=Credentials(access_key_id, secret),
        region_id=ANY_REGION,
        pace=pace_of(account) if account else None,
        retry_seconds=_PROBE_SECONDS,
    )
    return len(cloud.slb.describe_regions())


def reseal_all() -> tuple[int, list[CloudAccount]]:
    """Encrypt every secret with the first key: how many, and the accounts that no key opens."""
    done, unreadable = 0, []
    for account in CloudAccount.objects.select_for_update():
        try:
            account.sealed_secret = reseal(account.sealed_secret)
        except Unreadable:
            unreadable.append(account)
            continue
        account.save(update_fields=["sealed_secret"])
        done += 1
    return done, unreadable


def _picture(account: CloudAccount) -> dict[str, Any]:
    return {
        "name": account.name,
        "endpoint": account.endpoint,
        "access_key_id": account.access_key_id,
        "enabled": account.enabled,
        "paces": account.paces,
    }


def _record(actor: Actor, verb: str, account: CloudAccount, **details: Any) -> None:
    record(
        actor=actor,
        verb=verb,
        outcome=AuditEntry.Outcome.DONE,
        resource_type=gettext_noop("account"),
        resource_id=str(account.pk),
        resource_name=account.name,
        **details,
    )
