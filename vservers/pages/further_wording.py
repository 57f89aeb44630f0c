"""Changes of certificates, access control lists, pairs and domain extensions in words."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.shell.redaction import STARS
from vservers.services.changes import NEW, Change, Kind, Values

NOT_THERE = gettext_lazy("not there")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a plan or an outcome: an object and its ID, or a setting and whose it is."""

    what: str
    detail: str
    before: str
    after: str


def pair_server_ids(change: Change) -> Iterator[str]:
    for values in (change.before, change.after):
        for server in (values or {}).get("servers", ()):
            yield server["server_id"]


def rows_of_further(change: Change, server_name: Callable[[str], str]) -> Iterator[Row]:
    """One line for each object, and one for what goes with it."""
    known_id = str(change.key[0]) if change.key[0] != NEW else ""
    match change.kind:
        case Kind.SERVER_CERTIFICATE:
            yield _named(_("Server certificate"), known_id, change)
            if change.before is None:
                yield Row(_("Private key"), "", str(NOT_THERE), STARS)
        case Kind.CA_CERTIFICATE:
            yield _named(_("CA certificate"), known_id, change)
        case Kind.ACCESS_LIST:
            yield _named(_("Access control list"), known_id, change)
        case Kind.ACCESS_ENTRY:
            yield Row(str(change.key[1]), known_id, _entry(change.before), _entry(change.after))
        case Kind.EXTENSION:
            protocol, port, domain = change.key
            yield Row(
                str(domain),
                _("domain extension of %(listener)s")
                % {"listener": f"{str(protocol).upper()}:{port}"},
                _certificate(change.before),
                _certificate(change.after),
            )
        case Kind.PAIR:
            yield _named(_("Primary/secondary group"), known_id, change)
            roles = {"Master": _("Primary server"), "Slave": _("Secondary server")}
            for server in (change.after or change.before or {})["servers"]:
                words = _("%(server)s:%(port)s, weight %(weight)s") % {
                    "server": server_name(server["server_id"]),
                    "port": server["port"],
                    "weight": server["weight"],
                }
                sides = (
                    words if side else str(NOT_THERE) for side in (change.before, change.after)
                )
                yield Row(roles[server["role"]], server["server_id"], *sides)


def _named(what: str, known_id: str, change: Change) -> Row:
    return Row(what, known_id, _name(change.before), _name(change.after))


def _name(values: Values | None) -> str:
    return str(values["name"]) if values else str(NOT_THERE)


def _entry(values: Values | None) -> str:
    if values is None:
        return _("not in the list")
    comment = values.get("comment")
    return _("in the list: %(comment)s") % {"comment": comment} if comment else _("in the list")


def _certificate(values: Values | None) -> str:
    if values is None:
        return str(NOT_THERE)
    return _("certificate %(id)s") % {"id": values["server_certificate_id"]}
