"""How one write travels: permission, plan, record, cloud, re-read, mirror, audit.

A service makes a Plan while it holds the lock of its place, and `carry_out` does it. Each step
is committed before the next, so a process may die anywhere: `settling` finds out what happened.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import transaction

from console.accounts.actor import Actor
from console.accounts.permissions import Action, NotAllowed, may
from console.audit.models import AuditEntry
from console.audit.record import record
from vservers.cloud import Cloud, CloudError
from vservers.models import AccountRegion, LoadBalancer, Operation, OperationCall, Procedure

from . import places, scopes
from .call_secrets import sealed
from .changes import Change
from .connection import connect
from .errors import NotRead, NotReread, OperationFailed, Overtaken, Waiting
from .places import Place, load_balancer_id_of
from .planning import PlannedCall, plan_calls
from .regional_planning import plan_regional_calls
from .running import Run

# How long the person who pressed the button waits for a busy cloud; then a worker goes on.
FOREGROUND_SECONDS = 8


@dataclass(eq=False, kw_only=True)
class AnyPlan(ABC):
    """What is to be done at one place, before anything is sent.

    changes: the rows, from which the calls follow. reread: all that is touched. before, after:
    JSON-ready pictures for the audit trail. secrets: {parameter: value} for what the calls only
    have a stand-in for; they are sealed until they are sent. Making a plan raises NotAllowed, which
    is recorded.
    """

    actor: Actor
    action: Action
    verb: str
    resource_type: str
    resource_id: str = ""
    resource_name: str = ""
    changes: list[Change] = field(default_factory=list)
    reread: Sequence[scopes.Scope] = ()
    before: Any = None
    after: Any = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    retry_of: Operation | None = None
    undo_of: Operation | None = None
    procedure: Procedure | None = None

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
            region_id=self.place.region_id,
            load_balancer_id=load_balancer_id_of(self.place),
            reason=refusal,
        )
        raise refusal

    @property
    @abstractmethod
    def place(self) -> Place:
        """Where it takes place."""

    @property
    @abstractmethod
    def calls(self) -> list[PlannedCall]:
        """What would be sent, in order. Raises CannotPlan."""

    @cached_property
    def cloud(self) -> Cloud:
        return connect(self.place)

    def read_now(self, *wanted: scopes.Scope) -> None:
        """Bring parts of the mirror up to date before the decision what to send. Raises NotRead."""
        try:
            places.store(self.cloud, self.place, wanted)
        except CloudError as error:
            raise NotRead(error) from error


@dataclass(eq=False, kw_only=True)
class Plan(AnyPlan):
    """What is to be done to one load balancer."""

    load_balancer: LoadBalancer

    @property
    def place(self) -> Place:
        return self.load_balancer

    @property
    def calls(self) -> list[PlannedCall]:
        return plan_calls(self.load_balancer.pk, self.changes)


@dataclass(eq=False, kw_only=True)
class RegionalPlan(AnyPlan):
    """What is to be done in a region of an account, beside its load balancers.

    Hold the region while it is made and carried out: `with hold(lock_of(account_region)):`.
    """

    account_region: AccountRegion

    @property
    def place(self) -> Place:
        return self.account_region

    @property
    def calls(self) -> list[PlannedCall]:
        return plan_regional_calls(self.changes)


def carry_out(plan: AnyPlan) -> Operation | None:
    """Record the plan and do it; None when there is nothing to do.

    Call it while the place is held. Raises CallFailed where not all was done, Waiting where
    a worker goes on with it, NotReread where the mirror may not show what the cloud holds.
    """
    calls = plan.calls
    if not calls:
        return None
    operation = begin(plan, calls)
    run = Run(operation, plan.place, plan.cloud, patience=FOREGROUND_SECONDS)
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


def begin(plan: AnyPlan, calls: Iterable[PlannedCall]) -> Operation:
    """Commit the plan as an operation with its calls."""
    with transaction.atomic():
        operation = Operation.objects.create(
            actor_name=plan.actor.name,
            actor_id=plan.actor.user_id,
            web_request_id=plan.actor.request_id,
            permission=plan.action.name,
            verb=plan.verb,
            account_id=plan.place.account_id,
            region_id=plan.place.region_id,
            load_balancer_id=load_balancer_id_of(plan.place),
            resource_type=plan.resource_type,
            resource_id=plan.resource_id,
            resource_name=plan.resource_name[:120],
            before=plan.before,
            after=plan.after,
            reread=[list(scope) for scope in plan.reread],
            retry_of=plan.retry_of,
            undo_of=plan.undo_of,
            procedure=plan.procedure,
        )
        OperationCall.objects.bulk_create(
            OperationCall(
                operation=operation,
                position=position,
                action=planned.call.action,
                params=dict(planned.call.params),
                changes=[change.as_json() for change in planned.changes],
                sealed=sealed(planned.call, plan.secrets),
            )
            for position, planned in enumerate(calls)
        )
    return operation
