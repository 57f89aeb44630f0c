"""One VServer group: its page, delete."""

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_page
from console.shell.request import ConsoleRequest
from vservers.cloud import CloudError
from vservers.pages.answers import next_url, not_read
from vservers.pages.drift.words import in_words
from vservers.pages.gone import render_gone, vanished_group
from vservers.pages.health.reading import read_health
from vservers.pages.lookup import balancer_or_404, group_or_404
from vservers.selectors.drift import open_drift
from vservers.selectors.groups import member_rows
from vservers.selectors.procedures import in_maintenance, procedures_of_group
from vservers.services.errors import Gone
from vservers.services.sync import note_viewed, refresh_group


@require_safe
@requires(Action.VIEW)
def group_detail(
    request: ConsoleRequest, region: str, balancer_id: str, group_id: str
) -> HttpResponse:
    """?health=now reads what the health checks say from the cloud first: the page asks for it."""
    balancer = balancer_or_404(region, balancer_id)
    if gone := vanished_group(balancer, group_id):
        return render_gone(request, gone)
    group = group_or_404(balancer, group_id)
    note_viewed(group)
    checked = request.GET.get("health") == "now"
    if checked:
        read_health(request, balancer)
    rows = member_rows(group)
    context = {
        "title": str(group),
        "balancer": balancer,
        "group": group,
        "rows": rows,
        "all_drained": rows and all(row.is_drained for row in rows),
        "checked": checked,
        "drift": in_words(open_drift(balancer, object_id=group.pk)),
        "procedures": procedures_of_group(group),
        "maintained": in_maintenance({row.member.server_id or "" for row in rows}),
    }
    return render_page(request, "vservers/groups/detail.html", context)


@require_POST
@requires(Action.REFRESH)
def group_refresh(
    request: ConsoleRequest, region: str, balancer_id: str, group_id: str
) -> HttpResponse:
    """Read one group with its servers and their health."""
    balancer = balancer_or_404(region, balancer_id)
    group = group_or_404(balancer, group_id)
    back = next_url(request, reverse("groups-detail", args=[region, balancer_id, group_id]))
    try:
        refresh_group(actor=request.actor, group=group)
    except CloudError as error:
        return not_read(request, error, back=back)
    except Gone as gone:
        return done(request, to=back, message=str(gone), level=messages.WARNING)
    return done(
        request, to=back, message=_("%(group)s was read from the cloud.") % {"group": group}
    )
