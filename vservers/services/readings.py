"""Reading parts of the cloud, and writing what was read to the mirror.

A reader asks the cloud, outside of any transaction, and returns a writer; the writer makes the
mirror say the same, inside one. Nothing else writes mirror rows.
"""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import datetime

from django.db.models import Model, Q
from django.utils import timezone

from vservers.cloud import Cloud, CloudRefused
from vservers.cloud import types as api
from vservers.models import (
    Listener,
    LoadBalancer,
    Member,
    PoolServer,
    Rule,
    ServerHealth,
    VServerGroup,
)

Writer = Callable[[], None]
Reader = Callable[[Cloud], Writer]


def _upsert(rows: list[Model], *, key: list[str], also: list[str]) -> None:
    if rows:
        type(rows[0])._default_manager.bulk_create(
            rows, update_conflicts=True, unique_fields=key, update_fields=also, batch_size=1000
        )


def together(readers: Iterable[Reader]) -> Reader:
    """Several readings as one."""

    def read(cloud: Cloud) -> Writer:
        writers = [reader(cloud) for reader in readers]

        def write() -> None:
            for one in writers:
                one()

        return write

    return read


def whole_balancer(load_balancer_id: str) -> Reader:
    """All of one load balancer: itself, pool, groups with servers, listeners, rules, health."""
    parts = together(
        [
            attributes_and_pool(load_balancer_id),
            all_groups(load_balancer_id),
            listeners(load_balancer_id),
            health(load_balancer_id),
        ]
    )

    def read(cloud: Cloud) -> Writer:
        read_at = timezone.now()
        write_parts = parts(cloud)

        def write() -> None:
            write_parts()
            LoadBalancer.objects.filter(pk=load_balancer_id).update(synced_at=read_at)

        return write

    return read


def attributes_and_pool(load_balancer_id: str) -> Reader:
    """The load balancer itself and its default server pool."""

    def read(cloud: Cloud) -> Writer:
        detail = cloud.slb.describe_load_balancer_attribute(load_balancer_id)

        def write() -> None:
            LoadBalancer.objects.filter(pk=load_balancer_id).update(
                **balancer_columns(detail.balancer),
                data_plane_status=detail.data_plane_status,
                data_plane_reason=detail.data_plane_reason,
            )
            rows = [
                PoolServer(
                    load_balancer_id=load_balancer_id,
                    server_id=server.server_id,
                    server_ip=server.server_ip,
                    weight=server.weight,
                    type=server.type,
                    description=server.description,
                )
                for server in detail.pool
            ]
            PoolServer.objects.filter(load_balancer_id=load_balancer_id).exclude(
                _any_of([Q(server_id=row.server_id, server_ip=row.server_ip) for row in rows])
            ).delete()
            _upsert(
                list(rows),
                key=["load_balancer", "server", "server_ip"],
                also=["weight", "type", "description"],
            )

        return write

    return read


def all_groups(load_balancer_id: str) -> Reader:
    """Every VServer group of a load balancer with its servers: one call, and one per group."""

    def read(cloud: Cloud) -> Writer:
        read_at = timezone.now()
        details = [
            detail
            for group in cloud.slb.describe_vserver_groups(load_balancer_id)
            if (detail := _group_detail(cloud, group.vserver_group_id))
        ]

        def write() -> None:
            VServerGroup.objects.filter(load_balancer_id=load_balancer_id).exclude(
                pk__in=[detail.vserver_group_id for detail in details]
            ).delete()
            _write_groups(load_balancer_id, details, read_at)

        return write

    return read


def one_group(load_balancer_id: str, vserver_group_id: str) -> Reader:
    """One VServer group with its servers; gone from the mirror when gone from the cloud."""

    def read(cloud: Cloud) -> Writer:
        read_at = timezone.now()
        detail = _group_detail(cloud, vserver_group_id)

        def write() -> None:
            if detail is None:
                VServerGroup.objects.filter(pk=vserver_group_id).delete()
            else:
                _write_groups(load_balancer_id, [detail], read_at)

        return write

    return read


def _group_detail(cloud: Cloud, vserver_group_id: str) -> api.VServerGroupDetail | None:
    try:
        return cloud.slb.describe_vserver_group_attribute(vserver_group_id)
    except CloudRefused as error:
        if error.is_missing:
            return None
        raise


def _write_groups(
    load_balancer_id: str, details: Iterable[api.VServerGroupDetail], read_at: datetime
) -> None:
    details = list(details)
    _upsert(
        [
            VServerGroup(
                vserver_group_id=detail.vserver_group_id,
                load_balancer_id=load_balancer_id,
                name=detail.name,
                created_at=detail.created_at,
                synced_at=read_at,
            )
            for detail in details
        ],
        key=["vserver_group_id"],
        also=["name", "created_at", "synced_at"],
    )
    wanted = {
        (detail.vserver_group_id, server.server_id, server.server_ip, server.port or 0): server
        for detail in details
        for server in detail.servers
    }
    held = Member.objects.filter(group__in=[detail.vserver_group_id for detail in details])
    gone = [
        pk
        for pk, *key in held.values_list("pk", "group_id", "server_id", "server_ip", "port")
        if tuple(key) not in wanted
    ]
    Member.objects.filter(pk__in=gone).delete()
    _upsert(
        [
            Member(
                group_id=group_id,
                server_id=server_id,
                server_ip=server_ip,
                port=port,
                weight=server.weight,
                type=server.type,
                description=server.description,
            )
            for (group_id, server_id, server_ip, port), server in wanted.items()
        ],
        key=["group", "server", "server_ip", "port"],
        also=["weight", "type", "description"],
    )


