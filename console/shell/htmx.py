"""One URL, two renderings: what a view answers with and without htmx.

Words for the person go through `django.contrib.messages` in both cases: ToastMiddleware turns
them into toasts for htmx, the next full page shows them otherwise.
"""

import json
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirectBase
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect

# What htmx 2 sends when it rebuilds a page from the history: it wants the whole page.
_HISTORY_RESTORE = "HX-History-Restore-Request"


class SeeOther(HttpResponseRedirectBase):
    """303: the form was carried out, its result is over there."""

    status_code = 303


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page rather than for the page."""
    return (
        request.headers.get("HX-Request") == "true"
        and request.headers.get("HX-Boosted") != "true"
        and request.headers.get(_HISTORY_RESTORE) != "true"
    )


def current_url(request: HttpRequest) -> SplitResult:
    """The address of the page that htmx asks from; empty where it tells none that can be read."""
    try:
        return urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return urlsplit("")


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    part: str = "table",
    status: int = 200,
) -> HttpResponse:
    """Answer with the page, or with its template partial `part` when htmx asks for a part.

    context: `title` is the page's heading; `balancer`, where there is one, brings the
    instance's navigation. Answer a refused form with status=422.
    """
    name = f"{template}#{part}" if wants_part(request) else template
    return _private(render(request, name, context, status=status))


def render_dialog(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """Answer with a dialog under htmx, with the same form as a page of its own otherwise.

    template extends `components/dialog.html`. context: `title`, `back_url` (where Cancel leads
    without script). Answer a refused form with status=422: it replaces the dialog's content.
    """
    layout = "components/dialog_part.html" if wants_part(request) else "base.html"
    return _private(render(request, template, {**(context or {}), "layout": layout}, status=status))


def done(
    request: HttpRequest, *, to: str, message: str = "", changed: str = "", level: int = 0
) -> HttpResponse:
    """Answer a form that was carried out.

    to: the address that shows the result. changed: name of the parts that htmx shall fetch anew
    (they listen with hx-trigger="<changed>-changed from:body"); the dialog closes and the page
    stays. Without `changed`, or without htmx, the browser goes to `to`.
    level: a level of django.contrib.messages, success unless told.
    """
    if message:
        messages.add_message(request, level or messages.SUCCESS, message)
    if not (wants_part(request) and changed):
        return redirect(request, to)
    response = HttpResponse(status=204)
    trigger(response, "dialog-close")
    trigger(response, f"{changed}-changed")
    return response


def redirect(request: HttpRequest, to: str) -> HttpResponse:
    """Send the browser to `to`: HX-Redirect for htmx, 303 otherwise."""
    if wants_part(request):
        return HttpResponseClientRedirect(to)
    return SeeOther(to)


def trigger(response: HttpResponse, event: str, detail: Any = True) -> HttpResponse:
    """Add an event that htmx fires on the page; keeps those that are there."""
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    events[event] = detail
    response["HX-Trigger"] = json.dumps(events)
    return response


def _private(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request", "Cookie"])
    patch_cache_control(response, private=True, no_store=True)
    return response
