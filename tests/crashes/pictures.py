"""A place as the cloud has it, and as the mirror has it, in the same terms."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vservers.cloud import Cloud, CloudRefused
from vservers.cloud.types import BackendServer
from vservers.models import (
    AccessControlList,
    CACertificate,
    DomainExtension,
    LoadBalancer,
    Rule,
    ServerCertificate,
)
from vservers.services.changes import pair_values
from vservers.services.observing import balancer_values, held_members, held_pair, held_pool

Servers = tuple[BackendServer, ...]
Settings = Mapping[str, Any]


@dataclass(frozen=True)
class GroupPicture:
    name: str
    servers: Servers
    tags: dict[str, str]

    @property
    def weights(self) -> dict[tuple[str, int], int]:
        """{(server_id, port): weight}; a server that came twice would be seen as an error."""
        found = {(one.server_id, one.port or 0): one.weight for one in self.servers}
        assert len(found) == len(self.servers), "a member is there twice"
        return found


@dataclass(frozen=True)
class Picture:
    """One load balancer.

    groups and pairs by ID, listeners by (protocol, port), rules by (protocol, port, domain, url),
    extensions, of which the certificate is told, by (port, domain).
    """

    itself: dict[str, Any]
    tags: dict[str, str]
    groups: dict[str, GroupPicture]
    listeners: dict[tuple[str, int], dict[str, Any]]
    rules: dict[tuple[str, int, str, str], dict[str, Any]]
    pool: Servers
    pairs: dict[str, dict[str, Any]]
    extensions: dict[tuple[int, str], str]

    @property
    def http(self) -> dict[str, Any]:
        """The HTTP listener on port 80."""
        return self.listeners.get(("http", 80), {})

    def group_named(self, name: str) -> str:
        return next(group_id for group_id, group in self.groups.items() if group.name == name)


@dataclass(frozen=True)
class RegionPicture:
    """What a region has of which the name ends with a text.

    By name, for what has one twice was made twice: fingerprints of certificates, networks of access
    lists, and what can be changed of load balancers.
    """

    certificates: list[tuple[str, str]]
    ca_certificates: list[tuple[str, str]]
    lists: list[tuple[str, dict[str, str]]]
    balancers: list[tuple[str, dict[str, Any]]]


def _in_order(servers: Iterable[BackendServer]) -> Servers:
    return tuple(sorted(servers, key=lambda one: (one.server_id, one.port or 0, one.server_ip)))


def in_cloud(cloud: Cloud, load_balancer_id: str) -> Picture | None:
    """Read from the cloud, past the mirror; None where it is not there."""
    slb = cloud.slb
    try:
        detail = slb.describe_load_balancer_attribute(load_balancer_id)
    except CloudRefused as error:
        assert error.is_missing, error
        return None
    found = [
        slb.describe_vserver_group_attribute(group.vserver_group_id)
        for group in slb.describe_vserver_groups(load_balancer_id)
    ]
    pairs = [
        slb.describe_master_slave_group(one.group_id)
        for one in slb.describe_master_slave_groups(load_balancer_id)
    ]
    listeners = list(slb.describe_listeners(load_balancer_id))
    return Picture(
        itself={name: getattr(detail.balancer, name) for name in balancer_values(LoadBalancer())},
        tags=detail.balancer.tags,
        groups={
            one.vserver_group_id: GroupPicture(one.name, _in_order(one.servers), one.tags)
            for one in found
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
                "settings": asdict(rule.settings) if rule.settings else {},
            }
            for one in listeners
            for rule in slb.describe_rules(load_balancer_id, one.protocol, one.port)
        },
        pool=_in_order(detail.pool),
        pairs={one.group.group_id: pair_values(one.group.name, one.servers) for one in pairs},
        extensions={
            (one.port, extension.domain): extension.certificate_id
            for one in listeners
            if one.protocol == "https"
            for extension in slb.describe_domain_extensions(load_balancer_id, one.port)
        },
    )


def in_mirror(load_balancer_id: str) -> Picture | None:
    balancer = LoadBalancer.objects.filter(pk=load_balancer_id).first()
    if balancer is None:
        return None
    rules = Rule.objects.filter(listener__load_balancer=balancer).select_related("listener")
    extensions = DomainExtension.objects.filter(listener__load_balancer=balancer)
    return Picture(
        itself=balancer_values(balancer),
        tags=balancer.tags,
        groups={
            group.pk: GroupPicture(group.name, _in_order(held_members(group)), group.tags)
            for group in balancer.vserver_groups.all()
        },
        listeners={
            (one.protocol, one.port): {
                "status": one.status,
                "vserver_group_id": one.vserver_group_id or "",
                "backend_server_port": one.backend_server_port,
                "description": one.description,
                **one.settings,
            }
            for one in balancer.listeners.all()
        },
        rules={
            (rule.listener.protocol, rule.listener.port, rule.domain, rule.url): {
                "rule_id": rule.pk,
                "name": rule.name,
                "vserver_group_id": rule.vserver_group_id or "",
                "settings": rule.settings,
            }
            for rule in rules
        },
        pool=_in_order(held_pool(balancer.pk)),
        pairs={group.pk: held_pair(group) for group in balancer.master_slave_groups.all()},
        extensions={
            (row.listener.port, row.domain): row.server_certificate_id
            for row in extensions.select_related("listener")
        },
    )


def region_in_cloud(cloud: Cloud, ending: str) -> RegionPicture:
    slb = cloud.slb
    lists = [
        slb.describe_access_control_list(one.acl_id)
        for one in slb.describe_access_control_lists()
        if one.name.endswith(ending)
    ]
    return RegionPicture(
        certificates=_named(slb.describe_server_certificates(), ending),
        ca_certificates=_named(slb.describe_ca_certificates(), ending),
        lists=sorted((one.acl.name, dict(one.entries)) for one in lists),
        balancers=[
            (one.name, {name: getattr(one, name) for name in balancer_values(LoadBalancer())})
            for one in slb.describe_load_balancers()
            if one.name.endswith(ending)
        ],
    )


def region_in_mirror(ending: str) -> RegionPicture:
    return RegionPicture(
        certificates=_named(ServerCertificate.objects.all(), ending),
        ca_certificates=_named(CACertificate.objects.all(), ending),
        lists=sorted(
            (one.name, dict(one.entries.values_list("network", "comment")))
            for one in AccessControlList.objects.filter(name__endswith=ending)
        ),
        balancers=[
            (one.name, balancer_values(one))
            for one in LoadBalancer.objects.filter(name__endswith=ending)
        ],
    )


def _named(certificates: Iterable[Any], ending: str) -> list[tuple[str, str]]:
    return sorted((one.name, one.fingerprint) for one in certificates if one.name.endswith(ending))
