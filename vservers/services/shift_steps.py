"""The steps in which weight moves from some servers of a group to others: sums, and no reading."""

from collections.abc import Sequence
from dataclasses import dataclass

from .members import MAX_WEIGHT

FROM, TO, STAYS = "from", "to", ""


@dataclass(frozen=True, slots=True)
class Row:
    """A server of a group; side: FROM, TO or STAYS."""

    group: str
    side: str
    weight: int


def weights_at(rows: Sequence[Row], fraction: float) -> list[int]:
    """The weights when this much, 0..1, of the weight that is to move has moved.

    In each group what the FROM servers give up goes to the TO servers, in proportion to the weights
    that these have, in equal parts where they have none. Where no other server of the group has a
    weight, only proportions matter, and all are scaled down where a weight would pass MAX_WEIGHT.
    Else it stays at MAX_WEIGHT, and shares are those that the steps say. No server that is to have
    a share is rounded to 0.
    """
    exact = [float(row.weight) for row in rows]
    for group in {row.group for row in rows}:
        here = [n for n, row in enumerate(rows) if row.group == group]
        giving = [n for n in here if rows[n].side == FROM]
        taking = [n for n in here if rows[n].side == TO]
        moved = fraction * sum(rows[n].weight for n in giving)
        held = sum(rows[n].weight for n in taking)
        for n in giving:
            exact[n] = rows[n].weight * (1 - fraction)
        for n in taking:
            part = rows[n].weight / held if held else 1 / len(taking)
            exact[n] = rows[n].weight + moved * part
        alone = not any(rows[n].weight for n in here if n not in {*giving, *taking})
        most = max((exact[n] for n in [*giving, *taking]), default=0)
        if alone and most > MAX_WEIGHT:
            for n in (*giving, *taking):
                exact[n] *= MAX_WEIGHT / most
    return [_whole(weight) for weight in exact]


def _whole(weight: float) -> int:
    return min(MAX_WEIGHT, max(1, round(weight))) if weight > 1e-9 else 0


def steps_of(rows: Sequence[Row], *, count: int, percent: int) -> list[list[int]]:
    """The weights after each step; steps that would change nothing are left out.

    count: steps wanted. percent: of the weight of the FROM servers, 1..100, that moves in all.
    """
    found: list[list[int]] = []
    before = [row.weight for row in rows]
    for number in range(1, count + 1):
        weights = weights_at(rows, number / count * percent / 100)
        if weights != before:
            found.append(weights)
            before = weights
    return found


def share_to(rows: Sequence[Row], weights: Sequence[int], group: str) -> float | None:
    """Percent of a group's requests that the TO servers get by these weights; None for none."""
    total = sum(w for row, w in zip(rows, weights, strict=True) if row.group == group)
    part = sum(
        w for row, w in zip(rows, weights, strict=True) if row.group == group and row.side == TO
    )
    return part * 100 / total if total else None
