"""Language and time zone of the person who asks: their own choice, else what the browser says."""

import zoneinfo
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

# Set by static/js/theme.js from what the browser knows of its clock.
TIME_ZONE_COOKIE = "timezone"
COOKIE_SECONDS = 365 * 24 * 3600
LANGUAGES = dict(settings.LANGUAGES)


@cache
def time_zones() -> tuple[str, ...]:
    """The names to choose from, as Asia/Shanghai, in alphabetical order."""
    named = (name for name in zoneinfo.available_timezones() if "/" in name)
    return ("UTC", *sorted(name for name in named if not name.startswith(("Etc/", "posix/"))))


def keep(response: HttpResponse, cookie: str, value: str) -> None:
    """Set a preference's cookie, or take it away with ""."""
    if value:
        response.set_cookie(
            cookie,
            value,
            max_age=COOKIE_SECONDS,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    else:
        response.delete_cookie(cookie, samesite="Lax")


class PreferencesMiddleware:
    """Activates what the person chose; LocaleMiddleware has gone by the browser before."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        language = user.language if user.is_authenticated else ""
        zone = user.time_zone if user.is_authenticated else ""
        if language in LANGUAGES:
            translation.activate(language)
            request.LANGUAGE_CODE = language
        with timezone.override(_zone(zone or request.COOKIES.get(TIME_ZONE_COOKIE, ""))):
            return self.get_response(request)


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    return zoneinfo.ZoneInfo(name) if name in time_zones() else None
