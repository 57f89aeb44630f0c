"""Drift in the words of the pages: what it is about, as it was and as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from vservers.models import Drift
from vservers.pages.balancer_wording import BALANCER_FIELDS
from vservers.pages.balancer_wording import setting as balancer_setting
from vservers.pages.wording import NOTHING, SETTINGS, Wording, member_words
from vservers.selectors.drift import balancers_here

_FIELDS = {
    "exists": gettext_lazy("Object"),
    "server": gettext_lazy("Server"),
    "name": gettext_lazy("Name"),
    "network": gettext_lazy("Network"),
    "tag": gettext_lazy("Tag"),
    "listener": gettext_lazy("Listener"),
    "domain": gettext_lazy("Domain"),
    "url": gettext_lazy("URL"),
    "settings": gettext_lazy("Settings of its own"),
    "network_type": gettext_lazy("Network type"),
}
_OF_ALL = {"exists", "name", "settings"}
_SET = {Drift.Kind.LISTENER, Drift.Kind.RULE, Drift.Kind.EXTENSION}


@dataclass(frozen=True, slots=True)
class DriftRow:
    """A drift in words. has_balancer: the mirror has its load balancer."""

    drift: Drift
    what: str
    before: str
    after: str
    has_balancer: bool

    @property
    def name(self) -> str:
        return self.drift.object_name or self.drift.object_id

    def __str__(self) -> str:
        return f"{self.name}: {self.what}"


def in_words(rows: Sequence[Drift]) -> list[DriftRow]:
    """Drift for a table, in a number of queries that rows do not change."""
    if not rows:
        return []
    here = balancers_here(rows)
    wording = Wording(
        servers={_server_id(row.item) for row in rows if row.field == "server"},
        groups={
            value
            for row in rows
            for side in (row.before, row.after)
            for value in (side, side.get("vserver_group_id") if isinstance(side, dict) else None)
            if isinstance(value, str) and value.startswith("rsp-")
        },
    )
    return [
        DriftRow(
            row,
            _what(row, wording),
            _words(row, row.before, row.after, wording),
            _words(row, row.after, row.before, wording),
            row.load_balancer_id in here,
        )
        for row in rows
    ]


def _server_id(item: str) -> str:
    return item.partition(":")[0].partition("@")[0]


def _what(row: Drift, wording: Wording) -> str:
    words: object
    words = _FIELDS.get(row.field, row.field)
    if row.object_type in _SET and row.field not in _OF_ALL:
        words = SETTINGS.get(row.field, words)
    elif row.object_type == Drift.Kind.BALANCER:
        words = BALANCER_FIELDS.get(row.field, words)
    if not row.item:
        return str(words)
    if row.field != "server":
        return f"{words} {row.item}"
    server_id = _server_id(row.item)
    return f"{words} {wording.server(server_id)}{row.item.removeprefix(server_id)}"


def _words(row: Drift, value: Any, other: Any, wording: Wording) -> str:
    """A value for people, also where there was or is nothing. other: that of the other side."""
    if value is None and row.field in {"server", "network", "exists", "tag"}:
        return _("not there")
    if row.field == "exists":
        return _whole(row, value)
    if row.field == "server":
        return member_words(value)
    if row.field == "settings":
        return wording.setting("own", value)
    if row.object_type in _SET:
        if row.field == "health_check" and isinstance(value, dict):
            return _check(value, other, wording)
        return wording.setting(row.field, value)
    if row.object_type == Drift.Kind.BALANCER and row.field != "tag":
        return balancer_setting(row.field, value)
    if isinstance(value, dict) and "comment" in value:
        return _("there, “%(comment)s”") % value if value["comment"] else _("there")
    return NOTHING if value in (None, "") else str(value)


def _check(value: Mapping[str, Any], other: Any, wording: Wording) -> str:
    """A health check: whether it is on; where it is so on both sides, what differs."""
    others = other if isinstance(other, dict) else {}
    if value.get("health_check") != "on" or others.get("health_check") != "on":
        return wording.setting("health_check", value.get("health_check"))
    return ", ".join(
        f"{SETTINGS.get(name, name)} {wording.setting(name, one)}"
        for name, one in value.items()
        if one != others.get(name)
    )


def _whole(row: Drift, value: Any) -> str:
    """An object that came or went."""
    if not isinstance(value, dict):
        return str(value)
    named = {"name": value.get("name") or value.get("description") or row.object_name}
    if "networks" in value:
        count = len(value["networks"])
        return ngettext(
            "%(name)s with %(number)s network", "%(name)s with %(number)s networks", count
        ) % {**named, "number": count}
    if "servers" in value:
        count = len(value["servers"])
        return ngettext(
            "%(name)s with %(number)s server", "%(name)s with %(number)s servers", count
        ) % {**named, "number": count}
    name = str(named["name"] or row.object_id)
    if row.object_type == Drift.Kind.EXTENSION:
        return f"{name} → {value['server_certificate_id']}"
    return name
