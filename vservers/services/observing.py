"""The mirror in the terms of changes: how each object stands that a change is about."""

from collections.abc import Callable, Iterable
from typing import Any

from django.db.models import Model, QuerySet

from vservers.cloud.types import BackendServer
from vservers.models import (
    AccessControlList,
    AccountRegion,
    CACertificate,
    DomainExtension,
    Listener,
    LoadBalancer,
    MasterSlaveGroup,
    MasterSlaveMember,
    Member,
    PoolServer,
    Rule,
    ServerCertificate,
    VServerGroup,
)

from .changes import (
    INSTANCE,
    Change,
    Key,
    Kind,
    Values,
    agrees,
    kinds_of_parts,
    member_key,
    pair_values,
    server_values,
)

# What a listener is on its way to: the change that sent it there is done.
_HEADED_FOR = {"starting": "running", "stopping": "stopped", "configuring": "running"}


def held_members(group: VServerGroup) -> list[BackendServer]:
    """The members of the mirror as the cloud's values."""
    return [_held(member, port=member.port) for member in group.members.all()]


def held_pool(load_balancer_id: str) -> list[BackendServer]:
    """The default server pool of the mirror as the cloud's values."""
    return [_held(server) for server in PoolServer.objects.filter(load_balancer=load_balancer_id)]


def _held(
    row: Member | PoolServer | MasterSlaveMember, *, port: int | None = None
) -> BackendServer:
    return BackendServer(
        server_id=row.server_id or "",
        port=port,
        weight=row.weight,
        type=row.type,
        server_ip=row.server_ip,
        description=row.description,
    )


def listener_values(listener: Listener) -> dict[str, Any]:
    """All that a listener is told."""
    return {
        "status": _HEADED_FOR.get(listener.status, listener.status),
        "vserver_group_id": listener.vserver_group_id or "",
        "master_slave_server_group_id": listener.master_slave_server_group_id,
        "backend_server_port": listener.backend_server_port,
        "description": listener.description,
        "forward_port": listener.forward_port,
        **listener.settings,
    }


def rule_values(rule: Rule) -> dict[str, Any]:
    return {
        "rule_id": rule.pk,
        "name": rule.name,
        "vserver_group_id": rule.vserver_group_id or "",
        "listener_sync": "off" if rule.settings else "on",
        "scheduler": rule.scheduler,
        **rule.settings,
    }


def balancer_values(load_balancer: LoadBalancer) -> dict[str, Any]:
    """What can be changed of a load balancer itself."""
    return {
        "name": load_balancer.name,
        "status": load_balancer.status,
        "spec": load_balancer.spec,
        "internet_charge_type": load_balancer.internet_charge_type,
        "bandwidth": load_balancer.bandwidth,
        "delete_protection": load_balancer.delete_protection,
        "modification_protection": load_balancer.modification_protection,
        "modification_protection_reason": load_balancer.modification_protection_reason,
    }


def made_with(load_balancer: LoadBalancer) -> dict[str, Any]:
    """What a load balancer is made with and keeps."""
    return {
        "address_type": load_balancer.address_type,
        "vpc_id": load_balancer.vpc_id,
        "vswitch_id": load_balancer.vswitch_id,
        "master_zone_id": load_balancer.master_zone_id,
        "slave_zone_id": load_balancer.slave_zone_id,
        "charge_type": load_balancer.charge_type,
        "ip_version": load_balancer.ip_version,
        "resource_group_id": load_balancer.resource_group_id,
    }


def rule_key(listener: Listener, domain: str, url: str) -> Key:
    return listener.protocol, listener.port, domain, url


def extension_values(extension: DomainExtension) -> dict[str, Any]:
    return {
        "domain_extension_id": extension.pk,
        "server_certificate_id": extension.server_certificate_id,
    }


