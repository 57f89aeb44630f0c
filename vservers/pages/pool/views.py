"""Backend Servers: the default server pool of one instance."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_page
from console.shell.request import ConsoleRequest
from vservers.models import Drift, LoadBalancer
from vservers.pages.answers import PLAN, Attempt, answer_dialog, attempt
from vservers.pages.drift.words import in_words
from vservers.pages.lookup import balancer_or_404
from vservers.pages.ticks import Ticks
from vservers.selectors.drift import open_drift
from vservers.selectors.fingerprints import pool_picture
from vservers.selectors.groups import pool_rows
from vservers.selectors.listeners import listeners_on_pool
from vservers.selectors.pool import Candidates, pool_candidates
from vservers.selectors.procedures import in_maintenance
from vservers.services.errors import InvalidMembers
from vservers.services.pool import (
    add_pool_servers,
    plan_pool_addition,
    plan_pool_removal,
    plan_pool_weights,
    remove_pool_servers,
    set_pool_weights,
)

from .editing import PoolEdit
from .forms import JoinForm

REMOVAL = gettext_lazy(
    "Requests that they are answering are cut. To let these end, set the weight to 0 first."
)


@require_safe
@requires(Action.VIEW)
def pool_list(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    return _list(request, balancer_or_404(region, balancer_id))


@require_POST
@requires(Action.CHANGE_POOL)
def pool_weights(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """Save the weights of the table."""
    balancer = balancer_or_404(region, balancer_id)
    edit = PoolEdit(balancer, request.POST)
    if not edit.is_ready():
        return _list(request, balancer, edit)
    made = attempt(
        request, set_pool_weights, plan_pool_weights, load_balancer=balancer, **edit.arguments()
    )
    if made.is_over:
        words = made.words(_("Weights were saved."), unchanged=_("No weight has changed."))
        return _done(request, balancer, *words)
    if made.stale:
        edit.be_overtaken(pool_picture(balancer))
    return _list(request, balancer, edit.renewed() if made.refused else edit, made)


def _list(
    request: ConsoleRequest,
    balancer: LoadBalancer,
    edit: PoolEdit | None = None,
    made: Attempt | None = None,
) -> HttpResponse:
    users = listeners_on_pool(balancer)
    edit = edit or PoolEdit(balancer, None)
    context = {
        "title": _("Backend Servers"),
        "balancer": balancer,
        "form": edit.form,
        "maintained": in_maintenance(
            {row.pool_server.server_id or "" for row, _field in edit.form.rows}
        ),
        "users": users,
        "ignore_weights": [listener for listener in users if listener.scheduler == "rr"],
        "list_url": _back(balancer),
        "drift": in_words(open_drift(balancer, Drift.Kind.POOL)),
        "error": made.error if made else None,
        "preview": made.preview if made else None,
        **edit.context(),
    }
    refused = edit.refused or (made and made.refused)
    return render_page(request, "vservers/pool/list.html", context, status=422 if refused else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_POOL)
def pool_add(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """The picker. Every button posts the whole dialog; only the intent `add` changes the cloud."""
    balancer = balancer_or_404(region, balancer_id)
    intent = request.POST.get("intent", "")
    ticks = list(dict.fromkeys(request.POST.getlist("tick")))
    if intent not in ("add", PLAN):
        typed = {"weight": request.POST["weight"]} if "weight" in request.POST else {}
        return _pick(request, balancer, JoinForm(initial=typed), ticks)
    form = JoinForm(request.POST)
    if not ticks:
        form.add_error(None, _("Tick at least one server."))
    if not form.is_valid():
        return _pick(request, balancer, form, ticks)
    weights = dict.fromkeys(ticks, form.cleaned_data["weight"])
    try:
        made = attempt(
            request, add_pool_servers, plan_pool_addition, load_balancer=balancer, weights=weights
        )
    except InvalidMembers as refusal:
        form.add_error(None, list(refusal.errors.values()))
        return _pick(request, balancer, form, ticks)
    if made.is_over:
        return _done(
            request,
            balancer,
            *made.words(
                ngettext(
                    "%(number)s server was added.", "%(number)s servers were added.", len(ticks)
                )
                % {"number": len(ticks)}
            ),
        )
    return _pick(request, balancer, form, ticks, made)


def _pick(
    request: ConsoleRequest,
    balancer: LoadBalancer,
    form: JoinForm,
    ticks: list[str],
    made: Attempt | None = None,
) -> HttpResponse:
    candidates = _candidates(request, balancer, ticks)
    context = {
        "title": _("Add backend servers"),
        "balancer": balancer,
        "form": form,
        "query": request.POST.get("q", ""),
        "ticks": ticks,
        "candidates": candidates,
        "networks": [
            (value, label, candidates.rule.reasons.get(value, ""))
            for value, label in LoadBalancer.NetworkType.choices
        ],
        "back_url": _back(balancer),
    }
    return answer_dialog(
        request,
        "vservers/pool/add.html",
        context,
        refused=bool(form.errors),
        attempt=made,
        changed="pool",
    )


def _candidates(request: ConsoleRequest, balancer: LoadBalancer, ticks: list[str]) -> Candidates:
    """The page of servers that the pressed button asks for; a search starts at the first."""
    intent, _, number = request.POST.get("intent", "").partition(":")
    page = {"page": number, "search": "1"}.get(intent, request.POST.get("page", "1"))
    return pool_candidates(
        load_balancer=balancer,
        chosen=ticks,
        network_type=request.POST.get("network_type", ""),
        query=request.POST.get("q", ""),
        page=page,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_POOL)
def pool_remove(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """The ticked servers; asks first."""
    balancer = balancer_or_404(region, balancer_id)
    ticks = Ticks.read(request)
    wanted = set(ticks.of("server"))
    rows = pool_rows(balancer)
    leaving = [row.pool_server for row in rows if row.pool_server.server_id in wanted]
    if not leaving:
        words = _("None of these servers is in Backend Servers.")
        return _done(request, balancer, words, messages.WARNING)
    made = Attempt()
    if ticks.is_answer:
        made = attempt(
            request,
            remove_pool_servers,
            plan_pool_removal,
            load_balancer=balancer,
            server_ids=[server.server_id or "" for server in leaving],
        )
        if made.is_over:
            return _done(
                request,
                balancer,
                *made.words(
                    ngettext(
                        "%(number)s server was removed.",
                        "%(number)s servers were removed.",
                        len(leaving),
                    )
                    % {"number": len(leaving)}
                ),
            )
    return answer_dialog(
        request,
        "components/confirm.html",
        {
            **_question(balancer, [server.server or server for server in leaving], of=len(rows)),
            **ticks.context("server"),
        },
        refused=False,
        attempt=made,
        changed="pool",
    )


def _question(balancer: LoadBalancer, leaving: list[Any], *, of: int) -> dict[str, Any]:
    """What the dialog says before servers are removed from a pool of so many."""
    users = ", ".join(map(str, listeners_on_pool(balancer)))
    last = _("No server is left then, and %(users)s cannot answer what no rule takes.") % {
        "users": users
    }
    return {
        "title": _("Remove %(leaving)s?") % {"leaving": leaving[0]}
        if len(leaving) == 1
        else _("Remove %(number)s of %(total)s servers?") % {"number": len(leaving), "total": of},
        "balancer": balancer,
        "question": _("Out of Backend Servers: %(leaving)s.")
        % {"leaving": ", ".join(map(str, leaving))},
        "consequences": [REMOVAL, *([last] if users and len(leaving) == of else [])],
        "submit": _("Remove"),
        "back_url": _back(balancer),
    }


def _back(balancer: LoadBalancer) -> str:
    return reverse("pool-list", args=[balancer.region_id, balancer.pk])


def _done(request: ConsoleRequest, balancer: LoadBalancer, words: str, level: int) -> HttpResponse:
    return done(request, to=_back(balancer), message=words, changed="pool", level=level)
