"""The long lists of rows, by Jinja2: what their templates find, see docs/decisions/0003.

Everything else is a Django template. `{% jinja "vservers/groups/rows.jinja" page=page %}` of the
kit draws a Jinja template inside one; `component` draws a Django component inside a Jinja template,
once for each set of values, so that there is one version of it.
"""

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote

from django.conf import settings
from django.template.defaultfilters import date
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import RFC3986_SUBDELIMS
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext
from jinja2 import Environment, StrictUndefined
from markupsafe import escape

# Around a slot's name; no text that people type has them.
_OPEN, _CLOSE = "\ue000", "\ue001"
_SLOT: Final = re.compile(f"{_OPEN}([a-z_]+){_CLOSE}")
_INDENTED = re.compile(r"\s*\n\s*")
_RAW = re.compile(r"get_(\w+)_display")
# As `reverse` leaves them in an address.
_SAFE = f"{RFC3986_SUBDELIMS}/~:@"
_MARK = "--slot--"


class Picked:
    """Some attributes of an object, or all of a dict, for a component that shows only those.

    Two are equal where what they show is: `get_status_display` by the status.
    """

    __slots__ = ("_key", "_names", "_others", "_subject")

    def __init__(self, subject: Any, names: tuple[str, ...], others: dict[str, Any]) -> None:
        self._subject, self._names, self._others = subject, names, others
        raw = tuple(getattr(subject, _RAW.sub(r"\1", name)) for name in names)
        given = tuple(subject.items()) if isinstance(subject, dict) else ()
        self._key = (type(subject), names, raw, given, tuple(others.items()))

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picked) and self._key == other._key

    def values(self) -> dict[str, Any]:
        """{name: value}, once: what is kept as a key keeps no object alive."""
        subject, self._subject = self._subject, None
        values = dict(subject) if isinstance(subject, dict) else {}
        for name in self._names:
            value = getattr(subject, name)
            values[name] = value() if callable(value) else value
        return {**values, **self._others}


def environment(**options: Any) -> Environment:
    """What TEMPLATES names. Words are the catalogue's, a name that is not there is an error."""
    made = Environment(  # noqa: S701 - Django's backend has autoescape on
        **{**options, "extensions": ["jinja2.ext.i18n"], "undefined": StrictUndefined},
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    # The tags of the kit import this module.
    from .templatetags.kit import icon

    made.globals.update(
        component=component,
        icon=icon,
        once=lru_cache(maxsize=None),
        picked=picked,
        places=places,
        slot=slot,
        stencil=Stencil,
        url=_url,
    )
    made.filters["date"] = _date
    return made


def component(template: str, **context: Any) -> SafeString:
    """A Django component, kept for each set of values and each language; values are hashable."""
    draw = _draw.__wrapped__ if settings.DEBUG else _draw
    return draw(template, get_language(), tuple(context.items()))


@lru_cache(maxsize=2048)
def _draw(template: str, language: str | None, context: tuple[tuple[str, Any], ...]) -> SafeString:
    values = {
        name: value.values() if isinstance(value, Picked) else value for name, value in context
    }
    return lean(render_to_string(template, values))


def lean(drawn: str) -> SafeString:
    """HTML without the indentation and empty lines of its templates, for what is drawn once."""
    return mark_safe(_INDENTED.sub("\n", drawn.strip()))  # noqa: S308 - it was HTML


def picked(subject: Any, *names: str, **others: Any) -> Picked:
    """The attributes of that name, methods called, and others beside them."""
    return Picked(subject, names, others)


def slot(name: str) -> str:
    """The place of a value of which nearly every row has another; `Stencil` puts it in."""
    return f"{_OPEN}{name}{_CLOSE}"


class Stencil:
    """A row drawn once, with slots, that is filled for each row: `Stencil(drawn)(name="web")`."""

    def __init__(self, drawn: str) -> None:
        parts = _SLOT.split(drawn)
        self._start, self._names = parts[0], list(zip(parts[1::2], parts[2::2], strict=True))

    def __call__(self, **values: str) -> SafeString:
        """With every value escaped, unless it is HTML already."""
        ready = {name: escape(value) for name, value in values.items()}
        rest = [f"{ready[name]}{text}" for name, text in self._names]
        return mark_safe(self._start + "".join(rest))  # noqa: S308 - it escapes


def places(url_name: str, *fixed: str, slots: int = 1) -> Callable[..., str]:
    """The addresses of many rows: `reverse`, asked once, with the last arguments left open."""
    start, *others = reverse(url_name, args=[*fixed, *[_MARK] * slots]).split(_MARK)

    def address(*values: str) -> str:
        parts = zip(values, others, strict=True)
        return start + "".join(quote(value, safe=_SAFE) + rest for value, rest in parts)

    return address


def _date(moment: datetime, form: str) -> str:
    """In the reader's zone, as Django's templates have it."""
    return date(timezone.localtime(moment), form)


def _url(url_name: str, *args: object) -> str:
    return reverse(url_name, args=args)
