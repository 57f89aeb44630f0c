"""Certificates and access control lists of a region of an account."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils import timezone

from vservers.cloud import Cloud, CloudRefused
from vservers.cloud import assets as api
from vservers.models import (
    AccessControlEntry,
    AccessControlList,
    AccountRegion,
    CACertificate,
    ServerCertificate,
)
from vservers.services.differences import (
    EXISTS,
    NETWORK,
    Difference,
    Kind,
    Written,
    compare,
)

from .reader import Reader, Writer, stamped
from .rows import Row, differing, upsert

_PLACE = ["account_id", "region_id"]
_CERTIFICATE = ["name", "common_name", "fingerprint", "created_at", "expires_at", "tags"]
_LIST = ["name", "ip_version", "created_at", "tags"]
_KINDS: dict[type[Model], Kind] = {
    ServerCertificate: Kind.CERTIFICATE,
    CACertificate: Kind.CA_CERTIFICATE,
    AccessControlList: Kind.ACCESS_LIST,
}
# What tells somebody which object came or went.
_SHOWN: dict[type[Model], tuple[str, ...]] = {
    ServerCertificate: ("name", "common_name", "fingerprint"),
    CACertificate: ("name", "common_name", "fingerprint"),
    AccessControlList: ("name", "ip_version"),
}


def certificates(place: AccountRegion) -> Reader[AccountRegion]:
    """Every server and CA certificate: one call for each kind."""

    def read(cloud: Cloud) -> Writer[AccountRegion]:
        server = cloud.slb.describe_server_certificates()
        ca = cloud.slb.describe_ca_certificates()

        def write(locked: AccountRegion) -> Written:
            columns = [*_CERTIFICATE, "alternative_names"]
            differences = _write(
                ServerCertificate,
                place,
                columns,
                {one.certificate_id: _values(one, columns) for one in server},
                key="certificate_id",
            )
            differences += _write(
                CACertificate,
                place,
                _CERTIFICATE,
                {one.certificate_id: _values(one, _CERTIFICATE) for one in ca},
                key="certificate_id",
            )
            return Written(tuple(differences), len(server) + len(ca))

        return write

    return stamped(read, "certificates_at")


def access_lists(place: AccountRegion) -> Reader[AccountRegion]:
    """Every access control list with its entries: a call for each list."""
    return listed_access_lists(place, every=True)


def one_access_list(place: AccountRegion, acl_id: str) -> Reader[AccountRegion]:
    """One list with its entries; it vanishes from the mirror where it is gone."""
    return _some_lists(place, [acl_id])


def listed_access_lists(
    place: AccountRegion,
    *,
    also: Iterable[str] = (),
    read_before: datetime | None = None,
    every: bool = False,
) -> Reader[AccountRegion]:
    """The lists, and the entries of those that are new or named in `also`.

    No list tells of entries. read_before: those are read again that were read before then.
    """
    asked = set(also)

    def read(cloud: Cloud) -> Writer[AccountRegion]:
        listed = list(cloud.slb.describe_access_control_lists())
        rows = AccessControlList.objects.filter(account=place.account_id, region=place.region_id)
        held = dict(rows.values_list("pk", "read_at"))
        wanted = [
            one.acl_id
            for one in listed
            if every
            or one.acl_id in asked
            or (read_at := held.get(one.acl_id)) is None
            or (read_before is not None and read_at < read_before)
        ]
        write_some = _some_lists(place, wanted)(cloud)

        def write(locked: AccountRegion) -> Written:
            found = {one.acl_id: _values(one, _LIST) for one in listed}
            # What goes takes its networks with it, so these are looked at first.
            networks = _networks(held.keys() - found.keys())
            differences = _write(
                AccessControlList, place, _LIST, found, key="acl_id", networks=networks
            )
            return Written.sum([Written(tuple(differences), len(listed)), write_some(locked)])

        return write

    return stamped(read, "access_lists_at")


def _some_lists(place: AccountRegion, acl_ids: Sequence[str]) -> Reader[AccountRegion]:
    def read(cloud: Cloud) -> Writer[AccountRegion]:
        read_at = timezone.now()
        found = [(acl_id, _detail(cloud, acl_id)) for acl_id in acl_ids]
        details = [detail for _, detail in found if detail]
        gone = [acl_id for acl_id, detail in found if detail is None]

        def write(locked: AccountRegion) -> Written:
            rows = AccessControlList.objects.filter(pk__in=acl_ids)
            before = {
                row.pk: row for row in rows.filter(account=place.account_id, region=place.region_id)
            }
            networks = _networks(gone)
            differences = [
                _exists(AccessControlList, pk, _picture(AccessControlList, row, networks), None)
                for pk, row in before.items()
                if pk in gone
            ]
            rows.filter(pk__in=gone).delete()
            ids = [detail.acl.acl_id for detail in details]
            for detail in details:
                differences += _list_differences(before.get(detail.acl.acl_id), detail.acl)
            upsert(
                AccessControlList,
                ["acl_id", *_PLACE, *_LIST, "read_at"],
                [
                    (
                        detail.acl.acl_id,
                        place.account_id,
                        place.region_id,
                        *_values(detail.acl, _LIST),
                        read_at,
                    )
                    for detail in details
                ],
                key=["acl_id"],
            )
            # Networks that were never read are seen for the first time.
            known = {pk: row.name for pk, row in before.items() if row.read_at}
            differences += _write_entries(ids, details, known)
            return Written(tuple(differences), sum(len(detail.entries) for detail in details))

        return write

    return read


def _detail(cloud: Cloud, acl_id: str) -> api.AccessControlListDetail | None:
    try:
        return cloud.slb.describe_access_control_list(acl_id)
    except CloudRefused as error:
        if error.is_missing or error.code == "AclNotExist":
            return None
        raise


def _write_entries(
    ids: Sequence[str], details: Iterable[api.AccessControlListDetail], known: Mapping[str, str]
) -> list[Difference]:
    """known: {ID of a list that was read with its networks before: its name}."""
    rows = AccessControlEntry.objects.filter(acl__in=ids).order_by()
    before: dict[tuple[str, str], Row] = {}
    pks = {}
    for pk, acl_id, network, comment in rows.values_list("pk", "acl_id", "network", "comment"):
        before[acl_id, network] = (comment,)
        pks[acl_id, network] = pk
    after: dict[tuple[str, str], Row] = {
        (detail.acl.acl_id, network): (comment,)
        for detail in details
        for network, comment in detail.entries
    }
    gone = before.keys() - after.keys()
    if gone:
        AccessControlEntry.objects.filter(pk__in=[pks[key] for key in gone]).delete()
    changed = differing(before, after)
    upsert(
        AccessControlEntry,
        ["acl_id", "network", "comment"],
        [(*key, *after[key]) for key in changed],
        key=["acl_id", "network"],
    )

    def side(row: Row | None) -> dict[str, str] | None:
        return None if row is None else {"comment": row[0]}

    return [
        Difference(
            Kind.ACCESS_LIST,
            key[0],
            known[key[0]],
            NETWORK,
            side(before.get(key)),
            side(after.get(key)),
            key[1],
        )
        for key in [*changed, *sorted(gone)]
        if key[0] in known
    ]


def _networks(acl_ids: Iterable[str]) -> dict[str, list[list[str]]]:
    """{ID of a list: [network, comment] of each of its networks}, as the mirror has them."""
    found: dict[str, list[list[str]]] = {}
    rows = AccessControlEntry.objects.filter(acl__in=list(acl_ids))
    for acl_id, network, comment in rows.values_list("acl_id", "network", "comment"):
        found.setdefault(acl_id, []).append([network, comment])
    return found


def _list_differences(
    before: AccessControlList | None, acl: api.AccessControlList
) -> list[Difference]:
    if before is None:
        now = {"name": acl.name, "ip_version": acl.ip_version}
        return [_exists(AccessControlList, acl.acl_id, None, now)]
    return compare(
        Kind.ACCESS_LIST, acl.acl_id, acl.name, {"name": before.name}, {"name": acl.name}
    )


def _values(item: object, columns: Iterable[str]) -> Row:
    """The attributes of an answer's value as columns; what is several is JSON there."""
    values = (getattr(item, column) for column in columns)
    return tuple(list(value) if isinstance(value, tuple) else value for value in values)


