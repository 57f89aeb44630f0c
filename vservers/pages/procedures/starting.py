"""The dialogs that start a maintenance, a drain or a shift."""

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import redirect
from console.shell.request import ConsoleRequest
from vservers.jobs import defer_procedure
from vservers.models import LoadBalancer, Procedure, ProcedureMember, VServerGroup
from vservers.pages.answers import PLAN, Attempt, answer_dialog, attempt
from vservers.pages.fields import is_number
from vservers.pages.lookup import balancer_or_404, group_or_404
from vservers.pages.servers.views import server_or_404
from vservers.selectors.emptied import Emptied
from vservers.selectors.fleet import place_rows
from vservers.selectors.procedures import members_of_groups, procedures_moving
from vservers.services import drains, maintenance, shifts
from vservers.services.drains import AlreadyMoving, NothingChosen
from vservers.services.maintenance import AlreadyInMaintenance, NotHeld, WouldEmpty
from vservers.services.owners import owner_warning
from vservers.services.shift_steps import share_to

from .forms import DrainForm, MaintenanceForm, ShiftForm

METHODS = ["GET", "HEAD", "POST"]


def _begun(request: ConsoleRequest, procedure: Procedure) -> HttpResponse:
    """To the page of what was begun; a worker is told of it."""
    defer_procedure(procedure.pk)
    return redirect(request, reverse("procedures-detail", args=[procedure.pk]))


@require_http_methods(METHODS)
@requires(Action.CHANGE_GROUPS)
def maintenance_start(request: ConsoleRequest, region: str, server_id: str) -> HttpResponse:
    server = server_or_404(request, region, server_id)
    form = MaintenanceForm(request.POST if request.method == "POST" else None)
    made, emptied, blocked = Attempt(), list[Emptied](), ""
    if request.method == "POST" and form.is_valid():
        try:
            made = attempt(
                request,
                maintenance.start_maintenance,
                maintenance.plan_maintenance,
                server=server,
                **form.cleaned_data,
            )
        except WouldEmpty as error:
            emptied = error.emptied
        except (AlreadyInMaintenance, NotHeld) as error:
            blocked = str(error)
        if made.is_over:
            return _begun(request, made.result)
    context = {
        "title": _("Maintenance of %(server)s") % {"server": server},
        "server": server,
        "rows": place_rows(server),
        "moving": procedures_moving(server),
        "form": form,
        "emptied": emptied or form.data.get("may_empty"),
        "emptied_names": [str(one) for one in emptied],
        "blocked": blocked,
        "submit": _("Start maintenance"),
        "back_url": reverse("servers-detail", args=[region, server_id]),
    }
    refused = bool(emptied or blocked or form.errors)
    template = "vservers/procedures/maintenance.html"
    return answer_dialog(
        request, template, context, refused=refused, attempt=made, changed="server"
    )


@require_http_methods(METHODS)
@requires(Action.CHANGE_GROUPS)
def drain_start(
    request: ConsoleRequest, region: str, balancer_id: str, group_id: str
) -> HttpResponse:
    """?member=server:port ticks rows beforehand."""
    balancer = balancer_or_404(region, balancer_id)
    group = group_or_404(balancer, group_id)
    typed = request.POST if request.method == "POST" else request.GET
    ticked = set(typed.getlist("member"))
    form = DrainForm(request.POST if request.method == "POST" else None)
    made, emptied, refusal = Attempt(), list[Emptied](), ""
    if request.method == "POST" and form.is_valid():
        try:
            made = attempt(
                request,
                drains.start_drain,
                drains.plan_drain,
                group=group,
                chosen=_keys(ticked),
                **form.cleaned_data,
            )
        except WouldEmpty as error:
            emptied = error.emptied
        except (NothingChosen, AlreadyMoving) as error:
            refusal = str(error)
        if made.is_over:
            return _begun(request, made.result)
    members = members_of_groups([group])
    context = {
        "title": _("Drain, then remove"),
        "balancer": balancer,
        "group": group,
        "rows": [(one, _name(one), _name(one) in ticked) for one in members],
        "form": form,
        "emptied": emptied or form.data.get("may_empty"),
        "emptied_names": [str(one) for one in emptied],
        "refusal": refusal,
        "warnings": owner_warning(group.owner),
        "submit": _("Drain, then remove"),
        "back_url": reverse("groups-detail", args=[region, balancer_id, group_id]),
    }
    refused = bool(emptied or refusal or form.errors)
    template = "vservers/procedures/drain.html"
    return answer_dialog(request, template, context, refused=refused, attempt=made, changed="group")


