"""Lists of VServer groups: of one instance, and of all instances of a region."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import redirect, render_page, wants_part
from console.shell.request import ConsoleRequest
from vservers.models import LoadBalancer, Region
from vservers.pages.lookup import balancer_or_404, group_or_404, region_or_404
from vservers.selectors.group_lists import (
    ANY_OWNER,
    NO_OWNER,
    PAGE_SIZES,
    GroupFilters,
    group_rows_page,
    known_owners,
)
from vservers.selectors.member_health import members_seen


@require_safe
@requires(Action.VIEW)
def group_list(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """The groups of one instance."""
    balancer = balancer_or_404(region, balancer_id)
    return _list(request, balancer, {"title": _("VServer Group"), "balancer": balancer})


@require_safe
@requires(Action.VIEW)
def group_all(request: ConsoleRequest, region: str) -> HttpResponse:
    """The groups of all instances of a region."""
    found = region_or_404(request, region)
    return _list(request, found, {"title": _("VServer Groups"), "balancer": None})


def _list(
    request: ConsoleRequest, place: LoadBalancer | Region, context: dict[str, Any]
) -> HttpResponse:
    filters = GroupFilters.read(request.GET.dict())
    size = page_size(request.GET.get("size", ""))
    region = place.pk if isinstance(place, Region) else place.region_id
    page = group_rows_page(place, filters, page=request.GET.get("page", 1), size=size)
    context |= {
        "region_id": region,
        "page": page,
        "filters": filters,
        "size": size,
        "sizes": PAGE_SIZES,
        "uses": (("used", _("In use")), ("unused", _("Not used"))),
        "weights": (
            ("zero", _("All weights are 0")),
            ("some", _("Some weights are 0")),
            ("empty", _("No servers")),
        ),
        "owners": (
            (ANY_OWNER, _("Any program")),
            (NO_OWNER, _("Nobody known")),
            *((owner, owner) for owner in known_owners()),
        ),
    }
    return render_page(request, "vservers/groups/list.html", context)


def page_size(asked: str) -> int:
    """How many rows a page has; the smallest size where none of them is asked for."""
    sizes = {str(size): size for size in PAGE_SIZES}
    return sizes.get(asked, PAGE_SIZES[0])


@require_safe
@requires(Action.VIEW)
def group_members(
    request: ConsoleRequest, region: str, balancer_id: str, group_id: str
) -> HttpResponse:
    """The row below a group in a list: its servers with share and health per listener."""
    if not wants_part(request):
        return redirect(request, reverse("groups-detail", args=[region, balancer_id, group_id]))
    group = group_or_404(balancer_or_404(region, balancer_id), group_id)
    context = {"group": group, "seen": members_seen(group), "columns": request.GET.get("columns")}
    return render(request, "vservers/groups/members.html", context)
