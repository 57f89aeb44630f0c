"""How long a health check takes to see that a server is down, or up again."""

from dataclasses import dataclass
from typing import Self

from django import forms

from vservers.pages.fields import is_number

# A server that works is taken to answer a check within so many seconds.
ANSWER_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Times:
    """In seconds; None while a number is missing or wrong.

    Source: the manual's formulas. A response timeout shorter than the interval counts as that.
    """

    down: int | None = None
    up: int | None = None

    @classmethod
    def of(cls, form: forms.Form) -> Self:
        """From what stands in the form, judged or not."""
        names = (
            "health_check_timeout",
            "health_check_interval",
            "unhealthy_threshold",
            "healthy_threshold",
        )
        typed = [str(form[name].value()) for name in names]
        if not all(is_number(text) for text in typed):
            return cls()
        timeout, interval, unhealthy, healthy = map(int, typed)
        return cls(
            down=max(timeout, interval) * unhealthy + interval * (unhealthy - 1),
            up=ANSWER_SECONDS * healthy + interval * (healthy - 1),
        )
