"""The search box of the top bar: what it shows while somebody types, and the page of results."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from console.accounts.permissions import Action

from . import search
from .access import requires
from .htmx import redirect, render_page
from .request import ConsoleRequest


@require_safe
@requires(Action.VIEW)
def search_all(request: ConsoleRequest) -> HttpResponse:
    """?q=… shows the first of each kind, &kind=… all of one; a whole ID goes straight there."""
    text = search.cleaned(request.GET.get("q", ""))
    key = request.GET.get("kind", "")
    context: dict[str, Any] = {
        "title": _("Search"),
        "text": text,
        "too_short": not search.is_long_enough(text),
    }
    if key:
        found = search.find_kind(text, key, request.actor, request.GET.get("page", 1))
        if found is None:
            raise Http404
        context["kind"], context["page"] = found
    else:
        found_kinds = search.find(text, request.actor)
        if hit := search.exact_hit(found_kinds):
            return redirect(request, hit.url)
        context["found"] = found_kinds
    return render_page(request, "console/search/results.html", context)


@require_safe
@requires(Action.VIEW)
def search_quick(request: ConsoleRequest) -> HttpResponse:
    """The list below the box."""
    text = search.cleaned(request.GET.get("q", ""))
    found = search.find(text, request.actor)
    context = {
        "text": text,
        "found": found,
        "total": sum(one.total for one in found),
        "too_short": not search.is_long_enough(text),
    }
    return render(request, "console/search/quick.html", context)
