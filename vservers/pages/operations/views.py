"""Operations: all of them, those of one instance, and one of them with its calls."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HTMX_STOP_POLLING

from console.accounts.permissions import Action, NotAllowed
from console.shell.access import requires
from console.shell.htmx import redirect, render_page, wants_part
from console.shell.request import ConsoleRequest
from console.shell.templatetags.kit import spoken
from vservers.cloud.calls import Call
from vservers.models import LoadBalancer, Operation
from vservers.pages.answers import Attempt, answer_dialog, attempt
from vservers.pages.lookup import balancer_or_404
from vservers.pages.preview import preview_of, programs_of
from vservers.pages.wording import why_not
from vservers.selectors.operations import (
    UNSETTLED,
    Filters,
    find_operation,
    operation_actors,
    operations_page,
)
from vservers.services.errors import CallFailed, CannotUndo, Gone
from vservers.services.operations import AnyPlan
from vservers.services.undo import plan_rest, plan_undo, retry_rest, undo

from .detail import STATUS_LEVELS, calls_shown, can_be_undone, has_rest, may_change, resource_url


@require_safe
@requires(Action.VIEW_AUDIT)
def operations_list(request: ConsoleRequest) -> HttpResponse:
    return _list(request)


@require_safe
@requires(Action.VIEW_AUDIT)
def operations_of(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    return _list(request, balancer_or_404(region, balancer_id))


def _list(request: ConsoleRequest, balancer: LoadBalancer | None = None) -> HttpResponse:
    filters = Filters(
        **{name: request.GET.get(name, "").strip() for name in Filters.__dataclass_fields__}
    )
    filtered = any(asdict(filters).values())
    if balancer:
        filters = replace(filters, instance=balancer.pk)
    page = operations_page(filters, page=request.GET.get("page", 1))
    context = {
        "title": _("Operations"),
        "balancer": balancer,
        "page": page,
        "rows": [(operation, STATUS_LEVELS[operation.status]) for operation in page],
        "filters": filters,
        "filtered": filtered,
        "actors": operation_actors(),
        "statuses": [(UNSETTLED, _("Not over yet")), *Operation.Status.choices],
        "list_url": request.path,
    }
    return render_page(request, "vservers/operations/list.html", context)


@require_safe
@requires(Action.VIEW_AUDIT)
def operations_detail(request: ConsoleRequest, number: int) -> HttpResponse:
    """The page asks again for its part until the operation is over."""
    operation = _operation_or_404(number)
    allowed = may_change(request.actor, operation)
    context = _about(operation) | {
        "calls": calls_shown(operation),
        "programs": list(
            programs_of(
                [Call(call.action, call.params) for call in operation.calls.all()],
                operation.region_id,
            )
        ),
        "level": STATUS_LEVELS[operation.status],
        "resource_url": resource_url(operation),
        "can_retry": allowed and has_rest(operation),
        "can_undo": allowed and can_be_undone(operation),
    }
    over = operation.is_settled and wants_part(request)
    return render_page(
        request,
        "vservers/operations/detail.html",
        context,
        part="operation",
        status=HTMX_STOP_POLLING if over else 200,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW_AUDIT)
def operations_retry(request: ConsoleRequest, number: int) -> HttpResponse:
    operation = _operation_or_404(number)
    return _follow(
        request,
        operation,
        retry_rest,
        plan_rest,
        {
            "title": _("Retry the rest?"),
            "question": _("What is left of “%(act)s” will be sent.") % {"act": _act(operation)},
            "submit": _("Retry the rest"),
            "submit_kind": "primary",
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.VIEW_AUDIT)
def operations_undo(request: ConsoleRequest, number: int) -> HttpResponse:
    operation = _operation_or_404(number)
    return _follow(
        request,
        operation,
        undo,
        plan_undo,
        {
            "title": _("Undo?"),
            "question": _("What “%(act)s” did will be taken back.") % {"act": _act(operation)},
            "submit": _("Undo"),
        },
    )


def _follow(
    request: ConsoleRequest,
    operation: Operation,
    verb: Callable[..., Operation | None],
    plan: Callable[..., AnyPlan],
    question: dict[str, Any],
) -> HttpResponse:
    """Show what a new operation would send; when the person said yes, do it and go there."""
    if not may_change(request.actor, operation):
        raise NotAllowed(request.actor, Action[operation.permission])
    made = Attempt()
    blocked = ""
    try:
        if request.method == "POST":
            made = attempt(request, verb, plan, operation=operation)
        else:
            made.preview = preview_of(plan(actor=request.actor, operation=operation))
    except CannotUndo as error:
        blocked = why_not(error)
    except Gone as gone:
        made.gone = blocked = str(gone)
    except CallFailed as failure:
        made.error = failure
    if made.is_over:
        return _go_on(request, operation, made)
    context = _about(operation) | {
        **question,
        **({"question": ""} if blocked else {}),
        # The plan is always there.
        "plannable": False,
        "blocked": blocked,
        "back_url": reverse("operations-detail", args=[operation.pk]),
    }
    return answer_dialog(
        request,
        "vservers/operations/follow.html",
        context,
        refused=bool(blocked) and request.method == "POST",
        attempt=made,
        changed="operation",
    )


def _go_on(request: ConsoleRequest, operation: Operation, made: Attempt) -> HttpResponse:
    """To the operation that was begun, or back where nothing was left to do."""
    words, level = made.words(_("Done."))
    to = made.result or operation
    if made.result is None and not made.gone:
        latest = [*operation.retries.order_by("pk"), *operation.undos.order_by("pk")]
        to = max(latest, key=lambda one: one.pk, default=operation)
        if to == operation:
            words, level = _("Nothing was left to do."), messages.INFO
    messages.add_message(request, level, words)
    return redirect(request, reverse("operations-detail", args=[to.pk]))


def _operation_or_404(number: int) -> Operation:
    try:
        return find_operation(number)
    except Operation.DoesNotExist:
        raise Http404 from None


def _about(operation: Operation) -> dict[str, Any]:
    rows = LoadBalancer.objects.select_related("region")
    return {
        "title": _("Operation %(operation)s") % {"operation": operation.pk},
        "operation": operation,
        "balancer": rows.filter(pk=operation.load_balancer_id).first(),
    }


def _act(operation: Operation) -> str:
    return f"{spoken(operation.verb)} {operation.resource_name or operation.resource_id}"
