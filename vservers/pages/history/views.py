"""History: what happened to one instance, listener, rule, VServer group or server."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import render_page
from console.shell.request import ConsoleRequest
from vservers.models import LoadBalancer
from vservers.pages.drift.words import in_words
from vservers.pages.lookup import (
    balancer_or_404,
    group_or_404,
    listener_or_404,
    region_or_404,
    rule_or_404,
)
from vservers.pages.operations.detail import STATUS_LEVELS
from vservers.selectors.history import PAGE_SIZE, Event, Subject, history

# On the page of the object itself.
FEW = 8
# As components/status.html has them, by AuditEntry.Outcome.
_OUTCOME_LEVELS = {"done": "ok", "failed": "bad"}


@require_safe
@requires(Action.VIEW_AUDIT)
def history_balancer(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    return _show(request, Subject.of_balancer(balancer), balancer=balancer)


@require_safe
@requires(Action.VIEW_AUDIT)
def history_listener(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    listener = listener_or_404(balancer, protocol, port)
    back = reverse("listeners-list", args=[region, balancer_id])
    return _show(request, Subject.of_listener(listener), str(listener), back, balancer)


@require_safe
@requires(Action.VIEW_AUDIT)
def history_rule(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int, rule_id: str
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    rule = rule_or_404(listener_or_404(balancer, protocol, port), rule_id)
    back = reverse("rules-list", args=[region, balancer_id, protocol, port])
    return _show(request, Subject.of_rule(rule), str(rule), back, balancer)


@require_safe
@requires(Action.VIEW_AUDIT)
def history_group(
    request: ConsoleRequest, region: str, balancer_id: str, group_id: str
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    group = group_or_404(balancer, group_id)
    back = reverse("groups-detail", args=[region, balancer_id, group_id])
    return _show(request, Subject.of_group(group.pk), str(group), back, balancer)


@require_safe
@requires(Action.VIEW_AUDIT)
def history_server(request: ConsoleRequest, region: str, server_id: str) -> HttpResponse:
    """Also of a server that is gone, or that only groups name."""
    region_or_404(request, region)
    back = reverse("servers-detail", args=[region, server_id])
    return _show(request, Subject.of_server(server_id), server_id, back)


def _show(
    request: ConsoleRequest,
    subject: Subject,
    name: str = "",
    back: str = "",
    balancer: LoadBalancer | None = None,
) -> HttpResponse:
    few = "few" in request.GET
    page = history(subject, page=request.GET.get("page", 1), size=FEW if few else PAGE_SIZE)
    drift = [event.drift for event in page.object_list if event.drift]
    words = {row.drift.pk: row for row in in_words(drift)}
    context: dict[str, Any] = {
        "title": _("History"),
        "object_name": name,
        "object_url": back,
        "page": page,
        "rows": [
            (event, _level(event), words[event.drift.pk] if event.drift else None)
            for event in page.object_list
        ],
        "few": few,
        "history_url": request.path,
    }
    if balancer:
        context["balancer"] = balancer
    return render_page(request, "vservers/history/page.html", context)


def _level(event: Event) -> str:
    if event.operation:
        return STATUS_LEVELS[event.operation.status]
    if event.entry:
        return _OUTCOME_LEVELS.get(event.entry.outcome, "warn")
    return "warn"
