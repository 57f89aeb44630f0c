"""How the pages answer what services say."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from console.shell.htmx import done, render_dialog, trigger
from console.shell.request import ConsoleRequest
from vservers.cloud import CloudError
from vservers.services.errors import CallFailed, Gone, NotPossible, NotReread, Stale
from vservers.services.operations import AnyPlan

from .preview import Preview, previews_together

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# The intent of the button "Show what will be sent".
PLAN = "plan"


@contextmanager
def unread_is_said(request: HttpRequest) -> Iterator[None]:
    """Around a service: the change that could not be read back is a warning, not a failure."""
    try:
        yield
    except NotReread as unread:
        messages.warning(request, str(unread))


@dataclass(slots=True)
class Attempt:
    """What became of a form that was handed to a service.

    is_over: the form is done with. result: the service's, None where it could not be read back.
    blocked: why the object's state does not allow it.
    """

    is_over: bool = False
    result: Any = None
    gone: str = ""
    blocked: str = ""
    preview: Preview | None = None
    error: CallFailed | None = None
    stale: Stale | None = None

    def words(self, done: str, *, unchanged: "StrOrPromise" = "") -> tuple[str, int]:
        """(what to say, its level): `unchanged` where the service found nothing to do."""
        if self.gone:
            return self.gone, messages.WARNING
        if unchanged and self.result is False:
            return str(unchanged), messages.INFO
        return done, messages.SUCCESS

    @property
    def refused(self) -> bool:
        return bool(self.error or self.stale or self.blocked)


def attempt(
    request: ConsoleRequest,
    verb: Callable[..., Any],
    plan: Callable[..., AnyPlan | Sequence[AnyPlan]],
    /,
    **arguments: Any,
) -> Attempt:
    """Ask a service to do something, or only to plan it where the person pressed that button.

    plan: takes what verb takes, and sends nothing. What a service says of single rows, InUse,
    InvalidMembers and CannotUndo, goes on to the view; Waiting to RefusalMiddleware.
    """
    made = Attempt()
    try:
        if request.POST.get("intent") == PLAN:
            planned = plan(actor=request.actor, **arguments)
            some = [planned] if isinstance(planned, AnyPlan) else planned
            made.preview = previews_together(some)
            return made
        with unread_is_said(request):
            made.result = verb(actor=request.actor, **arguments)
        made.is_over = True
    except Gone as gone:
        made.is_over, made.gone = True, str(gone)
    except Stale as stale:
        made.stale = stale
    except NotPossible as why:
        made.blocked = str(why)
    except CallFailed as failure:
        made.error = failure
    return made


def answer_dialog(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    refused: bool,
    attempt: Attempt | None = None,
    changed: str,
) -> HttpResponse:
    """A dialog, its refusal, or its plan.

    After a failed call the page behind shows what was read since.
    """
    error = attempt.error if attempt else None
    whole = {
        "plannable": True,
        **context,
        "error": error,
        "preview": attempt.preview if attempt else None,
    }
    failed = refused or bool(attempt and attempt.refused)
    response = render_dialog(request, template, whole, status=422 if failed else 200)
    return trigger(response, f"{changed}-changed") if error else response


def next_url(request: HttpRequest, default: str) -> str:
    """Where the form said to come back to, when that is one of our pages."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if safe else default


def not_read(request: HttpRequest, error: CloudError, *, back: str) -> HttpResponse:
    """After a refresh that failed: back to the page, which shows what was read last."""
    words = _("The cloud could not be read, so the page is as it was. %(error)s") % {"error": error}
    return done(request, to=back, message=words, level=messages.ERROR)