def _write(
    model: type[Model],
    place: AccountRegion,
    columns: Sequence[str],
    after: Mapping[Any, Row],
    *,
    key: str,
    networks: Mapping[str, list[list[str]]] | None = None,
) -> list[Difference]:
    """Make the mirror hold these rows of a region, and no others; what was other.

    networks: of access lists, as `_networks` has them, for the picture of those that are gone.
    """
    rows = model._default_manager.filter(account=place.account_id, region=place.region_id)
    before: dict[Any, Row] = {
        pk: tuple(values) for pk, *values in rows.order_by().values_list("pk", *columns)
    }
    gone = sorted(before.keys() - after.keys())
    if gone:
        model._default_manager.filter(pk__in=gone).delete()
    changed = differing(before, after)
    upsert(
        model,
        [key, *_PLACE, *columns],
        [(pk, place.account_id, place.region_id, *after[pk]) for pk in changed],
        key=[key],
    )

    def picture(pk: str, row: Row | None) -> dict[str, Any] | None:
        if row is None:
            return None
        values = dict(zip(columns, row, strict=True))
        found = {name: values[name] for name in _SHOWN[model]}
        return {**found, "networks": networks[pk]} if networks and pk in networks else found

    differences = []
    for pk in [*changed, *gone]:
        was, now = picture(pk, before.get(pk)), picture(pk, after.get(pk))
        if was is None or now is None:
            differences.append(_exists(model, pk, was, now))
        else:
            names = {"name": was["name"]}, {"name": now["name"]}
            differences += compare(_KINDS[model], pk, now["name"], *names)
    return differences


def _exists(
    model: type[Model], pk: str, was: dict[str, Any] | None, now: dict[str, Any] | None
) -> Difference:
    name = (now or was or {})["name"]
    return Difference(_KINDS[model], pk, name, EXISTS, was, now)


def _picture(
    model: type[Model], row: Model, networks: Mapping[str, list[list[str]]]
) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in _SHOWN[model]}
    return {**found, "networks": networks.get(str(row.pk), [])}
