"""Forwarding rules of one listener."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from console.accounts.permissions import Action, may
from console.shell.access import requires
from console.shell.htmx import done, render_page
from console.shell.request import ConsoleRequest
from vservers.models import Listener, Rule
from vservers.pages.answers import Attempt, answer_dialog, attempt
from vservers.pages.lookup import balancer_or_404, listener_or_404, rule_or_404
from vservers.pages.ticks import Ticks
from vservers.selectors.fingerprints import rule_picture
from vservers.selectors.rules import (
    MAX_RULES_PER_LISTENER,
    blocks_of,
    rules_in_match_order,
    successor,
)
from vservers.services import rules as services

from .editing import RuleEdit
from .forms import NewRulesForm


@require_safe
@requires(Action.VIEW)
def rules_list(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    listener = _layer_7_or_404(region, balancer_id, protocol, port)
    rules = rules_in_match_order(listener)
    context = _context(listener, _("Forwarding rules")) | {
        "rules": rules,
        "blocks": blocks_of(rules),
        "left": MAX_RULES_PER_LISTENER - len(rules),
        "limit": MAX_RULES_PER_LISTENER,
        "has_groups": listener.load_balancer.vserver_groups.exists(),
        "may_change": may(request.actor, Action.CHANGE_RULES),
    }
    return render_page(request, "vservers/rules/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_RULES)
def rules_new(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    """New rules; the buttons for more rows and fewer only bring the form anew."""
    listener = _layer_7_or_404(region, balancer_id, protocol, port)
    form = NewRulesForm(
        request.POST if request.method == "POST" else None,
        listener=listener,
        present=rules_in_match_order(listener),
        domain=request.GET.get("domain", ""),
        group_id=request.GET.get("group", ""),
    )
    made = Attempt()
    if request.method == "POST" and not form.act_on(request.POST) and form.is_valid():
        made = attempt(
            request,
            services.create_rules,
            services.plan_new_rules,
            listener=listener,
            rules=form.rules,
        )
        if made.is_over:
            return _done(request, listener, *made.words(_created(len(form.rules))))
    context = _context(listener, _("Add Forwarding Rules")) | {"form": form, "submit": _("Submit")}
    return answer_dialog(
        request,
        "vservers/rules/new.html",
        context,
        refused=form.refused,
        attempt=made,
        changed="rules",
    )


def _created(count: int) -> str:
    if count == 1:
        return _("1 forwarding rule was created.")
    return _("%(number)s rules were created.") % {"number": count}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_RULES)
def rules_edit(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int, rule_id: str
) -> HttpResponse:
    listener = _layer_7_or_404(region, balancer_id, protocol, port)
    rule = rule_or_404(listener, rule_id)
    edit = RuleEdit(rule, request.POST if request.method == "POST" else None)
    made = Attempt()
    if request.method == "POST" and edit.is_ready():
        made = attempt(
            request,
            services.change_rule,
            services.plan_rule_change,
            rule=rule,
            **edit.arguments(),
        )
        if made.stale:
            edit.be_overtaken(rule_picture(rule_or_404(listener, rule_id)))
        if made.is_over:
            words = made.words(
                _("Rule %(rule)s was saved.") % {"rule": rule},
                unchanged=_("Rule %(rule)s stays as it was.") % {"rule": rule},
            )
            return _done(request, listener, *words)
    context = _context(listener, _("Edit rule %(rule)s") % {"rule": rule}) | {
        "form": edit.form,
        "times": edit.form.times,
        "rule": rule,
        "submit": _("Submit"),
        **edit.context(),
    }
    return answer_dialog(
        request,
        "vservers/rules/edit.html",
        context,
        refused=edit.refused,
        attempt=made,
        changed="rules",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_RULES)
def rules_delete(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int, rule_id: str
) -> HttpResponse:
    listener = _layer_7_or_404(region, balancer_id, protocol, port)
    rule = rule_or_404(listener, rule_id)
    made = Attempt()
    if request.method == "POST":
        made = attempt(request, services.delete_rule, services.plan_rule_deletion, rule=rule)
        if made.is_over:
            return _done(
                request, listener, *made.words(_("Rule %(rule)s was deleted.") % {"rule": rule})
            )
    context = _context(listener, _("Delete rule %(rule)s?") % {"rule": rule}) | {
        "question": _next_stop(rule, listener),
        "submit": _("Delete"),
    }
    return answer_dialog(
        request,
        "components/confirm.html",
        context,
        refused=False,
        attempt=made,
        changed="rules",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_RULES)
def rules_delete_some(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    """The ticked rules; asks first."""
    listener = _layer_7_or_404(region, balancer_id, protocol, port)
    ticks = Ticks.read(request)
    wanted = set(ticks.of("rule"))
    leaving = [rule for rule in rules_in_match_order(listener) if rule.pk in wanted]
    if not leaving:
        words = _("None of these rules is there any more.")
        return _done(request, listener, words, messages.WARNING)
    made = Attempt()
    if ticks.is_answer:
        made = attempt(
            request,
            services.delete_rules,
            services.plan_rules_deletion,
            listener=listener,
            rule_ids=[rule.pk for rule in leaving],
        )
        if made.is_over:
            return _done(request, listener, *made.words(_deleted(len(leaving))))
    number = len(leaving)
    context = _context(
        listener,
        ngettext("Delete %(number)s rule?", "Delete %(number)s rules?", number)
        % {"number": number},
    ) | {
        "question": _(
            "Each request then goes to the next rule that matches, or to the listener's "
            "own servers."
        ),
        "consequences": [f"{rule} → {rule.vserver_group or '—'}" for rule in leaving],
        "submit": _("Delete"),
        **ticks.context("rule"),
    }
    return answer_dialog(
        request,
        "components/confirm.html",
        context,
        refused=False,
        attempt=made,
        changed="rules",
    )


def _deleted(count: int) -> str:
    words = ngettext("%(number)s rule was deleted.", "%(number)s rules were deleted.", count)
    return words % {"number": count}


def _next_stop(rule: Rule, listener: Listener) -> str:
    """Where the requests of a rule go once it is deleted."""
    if heir := successor(rule, rules_in_match_order(listener)):
        return _("Its requests then go to %(vserver_group)s, by the rule %(heir)s.") % {
            "vserver_group": heir.vserver_group,
            "heir": heir,
        }
    if listener.vserver_group:
        return _("Its requests then go to %(vserver_group)s, the group of %(listener)s.") % {
            "vserver_group": listener.vserver_group,
            "listener": listener,
        }
    return _("Its requests then go to Backend Servers on port %(backend_server_port)s.") % {
        "backend_server_port": listener.backend_server_port
    }


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


def _done(request: ConsoleRequest, listener: Listener, words: str, level: int) -> HttpResponse:
    return done(request, to=_back(listener), message=words, changed="rules", level=level)
