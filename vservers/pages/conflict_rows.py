"""The objects that people edit as rows of a conflict, and the rows in words.

The pictures are those of vservers.selectors.fingerprints.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from vservers.cloud.settings import UNITS, is_of_check
from vservers.cloud.types import BackendServer
from vservers.services.listeners import ListenerSpec

from .conflicts import Conflict, Difference, Rows
from .wording import NOTHING, SETTINGS, Wording, member_words

NAME = "name"


@dataclass(frozen=True, slots=True)
class Line:
    """A difference as the page shows it. open: nothing is chosen, and it has to be."""

    difference: Difference
    label: str
    detail: str
    before: str
    theirs: str
    mine: str

    @property
    def is_open(self) -> bool:
        return not self.difference.choice


# Groups


def member_row_key(server_id: str, server_ip: str, port: int) -> str:
    return json.dumps([server_id, server_ip, port])


def group_rows(picture: Any) -> Rows:
    name, members = picture
    rows: dict[str, Any] = {NAME: name}
    for server_id, server_ip, port, weight, kind, description in members:
        rows[member_row_key(server_id or "", server_ip, port)] = {
            "weight": weight,
            "type": kind,
            "description": description,
        }
    return rows


def members_of(rows: Rows) -> list[BackendServer]:
    """The members that rows stand for."""
    members = []
    for key, values in rows.items():
        if key == NAME:
            continue
        server_id, server_ip, port = json.loads(key)
        members.append(BackendServer(server_id=server_id, server_ip=server_ip, port=port, **values))
    return members


def group_lines(conflict: Conflict) -> list[Line]:
    keys = [one.key for one in conflict.differences if one.key != NAME]
    wording = Wording(servers=[json.loads(key)[0] for key in keys])

    def words(key: str, value: Any) -> str:
        return str(value) if key == NAME else member_words(value)

    lines = []
    for difference in conflict.differences:
        label, detail = _("Group name"), ""
        if difference.key != NAME:
            server_id, server_ip, port = json.loads(difference.key)
            label, detail = f"{wording.server(server_id)}:{port}", f"{server_id} {server_ip}"
        lines.append(_line(conflict, difference, label, detail, words))
    return lines


# The default server pool: weights alone


def pool_rows_of(picture: Any) -> Rows:
    return {server_id: weight for server_id, _, weight, _ in picture}


def pool_lines(conflict: Conflict) -> list[Line]:
    wording = Wording(servers=[difference.key for difference in conflict.differences])

    def words(key: str, value: Any) -> str:
        return (
            _("not in Backend Servers")
            if value is None
            else _("weight %(value)s") % {"value": value}
        )

    return [
        _line(conflict, difference, wording.server(difference.key), difference.key, words)
        for difference in conflict.differences
    ]


# Listeners


def listener_rows_of(picture: Any) -> Rows:
    group_id, _, description, settings, pair_id = picture
    return _listener_rows([group_id or "", pair_id], description, settings)


def spec_rows(spec: ListenerSpec) -> Rows:
    group_id = spec.vserver_group.pk if spec.vserver_group else ""
    target = [group_id, spec.master_slave_server_group_id]
    return _listener_rows(target, spec.description, asdict(spec.settings))


def _listener_rows(target: list[str], description: str, settings: dict[str, Any]) -> Rows:
    """target: IDs of its VServer group and its primary/secondary group."""
    return {"target": target, "description": description, **settings_rows(settings)}


def settings_rows(settings: Mapping[str, Any]) -> Rows:
    """The rows of a listener's or a rule's settings; of a check that is off, only that it is."""
    off = settings.get("health_check") == "off"
    inside = {name for names in UNITS.values() for name in names}
    return {
        **{
            name: value
            for name, value in settings.items()
            if value is not None and name not in inside and not (off and is_of_check(name))
        },
        **{
            row: {name: settings.get(name) for name in names}
            for row, names in UNITS.items()
            if names[0] in settings
        },
    }


def settings_of(rows: Rows) -> dict[str, Any]:
    """The settings that rows stand for, by the names of the classes in cloud.settings."""
    off = rows.get("health_check") == "off"
    settings: dict[str, Any] = {}
    for name, value in rows.items():
        if name in UNITS:
            settings |= value
        elif not (off and is_of_check(name)):
            settings[name] = value
    return settings


def settings_lines(conflict: Conflict) -> list[Line]:
    """Of a listener or a rule."""
    groups = [
        group_id
        for rows in (conflict.before or {}, conflict.theirs, conflict.mine)
        for group_id in (str(rows.get("vserver_group_id") or ""), *rows.get("target", ()))
    ]
    wording = Wording(groups=groups)
    return [
        _line(conflict, difference, str(SETTINGS[difference.key]), "", wording.setting)
        for difference in conflict.differences
    ]


# Rules


def rule_rows_of(picture: Any) -> Rows:
    name, group_id, settings = picture
    return {"name": name, "vserver_group_id": group_id or "", "own": settings or {}}


def _line(conflict: Conflict, difference: Difference, label: str, detail: str, words: Any) -> Line:
    key = difference.key
    return Line(
        difference,
        label,
        detail.strip(),
        words(key, difference.before) if conflict.knows_before else NOTHING,
        words(key, difference.theirs),
        words(key, difference.mine),
    )
