"""What a person saw: an edit made on an outdated picture is told by these."""

import hashlib
import json

from vservers.models import Listener, LoadBalancer, Rule, VServerGroup


def fingerprint(group: VServerGroup) -> str:
    """What a person saw of a group: changes when its name, a server, a port or a weight does."""
    picture = [
        group.name,
        sorted(
            group.members.values_list(
                "server_id", "server_ip", "port", "weight", "type", "description"
            )
        ),
    ]
    return fingerprint_of(picture)


def pool_fingerprint(load_balancer: LoadBalancer) -> str:
    """What a person saw of the default server pool."""
    rows = load_balancer.pool_servers.values_list("server_id", "server_ip", "weight", "type")
    return fingerprint_of(sorted(rows))


def listener_fingerprint(listener: Listener) -> str:
    """What a person saw of a listener's settings; its status does not count."""
    return fingerprint_of(
        [
            listener.vserver_group_id,
            listener.backend_server_port,
            listener.description,
            listener.settings,
        ]
    )


def rule_fingerprint(rule: Rule) -> str:
    return fingerprint_of([rule.name, rule.vserver_group_id])


def fingerprint_of(picture: object) -> str:
    text = json.dumps(picture, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
