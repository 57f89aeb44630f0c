"""Drift: differences that no operation of ours explains, from their first sight to their end."""

from collections.abc import Iterable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from console.audit.models import AuditEntry
from console.audit.record import record
from vservers.models import AccountRegion, Drift, LoadBalancer

from .differences import EXISTS, Difference
from .errors import Refusal
from .readings.rows import held

RESOURCE = gettext_noop("drift")
_COLUMNS = [field.attname for field in Drift._meta.concrete_fields]


class NotOpen(Refusal):
    """The drift was accepted, reverted, or has gone meanwhile."""

    def __init__(self, drift: Drift) -> None:
        super().__init__(
            _("This drift is no longer open: %(status)s.")
            % {"status": str(drift.get_status_display()).lower()}
        )


def note(
    place: LoadBalancer | AccountRegion,
    unexplained: Iterable[Difference],
    explained: Iterable[Difference],
) -> None:
    """Open, move on or close the drift of a load balancer, or of a region of an account beside its
    load balancers; inside the transaction of the write.

    One open row for each item: it moves on with further differences, and closes when the item is
    as it was before, when an operation of ours set it anew, or when its object went.
    """
    open_rows = {
        (row.object_type, row.object_id, row.field, row.item): row for row in _open_rows(place)
    }
    now = timezone.now()
    fresh = []
    for difference in unexplained:
        row = open_rows.get(_key(difference))
        if row is None:
            fresh.append(_row(place, difference))
        elif row.before == difference.after:
            _close(row, Drift.Status.REVERTED)
        else:
            row.after, row.last_seen_at = difference.after, now
            row.save(update_fields=["after", "last_seen_at"])
    for difference in explained:
        if row := open_rows.get(_key(difference)):
            back = row.before == difference.after
            _close(row, Drift.Status.REVERTED if back else Drift.Status.GONE)
    for difference in [*unexplained, *explained]:
        if difference.field == EXISTS:
            for row in open_rows.values():
                same = (row.object_type, row.object_id) == (difference.kind, difference.object_id)
                if same and row.field != EXISTS:
                    _close(row, Drift.Status.GONE)
    Drift.objects.bulk_create(fresh)


def _key(difference: Difference) -> tuple[str, str, str, str]:
    return difference.kind.value, difference.object_id, difference.field, difference.item


def _open_rows(place: LoadBalancer | AccountRegion) -> list[Drift]:
    """The open drift of a place, locked."""
    condition, identity = "status = %s AND load_balancer_id = %s", [place.pk]
    if isinstance(place, AccountRegion):
        condition += " AND account_id = %s AND region_id = %s"
        identity = ["", place.account_id, place.region_id]
    rows = held(Drift, _COLUMNS, condition, Drift.Status.OPEN.value, *identity, lock=True)
    return [Drift.from_db(DEFAULT_DB_ALIAS, _COLUMNS, row) for row in rows]


def _row(place: LoadBalancer | AccountRegion, difference: Difference) -> Drift:
    now = timezone.now()
    load_balancer = place if isinstance(place, LoadBalancer) else None
    return Drift(
        object_type=difference.kind,
        object_id=difference.object_id,
        object_name=difference.object_name,
        account_id=place.account_id,
        region_id=place.region_id,
        load_balancer_id=load_balancer.pk if load_balancer else "",
        load_balancer_name=load_balancer.name if load_balancer else "",
        field=difference.field,
        item=difference.item,
        before=difference.before,
        after=difference.after,
        first_seen_at=now,
        last_seen_at=now,
    )


def _close(row: Drift, status: Drift.Status, *, by: str = "") -> None:
    row.status, row.closed_by = status, by
    row.closed_at = row.last_seen_at = timezone.now()
    row.save(update_fields=["status", "closed_by", "closed_at", "last_seen_at"])


def close_reverted(drift: Drift, *, by: str) -> None:
    """What was changed is as it was before; nothing where that was found out already."""
    with transaction.atomic():
        row = Drift.objects.select_for_update().get(pk=drift.pk)
        if row.status == Drift.Status.OPEN:
            _close(row, Drift.Status.REVERTED, by=by)


def accept_drift(*, actor: Actor, drift: Drift) -> None:
    """What is there now is right: nothing is sent. Raises NotAllowed, NotOpen."""
    check(actor, Action.ACCEPT_DRIFT)
    with transaction.atomic():
        row = Drift.objects.select_for_update().get(pk=drift.pk)
        if row.status != Drift.Status.OPEN:
            raise NotOpen(row)
        _close(row, Drift.Status.ACCEPTED, by=actor.name)
        record(
            actor=actor,
            verb=gettext_noop("accept drift"),
            outcome=AuditEntry.Outcome.DONE,
            resource_type=RESOURCE,
            resource_id=row.object_id,
            resource_name=str(row)[:120],
            region_id=row.region_id,
            load_balancer_id=row.load_balancer_id,
            before=_picture(row, row.before),
            after=_picture(row, row.after),
        )


def accept_several(*, actor: Actor, drift: Iterable[Drift]) -> int:
    """Accept those that are still open; how many that were. Raises NotAllowed."""
    accepted = 0
    for one in drift:
        try:
            accept_drift(actor=actor, drift=one)
        except NotOpen:
            continue
        accepted += 1
    return accepted


def _picture(row: Drift, value: Any) -> dict[str, Any]:
    return {"field": row.field, "item": row.item, "value": value}
