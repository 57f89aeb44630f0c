"""Pages of a long list, each read from the end that is nearer to it."""

from collections.abc import Callable
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet


class NearPaginator(Paginator):
    """A paginator whose last page costs what its first one does, in sight of all page numbers.

    rows: in a total order; a page in the second half is read backwards from the end. prepare: what
    the rows of one page are made into.
    """

    def __init__(
        self,
        rows: QuerySet[Any],
        per_page: int,
        *,
        prepare: Callable[[list[Any]], list[Any]] = lambda rows: rows,
    ) -> None:
        super().__init__(rows, per_page)
        self._rows = rows
        self._prepare = prepare

    def page(self, number: int | str) -> Page[Any]:
        """The page of that number. Raises InvalidPage."""
        valid = self.validate_number(number)
        start = (valid - 1) * self.per_page
        end = min(start + self.per_page, self.count)
        if start <= self.count // 2:
            found = list(self._rows[start:end])
        else:
            found = list(self._rows.reverse()[self.count - end : self.count - start])[::-1]
        return Page(self._prepare(found), valid, self)
