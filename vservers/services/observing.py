"""The mirror in the terms of changes: how each object stands that a change is about."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from vservers.cloud.types import BackendServer
from vservers.models import Listener, LoadBalancer, PoolServer, Rule, VServerGroup

from .changes import INSTANCE, Change, Key, Kind, Values, agrees, member_key, server_values

# What a listener is on its way to: the change that sent it there is done.
_HEADED_FOR = {"starting": "running", "stopping": "stopped", "configuring": "running"}


def held_members(group: VServerGroup) -> list[BackendServer]:
    """The members of the mirror as the cloud's values."""
    return [
        BackendServer(
            server_id=member.server_id or "",
            port=member.port,
            weight=member.weight,
            type=member.type,
            server_ip=member.server_ip,
            description=member.description,
        )
        for member in group.members.all()
    ]


def held_pool(load_balancer_id: str) -> list[BackendServer]:
    """The default server pool of the mirror as the cloud's values."""
    return [
        BackendServer(
            server_id=server.server_id or "",
            weight=server.weight,
            type=server.type,
            server_ip=server.server_ip,
            description=server.description,
        )
        for server in PoolServer.objects.filter(load_balancer=load_balancer_id)
    ]


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


def rule_key(listener: Listener, domain: str, url: str) -> Key:
    return listener.protocol, listener.port, domain, url


class Observed:
    """What the mirror holds of one load balancer; each part is read once, when it is asked for."""

    def __init__(self, load_balancer: LoadBalancer) -> None:
        self._load_balancer = load_balancer
        self._groups: dict[str, dict[Key, Values]] = {}
        self._others: dict[Kind, dict[Key, Values]] = {}
        self._tags: dict[tuple[str, ...], dict[str, str]] = {}

    def find(self, change: Change) -> Values | None:
        """The object that the change is about, as it is now; None when it is not there."""
        if change.kind in {Kind.GROUP, Kind.MEMBER}:
            group_id = str(change.key[0])
            if group_id not in self._groups:
                self._groups[group_id] = self._read_group(group_id)
            return self._groups[group_id].get(change.key)
        if change.kind is Kind.TAG:
            return self._find_tag(*change.key)
        if change.kind not in self._others:
            self._others[change.kind] = self._read(change.kind)
        return self._others[change.kind].get(change.key)

    def is_before(self, change: Change) -> bool:
        return agrees(self.find(change), change.before)

    def is_after(self, change: Change) -> bool:
        return agrees(self.find(change), change.after)

    def is_in_between(self, change: Change) -> bool:
        """Whether a listener is still on its way to the status that it was given."""
        if change.kind is not Kind.LISTENER:
            return False
        protocol, port = change.key
        found = Listener.objects.filter(
            load_balancer=self._load_balancer, protocol=protocol, port=port
        )
        return found.filter(status__in=_HEADED_FOR).exists()

    def all_after(self, changes: Iterable[Change]) -> bool:
        return all(self.is_after(change) for change in changes)

    def _find_tag(self, resource_type: str | int, resource_id: str | int, key: str | int) -> Any:
        place = str(resource_type), str(resource_id)
        if place not in self._tags:
            rows: QuerySet[Any] = (
                LoadBalancer.objects.filter(pk=resource_id)
                if resource_type == INSTANCE
                else self._load_balancer.vserver_groups.filter(pk=resource_id)
            )
            self._tags[place] = rows.values_list("tags", flat=True).first() or {}
        value = self._tags[place].get(str(key))
        return None if value is None else {"value": value}

    def _read_group(self, group_id: str) -> dict[Key, Values]:
        group = self._load_balancer.vserver_groups.filter(pk=group_id).first()
        if group is None:
            return {}
        found: dict[Key, Values] = {(group_id,): {"name": group.name}}
        for server in held_members(group):
            found[member_key(group_id, server)] = server_values(server)
        return found

    def _read(self, kind: Kind) -> dict[Key, Values]:
        if kind is Kind.BALANCER:
            rows = LoadBalancer.objects.filter(pk=self._load_balancer.pk)
            return {(row.pk,): balancer_values(row) for row in rows}
        listeners = Listener.objects.filter(load_balancer=self._load_balancer)
        if kind is Kind.POOL_SERVER:
            return {
                (server.server_id, server.server_ip): server_values(server)
                for server in held_pool(self._load_balancer.pk)
            }
        if kind is Kind.LISTENER:
            return {(item.protocol, item.port): listener_values(item) for item in listeners}
        rules = Rule.objects.filter(listener__in=listeners).select_related("listener")
        return {rule_key(rule.listener, rule.domain, rule.url): rule_values(rule) for rule in rules}
