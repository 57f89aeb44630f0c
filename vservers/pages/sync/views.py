"""The Sync page: what is being read now, how far it is, and how it went before."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseStopPolling

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_page, wants_part
from console.shell.request import ConsoleRequest
from vservers.jobs import defer_sync
from vservers.models import AccountRegion, SyncRun
from vservers.selectors.runs import anything_runs, place_rows, runs_page, several_accounts
from vservers.services.runs import cancel_run
from vservers.services.schedule import ask_for_sync


@require_safe
@requires(Action.VIEW)
def sync_list(request: ConsoleRequest) -> HttpResponse:
    """?poll asks for the part again and again while something runs."""
    runs = anything_runs()
    context = {
        "title": _("Sync"),
        "rows": place_rows(),
        "page": runs_page(page=request.GET.get("page", 1)),
        "running": runs,
        "several": several_accounts(),
    }
    response = render_page(request, "vservers/sync/list.html", context)
    if "poll" in request.GET and not runs and wants_part(request):
        # The last part still says how it ended.
        response.status_code = HttpResponseStopPolling().status_code
    return response


@require_POST
@requires(Action.SYNC)
def sync_start(request: ConsoleRequest, place_id: int) -> HttpResponse:
    """POST kind: "full" or "incremental"."""
    rows = AccountRegion.objects.select_related("account", "region")
    place = get_object_or_404(rows, pk=place_id)
    wanted = request.POST.get("kind", "")
    kind = SyncRun.Kind(wanted) if wanted in SyncRun.Kind else SyncRun.Kind.INCREMENTAL
    if not place.account.enabled:
        message = _("The account %(account)s is disabled.") % {"account": place.account}
        return done(request, to=reverse("sync-list"), message=message, level=messages.WARNING)
    ask_for_sync(actor=request.actor, place=place, kind=kind)
    defer_sync(place)
    message = _("%(name)s will be read by a worker.") % {"name": _(place.region.name)}
    return done(request, to=reverse("sync-list"), message=message)


@require_POST
@requires(Action.SYNC)
def sync_cancel(request: ConsoleRequest, run_id: int) -> HttpResponse:
    run = get_object_or_404(SyncRun, pk=run_id)
    cancelled = cancel_run(actor=request.actor, run=run)
    message = _("It stops at its next step.") if cancelled else _("It had ended already.")
    return done(request, to=reverse("sync-list"), message=message)
