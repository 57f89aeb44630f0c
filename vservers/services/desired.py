"""The objects that changes are about, whole: as the mirror holds them, and as they shall stand.

A change names only what differs, and only the members that do. What describes a state instead of
steps, as Terraform does, needs the others too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vservers.models import AccountRegion, LoadBalancer

from .changes import INSTANCE, Change, Key, Kind, Values, member_key, server_values
from .observing import (
    Observed,
    balancer_values,
    extension_values,
    extensions_of,
    held_members,
    held_pool,
    listener_values,
    made_with,
    rule_key,
    rule_values,
)

Objects = dict[tuple[Kind, Key], Values]


@dataclass(frozen=True, slots=True)
class Desired:
    """held: what is there now; after: what shall be there. Both hold whole groups, pools and lists.

    load_balancer_id: "" of what belongs to a region.
    """

    load_balancer_id: str
    region_id: str
    held: Mapping[tuple[Kind, Key], Values]
    after: Mapping[tuple[Kind, Key], Values]

    def of(self, kind: Kind) -> dict[Key, Values]:
        """The objects of a kind that shall be there."""
        return {key: values for (its_kind, key), values in self.after.items() if its_kind is kind}

    def removed(self, kind: Kind) -> dict[Key, Values]:
        """The objects of a kind that shall not be there any more, as they are."""
        return {
            key: values
            for (its_kind, key), values in self.held.items()
            if its_kind is kind and (its_kind, key) not in self.after
        }

    def exists(self, kind: Kind, key: Key) -> bool:
        return (kind, key) in self.held


def desired(place: LoadBalancer | AccountRegion, changes: Iterable[Change]) -> Desired:
    """What the mirror holds around the changes, and what becomes of it."""
    changes = list(changes)
    if isinstance(place, LoadBalancer):
        held = _held(place, changes)
        return Desired(place.pk, place.region_id, held, applied(held, changes))
    held = _held_of_region(place, changes)
    return Desired("", place.region_id, held, applied(held, changes))


def applied(held: Mapping[tuple[Kind, Key], Values], changes: Iterable[Change]) -> Objects:
    """The objects once the changes are made."""
    after = dict(held)
    for change in changes:
        place = change.kind, change.key
        if change.after is None:
            after.pop(place, None)
        else:
            after[place] = {**after.get(place, {}), **change.after}
    return after


def _held(load_balancer: LoadBalancer, changes: Iterable[Change]) -> Objects:
    keys: dict[Kind, set[Key]] = {kind: set() for kind in Kind}
    for change in changes:
        keys[change.kind].add(change.key)
    held: Objects = {}
    touched = {key[0] for key in keys[Kind.GROUP] | keys[Kind.MEMBER]}
    groups = load_balancer.vserver_groups.filter(pk__in=touched).prefetch_related("members")
    for group in groups:
        held[Kind.GROUP, (group.pk,)] = {"name": group.name}
        for server in held_members(group):
            held[Kind.MEMBER, member_key(group.pk, server)] = server_values(server)
    if keys[Kind.BALANCER] or any(key[0] == INSTANCE for key in keys[Kind.TAG]):
        held[Kind.BALANCER, (load_balancer.pk,)] = balancer_values(load_balancer) | made_with(
            load_balancer
        )
        for key, value in load_balancer.tags.items():
            held[Kind.TAG, (INSTANCE, load_balancer.pk, key)] = {"value": value}
    held |= _wholes(load_balancer, changes, Kind.PAIR)
    for row in extensions_of(load_balancer) if keys[Kind.EXTENSION] else ():
        domain = row.listener.protocol, row.listener.port, row.domain
        if domain in keys[Kind.EXTENSION]:
            held[Kind.EXTENSION, domain] = extension_values(row)
    if keys[Kind.POOL_SERVER]:
        for server in held_pool(load_balancer.pk):
            held[Kind.POOL_SERVER, (server.server_id, server.server_ip)] = server_values(server)
    if keys[Kind.LISTENER] or keys[Kind.RULE]:
        for listener in load_balancer.listeners.prefetch_related("rules"):
            place = listener.protocol, listener.port
            if place in keys[Kind.LISTENER]:
                held[Kind.LISTENER, place] = listener_values(listener)
            for rule in listener.rules.all():
                key = rule_key(listener, rule.domain, rule.url)
                if key in keys[Kind.RULE]:
                    held[Kind.RULE, key] = rule_values(rule)
    return held


def _held_of_region(place: AccountRegion, changes: Iterable[Change]) -> Objects:
    kinds = Kind.SERVER_CERTIFICATE, Kind.CA_CERTIFICATE, Kind.ACCESS_LIST
    return _wholes(place, changes, *kinds)


def _wholes(
    place: LoadBalancer | AccountRegion, changes: Iterable[Change], *kinds: Kind
) -> Objects:
    """The objects of some kinds that the changes are about or belong to, with their parts."""
    observed = Observed(place)
    owners = {change.owner for change in changes if change.owner[0] in kinds}
    return {
        # The first of an object is itself.
        (kind if number == 0 else Kind.ACCESS_ENTRY, key): values
        for kind, owner in sorted(owners)
        for number, (key, values) in enumerate(observed.whole(kind, str(owner[0])).items())
    }
