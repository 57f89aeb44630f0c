"""Maintenances, drains and shifts: the list, one of them live, and what may be asked of it."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HTMX_STOP_POLLING

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_page, wants_part
from console.shell.request import ConsoleRequest
from vservers.jobs import defer_procedure
from vservers.models import LoadBalancer, Procedure
from vservers.pages.answers import answer_dialog
from vservers.selectors.procedures import UNFINISHED, Filters, procedures_page
from vservers.services.procedures import NotNow, ask, wishes_of

from .shown import LEVELS, member_rows, operation_rows, progress_of, step_rows

Wish = Procedure.Wish


@require_safe
@requires(Action.VIEW)
def procedure_list(request: ConsoleRequest) -> HttpResponse:
    filters = Filters(
        **{name: request.GET.get(name, "").strip() for name in Filters.__dataclass_fields__}
    )
    page = procedures_page(filters, page=request.GET.get("page", 1))
    context = {
        "title": _("Maintenance and shifts"),
        "page": page,
        "rows": [(one, LEVELS[one.status], progress_of(one)) for one in page],
        "filters": filters,
        "filtered": any((filters.kind, filters.status, filters.text)),
        "kinds": Procedure.Kind.choices,
        "statuses": [(UNFINISHED, _("Not over yet")), *Procedure.Status.choices],
        "list_url": reverse("procedures-list"),
    }
    return render_page(request, "vservers/procedures/list.html", context)


@require_safe
@requires(Action.VIEW)
def procedure_detail(request: ConsoleRequest, number: int) -> HttpResponse:
    """The page asks again for its part as long as a worker is at it."""
    procedure = get_object_or_404(Procedure, pk=number)
    rests = not procedure.is_under_way and wants_part(request)
    return render_page(
        request,
        "vservers/procedures/detail.html",
        _context(procedure),
        part="procedure",
        status=HTMX_STOP_POLLING if rests else 200,
    )


def _context(procedure: Procedure) -> dict[str, Any]:
    members = member_rows(procedure)
    return {
        "title": procedure.name,
        "procedure": procedure,
        "level": LEVELS[procedure.status],
        "progress": progress_of(procedure),
        "members": members,
        "plain_members": [row.member for row in members],
        "steps": step_rows(procedure, [row.member for row in members]),
        "operations": operation_rows(procedure),
        "wishes": wishes_of(procedure),
        "connections_known": any(row.member.connections is not None for row in members),
        "several": len({row.member.load_balancer_id for row in members}) > 1
        or not procedure.load_balancer_id,
        "place": LoadBalancer.objects.filter(pk=procedure.load_balancer_id).first()
        if procedure.load_balancer_id
        else None,
    }


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_GROUPS)
def procedure_ask(request: ConsoleRequest, number: int, wish: str) -> HttpResponse:
    """Asks before; a worker sees to what was asked."""
    procedure = get_object_or_404(Procedure, pk=number)
    if wish not in Wish:
        raise Http404
    back = reverse("procedures-detail", args=[number])
    blocked = ""
    if request.method == "POST":
        try:
            ask(actor=request.actor, procedure=procedure, wish=Wish(wish))
        except NotNow as error:
            blocked = str(error)
        else:
            defer_procedure(procedure.pk)
            return done(request, to=back)
    elif wish not in wishes_of(procedure):
        blocked = _("This cannot be done now: it is %(status)s.") % {
            "status": procedure.get_status_display().lower()
        }
    title, question, submit, kind = _question(procedure, Wish(wish))
    context = {
        "title": title,
        "question": question,
        "submit": submit,
        "submit_kind": kind,
        "blocked": blocked,
        "plannable": False,
        "back_url": back,
    }
    return answer_dialog(
        request,
        "components/confirm.html",
        context,
        refused=bool(blocked) and request.method == "POST",
        changed="procedure",
    )


def _question(procedure: Procedure, wish: Procedure.Wish) -> tuple[str, str, str, str]:
    """(title, question, word on the button, its kind)."""
    kind = procedure.kind
    match wish:
        case Wish.PAUSE:
            return (
                _("Pause?"),
                _("No further step is taken until somebody resumes it. The weights stay."),
                _("Pause"),
                "primary",
            )
        case Wish.RESUME:
            if kind == Procedure.Kind.SHIFT:
                words = _("The next step is taken at once, in your name.")
            else:
                words = _("What failed is tried again, in your name.")
            return _("Resume?"), words, _("Resume"), "primary"
        case Wish.STOP:
            if kind == Procedure.Kind.MAINTENANCE:
                words = _("The weights stay at 0, and those that are remembered are not restored.")
            elif kind == Procedure.Kind.DRAIN:
                words = _("Nothing is removed. The servers keep weight 0.")
            else:
                words = _("No further step is taken. The weights stay as they are now.")
            return _("Stop here?"), words, _("Stop here"), "danger"
    if kind == Procedure.Kind.MAINTENANCE:
        return (
            _("End maintenance?"),
            _(
                "The remembered weights are restored. What somebody else has changed meanwhile "
                "is left alone."
            ),
            _("End maintenance"),
            "primary",
        )
    title = _("Roll back?") if kind == Procedure.Kind.SHIFT else _("Stop and restore weights?")
    submit = _("Roll back") if kind == Procedure.Kind.SHIFT else _("Stop and restore weights")
    return (
        title,
        _(
            "All servers get the weights back that they had before. What somebody else has changed "
            "meanwhile is left alone."
        ),
        submit,
        "primary",
    )
