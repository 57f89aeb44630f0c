"""What happens around every view: request ID, sign-in, actor, refusals, region, toasts."""

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from console.accounts.actor import Actor
from console.accounts.permissions import NotAllowed

from .htmx import current_url, trigger, wants_part
from .logs import request_id

LAST_REGION_KEY = "last_region"
_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class RequestIdMiddleware:
    """Takes X-Request-ID from a proxy in front, or makes one; answers with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        chosen = given if _ACCEPTABLE_ID.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(chosen)
        request.request_id = chosen  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = chosen
        return response


class ActorMiddleware:
    """Sets request.actor: the signed-in person, or somebody who may nothing."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        own_id: str = request.request_id  # type: ignore[attr-defined]
        user = request.user
        request.actor = (  # type: ignore[attr-defined]
            user.as_actor(request_id=own_id)
            if user.is_authenticated
            else Actor(name="anonymous", role="", request_id=own_id)
        )
        return self.get_response(request)


class SignInMiddleware(LoginRequiredMiddleware):
    """Sends strangers to the sign-in page; under htmx the whole page goes there, not a part.

    Who was signed out with a dialog open keeps the page, for what they typed is only there.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: tuple[Any, ...],
        view_kwargs: dict[Any, Any],
    ) -> HttpResponseBase | None:
        answer = super().process_view(request, view_func, view_args, view_kwargs)
        if answer is None or not wants_part(request):
            return answer
        if request.method == "POST":
            return HttpResponse(
                _(
                    "You are signed out, and nothing was changed. Sign in in another tab, then "
                    "press the button here again: what you entered is kept."
                ),
                status=401,
                content_type="text/plain; charset=utf-8",
            )
        page = current_url(request)
        back = page.path + (f"?{page.query}" if page.query else "")
        query = urlencode({"next": back or "/"})
        return HttpResponseClientRedirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")


class AccessMiddleware:
    """Turns NotAllowed, from a view or a service, into 403 for readers and 404 for strangers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        if isinstance(exception, NotAllowed):
            if exception.sees:
                raise PermissionDenied(str(exception)) from exception
            raise Http404 from exception


class NullCharacterMiddleware:
    """Answers 400 where U+0000 came as far as the database, whose texts cannot hold it.

    Forms refuse it beside their field. What is left are searches, and addresses made by hand.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        sent = [request.path, request.GET, *request.FILES, request.POST]
        if isinstance(exception, DataError) and "\\x00" in repr(sent):
            raise BadRequest(str(exception)) from exception


class RegionMiddleware:
    """Remembers the region of the last page that was there, for the next visit's start."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        match = request.resolver_match
        there = response.status_code == 200 and request.user.is_authenticated
        if there and match and "region" in match.kwargs:
            region = str(match.kwargs["region"])
            if request.session.get(LAST_REGION_KEY) != region:
                request.session[LAST_REGION_KEY] = region
        return response


class ToastMiddleware:
    """Hands the messages of an htmx request to the page as an event, unless it moves on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        moves_on = response.status_code in range(300, 400) or any(
            name in response.headers for name in ("HX-Redirect", "HX-Location", "HX-Refresh")
        )
        if wants_part(request) and not moves_on:
            toasts = [
                {"level": message.level_tag, "text": str(message)}
                for message in messages.get_messages(request)
            ]
            if toasts:
                trigger(response, "toast", {"toasts": toasts})
        return response
