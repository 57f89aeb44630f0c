"""Primary/secondary groups: list, create, delete. The API has no call that changes one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_dialog, render_page
from console.shell.request import ConsoleRequest
from vservers.cloud import CloudError
from vservers.models import Drift, LoadBalancer, MasterSlaveGroup
from vservers.pages.answers import Attempt, answer_dialog, attempt, next_url, not_read
from vservers.pages.drift.words import in_words
from vservers.pages.lookup import balancer_or_404
from vservers.pages.users import users_as_links
from vservers.selectors.drift import open_drift
from vservers.selectors.pairs import pairs_page
from vservers.selectors.usage import listeners_with_pair
from vservers.services import pairs as services
from vservers.services.errors import Gone, InvalidMembers, UsedBy
from vservers.services.sync import refresh_pairs

from .dialog import PairDialog

TEMPLATE = "vservers/pairs/dialog.html"


@require_safe
@requires(Action.VIEW)
def pairs(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    return _list(request, balancer_or_404(region, balancer_id))


@require_POST
@requires(Action.REFRESH)
def refresh(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """Read the groups and the listeners that may use them from the cloud."""
    balancer = balancer_or_404(region, balancer_id)
    try:
        refresh_pairs(actor=request.actor, load_balancer=balancer)
    except CloudError as error:
        return not_read(request, error, back=next_url(request, _back(balancer)))
    except Gone as gone:
        to = reverse("balancers-list", args=[region])
        return done(request, to=to, message=str(gone), level=messages.WARNING)
    message = _("%(name)s was read from the cloud.") % {"name": balancer}
    return done(request, to=next_url(request, _back(balancer)), message=message)


def _list(request: ConsoleRequest, balancer: LoadBalancer) -> HttpResponse:
    query, sort = request.GET.get("q", "").strip(), request.GET.get("sort") or "name"
    rows, page = pairs_page(balancer, text=query, sort=sort, page=request.GET.get("page", 1))
    context = {
        "title": _("Primary/Secondary"),
        "balancer": balancer,
        "drift": in_words(open_drift(balancer, Drift.Kind.PAIR)),
        "rows": rows,
        "page": page,
        "query": query,
        "sort": sort,
        "list_url": _back(balancer),
    }
    return render_page(request, "vservers/pairs/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_PAIRS)
def new(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """Every button posts the whole dialog; only the intent `confirm` changes the cloud."""
    balancer = balancer_or_404(region, balancer_id)
    dialog = PairDialog(balancer, request.POST if request.method == "POST" else None)
    if request.method != "POST" or not dialog.act_on(request.POST.get("intent", "")):
        return _show(request, dialog)
    if not dialog.is_valid():
        return _show(request, dialog, status=422)
    try:
        made = attempt(
            request,
            services.create_pair,
            services.plan_new_pair,
            load_balancer=balancer,
            name=dialog.name,
            primary=dialog.primary,
            secondary=dialog.secondary,
        )
    except InvalidMembers as error:
        dialog.refuse_members(error)
        return _show(request, dialog, status=422)
    if made.is_over:
        words, level = made.words(_("%(name)s was created.") % {"name": dialog.name})
        return done(request, to=_back(balancer), message=words, level=level, changed="pairs")
    dialog.failed, dialog.preview = made.error, made.preview
    return _show(request, dialog, status=422 if made.refused else 200)


def _show(request: ConsoleRequest, dialog: PairDialog, *, status: int = 200) -> HttpResponse:
    return render_dialog(request, TEMPLATE, dialog.context(), status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_PAIRS)
def delete(request: ConsoleRequest, region: str, balancer_id: str, group_id: str) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    rows = MasterSlaveGroup.objects.select_related("load_balancer")
    group = get_object_or_404(rows, pk=group_id, load_balancer=balancer)
    made, refused = Attempt(), False
    if request.method == "POST":
        try:
            made = attempt(request, services.delete_pair, services.plan_pair_deletion, group=group)
        except UsedBy:
            refused = True
        if made.is_over:
            words, level = made.words(_("%(name)s was deleted.") % {"name": group})
            return done(request, to=_back(balancer), message=words, level=level, changed="pairs")
    users = listeners_with_pair(group.pk)
    context = {
        "title": _("Delete %(name)s?") % {"name": group},
        "balancer": balancer,
        "question": _("The group %(name)s (%(id)s) will be deleted. Its servers keep running.")
        % {"name": group, "id": group.pk},
        "blocked": _("The group is in use. Give these listeners another group first:")
        if users
        else "",
        "links": users_as_links(users),
        "submit": _("Delete"),
        "back_url": _back(balancer),
    }
    return answer_dialog(
        request,
        "components/confirm.html",
        context,
        refused=refused,
        attempt=made,
        changed="pairs",
    )


def _back(balancer: LoadBalancer) -> str:
    return reverse("pairs-list", args=[balancer.region_id, balancer.pk])
