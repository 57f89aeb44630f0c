"""Keeps secrets out of what people and machines may read: error pages, reports, logs.

A secret that this process has seen in the clear is registered once; from then on every error page,
every report and every log line has a row of stars in its place, wherever it came from: a local
variable of a library's frame, a form's data, an exception's text.
"""

import html
import json
import logging
from typing import Any
from urllib.parse import quote, quote_plus

from django.utils.safestring import SafeString, mark_safe
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

STARS = "********"
# Shorter ones would take ordinary words out of every text.
_SHORTEST = 8

_known: dict[str, None] = {}


def keep_out(secret: str) -> None:
    """Register a secret, in every spelling in which a text may hold it."""
    if len(secret) < _SHORTEST:
        return
    spellings = {
        secret,
        html.escape(secret),
        html.escape(repr(secret)[1:-1]),
        repr(secret)[1:-1],
        json.dumps(secret)[1:-1],
        quote(secret, safe=""),
        quote_plus(secret),
    }
    # Replaced whole, not all at once: other threads may be reading.
    global _known
    if not spellings <= _known.keys():
        longest_first = sorted({*_known, *spellings}, key=len, reverse=True)
        _known = dict.fromkeys(longest_first)


def redact(text: str) -> str:
    """The text without any secret that was registered."""
    for secret in _known:
        if secret in text:
            text = text.replace(secret, STARS)
    return text


class RedactingFormatter(logging.Formatter):
    """A log line with its traceback, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class ReporterFilter(SafeExceptionReporterFilter):
    """Hides what @sensitive_post_parameters and @sensitive_variables name, also under DEBUG."""

    def is_active(self, request: Any) -> bool:
        return True


class Reporter(ExceptionReporter):
    """Django's error page and report, without secrets."""

    def get_traceback_html(self) -> SafeString:
        return _safe(redact(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return _safe(redact(super().get_traceback_text()))


def _safe(text: str) -> SafeString:
    """Django's own page, with stars in some places: as safe as before."""
    return mark_safe(text)  # noqa: S308
