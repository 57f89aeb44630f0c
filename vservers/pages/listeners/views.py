"""Listeners of one instance."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.template.defaultfilters import pluralize
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_page
from console.shell.request import ConsoleRequest
from vservers.models import Drift, Listener, LoadBalancer
from vservers.pages.answers import answer_dialog, unread_is_said
from vservers.pages.lookup import balancer_or_404, listener_or_404
from vservers.selectors.drift import open_drift
from vservers.selectors.fingerprints import listener_fingerprint
from vservers.selectors.listeners import listener_rows
from vservers.services import listeners as services
from vservers.services.errors import CallFailed, Gone, Stale

from .forms import ListenerForm

FORM = "vservers/listeners/form.html"


@require_safe
@requires(Action.VIEW)
def listeners_list(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    return _list(request, balancer_or_404(region, balancer_id))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_LISTENERS)
def listeners_new(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    form = ListenerForm(request.POST or None, load_balancer=balancer)
    error = None
    if request.method == "POST" and form.is_valid():
        port = form.cleaned_data["listening_port"]
        try:
            with unread_is_said(request):
                services.create_http_listener(
                    actor=request.actor,
                    load_balancer=balancer,
                    port=port,
                    settings=form.settings,
                    vserver_group=form.group,
                    backend_server_port=form.cleaned_data["backend_port"],
                    description=form.name,
                    start=form.cleaned_data["start"],
                )
        except CallFailed as failure:
            error = failure
        else:
            return _done(request, balancer, f"HTTP:{port} was created.")
    context = _form_context(balancer, form, "Add Listener")
    return answer_dialog(
        request, FORM, context, refused=bool(form.errors), error=error, changed="listeners"
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_LISTENERS)
def listeners_edit(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    listener = listener_or_404(balancer, protocol, port)
    if protocol != Listener.Protocol.HTTP:
        raise Http404
    form = _edit_form(balancer, listener, request.POST or None)
    stale: Stale | None = None
    error: CallFailed | None = None
    changed = True  # unless the service says otherwise
    if request.method == "POST" and form.is_valid():
        try:
            with unread_is_said(request):
                changed = services.change_http_listener(
                    actor=request.actor,
                    listener=listener,
                    settings=form.settings,
                    vserver_group=form.group,
                    description=form.name,
                    seen=form.cleaned_data["seen"],
                )
        except Stale as refusal:
            stale = refusal
            # What was typed stays; the next Submit counts as said in sight of theirs.
            typed = request.POST.copy()
            listener = listener_or_404(balancer, protocol, port)
            typed["seen"] = listener_fingerprint(listener)
            form = _edit_form(balancer, listener, typed)
        except Gone as gone:
            return _done(request, balancer, str(gone), level=messages.WARNING)
        except CallFailed as failure:
            error = failure
        else:
            words = "was saved" if changed else "stays as it was"
            return _done(request, balancer, f"{listener} {words}.")
    context = _form_context(balancer, form, f"Edit {listener}")
    context |= {
        "listener": listener,
        "stale": stale,
        "differences": form.differences() if stale else [],
    }
    return answer_dialog(
        request, FORM, context, refused=bool(form.errors or stale), error=error, changed="listeners"
    )


def _edit_form(balancer: LoadBalancer, listener: Listener, data: object) -> ListenerForm:
    return ListenerForm(
        data, load_balancer=balancer, listener=listener, seen=listener_fingerprint(listener)
    )


@require_POST
@requires(Action.CHANGE_LISTENERS)
def listeners_start(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    listener = listener_or_404(balancer, protocol, port)
    try:
        with unread_is_said(request):
            services.start_listener(actor=request.actor, listener=listener)
    except CallFailed as failure:
        return _list(request, balancer, error=failure)
    return _done(request, balancer, f"{listener} was started.")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_LISTENERS)
def listeners_stop(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    listener = listener_or_404(balancer, protocol, port)
    question = {
        "title": f"Stop {listener}?",
        "question": f"Requests to {balancer.address}:{port} fail until it is started again.",
        "submit": "Stop",
    }
    return _ask(request, listener, services.stop_listener, f"{listener} was stopped.", question)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_LISTENERS)
def listeners_delete(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    balancer = balancer_or_404(region, balancer_id)
    listener = listener_or_404(balancer, protocol, port)
    rules = listener.rules.count()
    question = {
        "title": f"Delete {listener}?",
        "question": f"Requests to {balancer.address}:{port} fail from then on.",
        "consequences": [
            f"Its {rules} forwarding rule{pluralize(rules)} will be deleted with it.",
            "VServer groups and servers stay as they are.",
        ]
        if rules
        else [],
        "submit": "Delete",
    }
    return _ask(request, listener, services.delete_listener, f"{listener} was deleted.", question)


def _ask(
    request: ConsoleRequest,
    listener: Listener,
    service: Callable[..., None],
    words: str,
    question: dict[str, Any],
) -> HttpResponse:
    """Ask first; when the person said yes, do it."""
    balancer = listener.load_balancer
    error = None
    if request.method == "POST":
        try:
            with unread_is_said(request):
                service(actor=request.actor, listener=listener)
        except CallFailed as failure:
            error = failure
        else:
            return _done(request, balancer, words)
    context = {"balancer": balancer, "back_url": _back(balancer), **question}
    return answer_dialog(
        request,
        "components/confirm.html",
        context,
        refused=False,
        error=error,
        changed="listeners",
    )


def _list(
    request: ConsoleRequest, balancer: LoadBalancer, *, error: CallFailed | None = None
) -> HttpResponse:
    rows = listener_rows(balancer)
    context = {
        "title": "Listeners",
        "balancer": balancer,
        "rows": rows,
        "others": any(row.listener.protocol != Listener.Protocol.HTTP for row in rows),
        "list_url": _back(balancer),
        "error": error,
        "drift": open_drift(balancer, Drift.Kind.LISTENER, Drift.Kind.RULE),
    }
    return render_page(
        request, "vservers/listeners/list.html", context, status=422 if error else 200
    )


def _form_context(balancer: LoadBalancer, form: ListenerForm, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "balancer": balancer,
        "form": form,
        "back_url": _back(balancer),
        "submit": "Submit",
    }


def _back(balancer: LoadBalancer) -> str:
    return reverse("listeners-list", args=[balancer.region_id, balancer.pk])


def _done(
    request: ConsoleRequest, balancer: LoadBalancer, words: str, *, level: int = 0
) -> HttpResponse:
    return done(request, to=_back(balancer), message=words, changed="listeners", level=level)
