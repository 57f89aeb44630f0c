"""Drift of primary/secondary groups, domain extensions and what a region has, as changes."""

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.translation import gettext_noop

from console.shell.said import gettext as _
from vservers.models import DomainExtension, Drift, LoadBalancer
from vservers.selectors.usage import (
    extensions_with_certificate,
    listeners_with_access_list,
    listeners_with_certificate,
    listeners_with_pair,
    named,
)

from .changes import NEW, Change, Kind
from .differences import EXISTS, NETWORK
from .errors import CannotUndo, Gone
from .observing import extension_values

Object = Drift.Kind

_KINDS = {
    Object.CERTIFICATE: Kind.SERVER_CERTIFICATE,
    Object.CA_CERTIFICATE: Kind.CA_CERTIFICATE,
    Object.ACCESS_LIST: Kind.ACCESS_LIST,
}
# Who may use an object of a kind, so that it cannot go.
_USERS: dict[Kind, tuple[Callable[[str], Iterable[Any]], ...]] = {
    Kind.PAIR: (listeners_with_pair,),
    Kind.SERVER_CERTIFICATE: (listeners_with_certificate, extensions_with_certificate),
    Kind.CA_CERTIFICATE: (listeners_with_certificate,),
    Kind.ACCESS_LIST: (listeners_with_access_list,),
}


def of_pair(drift: Drift) -> list[Change]:
    """A primary/secondary group only comes and goes. Raises CannotUndo."""
    if drift.after is None:
        return [Change(Kind.PAIR, (NEW,), None, drift.before)]
    refuse_used(Kind.PAIR, drift.object_id)
    return [Change(Kind.PAIR, (drift.object_id,), drift.after, None)]


def of_extension(load_balancer: LoadBalancer, drift: Drift) -> list[Change]:
    """Raises Gone."""
    if drift.field == EXISTS and drift.after is None:
        was: dict[str, str] = drift.before or {}
        protocol, _colon, port = was["listener"].partition(":")
        after = {"server_certificate_id": was["server_certificate_id"]}
        return [Change(Kind.EXTENSION, (protocol, int(port), was["domain"]), None, after)]
    rows = DomainExtension.objects.filter(listener__load_balancer=load_balancer)
    row = rows.filter(pk=drift.object_id).select_related("listener").first()
    if row is None:
        raise Gone(gettext_noop("domain extension"))
    key = row.listener.protocol, row.listener.port, row.domain
    now = extension_values(row)
    if drift.field == EXISTS:
        return [Change(Kind.EXTENSION, key, now, None)]
    return [Change(Kind.EXTENSION, key, now, {**now, drift.field: drift.before})]


def of_region(drift: Drift) -> list[Change]:
    """Of a certificate or an access control list. Raises CannotUndo."""
    kind = _KINDS[Object(drift.object_type)]
    key = (drift.object_id,)
    if drift.field == NETWORK:
        return [Change(Kind.ACCESS_ENTRY, (*key, drift.item), drift.after, drift.before)]
    if drift.field != EXISTS:
        return [Change(kind, key, {drift.field: drift.after}, {drift.field: drift.before})]
    if drift.after is None:
        return _list_anew(drift.before or {})
    refuse_used(kind, drift.object_id)
    return [Change(kind, key, {"name": drift.after["name"]}, None)]


def _list_anew(was: dict[str, Any]) -> list[Change]:
    whole = {"name": was["name"], "ip_version": was["ip_version"]}
    return [
        Change(Kind.ACCESS_LIST, (NEW,), None, whole),
        *(
            Change(Kind.ACCESS_ENTRY, (NEW, network), None, {"comment": comment})
            for network, comment in was.get("networks", [])
        ),
    ]


def refuse_used(kind: Kind, object_id: str) -> None:
    """Raise CannotUndo for what something uses that it cannot go without."""
    for users in _USERS.get(kind, ()):
        if found := list(users(object_id)):
            raise CannotUndo(_("It is used now, by %(users)s.") % {"users": named(found)})
