"""What the base layout needs on every page, worked out only when a template asks for it."""

from collections.abc import Sequence
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from console.accounts.actor import Actor
from console.accounts.permissions import Role

from . import regions
from .middleware import LAST_REGION_KEY

THEME_COOKIE = "theme"
THEMES = {
    "light": gettext_lazy("Light"),
    "dark": gettext_lazy("Dark"),
    "auto": gettext_lazy("Auto"),
}


class Shell:
    """`shell` in templates."""

    product = "VServer Console"
    version = settings.VERSION
    themes = THEMES

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def theme(self) -> str:
        chosen = self._request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else "auto"

    @property
    def languages(self) -> list[tuple[str, str]]:
        """(code, name in that language) of those to choose from."""
        return list(settings.LANGUAGES)

    @property
    def language(self) -> str:
        """As Django names it: "en", "zh-hans"."""
        return translation.get_language() or settings.LANGUAGE_CODE

    @property
    def language_tag(self) -> str:
        """As HTML names it: "en", "zh-Hans"."""
        return translation.to_locale(self.language).replace("_", "-")

    @property
    def zone(self) -> str:
        """In which times are shown, as Asia/Shanghai."""
        return timezone.get_current_timezone_name()

    @property
    def here(self) -> str:
        """Where a form of the top bar comes back to: this page, or the start after a POST."""
        reads = self._request.method in {"GET", "HEAD"}
        return self._request.get_full_path() if reads else "/"

    @property
    def request_id(self) -> str:
        return getattr(self._request, "request_id", "")

    @cached_property
    def actor(self) -> Actor:
        return getattr(self._request, "actor", None) or Actor(name="anonymous", role="")

    @cached_property
    def signed_in(self) -> bool:
        user = getattr(self._request, "user", None)
        return user is not None and user.is_authenticated

    @property
    def role(self) -> str:
        return self.role_name(self.actor)

    @staticmethod
    def role_name(actor: Actor) -> str:
        return str(Role(actor.role).label) if actor.role in Role.values else _("No role")

    @cached_property
    def overview(self) -> regions.Overview:
        return regions.overview_for(self.actor)

    @property
    def regions(self) -> Sequence[regions.RegionOption]:
        return self.overview.regions

    @cached_property
    def region(self) -> str:
        """The region of this page's address; elsewhere the one that was used last."""
        match = self._request.resolver_match
        if match and "region" in match.kwargs:
            return str(match.kwargs["region"])
        return regions.landing_region(self.regions, self._request.session.get(LAST_REGION_KEY, ""))


def shell_of(request: HttpRequest) -> Shell:
    """The one of a request, so that what it asks the database for is asked once."""
    shell: Shell | None = getattr(request, "shell", None)
    if shell is None:
        shell = request.shell = Shell(request)  # type: ignore[attr-defined]
    return shell


def page(request: HttpRequest) -> dict[str, Shell]:
    """Context processor: `shell`."""
    return {"shell": shell_of(request)}
