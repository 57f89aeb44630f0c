"""A load balancer itself and its default server pool."""

from typing import Any

from vservers.cloud import Cloud
from vservers.cloud import types as api
from vservers.models import LoadBalancer, PoolServer
from vservers.services.differences import (
    TAG,
    Difference,
    Kind,
    Written,
    compare,
    server_item,
)
from vservers.services.owners import owner_of

from .reader import Locked, Reader, Writer, stamped
from .rows import columns_of, differing, held, upsert

# Settings of a load balancer whose change is somebody's act; its status follows from other things.
_COMPARED = (
    "name", "address", "address_type", "network_type", "vpc_id", "vswitch_id", "spec",
    "master_zone_id", "slave_zone_id",
)  # fmt: skip
# As well, but for what older versions of the console did not read: there "" says nothing.
_COMPARED_IF_KNOWN = (
    "delete_protection", "modification_protection", "modification_protection_reason",
    "internet_charge_type", "bandwidth", "charge_type", "pay_type",
)  # fmt: skip
_POOL_KEY = ["load_balancer_id", "server_id", "server_ip"]
_POOL_VALUES = ["weight", "type", "description"]


def balancer_columns(balancer: api.LoadBalancer) -> dict[str, Any]:
    """A load balancer of an answer as columns of the mirror, without its ID and region."""
    columns = columns_of(balancer)
    del columns["load_balancer_id"], columns["region_id"]
    return {**columns, "owner": owner_of(name=balancer.name, tags=balancer.tags)}


def balancer_differences(before: LoadBalancer, columns: dict[str, Any]) -> list[Difference]:
    """What is other of a load balancer that was known before."""
    known = before.delete_protection != ""
    fields = _COMPARED + (_COMPARED_IF_KNOWN if known else ())
    was = {field: getattr(before, field) for field in fields}
    now = {field: columns[field] for field in fields}
    name = columns["name"]
    found = compare(Kind.BALANCER, before.pk, name, was, now)
    tags_were, tags = before.tags, columns["tags"]
    return found + [
        Difference(Kind.BALANCER, before.pk, name, TAG, tags_were.get(key), tags.get(key), key)
        for key in sorted(tags_were.keys() | tags.keys())
        if tags_were.get(key) != tags.get(key)
    ]


def attributes_and_pool(load_balancer_id: str) -> Reader[Locked]:
    """The load balancer itself and its default server pool."""

    def read(cloud: Cloud) -> Writer[Locked]:
        detail = cloud.slb.describe_load_balancer_attribute(load_balancer_id)

        def write(locked: Locked) -> Written:
            was, now = locked.balancer, balancer_columns(detail.balancer)
            differences = balancer_differences(was, now)
            differences += _write_pool(load_balancer_id, detail.balancer.name, detail.pool)
            now["data_plane_status"] = detail.data_plane_status
            now["data_plane_reason"] = detail.data_plane_reason
            same = all(getattr(was, name) == value for name, value in now.items())
            return Written(tuple(differences), 1 + len(detail.pool), {} if same else now)

        return write

    return stamped(read, "pool_at")


def _write_pool(
    load_balancer_id: str, name: str, pool: tuple[api.BackendServer, ...]
) -> list[Difference]:
    ids = {}
    before = {}
    for pk, server_id, server_ip, *values in held(
        PoolServer,
        ["id", "server_id", "server_ip", *_POOL_VALUES],
        "load_balancer_id = %s",
        load_balancer_id,
    ):
        before[server_id, server_ip] = tuple(values)
        ids[server_id, server_ip] = pk
    after = {
        (server.server_id, server.server_ip): (server.weight, server.type, server.description)
        for server in pool
    }
    gone = before.keys() - after.keys()
    changed = differing(before, after)
    if gone:
        PoolServer.objects.filter(pk__in=[ids[key] for key in gone]).delete()
    upsert(
        PoolServer,
        [*_POOL_KEY, *_POOL_VALUES],
        [(load_balancer_id, *key, *after[key]) for key in changed],
        key=_POOL_KEY,
    )
    return [
        Difference(
            Kind.POOL,
            load_balancer_id,
            name,
            "server",
            picture(before.get(key)),
            picture(after.get(key)),
            server_item(*key, None),
        )
        for key in [*changed, *sorted(gone)]
    ]


def picture(values: tuple[Any, ...] | None) -> dict[str, Any] | None:
    """A server of a group or pool as a difference tells it; unset text is left out."""
    if values is None:
        return None
    weight, kind, description = values
    text = {"description": description} if description else {}
    return {"weight": weight, "type": kind, **text}
