"""Listeners with their forwarding rules."""

from collections.abc import Iterable
from typing import Any

import orjson

from vservers.cloud import Cloud
from vservers.cloud import types as api
from vservers.cloud.settings import in_units
from vservers.models import Listener, Rule, VServerGroup
from vservers.services.differences import EXISTS, Difference, Kind, Written, compare

from .extensions import write_extensions
from .reader import Locked, Reader, Writer, stamped
from .rows import Row, columns_of, differing, held, upsert

_Key = tuple[str, int]

_LISTENER_KEY = ["load_balancer_id", "protocol", "port"]
_LISTENER_VALUES = [
    "status", "backend_server_port", "vserver_group_id", "master_slave_server_group_id",
    "description", "scheduler", "health_check", "forward_port", "settings", "served_at",
    "served_notice",
]  # fmt: skip
_RULE_VALUES = ["listener_id", "name", "domain", "url", "vserver_group_id", "scheduler", "settings"]
# Which words of a listener's status mean the same to somebody who compares; the others pass.
_SETTLED = {
    "running": "running",
    "starting": "running",
    "stopped": "stopped",
    "stopping": "stopped",
}


def listeners(
    load_balancer_id: str, *, listed: Iterable[api.Listener] | None = None
) -> Reader[Locked]:
    """Every listener of a load balancer, with the forwarding rules of the layer-7 ones and the
    domain extensions of those with HTTPS.

    listed: the listeners, where they were just read; the first reading then does not ask for them.
    """
    ready = None if listed is None else list(listed)

    def read(cloud: Cloud) -> Writer[Locked]:
        nonlocal ready
        found = list(cloud.slb.describe_listeners(load_balancer_id)) if ready is None else ready
        ready = None
        rules = {
            (listener.protocol, listener.port): cloud.slb.describe_rules(
                load_balancer_id, listener.protocol, listener.port
            )
            for listener in found
            if listener.protocol in {"http", "https"}
        }
        extensions = {
            (listener.protocol, listener.port): cloud.slb.describe_domain_extensions(
                load_balancer_id, listener.port
            )
            for listener in found
            if listener.protocol == "https"
        }

        def write(locked: Locked) -> Written:
            groups = locked.group_ids
            if groups is None:
                here = "load_balancer_id = %s AND vanished_at IS NULL"
                rows = held(VServerGroup, ["vserver_group_id"], here, load_balancer_id)
                groups = {pk for (pk,) in rows}
            differences, ids = _write_listeners(load_balancer_id, found, groups)
            locked.listener_ids = ids
            # Those of a listener that is gone went with it.
            if rules:
                differences += _write_rules(load_balancer_id, rules, groups, ids)
            if extensions:
                came = {
                    one.object_id for one in differences if one.field == EXISTS and not one.before
                }
                names = {pk: f"{protocol}:{port}" for (protocol, port), pk in ids.items()}
                differences += write_extensions(
                    load_balancer_id,
                    {ids[key]: extensions[key] for key in extensions},
                    names=names,
                    new={pk for pk, name in names.items() if name in came},
                )
            return Written(tuple(differences), len(found) + sum(map(len, rules.values())))

        return write

    return stamped(read, "listeners_at")


def other_listeners(load_balancer_ids: Iterable[str], listed: Iterable[api.Listener]) -> set[str]:
    """Of the load balancers, those whose listeners are other than the mirror has them.

    listed: every listener of the region.
    """
    ids = set(load_balancer_ids)
    rows = Listener.objects.filter(load_balancer__in=ids).order_by()
    # By their hash: thousands of settings need not be held at once.
    known: dict[tuple[str, str, int], int] = {
        (load_balancer_id, protocol, port): _hash(tuple(values))
        for load_balancer_id, protocol, port, *values in rows.values_list(
            *_LISTENER_KEY, *_LISTENER_VALUES
        ).iterator()
    }
    other: set[str] = set()
    for listener in listed:
        key = (listener.load_balancer_id, listener.protocol, listener.port)
        row = _listener_row(listener, {listener.vserver_group_id} - {""})
        if listener.load_balancer_id in ids and known.pop(key, None) != _hash(row):
            other.add(listener.load_balancer_id)
    return other | {load_balancer_id for load_balancer_id, _, _ in known}


def _hash(row: Row) -> int:
    return hash(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))


