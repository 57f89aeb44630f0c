"""Health: of one instance per listener, server and port, and all that is wrong in a region."""

from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_page
from console.shell.request import ConsoleRequest
from vservers.pages.answers import next_url
from vservers.pages.lookup import balancer_or_404, region_or_404
from vservers.selectors.health import (
    Filters,
    State,
    balancer_health,
    narrowed,
    rows_page,
    wrong_counts,
    wrong_now,
)

from .reading import read_health
from .words import STATES, WORDS, check_of, shown, summed_up

# Seconds between two readings that a person can ask for.
PACES = ("10", "30", "60")


@require_safe
@requires(Action.VIEW)
def health_list(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """?now reads from the cloud first; ?every=10 lets the page do so while it is open."""
    balancer = balancer_or_404(region, balancer_id)
    address = request.GET.copy()
    if address.pop("now", None):
        read_health(request, balancer)
        balancer = balancer_or_404(region, balancer_id)
        # Links to the other pages of the list do not read anew.
        request.GET = address  # type: ignore[assignment]
    filters = Filters(
        **{name: request.GET.get(name, "").strip() for name in Filters.__dataclass_fields__}
    )
    sort = request.GET.get("sort", "")
    every = request.GET.get("every", "")
    health = balancer_health(balancer)
    page = rows_page(narrowed(health.rows, filters, sort), request.GET.get("page", 1))
    context = {
        "title": _("Health"),
        "balancer": balancer,
        "listeners": [(one, *summed_up(one), check_of(one.listener)) for one in health.listeners],
        "page": page,
        "rows": [shown(row) for row in page.object_list],
        "any_rows": bool(health.rows),
        "filters": filters,
        "filtered": any(asdict(filters).values()),
        "sort": sort,
        "every": every if every in PACES else "",
        "paces": [(pace, _("every %(seconds)s s") % {"seconds": pace}) for pace in PACES],
        "states": STATES,
        "keys": [
            (f"{one.listener.protocol}:{one.listener.port}", str(one.listener))
            for one in health.listeners
        ],
        "list_url": request.path,
        "here": f"{request.path}?{address.urlencode()}" if address else request.path,
    }
    return render_page(request, "vservers/health/list.html", context)


@require_POST
@requires(Action.REFRESH)
def health_refresh(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    back = next_url(request, reverse("health-list", args=[region, balancer_id]))
    if not read_health(request, balancer):
        return done(request, to=back)
    words = _("Health of %(name)s was read from the cloud.") % {"name": balancer}
    return done(request, to=back, message=words)


@require_safe
@requires(Action.VIEW)
def health_region(request: ConsoleRequest, region: str) -> HttpResponse:
    """What is abnormal now, over all instances of the region; ?state=unavailable for the others."""
    found = region_or_404(request, region)
    state = request.GET.get("state", "")
    text = request.GET.get("q", "").strip()
    counts = wrong_counts(found)
    wanted = State.UNAVAILABLE if state == State.UNAVAILABLE else State.ABNORMAL
    page = wrong_now(found, status=wanted, text=text, page=request.GET.get("page", 1))
    context: dict[str, Any] = {
        "title": _("Health"),
        "region": found,
        "page": page,
        "rows": [shown(row.place) for row in page.object_list],  # type: ignore[attr-defined]
        "state": wanted,
        "text": text,
        "tabs": [(one, WORDS[one], counts[one]) for one in (State.ABNORMAL, State.UNAVAILABLE)],
    }
    return render_page(request, "vservers/health/region.html", context)
