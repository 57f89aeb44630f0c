"""The start page, the choice of region and theme, health, and the pages for errors."""

import logging

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from console.accounts.permissions import Action, may

from .access import requires
from .context import THEME_COOKIE, THEMES, Shell, shell_of
from .htmx import wants_part
from .middleware import LAST_REGION_KEY
from .regions import landing_region
from .request import ConsoleRequest

logger = logging.getLogger(__name__)

_THEME_SECONDS = 365 * 24 * 3600
_LOOK_AGAIN_SECONDS = 2


@require_GET
def home(request: ConsoleRequest) -> HttpResponse:
    """Go to the instances of the region that was used last; nothing is there without a role."""
    if not may(request.actor, Action.VIEW):
        return render(request, "console/no_role.html", {"title": _("No access yet")}, status=404)
    options = shell_of(request).regions
    if not options:
        # The first read of the cloud runs beside the first person's sign-in.
        page = render(request, "console/no_regions.html", {"title": _("Reading the cloud")})
        page["Refresh"] = str(_LOOK_AGAIN_SECONDS)
        return page
    last_used = request.session.get(LAST_REGION_KEY, "")
    return redirect("balancers-list", landing_region(options, last_used))


@require_GET
@requires(Action.VIEW)
def choose_region(request: ConsoleRequest) -> HttpResponse:
    """?region=…, from the selector in the top bar: that region's instances."""
    region = request.GET.get("region", "")
    if region in {option.region_id for option in shell_of(request).regions}:
        return redirect("balancers-list", region)
    return redirect("home")


@login_not_required
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep light, dark or auto in a cookie, and go back to where the person was."""
    theme, back = request.POST.get("theme", ""), request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    response = HttpResponseRedirect(back if safe else "/")
    if theme in THEMES:
        response.set_cookie(
            THEME_COOKIE,
            theme,
            max_age=_THEME_SECONDS,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response


@login_not_required
@require_GET
@never_cache
def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_GET
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """The process answers and reaches its database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.exception("The database does not answer")
        return JsonResponse({"status": "unavailable", "database": "unreachable"}, status=503)
    return JsonResponse({"status": "ok", "database": "ok"})


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: the person may look, but not do this."""
    reason = str(exception) or _("Your role does not allow this. Ask an administrator.")
    return answer_error(request, 403, _("Not allowed"), reason)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: more fields than any form of ours has, or a character that no text may have."""
    sentence = _(
        "It has more in it than the console takes at once, or a character that no text may have. "
        "Nothing was changed."
    )
    return answer_error(request, 400, _("This request cannot be read"), sentence)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: not there, or not for this person; the answer does not tell which."""
    sentence = (
        _("It does not exist any more, or it is not visible to you. Nothing was changed.")
        if request.method == "POST"
        else _("It does not exist, or it is not visible to you.")
    )
    return answer_error(request, 404, _("Page not found"), sentence)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form's token is missing or belongs to another session."""
    logger.warning("CSRF check failed: %s", reason)
    return answer_error(
        request,
        403,
        _("This form has expired"),
        _("Nothing was changed. Go back, reload the page and send the form again."),
    )


@login_not_required
def server_error(request: HttpRequest) -> HttpResponse:
    """500: drawn without session, user or database, any of which may be what failed."""
    sentence = _("The console could not finish this. The error has been logged.")
    if wants_part(request):
        return HttpResponse(sentence, status=500, content_type="text/plain; charset=utf-8")
    context = {"shell": Shell(request), "title": _("Something went wrong"), "sentence": sentence}
    return HttpResponse(render_to_string("500.html", context), status=500)


def answer_error(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    """The error as a page, or as the one sentence that htmx shows in a toast."""
    if wants_part(request):
        return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
    context = {"title": title, "sentence": sentence, "status": status}
    return render(request, "console/error.html", context, status=status)
