"""Housekeeping: one list for each kind of thing to tidy up, with what mends it."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import redirect, render_page
from console.shell.request import ConsoleRequest
from vservers.models import LoadBalancer, Region
from vservers.pages.fields import is_number
from vservers.pages.lookup import balancer_or_404, region_or_404
from vservers.selectors import housekeeping
from vservers.selectors.group_lists import GroupFilters, group_rows_page, uses_of
from vservers.selectors.housekeeping import EMPTY, IDLE, KINDS, LOST, UNUSED, ZERO
from vservers.services.batches import MAX_ITEMS
from vservers.services.bulk_groups import draft_member_removal

PAGE_SIZE = 50
# So many servers of groups are removed at once.
MAX_MEMBERS = 10 * MAX_ITEMS


@require_safe
@requires(Action.VIEW)
def housekeeping_region(request: ConsoleRequest, region: str) -> HttpResponse:
    return _page(request, region_or_404(request, region), None)


@require_safe
@requires(Action.VIEW)
def housekeeping_of(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    return _page(request, balancer.region, balancer)


def _page(request: ConsoleRequest, region: Region, balancer: LoadBalancer | None) -> HttpResponse:
    place = balancer or region
    counts = housekeeping.counts(place)
    kind = request.GET.get("kind", "")
    if kind not in KINDS:
        # What there is something to do for.
        kind = next((one for one in KINDS if counts[one]), UNUSED)
    context: dict[str, Any] = {
        "title": _("Housekeeping"),
        "region": region,
        "region_id": region.pk,
        "balancer": balancer,
        "kind": kind,
        "tabs": [(one, label, counts[one]) for one, label in _labels()],
        "page": _rows(kind, place, request.GET.get("page", 1)),
        "hint": _hints()[kind],
    }
    return render_page(request, "vservers/housekeeping/list.html", context)


def _labels() -> list[tuple[str, str]]:
    return [
        (UNUSED, _("Unused groups")),
        (ZERO, _("All weights 0")),
        (LOST, _("Servers gone or stopped")),
        (EMPTY, _("Listeners without servers")),
        (IDLE, _("Idle instances")),
    ]


def _hints() -> dict[str, str]:
    return {
        UNUSED: _("No listener and no forwarding rule sends requests to these groups."),
        ZERO: _("No server of these groups takes new requests."),
        LOST: _("These rows of groups serve nobody: the server is gone, or it does not run."),
        EMPTY: _("A request to these listeners, if no rule takes it, finds no server."),
        IDLE: _("These instances serve nobody, and may cost money all the same."),
    }


def _rows(kind: str, place: LoadBalancer | Region, number: str | int) -> Page[Any]:
    if kind in (UNUSED, ZERO):
        filters = GroupFilters(use="unused") if kind == UNUSED else GroupFilters(weights="zero")
        return group_rows_page(place, filters, page=number, size=PAGE_SIZE)
    if kind == LOST:
        members = housekeeping.lost_members(place).select_related("server", "group__load_balancer")
        page: Page[Any] = Paginator(members, PAGE_SIZE).get_page(number)
        found = list(page.object_list)
        uses = uses_of({member.group_id for member in found})
        page.object_list = housekeeping.lost_rows(found, uses)
        return page
    if kind == EMPTY:
        listeners = housekeeping.empty_listeners(place)
        listeners = listeners.select_related("load_balancer", "vserver_group")
        return Paginator(listeners, PAGE_SIZE).get_page(number)
    idle: Page[Any] = Paginator(housekeeping.idle_instances(place), PAGE_SIZE).get_page(number)
    idle.object_list = [(one, housekeeping.why_idle(one)) for one in idle.object_list]
    return idle


@require_POST
@requires(Action.CHANGE_GROUPS)
def housekeeping_remove(request: ConsoleRequest, region: str) -> HttpResponse:
    """POST member, once for each tick, or all=1: to the draft that removes these rows."""
    found = region_or_404(request, region)
    instance = request.POST.get("instance", "")
    balancer = balancer_or_404(region, instance) if instance else None
    members = housekeeping.lost_members(balancer or found)
    if request.POST.get("all") != "1":
        ticked = [one for one in request.POST.getlist("member") if is_number(one, digits=18)]
        members = members.filter(pk__in=ticked)
    # Those that run again since the page was drawn are left alone.
    leaving = list(members[:MAX_MEMBERS])
    back = (
        reverse("housekeeping-of", args=[region, balancer.pk])
        if balancer
        else reverse("housekeeping-region", args=[region])
    )
    if not leaving:
        messages.warning(request, _("Tick at least one row."))
        return redirect(request, f"{back}?kind={LOST}")
    batch = draft_member_removal(
        actor=request.actor,
        members=leaving,
        region_id=region,
        load_balancer_id=balancer.pk if balancer else "",
    )
    return redirect(request, reverse("batches-detail", args=[batch.pk]))
