"""Adding a listener, step by step."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.accounts.permissions import Action, may
from console.shell.access import requires
from console.shell.htmx import current_url, done, trigger
from console.shell.request import ConsoleRequest
from vservers.models import VServerGroup
from vservers.pages.answers import PLAN, Attempt, answer_dialog, attempt
from vservers.pages.lookup import balancer_or_404
from vservers.services import groups, listeners
from vservers.services.errors import InvalidMembers

from .fields import BACKEND, CHECK
from .new_group import NewGroup
from .times import Times
from .values import PAIR
from .wizard import REVIEW, Wizard

TEMPLATE = "vservers/listeners/wizard.html"
CREATE = "create"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_LISTENERS)
def listeners_new(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """The wizard. Every button posts all of it with an intent; only `create` makes the listener.

    `group-make` makes a VServer group on the way. ?group=: the one proposed at first.
    """
    balancer = balancer_or_404(region, balancer_id)
    posted = request.POST if request.method == "POST" else None
    wizard = Wizard(balancer, posted, target=request.GET.get("group", ""))
    new_group = NewGroup(balancer, wizard.data)
    intent, _colon, argument = request.POST.get("intent", "").partition(":")
    made, refused = Attempt(), False
    if intent in (CREATE, PLAN):
        refused = not wizard.judge()
        if refused:
            wizard.back_to_wrong()
        else:
            made = _make(request, wizard)
            if made.is_over:
                return _done(request, wizard, made)
    elif intent in ("next", "go"):
        refused = not wizard.go(argument)
    elif new_group.act_on(intent):
        made, refused = _make_group(request, wizard, new_group)
    return _show(request, wizard, new_group, made, refused=refused)


def _make(request: ConsoleRequest, wizard: Wizard) -> Attempt:
    return attempt(
        request,
        listeners.create_listener,
        listeners.plan_new_listener,
        load_balancer=wizard.balancer,
        protocol=wizard.protocol,
        port=wizard.form.port,
        spec=wizard.spec,
        start=wizard.starts,
    )


def _make_group(
    request: ConsoleRequest, wizard: Wizard, new_group: NewGroup
) -> tuple[Attempt, bool]:
    """Make a VServer group, and choose it; whether it was refused."""
    made = Attempt()
    if not new_group.judge():
        return made, True
    try:
        made = attempt(request, groups.create_group, groups.plan_new_group, **new_group.arguments)
    except InvalidMembers as refusal:
        new_group.form.add_error(None, list(refusal.errors.values()))
        return made, True
    if not made.is_over:
        return made, made.refused
    group = made.result
    if not isinstance(group, VServerGroup):
        # It could not be read back; the newest of that name is it.
        name = new_group.form.cleaned_data["group_name"]
        group = wizard.balancer.vserver_groups.filter(name=name).last()
    if group:
        new_group.done(group)
        wizard.choose(group.pk)
        messages.success(request, _("%(group)s was created.") % {"group": group})
    return made, False


def _done(request: ConsoleRequest, wizard: Wizard, made: Attempt) -> HttpResponse:
    balancer = wizard.balancer
    name = f"{wizard.protocol.upper()}:{wizard.form.port}"
    words, level = made.words(_("%(listener)s was created.") % {"listener": name})
    to = reverse("listeners-list", args=[balancer.region_id, balancer.pk])
    # Opened on another page, it leads to where the listener can be seen.
    changed = "listeners" if current_url(request).path == to else ""
    return done(request, to=to, message=words, changed=changed, level=level)


def _show(
    request: ConsoleRequest,
    wizard: Wizard,
    new_group: NewGroup,
    made: Attempt,
    *,
    refused: bool,
) -> HttpResponse:
    balancer = wizard.balancer
    if wizard.step == REVIEW and not wizard.form.is_bound and not wizard.judge():
        wizard.back_to_wrong()
    context: dict[str, Any] = {
        "title": _("Add Listener"),
        "balancer": balancer,
        "wizard": wizard,
        "form": wizard.form,
        "back_url": reverse("listeners-list", args=[balancer.region_id, balancer.pk]),
        # The button stands where the listener may be made; so does that which shows its calls.
        "plannable": wizard.step == REVIEW,
        "submit": _("Next"),
    }
    if wizard.step == REVIEW:
        context |= {"parts": wizard.summary(), "warnings": wizard.warnings()}
    if wizard.step == BACKEND:
        target = wizard.form["target"].value() or ""
        group = wizard.form.groups.get(target)
        held = group.members if group else balancer.pool_servers
        wizard.form.watch_target(request.get_full_path())
        context |= new_group.context()
        context |= {"group": group, "members": held.select_related("server")}
        context["pair"] = target.startswith(PAIR)
        context["may_make_group"] = may(request.actor, Action.CHANGE_GROUPS)
    if wizard.step == CHECK:
        context["times"] = Times.of(wizard.form)
    response = answer_dialog(
        request, TEMPLATE, context, refused=refused, attempt=made, changed="listeners"
    )
    return trigger(response, "groups-changed") if made.is_over else response
