"""The frame of every page, drawn once for all who see the same: top bar, menu, overlays.

What differs from page to page, the address to come back to and the token of its forms, is a slot.
"""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from console.accounts.actor import Actor

from . import navigation
from .context import Shell
from .jinja import Stencil, slot
from .kept import component, kept, lean
from .regions import RegionOption


def top_bar(shell: Shell, *, csrf_token: str) -> SafeString:
    """console/topbar.html for this person, region and theme."""
    options = tuple((one.region_id, one.name, one.count) for one in shell.regions)
    drawn = _top_bar(shell.actor.name, shell.actor.role, shell.theme, shell.region, options)
    return drawn(here=shell.here, csrf_token=csrf_token)


@kept(maxsize=256)
def _top_bar(
    name: str,
    role: str,
    theme: str,
    region: str,
    options: Sequence[tuple[str, str, int]],
) -> Stencil:
    actor = Actor(name=name, role=role)
    shown = {
        "product": Shell.product,
        "themes": Shell.themes,
        "languages": list(settings.LANGUAGES),
        "language": get_language(),
        "theme": theme,
        "actor": actor,
        "role": Shell.role_name(actor),
        "region": region,
        "regions": [RegionOption(*option) for option in options],
        "here": slot("here"),
    }
    context = {"shell": shown, "csrf_token": slot("csrf_token")}
    return Stencil(lean(render_to_string("console/topbar.html", context)))


def global_menu(shell: Shell, *, region: str, page: str) -> SafeString:
    """The part of the menu that is there on every page."""
    waiting = tuple(shell.overview.waiting.items())
    return _global_menu(shell.actor.role, region, page, waiting)


@kept(maxsize=512)
def _global_menu(
    role: str, region: str, page: str, waiting: tuple[tuple[str, int], ...]
) -> SafeString:
    parts = navigation.global_menu(
        actor=Actor(name="", role=role), region=region, page=page, waiting=dict(waiting)
    )
    return lean(render_to_string("console/menu_parts.html", {"parts": parts, "name": "menu"}))


def overlays(messages: Any) -> SafeString:
    """Dialogs and toasts of a page."""
    if messages:
        return render_to_string("console/overlays.html", {"messages": messages})
    return component("console/overlays.html")
