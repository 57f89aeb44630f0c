"""Delete a group; where something uses it, after that has taken another group."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done
from console.shell.request import ConsoleRequest
from vservers.models import LoadBalancer, VServerGroup
from vservers.pages.answers import Attempt, answer_dialog, attempt
from vservers.pages.fields import GroupField, groups_by_id
from vservers.pages.lookup import balancer_or_404, group_or_404
from vservers.selectors.group_lists import Use, uses_of
from vservers.services.errors import InUse
from vservers.services.group_moves import plan_group_replacement, replace_group
from vservers.services.groups import delete_group, plan_group_deletion
from vservers.services.owners import owner_warning


class SwitchForm(forms.Form):
    """The group that takes over."""

    use_required_attribute = False

    def __init__(self, group: VServerGroup, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        others = groups_by_id(group.load_balancer)
        others.pop(group.pk, None)
        self.fields["by"] = field = GroupField(others, empty_label=_("Choose…"))
        field.label = gettext_lazy("Switch them to")
        self.has_choice = bool(others)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_GROUPS)
def group_delete(
    request: ConsoleRequest, region: str, balancer_id: str, group_id: str
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    group = group_or_404(balancer, group_id)
    uses = uses_of([group.pk])[group.pk]
    if request.method != "POST":
        return _ask(request, balancer, group, uses, SwitchForm(group))
    form = SwitchForm(group, request.POST)
    if uses and not form.is_valid():
        return _ask(request, balancer, group, uses, form)
    try:
        if uses:
            by = form.cleaned_data["by"]
            made = attempt(
                request, replace_group, plan_group_replacement, group=group, by=by, delete=True
            )
        else:
            made = attempt(request, delete_group, plan_group_deletion, group=group)
    except InUse:
        # Somebody has begun to use it since the question was asked.
        group = group_or_404(balancer, group_id)
        form = SwitchForm(group)
        return _ask(request, balancer, group, uses_of([group.pk])[group.pk], form, refused=True)
    if not made.is_over:
        return _ask(request, balancer, group, uses, form, made)
    message, level = made.words(_("%(name)s was deleted.") % {"name": group})
    if uses and level == messages.SUCCESS:
        message = _("%(name)s was deleted; its users take %(by)s now.") % {"name": group, "by": by}
    to = reverse("groups-list", args=[region, balancer_id])
    return done(request, to=to, message=message, level=level, changed="groups")


def _ask(
    request: ConsoleRequest,
    balancer: LoadBalancer,
    group: VServerGroup,
    uses: list[Use],
    form: SwitchForm,
    made: Attempt | None = None,
    *,
    refused: bool = False,
) -> HttpResponse:
    """The question before a group is deleted, with what uses it."""
    context = {
        "title": _("Delete %(name)s?") % {"name": group},
        "balancer": balancer,
        "group": group,
        "uses": uses,
        "form": form,
        "consequences": owner_warning(group.owner),
        "blocked": bool(uses) and not form.has_choice,
        "submit": _("Switch over and delete") if uses else _("Delete"),
        "plannable": not uses or form.has_choice,
        "back_url": reverse("groups-list", args=[balancer.region_id, balancer.pk]),
    }
    return answer_dialog(
        request,
        "vservers/groups/delete.html",
        context,
        refused=refused or (form.is_bound and bool(form.errors)),
        attempt=made,
        changed="groups",
    )
