"""Which differences are the console's own doing."""

from collections.abc import Callable
from typing import Any

from vservers.models import AccountRegion, Operation

from .changes import NEW, Change, Kind, Values, agrees
from .differences import EXISTS, NETWORK, TAG, Difference, server_item
from .differences import Kind as Object
from .readings.rows import held

Explains = Callable[[Difference], bool]

_NAMED_BY_THE_CLOUD = {
    Kind.PAIR: Object.PAIR,
    Kind.SERVER_CERTIFICATE: Object.CERTIFICATE,
    Kind.CA_CERTIFICATE: Object.CA_CERTIFICATE,
    Kind.ACCESS_LIST: Object.ACCESS_LIST,
}


def by_operations(load_balancer_id: str) -> Explains:
    """Whether a difference of a load balancer is what an unfinished operation of ours does.

    A finished one has brought the mirror up to date itself. Asked inside the transaction that
    writes the differences.
    """
    # One that makes a load balancer belongs to none yet.
    rows = held(
        Operation,
        ["id"],
        "(load_balancer_id = %s OR (load_balancer_id = '' AND verb = 'create instance'))"
        " AND status = ANY(%s)",
        load_balancer_id,
        [status.value for status in Operation.UNSETTLED],
    )
    return _by([pk for (pk,) in rows])


def by_operations_of_region(place: AccountRegion) -> Explains:
    """The same of what a region of an account has beside its load balancers."""
    here = Operation.objects.filter(
        load_balancer_id="", account=place.account_id, region_id=place.region_id
    )
    unfinished = here.filter(status__in=Operation.UNSETTLED)
    return _by(list(unfinished.values_list("pk", flat=True)))


def _by(operation_ids: list[int]) -> Explains:
    if not operation_ids:
        return lambda difference: False
    unfinished = Operation.objects.filter(pk__in=operation_ids).prefetch_related("calls")
    changes = [
        Change.from_json(change).named(operation.resource_id or NEW)
        for operation in unfinished
        for call in operation.calls.all()
        for change in call.changes
    ]
    return lambda difference: any(_is(difference, change) for change in changes)


def _is(difference: Difference, change: Change) -> bool:
    """Whether the difference leads to what the change wants, or back to what was before it."""
    return _is_about(difference, change) and any(
        _leads_to(difference, side) for side in (change.after, change.before)
    )


def _is_about(difference: Difference, change: Change) -> bool:
    match change.kind, difference.kind:
        case Kind.BALANCER, Object.BALANCER:
            name = (change.after or {}).get("name")
            new = change.key == (NEW,) and difference.object_name == name
            return difference.field != TAG and (new or change.key == (difference.object_id,))
        case Kind.TAG, _ if difference.field == TAG:
            _, resource_id, key = change.key
            return (difference.object_id, difference.item) == (resource_id, key)
        case Kind.MEMBER, Object.GROUP:
            group_id, server_id, server_ip, port = change.key
            item = server_item(str(server_id), str(server_ip), int(port))
            return difference.item == item and difference.object_id == group_id
        case Kind.GROUP, Object.GROUP:
            # A new group has no ID of ours until the answer is there.
            name = (change.after or {}).get("name")
            new = change.key == (NEW,) and difference.object_name == name
            return not difference.item and (new or change.key == (difference.object_id,))
        case Kind.POOL_SERVER, Object.POOL:
            server_id, server_ip = change.key
            return difference.item == server_item(str(server_id), str(server_ip), None)
        case Kind.LISTENER, Object.LISTENER:
            return difference.object_id == ":".join(str(part) for part in change.key)
        case Kind.RULE, Object.RULE:
            return difference.object_name == f"{change.key[2]}{change.key[3]}"
        case Kind.EXTENSION, Object.EXTENSION:
            return difference.object_name == change.key[2]
        case Kind.ACCESS_ENTRY, Object.ACCESS_LIST:
            return (difference.object_id, difference.item) == change.key
        case kind, seen if _NAMED_BY_THE_CLOUD.get(kind) is seen:
            name = (change.after or {}).get("name")
            new = change.key == (NEW,) and difference.object_name == name
            return not difference.item and (new or change.key == (difference.object_id,))
    return False


def _leads_to(difference: Difference, side: Values | None) -> bool:
    if difference.field in {EXISTS, NETWORK, "server"}:
        if side is None or difference.after is None:
            return side is None and difference.after is None
        return agrees(side, _common(difference.after, side))
    if difference.field == TAG:
        return (None if side is None else side.get("value")) == difference.after
    if difference.kind is Object.RULE and difference.field == "settings":
        return side is not None and _has_settings(side, difference.after)
    if isinstance(difference.after, dict):
        # Settings of a listener that mean something only together.
        return side is not None and agrees(side, difference.after)
    return side is not None and side.get(difference.field) == _plain(difference.after)


def _has_settings(side: Values, found: Values) -> bool:
    """Whether a change gives a rule these settings of its own, {} for those of its listener."""
    if side.get("listener_sync") != "off":
        return not found
    return bool(found) and agrees(found, {name: side.get(name) for name in found})


def _common(values: Values, side: Values) -> dict[str, Any]:
    # What was left to the cloud, None, it filled in itself.
    return {name: _plain(values[name]) for name in values if side.get(name) is not None}


def _plain(value: Any) -> Any:
    """No group is "" in a change."""
    return "" if value is None else value
