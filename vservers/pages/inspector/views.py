"""API Inspector: the OpenAPI calls that fill a page, as code to copy."""

from django.http import Http404, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import render_dialog
from console.shell.request import ConsoleRequest
from vservers.pages.preview import programs_of
from vservers.services.reads import reads_of


@require_safe
@requires(Action.VIEW)
def api_calls(request: ConsoleRequest) -> HttpResponse:
    """?page=…: the address of the page, below the console's."""
    path = request.GET.get("page", "").partition("?")[0]
    try:
        match = resolve(path)
    except Resolver404:
        raise Http404 from None
    calls = reads_of(match.url_name or "", match.kwargs)
    region = str(match.kwargs.get("region", ""))
    context = {
        "title": _("API calls of this page"),
        "calls": calls,
        "programs": list(programs_of(calls, region)) if calls else [],
        "back_url": path,
    }
    return render_dialog(request, "vservers/inspector/dialog.html", context)
