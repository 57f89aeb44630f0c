"""Create and edit a VServer group: one dialog with two lists."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_dialog
from console.shell.request import ConsoleRequest
from vservers.models import LoadBalancer, VServerGroup
from vservers.pages.answers import PLAN, Attempt, attempt
from vservers.pages.lookup import balancer_or_404, group_or_404
from vservers.services.errors import InvalidMembers
from vservers.services.groups import (
    change_group,
    create_group,
    plan_group_change,
    plan_new_group,
)

from .dialog import Dialog

TEMPLATE = "vservers/group_dialog/dialog.html"
_UNCHANGED = gettext_lazy("Nothing was changed: the group is like this already.")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_GROUPS)
def group_new(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    dialog = Dialog(balancer, request.POST if request.method == "POST" else None)
    if request.method != "POST" or not dialog.act_on(request.POST.get("intent", "")):
        return _show(request, dialog)
    made = _attempt(request, dialog, create_group, plan_new_group, load_balancer=balancer)
    if made is None:
        return _show(request, dialog, status=422)
    if made.is_over:
        return _leave(
            request, balancer, *made.words(_("%(name)s was created.") % {"name": dialog.name})
        )
    if made.error and (
        group := VServerGroup.objects.filter(pk=made.error.resource_id or None).first()
    ):
        # The first servers are in: what is left to do is an edit of the group that now exists.
        dialog.continue_with(group)
    return _show(request, dialog, status=422 if made.refused else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_GROUPS)
def group_edit(
    request: ConsoleRequest, region: str, balancer_id: str, group_id: str
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    group = group_or_404(balancer, group_id)
    dialog = Dialog(balancer, request.POST if request.method == "POST" else None, group=group)
    if request.method != "POST" or not dialog.act_on(request.POST.get("intent", "")):
        return _show(request, dialog)
    seen = request.POST.get("seen", "")
    made = _attempt(request, dialog, change_group, plan_group_change, group=group, seen=seen)
    if made is None:
        return _show(request, dialog, status=422)
    if made.is_over:
        words = made.words(_("%(name)s was changed.") % {"name": dialog.name}, unchanged=_UNCHANGED)
        return _leave(request, balancer, *words)
    if made.stale:
        dialog.be_overtaken(group_or_404(balancer, group_id))
    if made.error and made.error.carried_out:
        dialog.continue_with(group_or_404(balancer, group_id))
    return _show(request, dialog, status=422 if made.refused else 200)


def _attempt(
    request: ConsoleRequest, dialog: Dialog, verb: Any, plan: Any, **arguments: Any
) -> Attempt | None:
    """Carry out or plan what the dialog holds; None where the dialog itself refuses it."""
    if not dialog.is_valid() or not dialog.is_settled():
        return None
    if request.POST.get("intent") != PLAN and dialog.starves():
        return None
    try:
        made = attempt(request, verb, plan, name=dialog.name, members=dialog.members, **arguments)
    except InvalidMembers as error:
        dialog.refuse_members(error)
        return None
    dialog.failed, dialog.preview = made.error, made.preview
    return made


def _leave(
    request: ConsoleRequest, balancer: LoadBalancer, message: str, level: int
) -> HttpResponse:
    to = reverse("groups-list", args=[balancer.region_id, balancer.pk])
    return done(request, to=to, message=message, level=level, changed="groups")


def _show(request: ConsoleRequest, dialog: Dialog, *, status: int = 200) -> HttpResponse:
    return render_dialog(request, TEMPLATE, dialog.context(), status=status)
