"""The way to an account of the cloud."""

import threading
from collections.abc import Callable

from console.shell.sealing import Unreadable, unseal
from vservers.cloud import Cloud, CloudUnreachable, Credentials
from vservers.models import AccountRegion, CloudAccount, LoadBalancer

from .pacing import pace_of


def connect(
    place: CloudAccount | LoadBalancer | AccountRegion,
    region_id: str = "",
    *,
    background: bool = False,
) -> Cloud:
    """One region of an account, for one service call: it keeps the record of what it wrote.

    place: a load balancer or a region means its account and, unless told, its region. Calls wait
    for the pace of the account; those in the background leave a part of it to the people who wait
    for an answer.
    Raises CloudUnreachable when the account is disabled or its secret unreadable.
    """
    if isinstance(place, LoadBalancer | AccountRegion):
        account, region_id = place.account, region_id or place.region_id
    else:
        account = place
    if not account.enabled:
        raise _no_way(
            "AccountDisabled", f"The account {account} is disabled. An administrator can enable it."
        )
    try:
        secret = unseal(account.sealed_secret)
    except Unreadable as error:
        raise _no_way(
            "SecretUnreadable", f"The secret of the account {account} cannot be read. {error}"
        ) from None
    return Cloud(
        endpoint=account.endpoint,
        credentials=Credentials(account.access_key_id, secret),
        region_id=region_id,
        pace=pace_of(account, background=background),
    )


def connect_readers(place: AccountRegion) -> Callable[[], Cloud]:
    """For reads in the background by several threads: each that asks keeps one of its own."""
    own = threading.local()

    def cloud() -> Cloud:
        mine: Cloud | None = getattr(own, "cloud", None)
        if mine is None:
            mine = own.cloud = connect(place, background=True)
        return mine

    return cloud


def _no_way(code: str, message: str) -> CloudUnreachable:
    return CloudUnreachable(action="Connect", code=code, message=message)
