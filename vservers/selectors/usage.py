"""Who uses a certificate, an access control list or a primary/secondary group."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from vservers.models import DomainExtension, Listener


def listeners_with_certificate(certificate_id: str) -> QuerySet[Listener]:
    """The listeners that show a server certificate, or check clients with a CA certificate."""
    return _listeners(
        Q(settings__server_certificate_id=certificate_id)
        | Q(settings__ca_certificate_id=certificate_id)
    )


def extensions_with_certificate(certificate_id: str) -> QuerySet[DomainExtension]:
    rows = DomainExtension.objects.filter(
        server_certificate_id=certificate_id, listener__load_balancer__vanished_at=None
    )
    return rows.select_related("listener__load_balancer").order_by(
        "listener__load_balancer", "domain"
    )


def listeners_with_access_list(acl_id: str) -> QuerySet[Listener]:
    """The listeners that admit or refuse by a list. IDs are of one length: none is in another."""
    return _listeners(Q(settings__acl_status="on", settings__acl_id__contains=acl_id))


def listeners_with_any_access_list(acl_ids: Iterable[str]) -> QuerySet[Listener]:
    """The listeners that use any of some lists; none for none."""
    named = Q(pk__in=())
    for acl_id in acl_ids:
        named |= Q(settings__acl_id__contains=acl_id)
    return _listeners(named & Q(settings__acl_status="on"))


def listeners_with_pair(group_id: str) -> QuerySet[Listener]:
    return _listeners(Q(master_slave_server_group_id=group_id))


def _listeners(which: Q) -> QuerySet[Listener]:
    rows = Listener.objects.filter(which, load_balancer__vanished_at=None)
    return rows.select_related("load_balancer")


def named(users: Iterable[Listener | DomainExtension]) -> str:
    """The first of them in words: "HTTPS:443 of shop"."""
    words = [
        _("%(name)s of %(instance)s")
        % {
            "name": user,
            "instance": user.load_balancer
            if isinstance(user, Listener)
            else user.listener.load_balancer,
        }
        for user in users
    ]
    return ", ".join(words[:5])
