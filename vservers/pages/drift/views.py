"""The Drift page: what somebody else changed, and what is done about it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_page
from console.shell.request import ConsoleRequest
from vservers.models import Drift
from vservers.pages.answers import Attempt, answer_dialog, attempt, next_url
from vservers.pages.fields import is_number
from vservers.pages.wording import why_not
from vservers.selectors.drift import PAGE_SIZE, Filters, drift_page, regions_with_drift
from vservers.services.drift import NotOpen, accept_drift, accept_several
from vservers.services.errors import CannotUndo
from vservers.services.reverting import plan_reversion, revert_drift, why_not_revertible

from .words import in_words


@require_safe
@requires(Action.VIEW)
def drift_list(request: ConsoleRequest) -> HttpResponse:
    given = {
        name: request.GET[name].strip()
        for name in Filters.__dataclass_fields__
        if name in request.GET
    }
    filters = Filters(**given)
    page = drift_page(filters, page=request.GET.get("page", 1))
    context = {
        "title": _("Drift"),
        "rows": in_words(list(page)),
        "page": page,
        "filters": filters,
        "filtered": filters != Filters(),
        "regions": regions_with_drift(),
        "types": Drift.Kind.choices,
        "statuses": Drift.Status.choices,
    }
    return render_page(request, "vservers/drift/list.html", context)


@require_POST
@requires(Action.ACCEPT_DRIFT)
def drift_accept(request: ConsoleRequest, drift_id: int) -> HttpResponse:
    """What is there now is right."""
    drift = get_object_or_404(Drift, pk=drift_id)
    to = next_url(request, reverse("drift-list"))
    (row,) = in_words([drift])
    try:
        accept_drift(actor=request.actor, drift=drift)
    except NotOpen as refusal:
        return done(request, to=to, message=str(refusal), level=messages.WARNING)
    return done(
        request, to=to, message=_("%(drift)s was accepted.") % {"drift": row}, changed="drift"
    )


@require_POST
@requires(Action.ACCEPT_DRIFT)
def drift_accept_several(request: ConsoleRequest) -> HttpResponse:
    """The rows that were ticked, those that are still open."""
    ticked = [value for value in request.POST.getlist("drift") if is_number(value, digits=18)]
    rows = Drift.objects.filter(pk__in=ticked[:PAGE_SIZE])
    count = accept_several(actor=request.actor, drift=rows)
    return done(
        request,
        to=next_url(request, reverse("drift-list")),
        message=ngettext(
            "%(count)s difference was accepted.", "%(count)s differences were accepted.", count
        )
        % {"count": count},
        level=messages.SUCCESS if count else messages.WARNING,
        changed="drift",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.ACCEPT_DRIFT)
def drift_revert(request: ConsoleRequest, drift_id: int) -> HttpResponse:
    """Asks before it brings the item back to what it was."""
    drift = get_object_or_404(Drift, pk=drift_id)
    to = next_url(request, reverse("drift-list"))
    if request.method != "POST":
        return _ask(request, drift)
    try:
        made = attempt(request, revert_drift, plan_reversion, drift=drift)
    except CannotUndo as refusal:
        return _ask(request, drift, blocked=why_not(refusal))
    except NotOpen as refusal:
        return done(request, to=to, message=str(refusal), level=messages.WARNING, changed="drift")
    if not made.is_over:
        return _ask(request, drift, made)
    (row,) = in_words([drift])
    message, level = made.words(_("%(drift)s is as it was before.") % {"drift": row})
    return done(request, to=to, message=message, level=level, changed="drift")


def _ask(
    request: ConsoleRequest, drift: Drift, made: Attempt | None = None, *, blocked: str = ""
) -> HttpResponse:
    (row,) = in_words([drift])
    if drift.status != Drift.Status.OPEN:
        blocked = str(NotOpen(drift))
    elif why := why_not_revertible(drift):
        blocked = why
    context = {
        "title": _("Bring back as it was?"),
        "question": _("%(type)s %(name)s: %(what)s goes from %(now)s back to %(before)s.")
        % {
            "type": drift.get_object_type_display(),
            "name": drift.object_name or drift.object_id,
            "what": row.what,
            "now": row.after,
            "before": row.before,
        },
        "consequences": _consequences(drift),
        "blocked": blocked,
        "submit": _("Revert"),
        "back_url": reverse("drift-list"),
    }
    return answer_dialog(
        request,
        "components/confirm.html",
        context,
        refused=bool(blocked) and request.method == "POST",
        attempt=made,
        changed="drift",
    )


def _consequences(drift: Drift) -> list[str]:
    match drift.object_type:
        case Drift.Kind.CERTIFICATE | Drift.Kind.CA_CERTIFICATE:
            return []
        case Drift.Kind.ACCESS_LIST:
            return [_("Listeners that use the list let in other clients at once.")]
        case Drift.Kind.EXTENSION:
            return [_("Clients are shown another certificate at once.")]
    return [_("Requests may go to other servers at once.")]
