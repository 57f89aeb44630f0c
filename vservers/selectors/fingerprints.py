"""What a person saw: an edit made on an outdated picture is told by these."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from vservers.models import Listener, LoadBalancer, Rule, VServerGroup


def fingerprint(group: VServerGroup) -> str:
    """What a person saw of a group: changes when its name, a server, a port or a weight does."""
    return fingerprint_of(group_picture(group))


def group_picture(group: VServerGroup) -> list[Any]:
    """[name, [[server_id, server_ip, port, weight, type, description], ...]]"""
    rows = [
        [one.server_id, one.server_ip, one.port, one.weight, one.type, one.description]
        for one in group.members.all()
    ]
    return [group.name, sorted(rows)]


def balancer_fingerprint(load_balancer: LoadBalancer, names: Iterable[str]) -> str:
    """What a person saw of some settings of a load balancer itself."""
    return fingerprint_of({name: getattr(load_balancer, name) for name in names})


def pool_fingerprint(load_balancer: LoadBalancer) -> str:
    """What a person saw of the default server pool."""
    return fingerprint_of(pool_picture(load_balancer))


def pool_picture(load_balancer: LoadBalancer) -> list[Any]:
    """[[server_id, server_ip, weight, type], ...]"""
    rows = load_balancer.pool_servers.values_list("server_id", "server_ip", "weight", "type")
    return sorted(map(list, rows))


def listener_fingerprint(listener: Listener) -> str:
    """What a person saw of a listener's settings; its status does not count."""
    return fingerprint_of(listener_picture(listener))


def listener_picture(listener: Listener) -> list[Any]:
    """[vserver_group_id, backend_server_port, description, settings, primary/secondary group]"""
    return [
        listener.vserver_group_id,
        listener.backend_server_port,
        listener.description,
        listener.settings,
        listener.master_slave_server_group_id,
    ]


def rule_fingerprint(rule: Rule) -> str:
    return fingerprint_of(rule_picture(rule))


def rule_picture(rule: Rule) -> list[Any]:
    """[name, vserver_group_id, settings of its own or {}]"""
    return [rule.name, rule.vserver_group_id, rule.settings]


def fingerprint_of(picture: object) -> str:
    text = json.dumps(picture, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
