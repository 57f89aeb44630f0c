"""What CloudMonitor has measured of a load balancer: read when a page asks, kept for a minute."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.cache import cache

from console.accounts.actor import Actor
from console.accounts.permissions import Action, check
from vservers.cloud import CloudError
from vservers.cloud.cms import MetricPoint
from vservers.models import LoadBalancer

from .connection import connect
from .crew import ask_all

# CloudMonitor keeps a month.
KEPT_SECONDS = 31 * 24 * 3600
# The periods that it knows for these metrics, and how many points a chart can show.
PERIODS = (60, 900, 3600)
_MOST_POINTS = 760

# Of the namespace acs_slb_dashboard, per listener, with its spelling of HeathyServerCount.
METRIC_NAMES = (
    "TrafficRXNew", "TrafficTXNew", "ActiveConnection", "MaxConnection", "NewConnection",
    "DropConnection", "Qps", "Rt", "StatusCode2xx", "StatusCode3xx", "StatusCode4xx",
    "StatusCode5xx", "HeathyServerCount", "UnhealthyServerCount", "PacketRX", "PacketTX",
)  # fmt: skip

# A page needs all metrics, one call each, and no period of them is shorter.
CACHED_SECONDS = 60
# More would be slower to keep than to ask for.
_MOST_CACHED_VALUES = 100_000

ListenerKey = tuple[str, int]  # protocol, port
Values = list[float | None]
Series = dict[str, dict[ListenerKey, Values]]  # by metric


@dataclass(frozen=True, slots=True)
class Span:
    """A range of time in Unix seconds: periods that begin in it, the last one being over."""

    begin: int
    end: int

    @property
    def period(self) -> int:
        """The shortest period with not more points than a chart can show."""
        return next(
            (p for p in PERIODS if (self.end - self.begin) / p <= _MOST_POINTS), PERIODS[-1]
        )

    @property
    def moments(self) -> range:
        """The beginnings of all periods."""
        period = self.period
        first = -(-self.begin // period) * period
        return range(first, self.end - period + 1, period)


@dataclass(slots=True)
class Measured:
    """Points by metric and listener, one value a moment of the span; None where there is none.

    failed: metrics that could not be read, with why.
    """

    span: Span
    listeners: list[ListenerKey]
    series: Series = field(default_factory=dict)
    failed: dict[str, CloudError] = field(default_factory=dict)

    def of(self, metric: str, wanted: Iterable[ListenerKey]) -> Values:
        """The sum over listeners; of a response time the mean, weighted by the requests."""
        rows = self.series.get(metric, {})
        found = [key for key in wanted if key in rows]
        if metric not in WEIGHTED:
            return _added([rows[key] for key in found], len(self.span.moments))
        requests = self.series.get(WEIGHTED[metric], {})
        nothing: Values = [None] * len(self.span.moments)
        return [
            _mean([(rows[key][n], requests.get(key, nothing)[n]) for key in found])
            for n in range(len(self.span.moments))
        ]


# What is asked of is the most within a period; of every other metric it is the average.
MOST_OF = {"MaxConnection"}
# What is no sum: a time is the mean over the requests of all listeners.
WEIGHTED = {"Rt": "Qps"}


def read_metrics(
    *, actor: Actor, load_balancer: LoadBalancer, metrics: Sequence[str], span: Span
) -> Measured:
    """Ask for each metric, several at once, unless the same was asked within the last minute.

    Raises NotAllowed, and CloudError when all failed.
    """
    check(actor, Action.VIEW)
    connect(load_balancer)  # says at once why there is no way to the account
    listeners = [(one.protocol, one.port) for one in load_balancer.listeners.all()]
    measured = Measured(span, listeners)
    moments = span.moments
    key = f"metrics:{load_balancer.pk}:{moments.start}:{len(moments)}:{moments.step}"
    if (kept := cache.get(key)) and kept.keys() >= set(metrics):
        measured.series = kept
        return measured
    places = {moment: place for place, moment in enumerate(moments)}

    def ask(metric: str) -> list[MetricPoint]:
        cms = connect(load_balancer).cms
        return list(
            cms.describe_metric_list(
                metric,
                load_balancer.pk,
                after=span.begin - 1,
                until=span.end,
                period=span.period,
            )
        )

    for metric, answer in ask_all(ask, metrics):
        if isinstance(answer, CloudError):
            measured.failed[metric] = answer
        else:
            measured.series[metric] = _placed(answer, places, most=metric in MOST_OF)
    if metrics and len(measured.failed) == len(metrics):
        raise measured.failed[metrics[0]]
    rows = sum(map(len, measured.series.values()))
    if not measured.failed and rows * len(moments) <= _MOST_CACHED_VALUES:
        cache.set(key, measured.series, CACHED_SECONDS)
    return measured


def _placed(
    points: Iterable[MetricPoint], places: Mapping[int, int], *, most: bool
) -> dict[ListenerKey, Values]:
    series: dict[ListenerKey, Values] = {}
    for point in points:
        if point.moment in places:
            row = series.setdefault((point.protocol, point.port), [None] * len(places))
            row[places[point.moment]] = point.most if most else point.average
    return series


def _added(rows: Sequence[Values], count: int) -> Values:
    found: Values = []
    for n in range(count):
        known = [value for row in rows if (value := row[n]) is not None]
        found.append(sum(known) if known else None)
    return found


def _mean(values: Iterable[tuple[float | None, float | None]]) -> float | None:
    known = [(value, weight or 0.0) for value, weight in values if value is not None]
    weights = sum(weight for _, weight in known)
    if not weights:
        return None
    return sum(value * weight for value, weight in known) / weights
