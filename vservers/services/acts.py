"""How one write travels: permission, cloud, re-read, mirror, audit."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from console.accounts.actor import Actor
from console.accounts.permissions import Action, NotAllowed, may
from console.audit.models import AuditEntry
from console.audit.record import record
from vservers.cloud import Cloud, CloudError, OutcomeUnknown
from vservers.models import LoadBalancer

from . import readings, sync
from .connection import connect
from .errors import CallFailed, NotReread


@dataclass(slots=True)
class Act:
    """A write under way. The service sends its calls through `cloud`, and fills in the rest.

    reread: what the write touched. before, after: JSON-ready pictures for the audit trail.
    """

    cloud: Cloud
    load_balancer: LoadBalancer
    resource_id: str
    resource_name: str
    reread: Sequence[readings.Reader]
    before: Any = None
    after: Any = None

    def read_now(self, reader: readings.Reader) -> None:
        """Bring a part of the mirror up to date before the decision what to send."""
        sync.store(self.cloud, self.load_balancer.pk, reader)


@contextmanager
def act(
    *,
    actor: Actor,
    action: Action,
    verb: str,
    load_balancer: LoadBalancer,
    resource_type: str,
    resource_id: str = "",
    resource_name: str = "",
    reread: Sequence[readings.Reader] = (),
) -> Iterator[Act]:
    """One write to one load balancer; every write of every service passes here.

    When the block ends, well or not, what it touched is read again and the audit entry is written
    in the same transaction. A block that sends no write leaves no entry. Raises NotAllowed (which
    is recorded), CallFailed and NotReread.
    """
    doing = Act(
        cloud=connect(load_balancer.region_id),
        load_balancer=load_balancer,
        resource_id=resource_id,
        resource_name=resource_name,
        reread=reread,
    )

    def enter(outcome: AuditEntry.Outcome, reason: str = "") -> None:
        record(
            actor=actor,
            verb=verb,
            outcome=outcome,
            resource_type=resource_type,
            resource_id=doing.resource_id,
            resource_name=doing.resource_name,
            region_id=load_balancer.region_id,
            load_balancer_id=load_balancer.pk,
            before=doing.before,
            after=doing.after,
            reason=reason,
            calls=[call.as_json() for call in doing.cloud.written],
        )

    if not may(actor, action):
        refusal = NotAllowed(actor, action)
        enter(AuditEntry.Outcome.REFUSED, str(refusal))
        raise refusal
    try:
        yield doing
    except CloudError as error:
        failure = CallFailed(error, doing.cloud.written, resource_id=doing.resource_id)
        _settle(doing, partial(enter, _outcome(failure), str(error)))
        raise failure from error
    except Exception as error:
        # A mistake of ours must not hide what was already sent.
        if doing.cloud.written:
            _settle(doing, partial(enter, AuditEntry.Outcome.PARTLY_DONE, repr(error)))
        raise
    if doing.cloud.written:
        unread = _settle(doing, partial(enter, AuditEntry.Outcome.DONE))
        if unread:
            raise NotReread(unread) from unread


def _outcome(failure: CallFailed) -> AuditEntry.Outcome:
    if failure.carried_out:
        return AuditEntry.Outcome.PARTLY_DONE
    if isinstance(failure.error, OutcomeUnknown):
        return AuditEntry.Outcome.UNKNOWN
    return AuditEntry.Outcome.FAILED


def _settle(doing: Act, enter: Callable[[], None]) -> CloudError | None:
    """Read again what was touched and make the entry; the entry alone when reading fails."""
    if not doing.cloud.written:
        enter()
        return None
    try:
        sync.store(doing.cloud, doing.load_balancer.pk, readings.together(doing.reread), also=enter)
    except CloudError as error:
        enter()
        return error
    return None
