"""A form that was sent twice is carried out once."""

import re
import secrets
from collections.abc import Callable
from typing import Any

from django.contrib.messages.storage.cookie import CookieStorage
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse

FIELD = "once"
COOKIE = CookieStorage.cookie_name
# How long the second of two posts gets the answer of the first.
KEPT_SECONDS = 3600
_SPACE = 0x0CE
# What an answer says that carries no page: where to go, and what htmx shall do.
_TOLD = ("Location", "HX-Redirect", "HX-Trigger")
_OVER = frozenset({204, 303})
_MARK = re.compile(r"[\w-]{1,40}", re.ASCII)


def new_mark() -> str:
    """What tells one rendering of a form from every other."""
    return secrets.token_urlsafe(12)


class OnceMiddleware:
    """Two posts of one rendering of a form: the second waits for the first and gets its answer.

    That is what a double click does without script, and what a browser does that repeats a post
    after a lost connection. Only an answer that ends the form is kept: a form that came back, with
    errors or with a plan, has a mark of its own. The first post holds a lock of the database, so it
    may be at another process.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        mark = request.POST.get(FIELD, "") if request.method == "POST" else ""
        if not _MARK.fullmatch(mark) or not request.user.is_authenticated:
            return self.get_response(request)
        key = f"{FIELD}:{request.user.pk}:{mark}"
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", [_SPACE, key])
        session = connection.connection
        try:
            if kept := cache.get(key):
                return _again(kept)
            response = self.get_response(request)
            if response.status_code in _OVER or "HX-Redirect" in response:
                cache.set(key, _kept(response), KEPT_SECONDS)
            return response
        finally:
            # With another session, the one that held the lock is gone and so is the lock.
            if connection.connection is session:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [_SPACE, key])


def _kept(response: HttpResponse) -> dict[str, Any]:
    """With the words for the next page, which travel in a cookie that nobody may have taken."""
    words = response.cookies.get(COOKIE)
    return {
        "status": response.status_code,
        "headers": {name: response[name] for name in _TOLD if name in response},
        "cookie": (words.value, dict(words)) if words else None,
    }


def _again(kept: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(status=kept["status"], headers=kept["headers"])
    if kept["cookie"]:
        response.cookies[COOKIE], options = kept["cookie"]
        response.cookies[COOKIE].update(options)
    return response
