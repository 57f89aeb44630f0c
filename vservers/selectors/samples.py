"""Whether answers that were counted fit the shares that were expected of the servers.

Pearson's chi-square test of goodness of fit. Cells of which fewer than five answers are expected
are counted as one, for the test is only good above that (Cochran's rule).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

# So rarely may servers that keep to their shares be called deviating.
LEVEL = 0.01
_LEAST_EXPECTED = 5.0


class Fit(StrEnum):
    """wrong: somebody answered of whom no answer is expected. none: nothing to judge by."""

    FITS = "fits"
    DEVIATES = "deviates"
    WRONG = "wrong"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Verdict:
    """p_value: how often chance alone deviates as much, 0..1; None where that was not asked."""

    fit: Fit
    p_value: float | None = None


def judge(counts: Sequence[int], percents: Sequence[float]) -> Verdict:
    """Compare counted answers with expected percents, server by server."""
    total = sum(counts)
    if not total or not any(percents):
        return Verdict(Fit.NONE)
    if any(count and not percent for count, percent in zip(counts, percents, strict=True)):
        return Verdict(Fit.WRONG)
    cells = _cells(counts, [percent * total / 100 for percent in percents])
    if len(cells) < 2:
        return Verdict(Fit.FITS)
    deviation = sum((seen - expected) ** 2 / expected for seen, expected in cells)
    p_value = chance_of(deviation, freedom=len(cells) - 1)
    return Verdict(Fit.DEVIATES if p_value < LEVEL else Fit.FITS, p_value)


def chance_of(deviation: float, *, freedom: int) -> float:
    """How often chi-square with so many degrees of freedom is this large or larger.

    The upper regularised gamma function of freedom/2 and deviation/2, which is a finite sum for
    whole degrees of freedom.
    """
    half = deviation / 2
    if freedom % 2 == 0:
        terms = (half**n / math.factorial(n) for n in range(freedom // 2))
        return min(1.0, math.exp(-half) * sum(terms))
    terms = (half ** (n - 0.5) / math.gamma(n + 0.5) for n in range(1, (freedom + 1) // 2))
    return min(1.0, math.erfc(math.sqrt(half)) + math.exp(-half) * sum(terms))


def _cells(counts: Sequence[int], expected: Sequence[float]) -> list[tuple[int, float]]:
    """(seen, expected) of each cell of the test, small ones together as one that is not small."""
    cells = sorted(
        ((seen, want) for seen, want in zip(counts, expected, strict=True) if want),
        key=lambda cell: -cell[1],
    )
    while len(cells) > 1 and cells[-1][1] < _LEAST_EXPECTED:
        seen, want = cells.pop()
        before_seen, before_want = cells.pop()
        cells.append((before_seen + seen, before_want + want))
    return cells
