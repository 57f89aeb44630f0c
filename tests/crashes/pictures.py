"""One load balancer as the cloud has it, and as the mirror has it, in the same terms."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from vservers.cloud import Cloud
from vservers.cloud.types import BackendServer
from vservers.models import LoadBalancer, Rule
from vservers.services.observing import held_members, held_pool

Servers = tuple[BackendServer, ...]


@dataclass(frozen=True)
class GroupPicture:
    name: str
    servers: Servers

    @property
    def weights(self) -> dict[tuple[str, int], int]:
        """{(server_id, port): weight}; a server that came twice would be seen as an error."""
        found = {(one.server_id, one.port or 0): one.weight for one in self.servers}
        assert len(found) == len(self.servers), "a member is there twice"
        return found


@dataclass(frozen=True)
class Picture:
    """groups by ID, listeners by (protocol, port), rules by (protocol, port, domain, url)."""

    groups: dict[str, GroupPicture]
    listeners: dict[tuple[str, int], dict[str, Any]]
    rules: dict[tuple[str, int, str, str], dict[str, str]]
    pool: Servers


def _in_order(servers: Iterable[BackendServer]) -> Servers:
    return tuple(sorted(servers, key=lambda one: (one.server_id, one.port or 0, one.server_ip)))


def in_cloud(cloud: Cloud, load_balancer_id: str) -> Picture:
    """Read from the cloud, past the mirror."""
    slb = cloud.slb
    found = [
        slb.describe_vserver_group_attribute(group.vserver_group_id)
        for group in slb.describe_vserver_groups(load_balancer_id)
    ]
    listeners = list(slb.describe_listeners(load_balancer_id))
    return Picture(
        groups={
            one.vserver_group_id: GroupPicture(one.name, _in_order(one.servers)) for one in found
        },
        listeners={
            (one.protocol, one.port): {
                "status": one.status,
                "vserver_group_id": one.vserver_group_id,
                "backend_server_port": one.backend_server_port,
                "description": one.description,
                **(asdict(one.settings) if one.settings else {}),
            }
            for one in listeners
        },
        rules={
            (one.protocol, one.port, rule.domain, rule.url): {
                "rule_id": rule.rule_id,
                "name": rule.name,
                "vserver_group_id": rule.vserver_group_id,
            }
            for one in listeners
            for rule in slb.describe_rules(load_balancer_id, one.protocol, one.port)
        },
        pool=_in_order(slb.describe_load_balancer_attribute(load_balancer_id).pool),
    )


def in_mirror(load_balancer: LoadBalancer) -> Picture:
    return Picture(
        groups={
            group.pk: GroupPicture(group.name, _in_order(held_members(group)))
            for group in load_balancer.vserver_groups.all()
        },
        listeners={
            (one.protocol, one.port): {
                "status": one.status,
                "vserver_group_id": one.vserver_group_id or "",
                "backend_server_port": one.backend_server_port,
                "description": one.description,
                **one.settings,
            }
            for one in load_balancer.listeners.all()
        },
        rules={
            (rule.listener.protocol, rule.listener.port, rule.domain, rule.url): {
                "rule_id": rule.pk,
                "name": rule.name,
                "vserver_group_id": rule.vserver_group_id or "",
            }
            for rule in Rule.objects.filter(listener__load_balancer=load_balancer).select_related(
                "listener"
            )
        },
        pool=_in_order(held_pool(load_balancer.pk)),
    )
