"""Who uses something, as links to where that can be changed."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _

from vservers.models import DomainExtension, Listener


def users_as_links(users: Iterable[Listener | DomainExtension]) -> list[tuple[str, str]]:
    """(words, address) of each."""
    return [_as_link(user) for user in users]


def _as_link(user: Listener | DomainExtension) -> tuple[str, str]:
    if isinstance(user, DomainExtension):
        balancer = user.listener.load_balancer
        words = _("%(domain)s on %(listener)s of %(instance)s") % {
            "domain": user.domain,
            "listener": user.listener,
            "instance": balancer,
        }
        place = [balancer.region_id, balancer.pk, user.listener.port]
        return words, reverse("extensions-list", args=place)
    balancer = user.load_balancer
    words = _("%(listener)s of %(instance)s") % {"listener": user, "instance": balancer}
    return words, reverse("listeners-list", args=[balancer.region_id, balancer.pk])
