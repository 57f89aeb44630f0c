"""Who gets in: the decorator that every view of the console carries."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from django.http import HttpResponse

from console.accounts.permissions import Action, NotAllowed, may
from console.audit.models import AuditEntry
from console.audit.record import record

from .request import ConsoleRequest

_READS = {"GET", "HEAD", "OPTIONS"}


def requires[**P](
    action: Action,
) -> Callable[
    [Callable[Concatenate[ConsoleRequest, P], HttpResponse]],
    Callable[Concatenate[ConsoleRequest, P], HttpResponse],
]:
    """Let a view run only for an actor who may do `action`.

    Otherwise NotAllowed goes up to AccessMiddleware, as it does from a service: 404 for somebody
    who may not even look, 403 for a reader. A refused write is entered in the audit trail.
    """

    def decorate(
        view: Callable[Concatenate[ConsoleRequest, P], HttpResponse],
    ) -> Callable[Concatenate[ConsoleRequest, P], HttpResponse]:
        @wraps(view)
        def guarded(request: ConsoleRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not may(request.actor, action):
                refusal = NotAllowed(request.actor, action)
                if request.method not in _READS:
                    _enter(request, refusal, kwargs)
                raise refusal
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def _enter(request: ConsoleRequest, refusal: NotAllowed, address: dict[str, Any]) -> None:
    record(
        actor=request.actor,
        verb=str(refusal.action),
        outcome=AuditEntry.Outcome.REFUSED,
        resource_type="page",
        resource_id=request.path[:120],
        region_id=str(address.get("region", ""))[:40],
        load_balancer_id=str(address.get("balancer_id", ""))[:60],
        reason=refusal,
    )