def listeners(load_balancer_id: str) -> Reader:
    """Every listener of a load balancer, with the forwarding rules of the layer-7 ones."""

    def read(cloud: Cloud) -> Writer:
        found = list(cloud.slb.describe_listeners(load_balancer_id))
        rules = {
            (listener.protocol, listener.port): cloud.slb.describe_rules(
                load_balancer_id, listener.protocol, listener.port
            )
            for listener in found
            if listener.protocol in {"http", "https"}
        }

        def write() -> None:
            keys = set(rules) | {(listener.protocol, listener.port) for listener in found}
            Listener.objects.filter(load_balancer_id=load_balancer_id).exclude(
                _any_of([Q(protocol=protocol, port=port) for protocol, port in keys])
            ).delete()
            groups = _known_groups(load_balancer_id)
            _upsert(
                [_listener_row(listener, groups) for listener in found],
                key=["load_balancer", "protocol", "port"],
                also=[
                    "status",
                    "backend_server_port",
                    "vserver_group",
                    "description",
                    "scheduler",
                    "health_check",
                    "forward_port",
                    "settings",
                    "served_at",
                    "served_notice",
                ],
            )
            rows = Listener.objects.filter(load_balancer_id=load_balancer_id)
            ids = {(row.protocol, row.port): row.pk for row in rows}
            Rule.objects.filter(listener__load_balancer_id=load_balancer_id).exclude(
                pk__in=[rule.rule_id for some in rules.values() for rule in some]
            ).delete()
            _upsert(
                [
                    Rule(
                        rule_id=rule.rule_id,
                        listener_id=ids[key],
                        name=rule.name,
                        domain=rule.domain,
                        url=rule.url,
                        vserver_group_id=_if_known(rule.vserver_group_id, groups),
                        scheduler=rule.scheduler,
                    )
                    for key, some in rules.items()
                    for rule in some
                ],
                key=["rule_id"],
                also=["listener", "name", "domain", "url", "vserver_group", "scheduler"],
            )

        return write

    return read


def health(load_balancer_id: str) -> Reader:
    """What the health checks of all listeners of a load balancer say now."""

    def read(cloud: Cloud) -> Writer:
        read_at = timezone.now()
        found = cloud.slb.describe_health_status(load_balancer_id)

        def write() -> None:
            rows = Listener.objects.filter(load_balancer_id=load_balancer_id)
            ids = {(row.protocol, row.port): row.pk for row in rows}
            # One server and port may come twice, by two groups of one listener: the worse counts.
            worst: dict[tuple[int, str, int], str] = {}
            for item in found:
                listener_id = ids.get((item.protocol, item.listener_port))
                if listener_id is None or item.status not in ServerHealth.Status:
                    continue
                key = (listener_id, item.server_id, item.port)
                worst[key] = ServerHealth.worse(worst.get(key, item.status), item.status)
            ServerHealth.objects.filter(
                listener__load_balancer_id=load_balancer_id, read_at__lt=read_at
            ).delete()
            _upsert(
                [
                    ServerHealth(
                        listener_id=listener_id,
                        server_id=server_id,
                        port=port,
                        status=status,
                        read_at=read_at,
                    )
                    for (listener_id, server_id, port), status in worst.items()
                ],
                key=["listener", "server_id", "port"],
                also=["status", "read_at"],
            )

        return write

    return read


def balancer_columns(balancer: api.LoadBalancer) -> dict[str, object]:
    """A load balancer of an answer as columns of the mirror, without its ID and region."""
    columns = asdict(balancer)
    del columns["load_balancer_id"], columns["region_id"]
    return columns


def _listener_row(listener: api.Listener, groups: set[str]) -> Listener:
    return Listener(
        load_balancer_id=listener.load_balancer_id,
        protocol=listener.protocol,
        port=listener.port,
        status=listener.status,
        backend_server_port=listener.backend_server_port,
        vserver_group_id=_if_known(listener.vserver_group_id, groups),
        description=listener.description,
        scheduler=listener.scheduler,
        health_check=listener.health_check,
        forward_port=listener.forward_port,
        settings=asdict(listener.settings) if listener.settings else {},
        served_at=listener.served_at,
        served_notice=listener.served_notice,
    )


def _known_groups(load_balancer_id: str) -> set[str]:
    rows = VServerGroup.objects.filter(load_balancer_id=load_balancer_id)
    return set(rows.values_list("pk", flat=True))


def _if_known(vserver_group_id: str, groups: set[str]) -> str | None:
    """A group made between two reads is unknown for a moment; the next read links it."""
    return vserver_group_id if vserver_group_id in groups else None


def _any_of(conditions: list[Q]) -> Q:
    """Either of the conditions; nothing where there are none."""
    either = Q(pk__in=[])
    for condition in conditions:
        either |= condition
    return either
