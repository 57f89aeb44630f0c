"""Domain extensions of HTTPS listeners."""

from collections.abc import Collection, Mapping, Sequence

from vservers.cloud import assets as api
from vservers.models import DomainExtension
from vservers.services.differences import EXISTS, Difference, Kind

from .rows import Row, differing, upsert

_VALUES = ["listener_id", "domain", "server_certificate_id"]


def write_extensions(
    load_balancer_id: str,
    found: Mapping[int, Sequence[api.DomainExtension]],
    *,
    names: Mapping[int, str],
    new: Collection[int],
) -> list[Difference]:
    """Make the mirror hold what was found; what was other.

    found: {our number of a listener: its extensions}. names: of listeners, "https:443". new: those
    that were not there before, with which their extensions came.
    """
    held = DomainExtension.objects.filter(listener__load_balancer_id=load_balancer_id).order_by()
    before: dict[str, Row] = {pk: tuple(values) for pk, *values in held.values_list("pk", *_VALUES)}
    after: dict[str, Row] = {
        one.domain_extension_id: (listener_id, one.domain, one.certificate_id)
        for listener_id, some in found.items()
        for one in some
    }
    gone = sorted(before.keys() - after.keys())
    if gone:
        DomainExtension.objects.filter(pk__in=gone).delete()
    changed = differing(before, after)
    upsert(
        DomainExtension,
        ["domain_extension_id", *_VALUES],
        [(pk, *after[pk]) for pk in changed],
        key=["domain_extension_id"],
    )

    def picture(row: Row | None) -> dict[str, str] | None:
        if row is None:
            return None
        listener_id, domain, certificate_id = row
        return {
            "listener": names.get(listener_id, ""),
            "domain": domain,
            "server_certificate_id": certificate_id,
        }

    return [
        difference
        for pk in [*changed, *gone]
        if pk not in after or after[pk][0] not in new
        for difference in _differences(pk, picture(before.get(pk)), picture(after.get(pk)))
    ]


def _differences(
    pk: str, was: dict[str, str] | None, now: dict[str, str] | None
) -> list[Difference]:
    if was is None or now is None:
        domain = (now or was or {})["domain"]
        return [Difference(Kind.EXTENSION, pk, domain, EXISTS, was, now)]
    field = "server_certificate_id"
    return [Difference(Kind.EXTENSION, pk, now["domain"], field, was[field], now[field])]
