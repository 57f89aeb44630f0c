"""Domain extensions of HTTPS listeners."""

from collections.abc import Mapping, Sequence

from vservers.cloud import assets as api
from vservers.models import DomainExtension

from .rows import Row, differing, upsert

_VALUES = ["listener_id", "domain", "server_certificate_id"]


def write_extensions(
    load_balancer_id: str, found: Mapping[int, Sequence[api.DomainExtension]]
) -> None:
    """Make the mirror hold what was found. found: {our number of a listener: its extensions}."""
    held = DomainExtension.objects.filter(listener__load_balancer_id=load_balancer_id).order_by()
    before: dict[str, Row] = {pk: tuple(values) for pk, *values in held.values_list("pk", *_VALUES)}
    after: dict[str, Row] = {
        one.domain_extension_id: (listener_id, one.domain, one.certificate_id)
        for listener_id, some in found.items()
        for one in some
    }
    gone = before.keys() - after.keys()
    if gone:
        DomainExtension.objects.filter(pk__in=gone).delete()
    upsert(
        DomainExtension,
        ["domain_extension_id", *_VALUES],
        [(pk, *after[pk]) for pk in differing(before, after)],
        key=["domain_extension_id"],
    )
