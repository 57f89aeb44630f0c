"""Bulk changes: the preview of one, its progress, and the outcome of each part.

All three are one page, whose address stays: a draft becomes a running batch, and that one is over.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HTMX_STOP_POLLING

from console.accounts.permissions import Action, may
from console.shell.access import requires
from console.shell.htmx import redirect, render_page, wants_part
from console.shell.request import ConsoleRequest
from vservers.jobs import defer_batch
from vservers.models import Batch, BatchItem, LoadBalancer
from vservers.pages.wording import Row, Wording
from vservers.selectors.batches import NOT_DONE, batches_page, items_page, progress_of
from vservers.services import batch_verbs, batches
from vservers.services.changes import Change

from .words import batch_verbs_in_words, batch_words

Outcome = BatchItem.Outcome
# As components/status.html has them.
_LEVELS: dict[str, str] = {
    Outcome.RUNNING: "busy",
    Outcome.WAITING: "busy",
    Outcome.DONE: "ok",
    Outcome.UNCHANGED: "ok",
    Outcome.PARTLY_DONE: "warn",
    Outcome.FAILED: "bad",
    Outcome.REFUSED: "warn",
}
_STATUS_LEVELS = {
    Batch.Status.DRAFT: "off",
    Batch.Status.RUNNING: "busy",
    Batch.Status.DONE: "ok",
    Batch.Status.STOPPED: "warn",
}


@dataclass(frozen=True, slots=True)
class ItemShown:
    """An item with what it changes, in words. action: what happens to its object."""

    item: BatchItem
    action: str
    level: str
    rows: list[Row]


@require_safe
@requires(Action.VIEW_AUDIT)
def batches_list(request: ConsoleRequest) -> HttpResponse:
    page = batches_page(page=request.GET.get("page", 1))
    context = {
        "title": _("Bulk changes"),
        "page": page,
        "rows": [(batch, _level(batch, bad=batch.bad_count)) for batch in page],
        "verbs": batch_verbs_in_words(),
    }
    return render_page(request, "vservers/batches/list.html", context)


@require_safe
@requires(Action.VIEW_AUDIT)
def batches_detail(request: ConsoleRequest, number: int) -> HttpResponse:
    """The page asks again for its part until the batch is over."""
    batch = get_object_or_404(Batch, pk=number)
    chosen = request.GET.get("outcome", "")
    outcome = chosen if chosen in Outcome or chosen == NOT_DONE else ""
    page = items_page(batch, outcome=outcome, page=request.GET.get("page", 1))
    progress = progress_of(batch)
    context = {
        "title": batch_words(batch),
        "balancer": LoadBalancer.objects.select_related("region")
        .filter(pk=batch.load_balancer_id or None)
        .first(),
        "batch": batch,
        "level": _level(batch, bad=progress.bad),
        "progress": progress,
        "page": page,
        "shown": _shown(list(page)),
        "outcome": outcome,
        "not_done": NOT_DONE,
        "may_change": may(request.actor, batch_verbs.permission_of(batch.verb)),
        "of_instances": batch.verb in batch_verbs.OF_INSTANCES,
    }
    over = batch.is_over and "poll" in request.GET and wants_part(request)
    return render_page(
        request,
        "vservers/batches/detail.html",
        context,
        part="batch",
        status=HTMX_STOP_POLLING if over else 200,
    )


def _level(batch: Batch, *, bad: int) -> str:
    """As components/status.html has it. bad: how many of its objects did not end well."""
    return "warn" if bad else _STATUS_LEVELS[Batch.Status(batch.status)]


def _shown(items: list[BatchItem]) -> list[ItemShown]:
    changes = {item.pk: [Change.from_json(one) for one in item.changes] for item in items}
    wording = Wording(change for some in changes.values() for change in some)
    actions = {
        batch_verbs.CREATE: _("create"),
        batch_verbs.CHANGE: _("change"),
        batch_verbs.DELETE: _("delete"),
        batch_verbs.TAG: _("change tags"),
        batch_verbs.CREATE_INSTANCE: _("create"),
        batch_verbs.START: _("start"),
        batch_verbs.STOP: _("stop"),
        batch_verbs.RELEASE: _("release"),
        batch_verbs.TAG_INSTANCE: _("change tags"),
    }
    return [
        ItemShown(
            item,
            actions.get(item.verb, item.verb),
            _LEVELS.get(item.outcome, "off"),
            [row for change in changes[item.pk] for row in wording.rows(change)],
        )
        for item in items
    ]


@require_POST
@requires(Action.VIEW_AUDIT)
def batches_start(request: ConsoleRequest, number: int) -> HttpResponse:
    batch = get_object_or_404(Batch, pk=number)
    if batches.start(actor=request.actor, batch=batch):
        defer_batch(batch.pk)
    else:
        messages.info(request, _("It was begun already."))
    return redirect(request, reverse("batches-detail", args=[number]))


@require_POST
@requires(Action.VIEW_AUDIT)
def batches_discard(request: ConsoleRequest, number: int) -> HttpResponse:
    batch = get_object_or_404(Batch, pk=number)
    to = reverse("groups-all", args=[batch.region_id])
    if batch.load_balancer_id:
        to = reverse("groups-list", args=[batch.region_id, batch.load_balancer_id])
    if batches.discard(actor=request.actor, batch=batch):
        messages.info(request, _("Nothing was changed."))
        return redirect(request, to)
    messages.warning(request, _("It was begun already."))
    return redirect(request, reverse("batches-detail", args=[number]))


@require_POST
@requires(Action.VIEW_AUDIT)
def batches_stop(request: ConsoleRequest, number: int) -> HttpResponse:
    batch = get_object_or_404(Batch, pk=number)
    words: Any = (
        _("It stops after what is being carried out now.")
        if batches.stop(actor=request.actor, batch=batch)
        else _("It was over already.")
    )
    messages.info(request, words)
    return redirect(request, reverse("batches-detail", args=[number]))
