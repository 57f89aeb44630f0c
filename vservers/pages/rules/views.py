"""Forwarding rules of one listener."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_page
from console.shell.request import ConsoleRequest
from vservers.models import Listener, Rule
from vservers.pages.answers import answer_dialog, unread_is_said
from vservers.pages.lookup import balancer_or_404, listener_or_404, rule_or_404
from vservers.selectors.fingerprints import rule_fingerprint
from vservers.selectors.rules import (
    MAX_RULES_PER_LISTENER,
    domains_without_rest,
    rules_in_match_order,
    successor,
)
from vservers.services import rules as services
from vservers.services.errors import CallFailed, Gone, Stale

from .forms import NewRulesForm, RuleForm


@require_safe
@requires(Action.VIEW)
def rules_list(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    listener = _layer_7_or_404(region, balancer_id, protocol, port)
    rules = rules_in_match_order(listener)
    context = _context(listener, "Forwarding rules") | {
        "rules": rules,
        "without_rest": domains_without_rest(rules),
        "left": MAX_RULES_PER_LISTENER - len(rules),
        "limit": MAX_RULES_PER_LISTENER,
        "has_groups": listener.load_balancer.vserver_groups.exists(),
    }
    return render_page(request, "vservers/rules/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_RULES)
def rules_new(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    """New rules; the button `Add rule` only asks for another row."""
    listener = _layer_7_or_404(region, balancer_id, protocol, port)
    form = NewRulesForm(
        request.POST or None,
        listener=listener,
        present=rules_in_match_order(listener),
        domain=request.GET.get("domain", ""),
    )
    error = None
    if "add-rule" in request.POST:
        form.grow()
    elif request.method == "POST" and form.is_valid():
        try:
            with unread_is_said(request):
                services.create_rules(actor=request.actor, listener=listener, rules=form.rules)
        except CallFailed as failure:
            error = failure
        else:
            return _done(request, listener, _created(len(form.rules)))
    context = _context(listener, "Add Forwarding Rules") | {"form": form, "submit": "Submit"}
    return answer_dialog(
        request,
        "vservers/rules/new.html",
        context,
        refused=form.refused,
        error=error,
        changed="rules",
    )


def _created(count: int) -> str:
    return "1 forwarding rule was created." if count == 1 else f"{count} rules were created."


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_RULES)
def rules_edit(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int, rule_id: str
) -> HttpResponse:
    listener = _layer_7_or_404(region, balancer_id, protocol, port)
    rule = rule_or_404(listener, rule_id)
    form = RuleForm(request.POST or None, rule=rule, seen=rule_fingerprint(rule))
    stale: Stale | None = None
    error: CallFailed | None = None
    changed = True  # unless the service says otherwise
    if request.method == "POST" and form.is_valid():
        try:
            with unread_is_said(request):
                changed = services.change_rule(
                    actor=request.actor,
                    rule=rule,
                    name=form.cleaned_data["name"],
                    vserver_group=form.cleaned_data["vserver_group"],
                    seen=form.cleaned_data["seen"],
                )
        except Stale as refusal:
            stale = refusal
            # What was typed stays; the next Submit counts as said in sight of theirs.
            rule = rule_or_404(listener, rule_id)
            seen = rule_fingerprint(rule)
            form = RuleForm({**request.POST.dict(), "seen": seen}, rule=rule, seen=seen)
        except Gone as gone:
            return _done(request, listener, str(gone), level=messages.WARNING)
        except CallFailed as failure:
            error = failure
        else:
            words = "was saved" if changed else "stays as it was"
            return _done(request, listener, f"Rule {rule} {words}.")
    context = _context(listener, f"Edit rule {rule}") | {
        "form": form,
        "rule": rule,
        "submit": "Submit",
        "stale": stale,
        "differences": form.differences() if stale else [],
    }
    return answer_dialog(
        request,
        "vservers/rules/edit.html",
        context,
        refused=bool(form.errors or stale),
        error=error,
        changed="rules",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_RULES)
def rules_delete(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int, rule_id: str
) -> HttpResponse:
    listener = _layer_7_or_404(region, balancer_id, protocol, port)
    rule = rule_or_404(listener, rule_id)
    error = None
    if request.method == "POST":
        try:
            with unread_is_said(request):
                services.delete_rule(actor=request.actor, rule=rule)
        except CallFailed as failure:
            error = failure
        else:
            return _done(request, listener, f"Rule {rule} was deleted.")
    context = _context(listener, f"Delete rule {rule}?") | {
        "question": _next_stop(rule, listener),
        "submit": "Delete",
    }
    return answer_dialog(
        request,
        "components/confirm.html",
        context,
        refused=False,
        error=error,
        changed="rules",
    )


def _next_stop(rule: Rule, listener: Listener) -> str:
    """Where the requests of a rule go once it is deleted."""
    if heir := successor(rule, rules_in_match_order(listener)):
        return f"Its requests then go to {heir.vserver_group}, by the rule {heir}."
    if listener.vserver_group:
        return f"Its requests then go to {listener.vserver_group}, the group of {listener}."
    return f"Its requests then go to Backend Servers on port {listener.backend_server_port}."


def _layer_7_or_404(region: str, balancer_id: str, protocol: str, port: int) -> Listener:
    """The listener with its load balancer; other protocols have no rules."""
    listener = listener_or_404(balancer_or_404(region, balancer_id), protocol, port)
    if not listener.is_layer_7:
        raise Http404
    return listener


def _context(listener: Listener, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "balancer": listener.load_balancer,
        "listener": listener,
        "back_url": _back(listener),
    }


def _back(listener: Listener) -> str:
    balancer = listener.load_balancer
    key = [balancer.region_id, balancer.pk, listener.protocol, listener.port]
    return reverse("rules-list", args=key)


def _done(
    request: ConsoleRequest, listener: Listener, words: str, *, level: int = 0
) -> HttpResponse:
    return done(request, to=_back(listener), message=words, changed="rules", level=level)