def _name(member: ProcedureMember) -> str:
    return f"{member.server_id}:{member.port}"


def _keys(ticked: set[str]) -> set[tuple[str, int]]:
    """(server_id, port) of what was ticked."""
    found = set()
    for text in ticked:
        server_id, _colon, port = text.rpartition(":")
        if server_id and is_number(port):
            found.add((server_id, int(port)))
    return found


@dataclass(frozen=True, slots=True)
class StepShown:
    """A step of the plan. moving: the weights of the servers that give or take, in their order;
    shares: (group, percent that those that take get then)."""

    number: int
    moving: list[int]
    shares: list[tuple[str, float | None]]


@require_http_methods(METHODS)
@requires(Action.CHANGE_GROUPS)
def shift_start(
    request: ConsoleRequest, region: str, balancer_id: str, group_id: str
) -> HttpResponse:
    """The steps are shown first; what starts is what was shown."""
    balancer = balancer_or_404(region, balancer_id)
    groups = _groups(request, balancer, group_or_404(balancer, group_id))
    posted = request.POST if request.method == "POST" else None
    intent = request.POST.get("intent", "")
    form = ShiftForm(posted)
    sides = form.sides_of(request.POST, [group.pk for group in groups])
    members = shifts.shift_members(groups, sides)
    made, refusal, steps = Attempt(), "", list[list[int]]()
    if posted is not None and intent != "add" and form.is_valid():
        values = form.cleaned_data
        try:
            steps = shifts.shift_steps(members, count=values["count"], percent=values["percent"])
            seen = _seen(request)
            if intent == PLAN or (intent != "steps" and seen is not None):
                made = attempt(
                    request,
                    shifts.start_shift,
                    shifts.plan_shift,
                    groups=groups,
                    sides=sides,
                    seen=None if intent == PLAN else seen,
                    **values,
                )
        except (shifts.NothingToMove, AlreadyMoving) as error:
            refusal = str(error)
        if made.is_over:
            return _begun(request, made.result)
    rows = shifts.shift_rows(members)
    context = {
        "title": _("Shift traffic"),
        "balancer": balancer,
        "group": groups[0],
        "groups": groups,
        "others": [
            one for one in balancer.vserver_groups.order_by("name")[:200] if one not in groups
        ],
        "form": form,
        "rows": [
            (one, f"side|{one.vserver_group_id}|{one.server_id}|{one.port}") for one in members
        ],
        "members": members,
        "steps": [
            StepShown(
                number,
                [weight for row, weight in zip(rows, weights, strict=True) if row.side],
                [(str(group), share_to(rows, weights, group.pk)) for group in groups],
            )
            for number, weights in enumerate([[row.weight for row in rows], *steps])
        ]
        if steps
        else [],
        "seen": json.dumps(steps),
        "ignored": _ignoring_weights(groups),
        "warnings": owner_warning(groups[0].owner),
        "refusal": refusal,
        "submit": _("Start") if steps else _("Show the steps"),
        "plannable": bool(steps),
        "back_url": reverse("groups-detail", args=[region, balancer_id, group_id]),
    }
    template = "vservers/procedures/shift.html"
    refused = bool(refusal or form.errors)
    return answer_dialog(request, template, context, refused=refused, attempt=made, changed="group")


def _groups(
    request: ConsoleRequest, balancer: LoadBalancer, group: VServerGroup
) -> list[VServerGroup]:
    """The group of the address, and those that were added."""
    wanted = [*request.POST.getlist("group"), request.POST.get("add", "")]
    if request.POST.get("intent") != "add":
        wanted.pop()
    also = balancer.vserver_groups.filter(pk__in=wanted).exclude(pk=group.pk)
    return [group, *also.order_by("name").select_related("load_balancer")]


def _seen(request: ConsoleRequest) -> Any:
    """The steps that the form carried; None where it carried none."""
    try:
        return json.loads(request.POST.get("seen", "")) or None
    except (ValueError, RecursionError):
        return None


def _ignoring_weights(groups: list[VServerGroup]) -> list[str]:
    """The listeners with round robin among the users: for them only a weight of 0 counts."""
    found: dict[str, None] = {}
    for group in groups:
        for listener in group.listeners.all():
            if listener.scheduler == "rr":
                found[str(listener)] = None
        for rule in group.rules.select_related("listener"):
            if (rule.scheduler or rule.listener.scheduler) == "rr":
                found[f"{rule.listener} {rule}"] = None
    return list(found)
