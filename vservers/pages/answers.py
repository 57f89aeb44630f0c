"""How the pages answer what services say."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

from console.shell.htmx import render_dialog, trigger
from vservers.services.errors import CallFailed, NotReread


@contextmanager
def unread_is_said(request: HttpRequest) -> Iterator[None]:
    """Around a service: the change that could not be read back is a warning, not a failure."""
    try:
        yield
    except NotReread as unread:
        messages.warning(request, str(unread))


def answer_dialog(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    refused: bool,
    error: CallFailed | None = None,
    changed: str,
) -> HttpResponse:
    """A dialog, or its refusal. After a failed call the page behind shows what was read since."""
    response = render_dialog(
        request, template, {**context, "error": error}, status=422 if refused or error else 200
    )
    return trigger(response, f"{changed}-changed") if error else response


def next_url(request: HttpRequest, default: str) -> str:
    """Where the form said to come back to, when that is one of our pages."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure())
    return wanted if safe else default
