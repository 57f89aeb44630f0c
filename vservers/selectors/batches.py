"""Batches as their pages show them."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q

from vservers.models import Batch, BatchItem

ITEMS_PER_PAGE = 20
PAGE_SIZE = 30
Outcome = BatchItem.Outcome
_GOOD = {Outcome.DONE, Outcome.UNCHANGED}
_OPEN = {Outcome.PLANNED, Outcome.RUNNING, Outcome.WAITING}
# A filter beside the outcomes: whatever did not end well.
NOT_DONE = "not-done"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is. counts: {outcome: number of items}."""

    counts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def over(self) -> int:
        return sum(count for outcome, count in self.counts.items() if outcome not in _OPEN)

    @property
    def good(self) -> int:
        return sum(count for outcome, count in self.counts.items() if outcome in _GOOD)

    @property
    def bad(self) -> int:
        return self.over - self.good

    @property
    def by_outcome(self) -> list[tuple[str, str, int]]:
        """(outcome, its words, how many), of those that there are."""
        return [
            (one.value, str(one.label), self.counts[one]) for one in Outcome if self.counts.get(one)
        ]


def progress_of(batch: Batch) -> Progress:
    rows = batch.items.order_by().values_list("outcome").annotate(count=Count("pk"))
    return Progress(dict(Counter(dict(rows))))


def items_page(batch: Batch, *, outcome: str = "", page: str | int = 1) -> Page[BatchItem]:
    """One page of items in their order. outcome: one of them, or NOT_DONE."""
    rows = batch.items.select_related("operation")
    if outcome == NOT_DONE:
        rows = rows.exclude(outcome__in=_GOOD | _OPEN)
    elif outcome:
        rows = rows.filter(outcome=outcome)
    return Paginator(rows.order_by("position"), ITEMS_PER_PAGE).get_page(page)


def batches_page(*, page: str | int = 1) -> Page[Any]:
    """One page of batches, newest first, each with item_count and bad_count."""
    bad = ~Q(items__outcome__in=_GOOD | _OPEN)
    rows = Batch.objects.annotate(
        item_count=Count("items"), bad_count=Count("items", filter=bad & Q(items__isnull=False))
    )
    paginator = Paginator(rows.order_by("-pk"), PAGE_SIZE)
    paginator.count = Batch.objects.count()
    return paginator.get_page(page)
