"""How one write travels: permission, plan, record, cloud, re-read, mirror, audit.

A service makes a Plan while it holds the load balancer's lock, and `carry_out` does it. Each step
is committed before the next, so a process may die anywhere: `settling` finds out what happened.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import transaction

from console.accounts.actor import Actor
from console.accounts.permissions import Action, NotAllowed, may
from console.audit.models import AuditEntry
from console.audit.record import record
from vservers.cloud import Cloud, CloudError
from vservers.models import LoadBalancer, Operation, OperationCall

from . import scopes, sync
from .changes import Change
from .connection import connect
from .errors import NotRead, NotReread, OperationFailed, Overtaken, Waiting
from .planning import PlannedCall, plan_calls
from .running import Run

# How long the person who pressed the button waits for a busy cloud; then a worker goes on.
FOREGROUND_SECONDS = 8


@dataclass(eq=False)
class Plan:
    """What is to be done to one load balancer, before anything is sent.

    changes: the rows, from which the calls follow. reread: all that is touched. before, after:
    JSON-ready pictures for the audit trail. Making a plan raises NotAllowed, which is recorded.
    """

    actor: Actor
    action: Action
    verb: str
    load_balancer: LoadBalancer
    resource_type: str
    resource_id: str = ""
    resource_name: str = ""
    changes: list[Change] = field(default_factory=list)
    reread: Sequence[scopes.Scope] = ()
    before: Any = None
    after: Any = None
    retry_of: Operation | None = None
    undo_of: Operation | None = None

    def __post_init__(self) -> None:
        if may(self.actor, self.action):
            return
        refusal = NotAllowed(self.actor, self.action)
        record(
            actor=self.actor,
            verb=self.verb,
            outcome=AuditEntry.Outcome.REFUSED,
            resource_type=self.resource_type,
            resource_id=self.resource_id,
            resource_name=self.resource_name,
            region_id=self.load_balancer.region_id,
            load_balancer_id=self.load_balancer.pk,
            reason=refusal,
        )
        raise refusal

    @cached_property
    def cloud(self) -> Cloud:
        return connect(self.load_balancer)

    def read_now(self, *wanted: scopes.Scope) -> None:
        """Bring parts of the mirror up to date before the decision what to send. Raises NotRead."""
        reader = scopes.reader(self.load_balancer.pk, wanted)
        try:
            sync.store(self.cloud, self.load_balancer.pk, reader)
        except CloudError as error:
            raise NotRead(error) from error

    @property
    def calls(self) -> list[PlannedCall]:
        """What would be sent, in order. Raises CannotPlan."""
        return plan_calls(self.load_balancer.pk, self.changes)


def carry_out(plan: Plan) -> Operation | None:
    """Record the plan and do it; None when there is nothing to do.

    Call it while the load balancer is held. Raises CallFailed where not all was done, Waiting where
    a worker goes on with it, NotReread where the mirror may not show what the cloud holds.
    """
    calls = plan.calls
    if not calls:
        return None
    operation = begin(plan, calls)
    run = Run(operation, plan.load_balancer, plan.cloud, patience=FOREGROUND_SECONDS)
    run.proceed()
    return answer(operation, run)


def answer(operation: Operation, run: Run) -> Operation:
    """The operation, or what is to be said instead."""
    if operation.status == Operation.Status.WAITING:
        raise Waiting(operation)
    if operation.status != Operation.Status.DONE:
        raise OperationFailed(operation)
    if run.unread:
        raise NotReread(run.unread) from run.unread
    if run.overtaken:
        raise Overtaken(operation)
    return operation


def begin(plan: Plan, calls: Iterable[PlannedCall]) -> Operation:
    """Commit the plan as an operation with its calls."""
    with transaction.atomic():
        operation = Operation.objects.create(
            actor_name=plan.actor.name,
            actor_id=plan.actor.user_id,
            web_request_id=plan.actor.request_id,
            permission=plan.action.name,
            verb=plan.verb,
            region_id=plan.load_balancer.region_id,
            load_balancer_id=plan.load_balancer.pk,
            resource_type=plan.resource_type,
            resource_id=plan.resource_id,
            resource_name=plan.resource_name[:120],
            before=plan.before,
            after=plan.after,
            reread=[list(scope) for scope in plan.reread],
            retry_of=plan.retry_of,
            undo_of=plan.undo_of,
        )
        OperationCall.objects.bulk_create(
            OperationCall(
                operation=operation,
                position=position,
                action=planned.call.action,
                params=dict(planned.call.params),
                changes=[change.as_json() for change in planned.changes],
            )
            for position, planned in enumerate(calls)
        )
    return operation
