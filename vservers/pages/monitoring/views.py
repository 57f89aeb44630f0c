"""Monitoring of one instance: charts, the same numbers as a table, and as a file."""

import csv
import json
from datetime import UTC, datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import render_page, wants_part
from console.shell.request import ConsoleRequest
from vservers.cloud import CloudError
from vservers.models import Listener, LoadBalancer, Rule
from vservers.pages.lookup import balancer_or_404
from vservers.services.monitoring import METRIC_NAMES, Span, read_metrics

from .charts import Chart, charts_of
from .forms import ViewForm

ROWS_PER_PAGE = 60


@require_safe
@requires(Action.VIEW)
def monitoring_detail(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """The page is there at once and asks for its charts; ?view=table has the numbers in it."""
    balancer = balancer_or_404(region, balancer_id)
    listeners = list(balancer.listeners.select_related("vserver_group"))
    form = ViewForm(request.GET, listeners)
    table = request.GET.get("view") == "table"
    context: dict[str, Any] = {
        "title": _("Monitoring"),
        "balancer": balancer,
        "form": form,
        "table": table,
        "here": request.get_full_path(),
        "has_listeners": bool(listeners),
        "csv_url": reverse("monitoring-csv", args=[region, balancer_id]),
    }
    template = "vservers/monitoring/page.html"
    if not form.is_valid():
        return render_page(request, template, context, status=422)
    context["split"] = form.cleaned_data["split"]
    if not (table or wants_part(request)):
        return render_page(request, template, context)
    span = form.span()
    try:
        charts = _charts(request, balancer, listeners, form, span)
    except CloudError as error:
        return render_page(request, template, context | {"error": error}, status=422)
    context |= {"charts": charts, "loaded": True, "data": _frame(span)}
    if table:
        context |= _table(span, charts, request.GET.get("page", 1))
    return render_page(request, template, context)


@require_safe
@requires(Action.VIEW)
def monitoring_csv(request: ConsoleRequest, region: str, balancer_id: str) -> HttpResponse:
    """The numbers of the page with the same address, one row a period, times in UTC."""
    balancer = balancer_or_404(region, balancer_id)
    listeners = list(balancer.listeners.select_related("vserver_group"))
    form = ViewForm(request.GET, listeners)
    page = reverse("monitoring-detail", args=[region, balancer_id])
    if not form.is_valid():
        return redirect(f"{page}?{request.GET.urlencode()}")
    span = form.span()
    try:
        charts = _charts(request, balancer, listeners, form, span)
    except CloudError:
        # The page says why.
        return redirect(f"{page}?{request.GET.urlencode()}")
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"{balancer.pk}-{datetime.fromtimestamp(span.end, UTC):%Y%m%dT%H%MZ}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    writer = csv.writer(answer)
    lines = [(chart, line) for chart in charts for line in chart.lines]
    units = [f" ({chart.unit})" if chart.unit else "" for chart, _line in lines]
    writer.writerow(
        ["time"]
        + [
            _not_a_formula(f"{chart.title}: {line.label}{unit}")
            for (chart, line), unit in zip(lines, units, strict=True)
        ]
    )
    for place, moment in enumerate(span.moments):
        values = [line.values[place] for _chart, line in lines]
        at = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        writer.writerow([at, *("" if value is None else f"{value:.6g}" for value in values)])
    return answer


def _not_a_formula(text: str) -> str:
    """A group's name may begin as a formula does, which a spreadsheet would work out."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _charts(
    request: ConsoleRequest,
    balancer: LoadBalancer,
    listeners: list[Listener],
    form: ViewForm,
    span: Span,
) -> list[Chart]:
    measured = read_metrics(
        actor=request.actor, load_balancer=balancer, metrics=METRIC_NAMES, span=span
    )
    wanted = form.cleaned_data["listener"]
    shown = [one for one in listeners if wanted in ("", f"{one.protocol}:{one.port}")]
    rules = Rule.objects.filter(listener__in=shown).only("listener_id")
    return charts_of(measured, shown, rules, form.cleaned_data["split"])


def _frame(span: Span) -> str:
    """JSON for the script: what all charts share. In an attribute, for htmx takes scripts away."""
    moments = span.moments
    frame = {"begin": moments.start, "period": moments.step, "count": len(moments)}
    return json.dumps(frame | {"zone": timezone.get_current_timezone_name()})


def _table(span: Span, charts: list[Chart], number: str | int) -> dict[str, Any]:
    """Columns of what there are numbers of, the newest period first, page by page."""
    columns = [(chart, line) for chart in charts for line in chart.lines if line.known]
    places = range(len(span.moments) - 1, -1, -1)
    page = Paginator(places, ROWS_PER_PAGE).get_page(number)
    rows = [
        (
            datetime.fromtimestamp(span.moments[place], UTC),
            [line.values[place] for _chart, line in columns],
        )
        for place in page.object_list
    ]
    heads = [(chart.title, line.label, chart.unit) for chart, line in columns]
    return {"heads": heads, "rows": rows, "page": page}
