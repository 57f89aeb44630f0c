"""The accounts that have a region, for the pages of what belongs to the region as a whole."""

from collections.abc import Iterable
from datetime import datetime

from vservers.models import AccountRegion, Region


def places_of(region: Region) -> list[AccountRegion]:
    """The region as each enabled account has it."""
    rows = region.account_regions.select_related("account").filter(account__enabled=True)
    return list(rows.order_by("account"))


def oldest(moments: Iterable[datetime | None]) -> datetime | None:
    """The first of them; None where one is missing, or there is none."""
    known = list(moments)
    return min(filter(None, known)) if known and all(known) else None
