"""Listeners of one instance."""

from collections.abc import Callable
from dataclasses import fields as dataclass_fields
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_page
from console.shell.request import ConsoleRequest
from vservers.models import Drift, Listener, LoadBalancer
from vservers.pages.answers import Attempt, answer_dialog, attempt
from vservers.pages.drift.words import in_words
from vservers.pages.health.reading import read_health
from vservers.pages.lookup import balancer_or_404, listener_or_404
from vservers.selectors.drift import open_drift
from vservers.selectors.fingerprints import listener_picture
from vservers.selectors.listeners import TARGETS, Filters, listener_rows
from vservers.services import listeners as services
from vservers.services.operations import Plan

from .editing import ListenerEdit
from .forms import ListenerForm
from .times import Times

FORM = "vservers/listeners/form.html"


@require_safe
@requires(Action.VIEW)
def listeners_list(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """?health=now reads what the health checks say from the cloud first.

    The page asks for that once by itself, when the checks of a listener have said nothing yet: a
    new one is read back before its first checks are through.
    """
    balancer = balancer_or_404(region, balancer_id)
    checked = request.GET.get("health") == "now"
    if checked:
        read_health(request, balancer)
    wanted = {f.name: request.GET.get(f.name, "") for f in dataclass_fields(Filters)}
    filters = Filters(**wanted)
    rows = listener_rows(balancer, filters)
    shown = {name: value for name, value in request.GET.items() if name != "health"}
    context = {
        "title": _("Listeners"),
        "balancer": balancer,
        "rows": rows,
        "unchecked": not checked and any(row.is_unchecked for row in rows),
        "here": f"{request.path}?{urlencode(shown)}" if shown else request.path,
        "health_url": f"{request.path}?{urlencode({**shown, 'health': 'now'})}",
        "filters": filters,
        "protocols": Listener.Protocol.choices,
        "statuses": Listener.Status.choices,
        "targets": TARGETS,
        "list_url": _back(balancer),
        "drift": in_words(open_drift(balancer, Drift.Kind.LISTENER, Drift.Kind.RULE)),
    }
    return render_page(request, "vservers/listeners/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_LISTENERS)
def listeners_edit(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    listener = listener_or_404(balancer, protocol, port)
    edit = ListenerEdit(listener, request.POST if request.method == "POST" else None)
    made = Attempt()
    if request.method == "POST" and edit.is_ready():
        made = attempt(
            request,
            services.change_listener,
            services.plan_listener_change,
            listener=listener,
            **edit.arguments(),
        )
        if made.stale:
            edit.be_overtaken(listener_picture(listener_or_404(balancer, protocol, port)))
        if made.is_over:
            words = made.words(
                _("%(listener)s was saved.") % {"listener": listener},
                unchanged=_("%(listener)s stays as it was.") % {"listener": listener},
            )
            return _done(request, balancer, *words)
    context = _form_context(balancer, edit.form, _("Edit %(listener)s") % {"listener": listener})
    context |= {"listener": listener, **edit.context()}
    return answer_dialog(
        request, FORM, context, refused=edit.refused, attempt=made, changed="listeners"
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_LISTENERS)
def listeners_start(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    listener = listener_or_404(balancer, protocol, port)
    question = {
        "title": _("Start %(listener)s?") % {"listener": listener},
        "question": _("Requests to %(address)s:%(port)s are answered from then on.")
        % {"address": balancer.address, "port": port},
        "submit": _("Start"),
        "submit_kind": "primary",
    }
    return _ask(
        request,
        listener,
        services.start_listener,
        _status_plan("running"),
        _("%(listener)s was started.") % {"listener": listener},
        question,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_LISTENERS)
def listeners_stop(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    listener = listener_or_404(balancer, protocol, port)
    question = {
        "title": _("Stop %(listener)s?") % {"listener": listener},
        "question": _("Requests to %(address)s:%(port)s fail until it is started again.")
        % {"address": balancer.address, "port": port},
        "consequences": _redirected_here(listener),
        "submit": _("Stop"),
    }
    return _ask(
        request,
        listener,
        services.stop_listener,
        _status_plan("stopped"),
        _("%(listener)s was stopped.") % {"listener": listener},
        question,
    )


def _redirected_here(listener: Listener) -> list[str]:
    """Who else is hit when an HTTPS listener answers no more."""
    if listener.protocol != Listener.Protocol.HTTPS:
        return []
    others = listener.load_balancer.listeners.filter(forward_port=listener.port)
    names = ", ".join(str(other) for other in others)
    words = _("Clients of %(listeners)s are redirected here: they get no answer, either.")
    return [words % {"listeners": names}] if names else []


def _status_plan(status: str) -> Callable[..., Plan]:
    def plan(**arguments: Any) -> Plan:
        return services.plan_listener_status(status=status, **arguments)

    return plan


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_LISTENERS)
def listeners_delete(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    listener = listener_or_404(balancer, protocol, port)
    rules = listener.rules.count()
    question = {
        "title": _("Delete %(listener)s?") % {"listener": listener},
        "question": _("Requests to %(address)s:%(port)s fail from then on.")
        % {"address": balancer.address, "port": port},
        "consequences": _redirected_here(listener)
        + (
            [
                ngettext(
                    "Its %(number)s forwarding rule will be deleted with it.",
                    "Its %(number)s forwarding rules will be deleted with it.",
                    rules,
                )
                % {"number": rules},
                _("VServer groups and servers stay as they are."),
            ]
            if rules
            else []
        ),
        "submit": _("Delete"),
    }
    return _ask(
        request,
        listener,
        services.delete_listener,
        services.plan_listener_deletion,
        _("%(listener)s was deleted.") % {"listener": listener},
        question,
    )


def _ask(
    request: ConsoleRequest,
    listener: Listener,
    verb: Callable[..., None],
    plan: Callable[..., Plan],
    words: str,
    question: dict[str, Any],
) -> HttpResponse:
    """Ask first; when the person said yes, do it."""
    balancer = listener.load_balancer
    made = Attempt()
    if request.method == "POST":
        made = attempt(request, verb, plan, listener=listener)
        if made.is_over:
            return _done(request, balancer, *made.words(words))
    return answer_dialog(
        request,
        "components/confirm.html",
        {"balancer": balancer, "back_url": _back(balancer), **question},
        refused=False,
        attempt=made,
        changed="listeners",
    )


def _form_context(balancer: LoadBalancer, form: ListenerForm, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "balancer": balancer,
        "form": form,
        "times": Times.of(form),
        "back_url": _back(balancer),
        "submit": _("Submit"),
    }


def _back(balancer: LoadBalancer) -> str:
    return reverse("listeners-list", args=[balancer.region_id, balancer.pk])


def _done(request: ConsoleRequest, balancer: LoadBalancer, words: str, level: int) -> HttpResponse:
    return done(request, to=_back(balancer), message=words, changed="listeners", level=level)
