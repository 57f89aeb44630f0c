"""The calls that change a load balancer itself, and the tags of anything in it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import batched

from vservers.cloud import balancer_calls as calls
from vservers.cloud.balancer_calls import MAX_TAGS_PER_CALL
from vservers.cloud.calls import Call

from .changes import Change, Kind, Values
from .planned import CannotPlan, PlannedCall

# The fields that one call sets together, and how it is made of their values.
_SETTERS: tuple[tuple[tuple[str, ...], Callable[[str, Values], Call]], ...] = (
    (
        ("delete_protection",),
        lambda pk, values: calls.set_load_balancer_delete_protection(
            pk, values["delete_protection"]
        ),
    ),
    (
        ("modification_protection", "modification_protection_reason"),
        lambda pk, values: calls.set_load_balancer_modification_protection(
            pk, values["modification_protection"], values["modification_protection_reason"]
        ),
    ),
    (("name",), lambda pk, values: calls.set_load_balancer_name(pk, values["name"])),
    (
        ("spec",),
        lambda pk, values: calls.modify_load_balancer_instance_spec(pk, values["spec"]),
    ),
    (
        ("internet_charge_type", "bandwidth"),
        lambda pk, values: calls.modify_load_balancer_internet_spec(
            pk, values["internet_charge_type"], values["bandwidth"]
        ),
    ),
    (("status",), lambda pk, values: calls.set_load_balancer_status(pk, values["status"])),
)


def settings_calls(balancers: Iterable[Change]) -> list[PlannedCall]:
    """New values of load balancers that are there before and after. Raises CannotPlan."""
    return [planned for balancer in balancers for planned in _settings(balancer)]


def _settings(balancer: Change) -> Iterator[PlannedCall]:
    if balancer.before is None or balancer.after is None:
        return
    wanted = set(balancer.changed_fields)
    known = {name for fields, _ in _SETTERS for name in fields}
    if unknown := wanted - known:
        raise CannotPlan(f"No call changes {', '.join(sorted(unknown))} of an instance.")
    for fields, build in _SETTERS:
        if wanted.isdisjoint(fields):
            continue
        before = {name: balancer.before.get(name) for name in fields}
        after = {name: balancer.after.get(name, before[name]) for name in fields}
        change = Change(Kind.BALANCER, balancer.key, before, after)
        yield PlannedCall(build(str(balancer.key[0]), after), (change,))


def release_call(balancer: Change, with_it: Iterable[Change]) -> PlannedCall:
    """The end of a load balancer, and of what is in it."""
    return PlannedCall(calls.delete_load_balancer(str(balancer.key[0])), (balancer, *with_it))


def tag_calls(tags: Sequence[Change]) -> tuple[list[PlannedCall], list[PlannedCall]]:
    """(calls that give tags their values, calls that take tags off)."""
    put, taken = [], []
    for (kind, resource_id), some in _by_resource(tags).items():
        given = [change for change in some if change.after is not None]
        for batch in batched(given, MAX_TAGS_PER_CALL):
            values = {str(one.key[2]): str((one.after or {})["value"]) for one in batch}
            put.append(PlannedCall(calls.tag_resources(kind, resource_id, values), batch))
        gone = [change for change in some if change.after is None]
        for batch in batched(gone, MAX_TAGS_PER_CALL):
            keys = [str(one.key[2]) for one in batch]
            taken.append(PlannedCall(calls.untag_resources(kind, resource_id, keys), batch))
    return put, taken


def _by_resource(tags: Iterable[Change]) -> dict[tuple[str, str], list[Change]]:
    found: dict[tuple[str, str], list[Change]] = {}
    for tag in tags:
        found.setdefault((str(tag.key[0]), str(tag.key[1])), []).append(tag)
    return found
