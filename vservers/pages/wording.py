"""Changes in the words of the pages: which object, how it was, how it will be."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.models import Listener
from vservers.selectors.names import group_names, server_names
from vservers.services.changes import NEW, Change, Kind, Values
from vservers.services.errors import CannotUndo

from .balancer_wording import balancer_words, tag_words
from .further_wording import NOT_THERE, Row, pair_server_ids, rows_of_further
from .listeners.fields import HASHING, SCHEDULERS, TLS_POLICIES, UDP

__all__ = ["NOTHING", "NOT_THERE", "SETTINGS", "Row", "Wording", "member_words", "why_not"]

NOTHING = "—"
MOST_NAMES = 5

# In the order in which they are read.
SETTINGS = {
    "description": gettext_lazy("Listener name"),
    "name": gettext_lazy("Rule name"),
    "status": gettext_lazy("Status"),
    "scheduler": gettext_lazy("Scheduling algorithm"),
    "target": gettext_lazy("Server group"),
    "vserver_group_id": gettext_lazy("VServer group"),
    "master_slave_server_group_id": gettext_lazy("Primary/secondary group"),
    "backend_server_port": gettext_lazy("Backend port"),
    "forward_port": gettext_lazy("Redirects to HTTPS port"),
    "server_certificate_id": gettext_lazy("Server certificate"),
    "ca_certificate_id": gettext_lazy("CA certificate"),
    "tls_cipher_policy": gettext_lazy("TLS policy"),
    "enable_http2": gettext_lazy("HTTP/2"),
    "bandwidth": gettext_lazy("Peak bandwidth"),
    "own": gettext_lazy("Settings of its own"),
    "listener_sync": gettext_lazy("Settings of the listener"),
    "session": gettext_lazy("Session persistence"),
    "sticky_session": gettext_lazy("Session persistence"),
    "sticky_session_type": gettext_lazy("Kind of session persistence"),
    "cookie_timeout": gettext_lazy("Cookie timeout"),
    "cookie": gettext_lazy("Cookie name"),
    "persistence_timeout": gettext_lazy("Session persistence"),
    "established_timeout": gettext_lazy("Idle timeout"),
    "idle_timeout": gettext_lazy("Idle timeout"),
    "request_timeout": gettext_lazy("Request timeout"),
    "drain": gettext_lazy("Connection draining"),
    "connection_drain": gettext_lazy("Connection draining"),
    "connection_drain_timeout": gettext_lazy("Draining timeout"),
    "proxy_protocol_v2": gettext_lazy("Proxy protocol v2"),
    "gzip": gettext_lazy("Gzip compression"),
    "x_forwarded_for": "X-Forwarded-For",
    "x_forwarded_for_proto": "X-Forwarded-Proto",
    "x_forwarded_for_slbip": "SLB-IP",
    "x_forwarded_for_slbid": "SLB-ID",
    "access": gettext_lazy("Access control"),
    "acl_status": gettext_lazy("Access control"),
    "acl_type": gettext_lazy("Kind of access control"),
    "acl_id": gettext_lazy("Access control list"),
    "health_check": gettext_lazy("Health check"),
    "health_check_type": gettext_lazy("Check protocol"),
    "health_check_method": gettext_lazy("Check method"),
    "health_check_connect_port": gettext_lazy("Check port"),
    "health_check_uri": gettext_lazy("Check path"),
    "health_check_domain": gettext_lazy("Check domain"),
    "health_check_http_code": gettext_lazy("Normal status codes"),
    "health_check_timeout": gettext_lazy("Response timeout"),
    "health_check_interval": gettext_lazy("Check interval"),
    "unhealthy_threshold": gettext_lazy("Unhealthy threshold"),
    "healthy_threshold": gettext_lazy("Healthy threshold"),
    "health_check_req": gettext_lazy("Check request"),
    "health_check_exp": gettext_lazy("Expected result"),
}
_SECONDS = {
    "persistence_timeout",
    "established_timeout",
    "connection_drain_timeout",
    "cookie_timeout",
    "idle_timeout",
    "request_timeout",
    "health_check_interval",
    "health_check_timeout",
}
_SWITCH = {"on": gettext_lazy("on"), "off": gettext_lazy("off")}
# What the cloud calls by words of its own; any other word stays as it is.
_VALUES: dict[str, dict[str, Any]] = {
    **dict.fromkeys(
        (
            "acl_status",
            "connection_drain",
            "enable_http2",
            "gzip",
            "health_check",
            "listener_sync",
            "sticky_session",
            "x_forwarded_for",
            "x_forwarded_for_proto",
            "x_forwarded_for_slbid",
            "x_forwarded_for_slbip",
        ),
        _SWITCH,
    ),
    "status": dict(Listener.Status.choices),
    "scheduler": dict([*SCHEDULERS, *HASHING[UDP]]),
    "tls_cipher_policy": dict(TLS_POLICIES),
    "acl_type": {"white": gettext_lazy("Whitelist"), "black": gettext_lazy("Blacklist")},
    "sticky_session_type": {
        "insert": gettext_lazy("Insert cookie"),
        "server": gettext_lazy("Rewrite cookie"),
    },
    "health_check_method": {"head": "HEAD", "get": "GET"},
    "health_check_type": {"tcp": "TCP", "http": "HTTP", "udp": "UDP"},
}
# Follow from other values, or are said by them.
_UNSAID = {"rule_id", "type"}


class Wording:
    """The words for some changes; names are looked up once for all of them.

    servers, groups: more IDs whose names will be asked for.
    """

    def __init__(
        self,
        changes: Iterable[Change] = (),
        *,
        servers: Iterable[str] = (),
        groups: Iterable[str] = (),
    ) -> None:
        server_ids, group_ids = set(servers), set(groups)
        for change in changes:
            if change.kind is Kind.MEMBER:
                server_ids.add(str(change.key[1]))
            elif change.kind is Kind.POOL_SERVER:
                server_ids.add(str(change.key[0]))
            elif change.kind is Kind.PAIR:
                server_ids.update(pair_server_ids(change))
            for values in (change.before, change.after):
                group_ids.add(str((values or {}).get("vserver_group_id") or ""))
        self._servers = server_names(server_ids)
        self._groups = group_names(group_ids - {""})

    def server(self, server_id: str) -> str:
        return self._servers.get(server_id, server_id)

    def group(self, group_id: str | None) -> str:
        """Where requests go: the group's name, or the pool."""
        if group_id == NEW:
            return _("the new group")
        return self._groups.get(group_id, group_id) if group_id else _("Backend Servers")

    def names(self, changes: Iterable[Change]) -> str:
        """The objects of some changes, the first few of them."""
        names = list(dict.fromkeys(row.what for change in changes for row in self._rows(change)))
        first = ", ".join(names[:MOST_NAMES])
        if len(names) <= MOST_NAMES:
            return first
        return _("%(names)s and %(number)s more") % {
            "names": first,
            "number": len(names) - MOST_NAMES,
        }

    def rows(self, change: Change) -> list[Row]:
        """A change as lines: one for a member, one for each setting of a listener."""
        return list(self._rows(change))

    def _rows(self, change: Change) -> Iterator[Row]:
        match change.kind:
            case Kind.BALANCER:
                yield from (Row(*words) for words in balancer_words(change))
            case Kind.TAG:
                yield Row(*tag_words(change))
            case Kind.GROUP:
                known = change.key[0] != NEW
                yield Row(
                    _("VServer group"),
                    str(change.key[0]) if known else "",
                    _named(change.before),
                    _named(change.after),
                )
            case Kind.MEMBER:
                server_id, server_ip, port = change.key[1:]
                yield Row(
                    f"{self.server(str(server_id))}:{port}",
                    " ".join(str(part) for part in (server_id, server_ip) if part),
                    member_words(change.before),
                    member_words(change.after),
                )
            case Kind.POOL_SERVER:
                server_id, server_ip = change.key
                yield Row(
                    self.server(str(server_id)),
                    " ".join(str(part) for part in (server_id, server_ip) if part),
                    member_words(change.before, _("Backend Servers")),
                    member_words(change.after, _("Backend Servers")),
                )
            case Kind.LISTENER:
                protocol, port = change.key
                yield from self._settings(f"{str(protocol).upper()}:{port}", change)
            case Kind.RULE:
                protocol, port, domain, url = change.key
                whose = _("rule %(rule)s on %(listener)s") % {
                    "rule": f"{domain}{url}",
                    "listener": f"{str(protocol).upper()}:{port}",
                }
                yield from self._settings(whose, change)
            case _:
                yield from rows_of_further(change, self.server)

    def _settings(self, whose: str, change: Change) -> Iterator[Row]:
        before, after = change.before or {}, change.after or {}
        if change.after is None:
            yield Row(whose[0].upper() + whose[1:], "", self._whole(before), _("deleted"))
            return
        # A row of the database has lost the order in which settings were given.
        for name in sorted({*before, *after}, key=_place_of):
            if name in _UNSAID or after.get(name) is None:
                continue
            if before.get(name) == after[name]:
                continue
            was = self.setting(name, before.get(name)) if change.before else str(NOT_THERE)
            words = self.setting(name, after[name])
            if change.before or words != NOTHING:
                yield Row(str(SETTINGS.get(name, name)), whose, was, words)

    def _whole(self, values: Values) -> str:
        name = values.get("description") or values.get("name")
        target = self.group(values.get("vserver_group_id"))
        return (
            _("%(name)s, to %(target)s") % {"name": name, "target": target}
            if name
            else _("to %(target)s") % {"target": target}
        )

    def setting(self, name: str, value: Any) -> str:
        """A value of a listener or a rule as a person reads it."""
        if name == "vserver_group_id":
            return self.group(value)
        if name == "target":
            group_id, pair_id = value or ("", "")
            return pair_id or self.group(group_id)
        if name in _COMBINED:
            return _COMBINED[name](value)
        if name == "proxy_protocol_v2":
            return _("on") if value == "true" else _("off")
        if name == "persistence_timeout" and value == 0:
            return _("off")
        if value in (None, ""):
            return NOTHING
        if name in _VALUES:
            return str(_VALUES[name].get(value, value))
        if name == "health_check_http_code":
            return ", ".join(str(value).removeprefix("http_").split(",http_"))
        if name == "bandwidth":
            return _("no limit") if value == -1 else _("%(number)s Mbit/s") % {"number": value}
        return _("%(number)s s") % {"number": value} if name in _SECONDS else str(value)


