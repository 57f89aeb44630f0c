"""Search over everything: what there is to find is told by the apps that know it.

The shell knows no load balancer. Each app registers its kinds of things in `AppConfig.ready()`:

    from console.shell import search
    search.register(search.Kind("groups", _("VServer groups"), "stack-2", rows=..., hit=...))

A kind gives a query set, best first, so that counting and paging are done here, once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet, Window
from django.utils.functional import Promise

from console.accounts.actor import Actor
from console.accounts.permissions import Action, may

# So many of each kind below the box, and on the first page of results.
FEW = 5
PAGE_SIZE = 30
LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found. code: its ID; where: what it belongs to; url: its page.

    exact: the text is its whole ID, so that Enter goes straight there.
    """

    label: str
    url: str
    code: str = ""
    where: str = ""
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of things that can be found.

    rows: what holds the text, best first. hit: how one row is shown. needs: who may see it.
    """

    key: str
    label: str | Promise
    icon: str
    rows: Callable[[str], QuerySet[Any]]
    hit: Callable[[Any, str], Hit]
    needs: Action = Action.VIEW


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one kind: the first of it, and how much there is."""

    kind: Kind
    hits: Sequence[Hit]
    total: int


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Add a kind; they are shown in the order in which they came. One of the same key goes."""
    _kinds[kind.key] = kind


def cleaned(text: str) -> str:
    """The text as it is searched for: without blanks around it, of a bounded length."""
    return " ".join(text.replace("\0", "").split())[:LONGEST_TEXT]


def is_long_enough(text: str) -> bool:
    """One Latin letter would find half of everything; one Chinese character is a word."""
    return len(text) > 1 or (text != "" and not text.isascii())


def find(text: str, actor: Actor) -> list[Found]:
    """The first few of each kind that the actor may see, one query a kind."""
    if not is_long_enough(text):
        return []
    found = []
    for kind in _kinds_for(actor):
        rows = list(kind.rows(text).annotate(total=Window(Count("*")))[:FEW])
        if rows:
            hits = [kind.hit(row, text) for row in rows]
            found.append(Found(kind, hits, rows[0].total))
    return found


def exact_hit(found: Sequence[Found]) -> Hit | None:
    """The one thing whose ID was typed, if there is just one."""
    hits = [hit for one in found for hit in one.hits if hit.exact]
    return hits[0] if len(hits) == 1 else None


def find_kind(
    text: str, key: str, actor: Actor, number: str | int
) -> tuple[Kind, Page[Any]] | None:
    """One page of all that is of one kind, its rows as Hits; None where there is no such kind."""
    kind = next((one for one in _kinds_for(actor) if one.key == key), None)
    if kind is None:
        return None
    rows = kind.rows(text)
    page = Paginator(rows if is_long_enough(text) else rows.none(), PAGE_SIZE).get_page(number)
    page.object_list = [kind.hit(row, text) for row in page.object_list]
    return kind, page


def _kinds_for(actor: Actor) -> list[Kind]:
    return [kind for kind in _kinds.values() if may(actor, kind.needs)]
