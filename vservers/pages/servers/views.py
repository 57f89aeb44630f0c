"""ECS instances: the list of a region, and everything that sends traffic to one of them."""

from dataclasses import replace

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import render_page
from console.shell.request import ConsoleRequest
from vservers.models import Server
from vservers.pages.lookup import region_or_404
from vservers.selectors.fleet import (
    IN_USE,
    NOT_IN_USE,
    Filters,
    find_server,
    place_rows,
    servers_page,
    statuses,
)
from vservers.selectors.procedures import in_maintenance, maintenance_of
from vservers.services.connections import live_connections


@require_safe
@requires(Action.VIEW)
def server_list(request: ConsoleRequest, region: str) -> HttpResponse:
    found = region_or_404(request, region)
    filters = Filters(
        query=request.GET.get("q", "").strip(),
        status=request.GET.get("status", ""),
        use=request.GET.get("use", ""),
    )
    rows, page = servers_page(found, filters, page=request.GET.get("page", 1))
    context = {
        "title": _("Servers"),
        "region": found,
        "rows": rows,
        "maintained": in_maintenance([row.server.pk for row in rows]),
        "page": page,
        "filters": filters,
        "filtered": any((filters.query, filters.status, filters.use)),
        "statuses": [(status, _(status)) for status in statuses(found)],
        "uses": [(IN_USE, _("In a group or pool")), (NOT_IN_USE, _("In none"))],
        "list_url": reverse("servers-list", args=[region]),
    }
    return render_page(request, "vservers/servers/list.html", context)


@require_safe
@requires(Action.VIEW)
def server_detail(request: ConsoleRequest, region: str, server_id: str) -> HttpResponse:
    """?now reads connections and health from the cloud first: the page asks for it."""
    server = server_or_404(request, region, server_id)
    now = "now" in request.GET
    rows = place_rows(server)
    balancers = {row.place.load_balancer.pk: row.place.load_balancer for row in rows}
    connections = None
    if now and balancers:
        connections = live_connections(actor=request.actor, load_balancers=balancers.values())
        rows = [
            replace(
                row,
                connections=connections.of(row.place.load_balancer.pk, server.pk, row.place.port),
            )
            for row in place_rows(server)
        ]
    context = {
        "title": str(server),
        "server": server,
        "rows": rows,
        "connections": connections,
        "now": now,
        "maintenance": maintenance_of(server.pk),
        "counts": {
            "groups": len({row.place.vserver_group.pk for row in rows if row.place.vserver_group}),
            "pools": sum(not row.place.vserver_group for row in rows),
            "balancers": len(balancers),
            "getting": sum(row.place.gets_traffic for row in rows),
        },
    }
    return render_page(request, "vservers/servers/detail.html", context)


def server_or_404(request: ConsoleRequest, region: str, server_id: str) -> Server:
    """Also a server that is gone as long as something holds it."""
    server = find_server(region_or_404(request, region).pk, server_id)
    if server is None:
        raise Http404
    return server
