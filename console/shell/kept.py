"""What is drawn once and kept, for as long as the process lives: parts of pages that many share.

A part is drawn from values alone, which are its key: it can show nobody what is not theirs, and it
is drawn anew when a value changes. With CONSOLE_DEBUG nothing is kept, so that a template can be
worked on.
"""

import re
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

_INDENTED = re.compile(r"\s*\n\s*")
_RAW = re.compile(r"get_(\w+)_display")


def kept[**P, R](maxsize: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep what a function draws for each language and set of arguments, which are hashable."""

    def keeping(draw: Callable[P, R]) -> Callable[P, R]:
        @lru_cache(maxsize=maxsize)
        def drawn(_language: str | None, *args: P.args, **kwargs: P.kwargs) -> R:
            return draw(*args, **kwargs)

        @wraps(draw)
        def answer(*args: P.args, **kwargs: P.kwargs) -> R:
            if settings.DEBUG:
                return draw(*args, **kwargs)
            return drawn(get_language(), *args, **kwargs)  # type: ignore[arg-type]

        return answer

    return keeping


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


def picked(subject: Any, *names: str, **others: Any) -> Picked:
    """The attributes of that name, methods called, and others beside them."""
    return Picked(subject, names, others)


@kept(maxsize=2048)
def component(template: str, **context: Any) -> SafeString:
    """A Django template, drawn once for each set of values.

    It finds these values and nothing else: no request, no `shell`.
    """
    values = {
        name: value.values() if isinstance(value, Picked) else value
        for name, value in context.items()
    }
    return lean(render_to_string(template, values))


def lean(drawn: str) -> SafeString:
    """HTML without the indentation and empty lines of its templates, for what is drawn once."""
    return mark_safe(_INDENTED.sub("\n", drawn.strip()))  # noqa: S308 - it was HTML
