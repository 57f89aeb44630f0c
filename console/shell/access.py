"""Who gets in: the decorator that every view of the console carries."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate

from django.http import HttpResponse

from console.accounts.permissions import Action, check

from .request import ConsoleRequest


def requires[**P](
    action: Action,
) -> Callable[
    [Callable[Concatenate[ConsoleRequest, P], HttpResponse]],
    Callable[Concatenate[ConsoleRequest, P], HttpResponse],
]:
    """Let a view run only for an actor who may do `action`.

    Otherwise NotAllowed goes up to AccessMiddleware, as it does from a service: 404 for somebody
    who may not even look, 403 for a reader.
    """

    def decorate(
        view: Callable[Concatenate[ConsoleRequest, P], HttpResponse],
    ) -> Callable[Concatenate[ConsoleRequest, P], HttpResponse]:
        @wraps(view)
        def guarded(request: ConsoleRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            check(request.actor, action)
            return view(request, *args, **kwargs)

        return guarded

    return decorate
