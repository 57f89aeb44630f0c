"""Create and edit a VServer group: one dialog with two lists."""

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_dialog
from console.shell.request import ConsoleRequest
from vservers.models import LoadBalancer, VServerGroup
from vservers.pages.lookup import balancer_or_404, group_or_404
from vservers.selectors.fingerprints import fingerprint
from vservers.services.errors import CallFailed, Gone, InvalidMembers, NotReread, Stale
from vservers.services.groups import change_group, create_group
from vservers.services.observing import held_members

from .dialog import Dialog
from .draft import Draft

TEMPLATE = "vservers/group_dialog/dialog.html"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_GROUPS)
def group_new(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    draft = Draft.from_post(request.POST) if request.method == "POST" else Draft()
    dialog = Dialog(balancer, draft)
    if request.method != "POST" or not dialog.act_on(request.POST.get("intent", "")):
        return _show(request, dialog)
    if not dialog.is_valid():
        return _show(request, dialog, status=422)
    try:
        group = create_group(
            actor=request.actor,
            load_balancer=balancer,
            name=dialog.name,
            members=dialog.members,
        )
    except InvalidMembers as error:
        dialog.refuse_members(error)
        return _show(request, dialog, status=422)
    except CallFailed as error:
        dialog.failed = error
        if made := VServerGroup.objects.filter(pk=error.resource_id).first():
            # The first servers are in: what is left to do is an edit of the group that now exists.
            dialog.continue_with(made)
        return _show(request, dialog, status=422)
    except NotReread as error:
        return _leave(request, balancer, str(error), messages.WARNING)
    return _leave(request, balancer, f"{group} was created.")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_GROUPS)
def group_edit(
    request: ConsoleRequest, region: str, balancer_id: str, group_id: str
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    group = group_or_404(balancer, group_id)
    if request.method != "POST":
        draft = Draft.of_group(
            name=group.name, seen=fingerprint(group), members=held_members(group)
        )
        return _show(request, Dialog(balancer, draft, group=group))
    dialog = Dialog(balancer, Draft.from_post(request.POST), group=group)
    if not dialog.act_on(request.POST.get("intent", "")):
        return _show(request, dialog)
    if not dialog.is_valid():
        return _show(request, dialog, status=422)
    message, level = f"{dialog.name} was changed.", messages.SUCCESS
    try:
        changed = change_group(
            actor=request.actor,
            group=group,
            name=dialog.name,
            members=dialog.members,
            seen=dialog.draft.seen,
        )
        if not changed:
            message, level = "Nothing was changed: the group is like this already.", messages.INFO
    except InvalidMembers as error:
        dialog.refuse_members(error)
        return _show(request, dialog, status=422)
    except Stale as error:
        dialog.compare_with(group_or_404(balancer, group_id), error)
        return _show(request, dialog, status=422)
    except CallFailed as error:
        dialog.failed = error
        if error.carried_out:
            dialog.continue_with(group_or_404(balancer, group_id))
        return _show(request, dialog, status=422)
    except (Gone, NotReread) as error:
        message, level = str(error), messages.WARNING
    return _leave(request, balancer, message, level)


def _leave(
    request: ConsoleRequest, balancer: LoadBalancer, message: str, level: int = messages.SUCCESS
) -> HttpResponse:
    to = reverse("groups-list", args=[balancer.region_id, balancer.pk])
    return done(request, to=to, message=message, level=level, changed="groups")


def _show(request: ConsoleRequest, dialog: Dialog, *, status: int = 200) -> HttpResponse:
    return render_dialog(request, TEMPLATE, dialog.context(), status=status)