def extensions_of(load_balancer: LoadBalancer) -> QuerySet[DomainExtension]:
    """With their listeners."""
    rows = DomainExtension.objects.filter(listener__load_balancer=load_balancer)
    return rows.select_related("listener")


def held_pair(group: MasterSlaveGroup) -> dict[str, Any]:
    """A primary/secondary group of the mirror as changes have it."""
    return pair_values(
        group.name,
        [(member.role, _held(member, port=member.port)) for member in group.members.all()],
    )


class Observed:
    """What the mirror holds of one place; each part is read once, when it is asked for."""

    def __init__(self, place: LoadBalancer | AccountRegion) -> None:
        self._place: Any = place
        self._wholes: dict[tuple[Kind, str], dict[Key, Values]] = {}
        self._others: dict[Kind, dict[Key, Values]] = {}
        self._tags: dict[tuple[str, ...], dict[str, str]] = {}

    def find(self, change: Change) -> Values | None:
        """The object that the change is about, as it is now; None when it is not there."""
        kind, owner = change.owner
        if kind in _WHOLES:
            return self.whole(kind, str(owner[0])).get(change.key)
        if change.kind is Kind.TAG:
            return self._find_tag(*change.key)
        return self._all(change.kind).get(change.key)

    def _all(self, kind: Kind) -> dict[Key, Values]:
        if kind not in self._others:
            self._others[kind] = _LISTS[kind](self._place)
        return self._others[kind]

    def parts(self, change: Change) -> list[Change]:
        """What the object of a change consists of now, as changes that take each part away."""
        key = change.key
        return [
            Change(kind, part, values, None)
            for kind in kinds_of_parts(change.kind)
            for part, values in (
                self.whole(change.kind, str(key[0])) if change.kind in _WHOLES else self._all(kind)
            ).items()
            if len(part) > len(key) and part[: len(key)] == key
        ]

    def whole(self, kind: Kind, object_id: str) -> dict[Key, Values]:
        """An object that has an ID, with its parts; empty when it is not there."""
        if (kind, object_id) not in self._wholes:
            self._wholes[kind, object_id] = _WHOLES[kind](self._place, object_id)
        return self._wholes[kind, object_id]

    def is_before(self, change: Change) -> bool:
        return agrees(self.find(change), change.before)

    def is_after(self, change: Change) -> bool:
        return agrees(self.find(change), change.after)

    def is_in_between(self, change: Change) -> bool:
        """Whether a listener is still on its way to the status that it was given."""
        if change.kind is not Kind.LISTENER:
            return False
        protocol, port = change.key
        found = Listener.objects.filter(load_balancer=self._place, protocol=protocol, port=port)
        return found.filter(status__in=_HEADED_FOR).exists()

    def all_after(self, changes: Iterable[Change]) -> bool:
        return all(self.is_after(change) for change in changes)

    def _find_tag(self, resource_type: str | int, resource_id: str | int, key: str | int) -> Any:
        place = str(resource_type), str(resource_id)
        if place not in self._tags:
            rows: QuerySet[Any] = (
                LoadBalancer.objects.filter(pk=resource_id)
                if resource_type == INSTANCE
                else self._place.vserver_groups.filter(pk=resource_id)
            )
            self._tags[place] = rows.values_list("tags", flat=True).first() or {}
        value = self._tags[place].get(str(key))
        return None if value is None else {"value": value}


def _group(load_balancer: LoadBalancer, group_id: str) -> dict[Key, Values]:
    group = load_balancer.vserver_groups.filter(pk=group_id).first()
    if group is None:
        return {}
    found: dict[Key, Values] = {(group_id,): {"name": group.name}}
    for server in held_members(group):
        found[member_key(group_id, server)] = server_values(server)
    return found


def _pair(load_balancer: LoadBalancer, group_id: str) -> dict[Key, Values]:
    group = load_balancer.master_slave_groups.filter(pk=group_id).first()
    return {(group_id,): held_pair(group)} if group else {}