_PLACES = {name: place for place, name in enumerate(SETTINGS)}


def _place_of(setting: str) -> tuple[int, str]:
    return _PLACES.get(setting, len(_PLACES)), setting


def _named(values: Values | None) -> str:
    return str(values["name"] if values else NOT_THERE)


def member_words(values: Values | None, place: str = "") -> str:
    """What is known of a member or a server of the pool, in words."""
    if values is None:
        return _("not in %(place)s") % {"place": place or _("the group")}
    words = [_("weight %(weight)s") % {"weight": values["weight"]}]
    if description := values.get("description"):
        words.append(str(description))
    return ", ".join(words)


def _session(values: Values | None) -> str:
    """All that session persistence consists of."""
    if not values or values.get("sticky_session") != "on":
        return _("off")
    if values.get("sticky_session_type") == "insert":
        return _("insert cookie, %(cookie_timeout)s s") % {
            "cookie_timeout": values.get("cookie_timeout")
        }
    return _("rewrite cookie %(cookie)s") % {"cookie": values.get("cookie")}


def _access(values: Values | None) -> str:
    if not values or values.get("acl_status") != "on":
        return _("off")
    if values.get("acl_type") == "white":
        return _("whitelist %(list)s") % {"list": values.get("acl_id")}
    return _("blacklist %(list)s") % {"list": values.get("acl_id")}


def _drain(values: Values | None) -> str:
    on = values and values.get("connection_drain") == "on"
    if not (on and values):
        return _("off")
    return _("%(number)s s") % {"number": values["connection_drain_timeout"]}


def _own(values: Values | None) -> str:
    """A rule's own settings, in short."""
    if not values:
        return _("as its listener")
    check = _("check %(path)s") % {"path": values.get("health_check_uri") or "/"}
    words = [
        str(values.get("scheduler", "")).upper(),
        _("session persistence %(session)s") % {"session": _session(values)},
        check if values.get("health_check") == "on" else _("no health check"),
    ]
    return ", ".join(words)


_COMBINED = {"session": _session, "access": _access, "drain": _drain, "own": _own}


def why_not(error: CannotUndo) -> str:
    """Why something cannot be taken back, with what others changed by name."""
    if not error.moved:
        return str(error)
    names = Wording(error.moved).names(error.moved)
    return _("This was changed since: %(names)s. Nothing is taken back or sent.") % {"names": names}
