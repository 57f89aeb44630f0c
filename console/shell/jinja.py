"""The long lists of rows, by Jinja2: what their templates find, see docs/decisions/0003.

Everything else is a Django template. `{% jinja "vservers/groups/rows.jinja" page=page %}` of the
kit draws a Jinja template inside one, `{% rows %}` one row after the other, each kept; `component`
draws a Django template inside a Jinja template, so that there is one version of it.
"""

import re
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from django.template import engines
from django.template.defaultfilters import date
from django.urls import reverse
from django.utils import timezone
from django.utils.http import RFC3986_SUBDELIMS
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext
from jinja2 import Environment, StrictUndefined
from markupsafe import escape

from .kept import component, kept, picked

# Around a slot's name; no text that people type has them.
_OPEN, _CLOSE = "\ue000", "\ue001"
_SLOT: Final = re.compile(f"{_OPEN}([a-z_]+){_CLOSE}")
# As `reverse` leaves them in an address.
_SAFE = f"{RFC3986_SUBDELIMS}/~:@"
_MARK = "--slot--"


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
        kept=kept(maxsize=1024),
        picked=picked,
        places=places,
        slot=slot,
        stencil=Stencil,
        url=_url,
    )
    made.filters["date"] = _date
    return made


def draw_rows(template: str, rows: Iterable[Hashable], **shared: Any) -> SafeString:
    """Each row by the macro `draw(row)` of a Jinja template, kept by what it shows.

    rows: values, equal where they show the same. shared: what is the same for all rows, hashable.
    A list is looked at again and again, and few of its rows have changed.
    """
    draw = _drawer(template, timezone.get_current_timezone_name(), **shared)
    return mark_safe("".join([_drawn(draw, row) for row in rows]))  # noqa: S308 - it escapes


@kept(maxsize=64)
def _drawer(template: str, _zone: str, **shared: Any) -> Callable[[Hashable], str]:
    """The macro, within one language, zone and set of shared values."""
    module = engines["jinja2"].env.get_template(template).make_module(shared)  # type: ignore[attr-defined]
    draw: Callable[[Hashable], str] = module.draw
    return draw


# 3 kB a row: at most some 30 MB of a process.
@kept(maxsize=8192)
def _drawn(draw: Callable[[Hashable], str], row: Hashable) -> str:
    return draw(row)


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
