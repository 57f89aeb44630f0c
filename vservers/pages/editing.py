"""An edit of something that others may change meanwhile: its form, what was seen, the choices."""

from abc import ABC, abstractmethod
from typing import Any

from django import forms
from django.http import QueryDict

from .conflict_rows import Line, settings_lines
from .conflicts import CHOICE, Conflict, Rows, Seen


class Edit(ABC):
    """One rendering of an edit form; data: what was posted, None when the form is opened.

    A subclass gives the form, and says how pictures become rows.
    """

    form: forms.Form

    def __init__(self, data: QueryDict | None, picture: Any) -> None:
        self._data = data if data is not None else QueryDict()
        self.seen = Seen.of(picture) if data is None else Seen.from_post(data)
        self.conflict: Conflict | None = None
        self.asked = False

    @abstractmethod
    def rows_of(self, picture: Any) -> Rows: ...

    @abstractmethod
    def mine(self) -> Rows:
        """What was entered; asked for only when the form is valid."""

    def lines(self, conflict: Conflict) -> list[Line]:
        return settings_lines(conflict)

    def is_ready(self) -> bool:
        """Whether the form is right and nothing is left to choose."""
        if not self.form.is_valid():
            return False
        if self.seen.in_conflict:
            self.conflict = Conflict.of(self.seen, self.rows_of, self.mine(), self._data)
            self.asked = not self.conflict.is_settled
        return not self.asked

    @property
    def result(self) -> Rows:
        """What shall be there: what was entered, or what was chosen."""
        return self.conflict.result if self.conflict else self.mine()

    def be_overtaken(self, picture: Any) -> None:
        """Somebody else was quicker: the next answer of the person is one in sight of theirs."""
        earlier = self.seen
        self.seen = earlier.overtaken_by(picture)
        self.conflict = Conflict.of(
            self.seen, self.rows_of, self.mine(), self._data, earlier=earlier
        )

    @property
    def refused(self) -> bool:
        return bool(self.form.errors) or self.asked

    def context(self) -> dict[str, Any]:
        """What vservers/conflict.html and vservers/seen.html show."""
        # While a field is wrong there is nothing to compare: choices wait in hidden fields.
        kept = [] if self.conflict else [n for n in self._data if n.startswith(CHOICE)]
        return {
            "seen": self.seen,
            "conflict": self.conflict,
            "lines": self.lines(self.conflict) if self.conflict else [],
            "asked": self.asked,
            "kept_choices": [(name, self._data[name]) for name in kept],
        }