def _certificate(
    model: type[ServerCertificate | CACertificate],
) -> Callable[[AccountRegion, str], dict[Key, Values]]:
    def read(place: AccountRegion, certificate_id: str) -> dict[Key, Values]:
        row = of_region(model, place).filter(pk=certificate_id).first()
        if row is None:
            return {}
        return {(certificate_id,): {"name": row.name, "fingerprint": row.fingerprint}}

    return read


def _access_list(place: AccountRegion, acl_id: str) -> dict[Key, Values]:
    row = of_region(AccessControlList, place).filter(pk=acl_id).first()
    if row is None:
        return {}
    found: dict[Key, Values] = {(acl_id,): {"name": row.name, "ip_version": row.ip_version}}
    for entry in row.entries.all():
        found[acl_id, entry.network] = {"comment": entry.comment}
    return found


def _balancer(place: LoadBalancer | AccountRegion, balancer_id: str) -> dict[Key, Values]:
    rows = LoadBalancer.objects.filter(pk=balancer_id)
    return {(row.pk,): {**balancer_values(row), **made_with(row), "tags": row.tags} for row in rows}


def _pool(load_balancer: LoadBalancer) -> dict[Key, Values]:
    return {
        (server.server_id, server.server_ip): server_values(server)
        for server in held_pool(load_balancer.pk)
    }


def _listeners(load_balancer: LoadBalancer) -> dict[Key, Values]:
    rows = Listener.objects.filter(load_balancer=load_balancer)
    return {(item.protocol, item.port): listener_values(item) for item in rows}


def _rules(load_balancer: LoadBalancer) -> dict[Key, Values]:
    rules = Rule.objects.filter(listener__load_balancer=load_balancer).select_related("listener")
    return {rule_key(rule.listener, rule.domain, rule.url): rule_values(rule) for rule in rules}


def _extensions(load_balancer: LoadBalancer) -> dict[Key, Values]:
    return {
        (row.listener.protocol, row.listener.port, row.domain): extension_values(row)
        for row in extensions_of(load_balancer)
    }


# The kinds with IDs, each read whole, and those of which a place's are read together.
_WHOLES: dict[Kind, Callable[[Any, str], dict[Key, Values]]] = {
    Kind.BALANCER: _balancer,
    Kind.GROUP: _group,
    Kind.PAIR: _pair,
    Kind.SERVER_CERTIFICATE: _certificate(ServerCertificate),
    Kind.CA_CERTIFICATE: _certificate(CACertificate),
    Kind.ACCESS_LIST: _access_list,
}
_LISTS: dict[Kind, Callable[[Any], dict[Key, Values]]] = {
    Kind.POOL_SERVER: _pool,
    Kind.LISTENER: _listeners,
    Kind.RULE: _rules,
    Kind.EXTENSION: _extensions,
}
_MODELS: dict[Kind, type[Model]] = {
    Kind.BALANCER: LoadBalancer,
    Kind.GROUP: VServerGroup,
    Kind.PAIR: MasterSlaveGroup,
    Kind.SERVER_CERTIFICATE: ServerCertificate,
    Kind.CA_CERTIFICATE: CACertificate,
    Kind.ACCESS_LIST: AccessControlList,
}


def of_region[M: Model](model: type[M], place: AccountRegion) -> QuerySet[M]:
    """The rows of a model that are of one region of one account."""
    rows: QuerySet[M] = model._default_manager.all()
    return rows.filter(account=place.account_id, region=place.region_id)


def ids_named(place: LoadBalancer | AccountRegion, kind: Kind, name: str) -> list[str]:
    """The IDs of the objects of a kind that have this name, of a place."""
    model = _MODELS[kind]
    if isinstance(place, LoadBalancer):
        rows = model._default_manager.filter(load_balancer=place)
    else:
        rows = of_region(model, place)
    return [str(pk) for pk in rows.filter(name=name).order_by("pk").values_list("pk", flat=True)]
