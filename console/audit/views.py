"""The activity page: who did what."""

from dataclasses import asdict

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import render_page
from console.shell.request import ConsoleRequest

from . import selectors
from .models import AuditEntry


@require_GET
@requires(Action.VIEW_AUDIT)
def audit_list(request: ConsoleRequest) -> HttpResponse:
    filters = selectors.Filters(
        **{
            name: request.GET.get(name, "").strip()
            for name in selectors.Filters.__dataclass_fields__
        }
    )
    context = {
        "title": _("Activity"),
        "page": selectors.activity(filters, number=request.GET.get("page")),
        "filters": filters,
        "filtered": any(asdict(filters).values()),
        "actors": selectors.actors(),
        "verbs": selectors.verbs(),
        "outcomes": AuditEntry.Outcome.choices,
    }
    return render_page(request, "console/audit/list.html", context)
