"""Instances of a region, and one of them."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.accounts.permissions import Action, may
from console.shell.access import requires
from console.shell.htmx import done, redirect, render_page, wants_part
from console.shell.request import ConsoleRequest
from vservers.cloud import CloudError
from vservers.models import LoadBalancer, Region
from vservers.pages.answers import next_url, not_read
from vservers.pages.drift.words import in_words
from vservers.pages.gone import render_gone, vanished_balancer
from vservers.pages.lookup import balancer_or_404, region_or_404
from vservers.selectors.balancers import PAGE_SIZES, balancers_page, tag_keys
from vservers.selectors.drift import open_drift
from vservers.selectors.groups import groups_page
from vservers.selectors.listeners import listener_rows
from vservers.selectors.runs import accounts_of, several_accounts
from vservers.services.errors import Gone
from vservers.services.sync import (
    refresh_balancer,
    refresh_groups,
    refresh_listeners,
    refresh_pool,
    refresh_region,
)

from .bulk import ACTS
from .columns import choose_columns, chosen_columns, offered_columns
from .filters import chips, elsewhere, filters_of, form_fields, size_of, sort_of
from .offered import offered

# As many as a page has.
MOST_SHOWN_GROUPS = 50


@require_safe
@requires(Action.VIEW)
def balancers_list(request: ConsoleRequest, region: str) -> HttpResponse:
    return _list(request, region_or_404(request, region))


@require_POST
@requires(Action.REFRESH)
def region_refresh(request: ConsoleRequest, region: str) -> HttpResponse:
    """Read the region's list of instances with their listeners from the cloud."""
    found = region_or_404(request, region)
    back = next_url(request, reverse("balancers-list", args=[region]))
    try:
        refresh_region(actor=request.actor, region=found)
    except CloudError as error:
        return not_read(request, error, back=back)
    return done(
        request, to=back, message=_("%(name)s was read from the cloud.") % {"name": found.name}
    )


def _list(request: ConsoleRequest, region: Region) -> HttpResponse:
    address = reverse("balancers-list", args=[region.pk])
    filters = filters_of(request.GET)
    sort, size = sort_of(request.GET), size_of(request.GET)
    page = balancers_page(
        region=region, filters=filters, sort=sort, page=request.GET.get("page", 1), size=size
    )
    accounts = accounts_of(region)
    several = len(accounts.names) > 1
    fields = form_fields(filters, accounts.names)
    bulk = may(request.actor, Action.CHANGE_INSTANCES)
    context = {
        "title": _("Instances"),
        "region": region,
        "page": page,
        "columns": chosen_columns(request.actor, several_accounts=several),
        "all_columns": offered_columns(several),
        "filters": filters,
        "fields": fields,
        "narrowed": any(field.value for field in fields),
        "chips": chips(address, request.GET.dict(), fields),
        "listed_at": accounts.listed_at,
        "sort": sort,
        "size": size,
        "sizes": PAGE_SIZES,
        "kept": filters.as_query(),
        "bulk": bulk,
        "acts": tuple((act.key, act.label, act.icon, act.url(region)) for act in ACTS.values()),
        "elsewhere": [] if page.object_list else elsewhere(region, filters),
    }
    response = render_page(request, "vservers/instances/list.html", context)
    if wants_part(request) and "" in request.GET.dict().values():
        # The form sends every filter; the address has those that are set.
        given = {name: value for name, value in request.GET.items() if value}
        response["HX-Push-Url"] = f"{address}?{urlencode(given)}" if given else address
    return response


@require_safe
@requires(Action.VIEW)
def balancers_tag_keys(request: ConsoleRequest, region: str) -> HttpResponse:
    """The tag keys of the region, which the filter suggests once somebody is in its field."""
    found = region_or_404(request, region)
    if not wants_part(request):
        return redirect(request, reverse("balancers-list", args=[region]))
    context = {"tag_keys": tag_keys(found)}
    return render(request, "vservers/instances/list.html#tag_keys", context)


@require_POST
@requires(Action.VIEW)
def balancers_columns(request: ConsoleRequest, region: str) -> HttpResponse:
    """Keep which columns the person sees. POST column: their keys; usual: forget the choice."""
    usual = "usual" in request.POST
    choose_columns(request.actor, None if usual else request.POST.getlist("column"))
    return redirect(request, next_url(request, reverse("balancers-list", args=[region])))


@require_safe
@requires(Action.VIEW)
def balancers_detail(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    if gone := vanished_balancer(region, balancer_id):
        return render_gone(request, gone)
    return _detail(request, balancer_or_404(region, balancer_id))


@require_POST
@requires(Action.REFRESH)
def balancers_refresh(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """Read what a page of the instance shows, and go back to the page that asked for it.

    POST part: groups, listeners or pool, else the instance itself; group: those with servers shown.
    """
    balancer = balancer_or_404(region, balancer_id)
    back = next_url(request, reverse("balancers-detail", args=[region, balancer_id]))
    shown = request.POST.getlist("group")[:MOST_SHOWN_GROUPS]
    actor = request.actor
    try:
        match request.POST.get("part"):
            case "groups":
                refresh_groups(actor=actor, load_balancer=balancer, group_ids=shown)
            case "listeners":
                refresh_listeners(actor=actor, load_balancer=balancer)
            case "pool":
                refresh_pool(actor=actor, load_balancer=balancer)
            case _:
                refresh_balancer(actor=actor, load_balancer=balancer, group_ids=shown)
    except CloudError as error:
        return not_read(request, error, back=back)
    except Gone as gone:
        to = reverse("balancers-list", args=[region])
        return done(request, to=to, message=str(gone), level=messages.WARNING)
    return done(
        request,
        to=back,
        message=_("%(balancer)s was read from the cloud.") % {"balancer": balancer},
    )


def _detail(request: ConsoleRequest, balancer: LoadBalancer) -> HttpResponse:
    context = {
        "title": _("Details"),
        "balancer": balancer,
        "rows": listener_rows(balancer),
        "groups": groups_page(load_balancer=balancer),
        "pool_count": balancer.pool_servers.count(),
        "drift": in_words(open_drift(balancer)),
        "several": several_accounts(),
        "offers": offered(balancer) if may(request.actor, Action.CHANGE_INSTANCES) else [],
    }
    return render_page(request, "vservers/instances/detail.html", context)
