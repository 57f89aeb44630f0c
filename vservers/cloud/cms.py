"""CloudMonitor, version 2019-01-01: what has been measured of load balancers."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from .errors import understood
from .transport import Transport
from .types import Api

VERSION = "2019-01-01"
NAMESPACE = "acs_slb_dashboard"
# Its endpoints are called metrics.<region>; every other product's has the product's name.
PRODUCT = "metrics"
_MOST_POINTS_PER_CALL = 1440


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One period of one listener. moment: its beginning in Unix seconds; the unit is the metric's.

    least and most are those within the period, the average where the metric has none.
    """

    moment: int
    protocol: str
    port: int
    average: float
    least: float
    most: float

    @classmethod
    def from_api(cls, item: Api) -> Self:
        average = float(item.get("Average", item.get("Value", 0)))
        return cls(
            moment=int(item["timestamp"]) // 1000,
            protocol=str(item.get("protocol") or "").lower(),
            port=int(item.get("port") or 0),
            average=average,
            least=float(item.get("Minimum", average)),
            most=float(item.get("Maximum", average)),
        )


class Cms:
    """CloudMonitor of one region. Every method raises CloudError's kinds."""

    def __init__(self, transport: Transport, region_id: str) -> None:
        self._transport = transport
        self._region_id = region_id

    def describe_metric_list(
        self, metric: str, load_balancer_id: str, *, after: int, until: int, period: int
    ) -> Iterator[MetricPoint]:
        """The points of a load balancer's listeners, oldest first.

        after, until: Unix seconds; a period counts when it begins after the one and not after the
        other. period: seconds, a multiple of 60.
        """
        token = ""
        while True:
            params: dict[str, Any] = metric_params(
                metric, load_balancer_id, after=after, until=until, period=period
            )
            body = self._transport.call(
                product=PRODUCT,
                version=VERSION,
                action="DescribeMetricList",
                region_id=self._region_id,
                params={**params, "NextToken": token},
            )
            with understood("DescribeMetricList"):
                found = json.loads(body.get("Datapoints") or "[]")
                yield from [MetricPoint.from_api(item) for item in found]
            token = body.get("NextToken") or ""
            if not token:
                return


def metric_params(
    metric: str, load_balancer_id: str, *, after: int, until: int, period: int
) -> dict[str, str | int]:
    """The parameters of DescribeMetricList; times are milliseconds on the wire."""
    return {
        "Namespace": NAMESPACE,
        "MetricName": metric,
        "Dimensions": json.dumps([{"instanceId": load_balancer_id}]),
        "StartTime": str(after * 1000),
        "EndTime": str(until * 1000),
        "Period": str(period),
        "Length": str(_MOST_POINTS_PER_CALL),
    }
