"""What is done to one load balancer: its dialogs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import current_url, done, render_dialog
from console.shell.request import ConsoleRequest
from vservers.models import LoadBalancer
from vservers.pages.answers import Attempt, answer_dialog, attempt
from vservers.pages.lookup import balancer_or_404
from vservers.selectors import offers
from vservers.selectors.balancers import counts_within
from vservers.services import balancers as services
from vservers.services import tags as tag_services
from vservers.services.operations import Plan

from .forms import BandwidthForm, NameForm, ProtectionForm, SettingsForm, SpecForm, TypedForm
from .offered import offered
from .tag_draft import MORE, TagDraft

CHANGED = "balancers"


@require_safe
@requires(Action.CHANGE_INSTANCES)
def balancers_actions(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """What can be done, and why the rest cannot."""
    balancer = balancer_or_404(region, balancer_id)
    context = {
        "title": str(balancer),
        "balancer": balancer,
        "offers": offered(balancer),
        "back_url": _back(balancer),
    }
    return render_dialog(request, "vservers/instances/actions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_INSTANCES)
def balancers_start(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    question = {
        "title": _("Start %(name)s?") % {"name": balancer},
        "question": _("Its running listeners take requests at %(address)s from then on.")
        % {"address": balancer.address},
        "blocked": offers.why_not_start(balancer),
        "submit": _("Start"),
        "submit_kind": "primary",
    }
    words = _("%(name)s was started.") % {"name": balancer}
    return _ask(request, balancer, services.start_balancer, services.plan_start, words, question)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_INSTANCES)
def balancers_stop(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    running = balancer.listeners.filter(status="running").count()
    question = {
        "title": _("Stop %(name)s?") % {"name": balancer},
        "question": _("Every request to %(address)s fails until it is started again.")
        % {"address": balancer.address},
        "consequences": [
            ngettext(
                "%(count)d running listener stops forwarding.",
                "%(count)d running listeners stop forwarding.",
                running,
            )
            % {"count": running}
        ]
        if running
        else [],
        "blocked": offers.why_not_stop(balancer),
        "submit": _("Stop"),
    }
    words = _("%(name)s was stopped.") % {"name": balancer}
    return _ask(request, balancer, services.stop_balancer, services.plan_stop, words, question)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_INSTANCES)
def balancers_release(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """Asks to type the name, and says what goes with it."""
    balancer = balancer_or_404(region, balancer_id)
    form = TypedForm(request.POST or None, word=str(balancer))
    made = Attempt()
    asks_plan = request.POST.get("intent") == "plan"
    if request.method == "POST" and (asks_plan or form.is_valid()):
        made = attempt(
            request, services.release_balancer, services.plan_release, load_balancer=balancer
        )
        if made.is_over:
            words = made.words(_("%(name)s was released.") % {"name": balancer})
            return _leave(request, balancer, *words)
    blocked = made.blocked or offers.why_not_release(balancer)
    context = {
        "balancer": balancer,
        "back_url": _back(balancer),
        "title": _("Release %(name)s?") % {"name": balancer},
        "question": _("%(address)s answers nobody any more, and the address is not given back.")
        % {"address": balancer.address},
        "consequences": release_consequences([balancer]),
        "blocked": blocked,
        "links": [(_("Protection"), reverse("balancers-protection", args=[region, balancer_id]))]
        if blocked
        else [],
        "form": form,
        "submit": _("Release"),
    }
    if asks_plan:
        # Asking what would be sent is no answer to the question.
        context["form"] = TypedForm(None, word=str(balancer))
    return answer_dialog(
        request,
        "vservers/instances/release.html",
        context,
        refused=bool(not asks_plan and form.errors),
        attempt=made,
        changed=CHANGED,
    )


def release_consequences(balancers: list[LoadBalancer]) -> list[str]:
    """What goes with load balancers that are released, and what stays."""
    listeners, rules, groups = counts_within(balancers)
    counts = [
        (listeners, ngettext("%(count)d listener", "%(count)d listeners", listeners)),
        (rules, ngettext("%(count)d forwarding rule", "%(count)d forwarding rules", rules)),
        (groups, ngettext("%(count)d VServer group", "%(count)d VServer groups", groups)),
    ]
    gone = [words % {"count": count} for count, words in counts if count]
    if not gone:
        return [_("Its tags go with it. Servers stay as they are.")]
    return [
        _("%(things)s and the tags go with it.") % {"things": ", ".join(gone)},
        _("Servers stay as they are."),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_INSTANCES)
def balancers_tags(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    held = {key: (value, 1) for key, value in balancer.tags.items()}
    draft = TagDraft(held, request.POST if request.method == "POST" else None)
    made = Attempt()
    asks_more = request.POST.get("intent") == MORE
    if request.method == "POST" and not asks_more and draft.is_valid():
        made = attempt(
            request,
            tag_services.change_balancer_tags,
            tag_services.plan_balancer_tags,
            load_balancer=balancer,
            **draft.arguments,
        )
        if made.is_over:
            words = made.words(_("The tags of %(name)s were saved.") % {"name": balancer})
            return _done(request, balancer, *words)
    context = {
        "title": _("Tags of %(name)s") % {"name": balancer},
        "balancer": balancer,
        "draft": draft,
        "blocked": made.blocked or offers.why_not_touch(balancer),
        "most": tag_services.MAX_TAGS,
        "back_url": _back(balancer),
        "submit": _("Confirm"),
    }
    return answer_dialog(
        request,
        "vservers/instances/tags.html",
        context,
        refused=request.method == "POST" and not asks_more and not draft.is_valid(),
        attempt=made,
        changed=CHANGED,
    )


@dataclass(frozen=True, slots=True)
class _Settings:
    """Settings that one dialog changes together."""

    form: type[SettingsForm]
    title: Promise
    why_not: Callable[[LoadBalancer], str]


_SETTINGS = {
    "rename": _Settings(NameForm, gettext_lazy("Rename %(name)s"), offers.why_not_change),
    "protection": _Settings(
        ProtectionForm, gettext_lazy("Protection of %(name)s"), offers.why_not_touch
    ),
    "spec": _Settings(
        SpecForm, gettext_lazy("Specification of %(name)s"), offers.why_not_change_spec
    ),
    "bandwidth": _Settings(
        BandwidthForm, gettext_lazy("Bandwidth of %(name)s"), offers.why_not_change_bandwidth
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_INSTANCES)
def balancers_settings(
    request: ConsoleRequest, region: str, balancer_id: str, which: str
) -> HttpResponse:
    """A form of some settings; what somebody else changed meanwhile is told before it is lost.

    which: a key of _SETTINGS, from the address.
    """
    balancer = balancer_or_404(region, balancer_id)
    wanted = _SETTINGS[which]
    form = wanted.form(request.POST or None, balancer=balancer)
    made = Attempt()
    if request.method == "POST" and form.is_valid():
        made = attempt(
            request,
            services.change_balancer,
            services.plan_change,
            load_balancer=balancer,
            values=form.values,
            seen=form.cleaned_data["seen"],
        )
        if made.stale:
            form.be_overtaken(LoadBalancer.objects.get(pk=balancer.pk))
        if made.is_over:
            words = made.words(
                _("%(name)s was saved.") % {"name": balancer},
                unchanged=_("%(name)s stays as it was.") % {"name": balancer},
            )
            return _done(request, balancer, *words)
    context = {
        "title": wanted.title % {"name": balancer},
        "balancer": balancer,
        "form": form,
        "blocked": made.blocked or wanted.why_not(balancer),
        "theirs": _theirs(form, balancer.pk) if made.stale else [],
        "back_url": _back(balancer),
        "submit": _("Confirm"),
    }
    return answer_dialog(
        request,
        "vservers/instances/settings.html",
        context,
        refused=bool(form.errors),
        attempt=made,
        changed=CHANGED,
    )


def _theirs(form: SettingsForm, balancer_id: str) -> list[tuple[str, Any]]:
    """(label, value) of each setting as it stands in the cloud now."""
    now = LoadBalancer.objects.get(pk=balancer_id)
    values = form.as_fields({name: getattr(now, name) for name in form.names})
    return [(str(form.fields[name].label), values[name]) for name in form.names]


def _ask(
    request: ConsoleRequest,
    balancer: LoadBalancer,
    verb: Callable[..., Any],
    plan: Callable[..., Plan],
    words: str,
    question: dict[str, Any],
) -> HttpResponse:
    """Ask first; when the person said yes, do it."""
    made = Attempt()
    if request.method == "POST":
        made = attempt(request, verb, plan, load_balancer=balancer)
        if made.is_over:
            return _done(request, balancer, *made.words(words))
    if made.blocked:
        question["blocked"] = made.blocked
    return answer_dialog(
        request,
        "components/confirm.html",
        {"balancer": balancer, "back_url": _back(balancer), **question},
        refused=False,
        attempt=made,
        changed=CHANGED,
    )


def _back(balancer: LoadBalancer) -> str:
    return reverse("balancers-detail", args=[balancer.region_id, balancer.pk])


def _done(request: ConsoleRequest, balancer: LoadBalancer, words: str, level: int) -> HttpResponse:
    """The list fetches itself anew; any other page, whose heading tells of it, is loaded."""
    changed = CHANGED if _is_on_list(request, balancer) else ""
    return done(request, to=_back(balancer), message=words, changed=changed, level=level)


def _leave(request: ConsoleRequest, balancer: LoadBalancer, words: str, level: int) -> HttpResponse:
    """To the list: the page of what was released is no place to stay."""
    to = reverse("balancers-list", args=[balancer.region_id])
    changed = CHANGED if _is_on_list(request, balancer) else ""
    return done(request, to=to, message=words, changed=changed, level=level)


def _is_on_list(request: ConsoleRequest, balancer: LoadBalancer) -> bool:
    """Whether the dialog stands over the list, whose filters shall stay."""
    return current_url(request).path == reverse("balancers-list", args=[balancer.region_id])
