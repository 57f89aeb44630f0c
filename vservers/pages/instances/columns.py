"""The columns of the Instances page, and which of them a person sees."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from console.accounts.actor import Actor
from console.accounts.preferences import prefer, preference

PREFERENCE = "instances.columns"


@dataclass(frozen=True, slots=True)
class Column:
    """key: as the template and the preference name it; sort: a key of selectors.balancers.SORTS."""

    key: str
    label: Promise
    usual: bool = True
    sort: str = ""


COLUMNS = (
    Column("address", _("Service address"), sort="address"),
    Column("status", _("Status"), sort="status"),
    Column("listeners", _("Port / health check / servers")),
    Column("spec", _("Specification / billing"), sort="spec"),
    Column("zones", _("Zones"), usual=False),
    Column("tags", _("Tags")),
    Column("owner", _("Managed by"), usual=False),
    Column("protection", _("Protection"), usual=False),
    Column("network", _("VPC / vSwitch"), usual=False),
    Column("group", _("Resource group"), usual=False),
    Column("created", _("Created"), usual=False, sort="created"),
    Column("account", _("Account"), sort="account"),
)
_ACCOUNT = "account"


def chosen_columns(actor: Actor, *, several_accounts: bool) -> tuple[Column, ...]:
    """What the person sees, in the page's order; the account only where there is more than one."""
    usual = [column.key for column in COLUMNS if column.usual]
    keys = set(preference(actor, PREFERENCE, usual))
    return tuple(column for column in offered_columns(several_accounts) if column.key in keys)


def offered_columns(several_accounts: bool) -> tuple[Column, ...]:
    return tuple(column for column in COLUMNS if column.key != _ACCOUNT or several_accounts)


def choose_columns(actor: Actor, keys: Iterable[str] | None) -> None:
    """Keep the person's choice; None goes back to the usual columns."""
    known = {column.key for column in COLUMNS}
    prefer(actor, PREFERENCE, None if keys is None else [key for key in keys if key in known])
