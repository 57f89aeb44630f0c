"""The menu on the left, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from console.accounts.actor import Actor
from console.accounts.permissions import Action, may

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Balancer(Protocol):
    """What the menu needs to know of the load balancer whose pages are open."""

    @property
    def region_id(self) -> str: ...
    @property
    def load_balancer_id(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Item:
    """A link. It is the current one on every page whose URL name starts with one of `pages`."""

    label: "StrOrPromise"
    url_name: str
    icon: str
    action: Action
    pages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Links under one heading; without a heading they stand by themselves."""

    items: tuple[Item, ...]
    heading: "StrOrPromise" = ""


GLOBAL = (
    Section(
        (
            Item(
                _("Instances"),
                "balancers-list",
                "sitemap",
                Action.VIEW,
                ("balancers-list", "balancers-new", "balancers-bulk"),
            ),
            Item(_("VServer Groups"), "groups-all", "stack-2", Action.VIEW, ("groups-",)),
            Item(_("Servers"), "servers-list", "server", Action.VIEW, ("servers-",)),
            Item(
                _("Certificates"),
                "certificates-list",
                "certificate",
                Action.VIEW,
                ("certificates-",),
            ),
            Item(
                _("Access Control"),
                "access-lists-list",
                "shield-lock",
                Action.VIEW,
                ("access-lists-",),
            ),
        )
    ),
    Section(
        (
            Item(_("Health"), "health-region", "heartbeat", Action.VIEW, ("health-region",)),
            Item(
                _("Housekeeping"),
                "housekeeping-region",
                "vacuum-cleaner",
                Action.VIEW,
                ("housekeeping-",),
            ),
            Item(_("Drift"), "drift-list", "git-compare", Action.VIEW, ("drift-",)),
            Item(
                _("Maintenance"),
                "procedures-list",
                "tool",
                Action.VIEW,
                ("procedures-",),
            ),
        ),
        heading=_("Watch"),
    ),
    Section(
        (
            Item(
                _("Operations"),
                "operations-list",
                "list-check",
                Action.VIEW_AUDIT,
                ("operations-",),
            ),
            Item(_("Bulk changes"), "batches-list", "stack-push", Action.VIEW_AUDIT, ("batches-",)),
            Item(_("Activity"), "audit-list", "history", Action.VIEW_AUDIT, ("audit-",)),
        ),
        heading=_("Records"),
    ),
    Section(
        (
            Item(_("Sync"), "sync-list", "refresh", Action.VIEW, ("sync-",)),
            Item(
                _("Accounts"),
                "cloud-accounts-list",
                "cloud",
                Action.MANAGE_ACCOUNTS,
                ("cloud-accounts-",),
            ),
            Item(_("People"), "people-list", "users", Action.MANAGE_PEOPLE, ("people-",)),
        ),
        heading=_("Settings"),
    ),
)

BALANCER = (
    Section(
        (
            Item(
                _("Details"),
                "balancers-detail",
                "info-circle",
                Action.VIEW,
                ("balancers-",),
            ),
            Item(_("Health"), "health-list", "heartbeat", Action.VIEW, ("health-",)),
            Item(
                _("Monitoring"),
                "monitoring-detail",
                "chart-line",
                Action.VIEW,
                ("monitoring-",),
            ),
            Item(
                _("Listeners"),
                "listeners-list",
                "ear",
                Action.VIEW,
                ("listeners-", "rules-", "extensions-"),
            ),
        )
    ),
    Section(
        (
            Item(_("Backend Servers"), "pool-list", "server", Action.VIEW, ("pool-",)),
            Item(
                _("VServer Group"), "groups-list", "stack-2", Action.VIEW, ("groups-", "batches-")
            ),
            Item(
                _("Primary/Secondary"),
                "pairs-list",
                "arrows-exchange",
                Action.VIEW,
                ("pairs-",),
            ),
            Item(
                _("Housekeeping"),
                "housekeeping-of",
                "vacuum-cleaner",
                Action.VIEW,
                ("housekeeping-",),
            ),
        ),
        heading=_("Servers"),
    ),
    Section(
        (
            Item(
                _("Operations"),
                "operations-of",
                "list-check",
                Action.VIEW_AUDIT,
                ("operations-", "history-"),
            ),
        ),
        heading=_("History"),
    ),
)

# Addresses that name a region, and nothing below it.
_IN_REGION = {
    "balancers-list",
    "groups-all",
    "servers-list",
    "health-region",
    "certificates-list",
    "access-lists-list",
    "housekeeping-region",
}


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str
    icon: str
    current: bool
    count: int = 0


@dataclass(frozen=True, slots=True)
class Menu:
    """A section as one person sees it on one page."""

    heading: str
    links: list[Link] = field(default_factory=list)


def global_menu(
    *, actor: Actor, region: str, page: str, waiting: Mapping[str, int] = MappingProxyType({})
) -> list[Menu]:
    """The part that is there on every page.

    page: the URL name of the page that is open. waiting: numbers at links, by their URL names.
    """
    return _menus(GLOBAL, actor, page, {name: [region] for name in _IN_REGION}, waiting)


def balancer_menu(*, actor: Actor, balancer: Balancer, page: str) -> list[Menu]:
    """The part inside one load balancer."""
    address = [balancer.region_id, balancer.load_balancer_id]
    names = [item.url_name for section in BALANCER for item in section.items]
    return _menus(BALANCER, actor, page, dict.fromkeys(names, address), {})


def _menus(
    sections: tuple[Section, ...],
    actor: Actor,
    page: str,
    addresses: dict[str, list[str]],
    waiting: Mapping[str, int],
) -> list[Menu]:
    menus = []
    for section in sections:
        links = [
            Link(
                label=str(item.label),
                url=reverse(item.url_name, args=addresses.get(item.url_name)),
                icon=item.icon,
                current=page.startswith(item.pages),
                count=waiting.get(item.url_name, 0),
            )
            for item in section.items
            if may(actor, item.action)
        ]
        if links:
            menus.append(Menu(str(section.heading), links))
    return menus
