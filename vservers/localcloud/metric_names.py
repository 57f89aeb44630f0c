"""CloudMonitor's metrics of SLB (namespace acs_slb_dashboard): names, and how each is worked out.

Names, units and statistics are those of the vendor's "CLB monitoring metrics" page, with its
spelling of HeathyServerCount. Rates are per second, traffic in bit/s, times in ms, utilisation in
percent of what the instance's specification grants.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from vservers.localcloud.metric_store import PLACES, Point

NAMESPACE = "acs_slb_dashboard"
LAYER_7 = ("http", "https")
# (connections, new connections a second, requests a second) by specification; source: the SLB
# manual, "Guaranteed-performance instances".
_LIMITS = {
    "slb.s1.small": (5_000, 3_000, 1_000),
    "slb.s2.small": (50_000, 5_000, 5_000),
    "slb.s2.medium": (100_000, 10_000, 10_000),
    "slb.s3.small": (200_000, 20_000, 20_000),
    "slb.s3.medium": (500_000, 50_000, 30_000),
    "slb.s3.large": (1_000_000, 100_000, 50_000),
}
_BITS = 8

# Average, least, most of one listener over the points of one period.
Values = tuple[float, float, float]
Measure = Callable[[Sequence[Point], int], Values]


@dataclass(frozen=True, slots=True)
class Metric:
    """How a metric is worked out. measure: None for what the engine does not count.

    whole_instance: one value a load balancer, of all its listeners. layer_7: of HTTP and HTTPS
    listeners only. extremes: whether it has Minimum and Maximum. limit: place in _LIMITS of what
    it is a percentage of.
    """

    measure: Measure | None
    whole_instance: bool = False
    layer_7: bool = False
    extremes: bool = True
    limit: int | None = None
    # A time is averaged over the requests of all listeners, everything else is added up.
    of_requests: bool = False


def value(
    metric: Metric, listeners: Iterable[Sequence[Point]], seconds: int, spec: str
) -> Values | None:
    """A metric over one period of so many seconds, None when there is no such value.

    listeners: the points of each listener concerned. spec: the load balancer's specification.
    """
    if metric.measure is None or (metric.limit is not None and spec not in _LIMITS):
        return None
    listeners = list(listeners)
    if metric.of_requests:
        return metric.measure([point for points in listeners for point in points], seconds)
    each = [metric.measure(points, seconds) for points in listeners]
    average, least, most = (sum(one) for one in zip(*each, strict=True))
    if metric.limit is not None:
        percent = 100 / _LIMITS[spec][metric.limit]
        average, least, most = average * percent, least * percent, most * percent
    return average, least, most


def _rate(*names: str, times: int = 1) -> Measure:
    places = [PLACES[name] for name in names]

    def measure(points: Sequence[Point], seconds: int) -> Values:
        sums = [times * sum(point[place] for place in places) for point in points]
        # Each point stands for an equal part of the period.
        part = seconds / len(points)
        return sum(sums) / seconds, min(sums) / part, max(sums) / part

    return measure


def _gauge(name: str) -> Measure:
    samples, total, least, most = (
        PLACES[word] for word in ("samples", f"{name}_sum", f"{name}_min", f"{name}_max")
    )

    def measure(points: Sequence[Point], seconds: int) -> Values:
        count = sum(point[samples] for point in points)
        average = sum(point[total] for point in points) / count if count else 0.0
        return average, min(p[least] for p in points), max(p[most] for p in points)

    return measure


def _milliseconds(name: str) -> Measure:
    place, requests = PLACES[name], PLACES["requests"]

    def measure(points: Sequence[Point], seconds: int) -> Values:
        count = sum(point[requests] for point in points)
        average = sum(point[place] for point in points) / count if count else 0.0
        return average, average, average

    return measure


def _catalogue() -> dict[str, Metric]:
    # Without "Instance": a listener's; with it: the sum over the instance's listeners.
    layer_4 = {
        "ActiveConnection": _gauge("connections_now"),
        "MaxConnection": _gauge("connections_now"),
        "NewConnection": _rate("connections"),
        "DropConnection": _rate("dropped"),
        "InactiveConnection": None,
        "PacketRX": None,
        "PacketTX": None,
        "DropPacketRX": None,
        "DropPacketTX": None,
        "DropTrafficRX": None,
        "DropTrafficTX": None,
    }
    layer_7 = {
        "Qps": _rate("requests"),
        "StatusCode2xx": _rate("status_2xx"),
        "StatusCode3xx": _rate("status_3xx"),
        "StatusCode4xx": _rate("status_4xx"),
        "StatusCode5xx": _rate("status_5xx"),
        "StatusCodeOther": _rate("status_other"),
        "UpstreamCode4xx": _rate("upstream_4xx"),
        "UpstreamCode5xx": _rate("upstream_5xx"),
    }
    times = {"Rt": _milliseconds("total_ms"), "UpstreamRt": _milliseconds("upstream_ms")}
    received, sent = _rate("bytes_in", times=_BITS), _rate("bytes_out", times=_BITS)
    found = {
        "HeathyServerCount": Metric(_gauge("healthy")),
        "UnhealthyServerCount": Metric(_gauge("unhealthy")),
        "TrafficRXNew": Metric(received),
        "TrafficTXNew": Metric(sent),
        "InstanceTrafficRX": Metric(received, whole_instance=True),
        "InstanceTrafficTX": Metric(sent, whole_instance=True),
    }
    for prefix, whole in (("", False), ("Instance", True)):
        for name, measure in layer_4.items():
            found[f"{prefix}{name}"] = Metric(measure, whole_instance=whole)
        for name, rate in layer_7.items():
            found[f"{prefix}{name}"] = Metric(rate, whole, layer_7=True, extremes=False)
        for name, time in times.items():
            found[f"{prefix}{name}"] = Metric(
                time, whole, layer_7=True, extremes=False, of_requests=True
            )
    for place, name in enumerate(("MaxConnection", "NewConnection", "Qps")):
        base = found[f"Instance{name}"]
        found[f"Instance{name}Utilization"] = Metric(
            base.measure, whole_instance=True, layer_7=base.layer_7, limit=place
        )
    return found


METRICS = _catalogue()
