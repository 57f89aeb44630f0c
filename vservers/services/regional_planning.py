"""From changes of what a region has beside its load balancers to the calls that make them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import batched

from console.shell.said import gettext as _
from vservers.cloud import balancer_calls
from vservers.cloud import regional_calls as calls
from vservers.cloud.calls import Call
from vservers.cloud.regional_calls import MAX_ENTRIES_PER_CALL

from .changes import SECRET, Change, Kind, Values
from .planned import CannotPlan, PlannedCall


def plan_regional_calls(changes: Iterable[Change]) -> list[PlannedCall]:
    """The calls for changes in one region: what is added, then what gets other values, then what
    is removed, so that a list in use is never empty on the way. Raises CannotPlan.
    """
    changes = list(changes)
    whole = [change for change in changes if change.kind in _OBJECTS]
    gone = {change.owner for change in whole if change.after is None}
    entries = [
        # Those of a list that goes as a whole go with it.
        change
        for change in changes
        if change.kind is Kind.ACCESS_ENTRY and change.owner not in gone
    ]
    planned: list[PlannedCall] = []
    for change in whole:
        if change.before is None:
            planned.append(_one(_OBJECTS[change.kind].add(change.after or {}), change))
    planned += _entries(calls.add_access_control_list_entries, entries, added=True)
    for change in whole:
        if change.before is not None and change.after is not None:
            call = _OBJECTS[change.kind].rename(str(change.key[0]), str(change.after["name"]))
            planned.append(_one(call, change))
    planned += _entries(calls.remove_access_control_list_entries, entries, added=False)
    for change in whole:
        if change.after is None:
            parts = [one for one in changes if one is not change and one.owner == change.owner]
            call = _OBJECTS[change.kind].delete(str(change.key[0]))
            planned.append(PlannedCall(call, (change, *parts)))
    return planned


@dataclass(frozen=True, slots=True)
class _Verbs:
    """How an object of a kind is made, renamed and deleted."""

    add: Callable[[Values], Call]
    rename: Callable[[str, str], Call]
    delete: Callable[[str], Call]


def _upload_server_certificate(values: Values) -> Call:
    if not values.get("pem"):
        raise CannotPlan(
            _("The cloud tells neither a certificate nor its private key: upload both again.")
        )
    return calls.upload_server_certificate(values["name"], values["pem"], SECRET)


def _upload_ca_certificate(values: Values) -> Call:
    if not values.get("pem"):
        raise CannotPlan(_("The cloud does not tell the certificate: upload it again."))
    return calls.upload_ca_certificate(values["name"], values["pem"])


def _create_balancer(values: Values) -> Call:
    if not values.get("client_token"):
        raise CannotPlan(_("A released instance cannot be had back: its address is gone."))
    given = {name: value for name, value in values.items() if value is not None}
    return balancer_calls.create_load_balancer(**given)


# What a region has, each with an ID of its own; a further kind joins here.
_OBJECTS: dict[Kind, _Verbs] = {
    Kind.BALANCER: _Verbs(
        _create_balancer,
        balancer_calls.set_load_balancer_name,
        balancer_calls.delete_load_balancer,
    ),
    Kind.SERVER_CERTIFICATE: _Verbs(
        _upload_server_certificate,
        calls.set_server_certificate_name,
        calls.delete_server_certificate,
    ),
    Kind.CA_CERTIFICATE: _Verbs(
        _upload_ca_certificate, calls.set_ca_certificate_name, calls.delete_ca_certificate
    ),
    Kind.ACCESS_LIST: _Verbs(
        lambda values: calls.create_access_control_list(values["name"], values["ip_version"]),
        calls.set_access_control_list_name,
        calls.delete_access_control_list,
    ),
}


def _one(call: Call, change: Change) -> PlannedCall:
    return PlannedCall(call, (change,))


def _entries(
    build: Callable[[str, Iterable[tuple[str, str]]], Call],
    entries: Sequence[Change],
    *,
    added: bool,
) -> list[PlannedCall]:
    wanted = [entry for entry in entries if (entry.before is None) is added]
    planned = []
    for acl_id in dict.fromkeys(str(entry.key[0]) for entry in wanted):
        here = [entry for entry in wanted if entry.key[0] == acl_id]
        for batch in batched(here, MAX_ENTRIES_PER_CALL):
            rows = [
                (str(entry.key[1]), str((entry.after or entry.before or {})["comment"]))
                for entry in batch
            ]
            planned.append(PlannedCall(build(acl_id, rows), batch))
    return planned