def _write_listeners(
    load_balancer_id: str, found: list[api.Listener], groups: set[str]
) -> tuple[list[Difference], dict[_Key, int]]:
    """What was other, and our own numbers of the listeners that are there now."""
    before: dict[_Key, Row] = {}
    ids: dict[_Key, int] = {}
    for pk, protocol, port, *values in held(
        Listener,
        ["id", "protocol", "port", *_LISTENER_VALUES],
        "load_balancer_id = %s",
        load_balancer_id,
    ):
        before[protocol, port] = tuple(values)
        ids[protocol, port] = pk
    after = {(one.protocol, one.port): _listener_row(one, groups) for one in found}
    gone = sorted(before.keys() - after.keys())
    if gone:
        Listener.objects.filter(pk__in=[ids.pop(key) for key in gone]).delete()
    changed = differing(before, after)
    written = upsert(
        Listener,
        [*_LISTENER_KEY, *_LISTENER_VALUES],
        [(load_balancer_id, *key, *after[key]) for key in changed],
        key=_LISTENER_KEY,
        returning=["protocol", "port", "id"],
    )
    ids.update({(protocol, port): pk for protocol, port, pk in written})
    differences = [
        difference
        for key in [*changed, *gone]
        for difference in _listener_differences(key, before.get(key), after.get(key))
    ]
    return differences, ids


def listener_ids(load_balancer_id: str) -> dict[_Key, int]:
    """Our own numbers of the mirror's listeners."""
    columns = ["protocol", "port", "id"]
    rows = held(Listener, columns, "load_balancer_id = %s", load_balancer_id)
    return {(protocol, port): pk for protocol, port, pk in rows}


def _listener_row(listener: api.Listener, groups: set[str]) -> Row:
    return (
        listener.status,
        listener.backend_server_port,
        _if_known(listener.vserver_group_id, groups),
        listener.master_slave_server_group_id,
        listener.description,
        listener.settings.scheduler,
        listener.settings.health_check,
        listener.forward_port,
        columns_of(listener.settings),
        listener.served_at,
        listener.served_notice,
    )


def _listener_differences(key: _Key, old: Row | None, new: Row | None) -> list[Difference]:
    object_id, name = f"{key[0]}:{key[1]}", f"{key[0].upper()}:{key[1]}"
    was, now = _listener_picture(old), _listener_picture(new)
    if was is None or now is None:
        return [Difference(Kind.LISTENER, object_id, name, EXISTS, was, now)]
    if not (was["status"] and now["status"]):
        now["status"] = was["status"]
    # What an earlier version of the console did not read is no difference when it is read now.
    known = was.keys() & now.keys()
    before, after = (in_units({n: v for n, v in side.items() if n in known}) for side in (was, now))
    return compare(Kind.LISTENER, object_id, name, before, after)


def _listener_picture(row: Row | None) -> dict[str, Any] | None:
    """What counts of a listener: how it is set, and whether it runs."""
    if row is None:
        return None
    values = dict(zip(_LISTENER_VALUES, row, strict=True))
    del values["served_at"], values["served_notice"]
    settings = values.pop("settings")
    # The settings hold some of these too.
    values.update({name: value for name, value in settings.items() if name not in values})
    return {**values, "status": _SETTLED.get(values["status"], "")}


def _write_rules(
    load_balancer_id: str,
    rules: dict[_Key, list[api.Rule]],
    groups: set[str],
    ids: dict[_Key, int],
) -> list[Difference]:
    names = {pk: f"{protocol}:{port}" for (protocol, port), pk in ids.items()}
    rows = held(Rule, ["rule_id", *_RULE_VALUES], "listener_id = ANY(%s)", list(ids.values()))
    before: dict[str, Row] = {pk: tuple(values) for pk, *values in rows}
    after: dict[str, Row] = {
        rule.rule_id: (
            ids[key],
            rule.name,
            rule.domain,
            rule.url,
            _if_known(rule.vserver_group_id, groups),
            rule.settings.scheduler if rule.settings else "",
            columns_of(rule.settings) if rule.settings else {},
        )
        for key, some in rules.items()
        for rule in some
    }
    gone = sorted(before.keys() - after.keys())
    if gone:
        Rule.objects.filter(pk__in=gone).delete()
    changed = differing(before, after)
    upsert(
        Rule,
        ["rule_id", *_RULE_VALUES],
        [(rule_id, *after[rule_id]) for rule_id in changed],
        key=["rule_id"],
    )
    differences = []
    for rule_id in [*changed, *gone]:
        was, now = (_rule_picture(side.get(rule_id), names) for side in (before, after))
        known = now or was or {}
        name = f"{known['domain']}{known['url']}"
        if was is None or now is None:
            differences.append(Difference(Kind.RULE, rule_id, name, EXISTS, was, now))
        else:
            known = {field: value for field, value in now.items() if field in was}
            differences += compare(Kind.RULE, rule_id, name, was, known)
    return differences


def _rule_picture(row: Row | None, listener_names: dict[int, str]) -> dict[str, Any] | None:
    if row is None:
        return None
    values = dict(zip(_RULE_VALUES, row, strict=True))
    # Its own settings count as one thing, of which the scheduler is a part.
    if values.pop("scheduler") and not values["settings"]:
        # Read by an earlier version of the console, which knew no other of them.
        del values["settings"]
    return {"listener": listener_names.get(values.pop("listener_id"), ""), **values}


def _if_known(vserver_group_id: str, groups: set[str]) -> str | None:
    """A group made between two reads is unknown for a moment; the next read links it."""
    return vserver_group_id if vserver_group_id in groups else None
