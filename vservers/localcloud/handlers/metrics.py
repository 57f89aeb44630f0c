"""CloudMonitor's metrics of load balancers (product cms, 2019-01-01).

Source: the vendor's "DescribeMetricList" and "DescribeMetricLast" pages, and its SDK. Datapoints is
JSON text, as there; a metric that the engine does not count has none. The versions before it
(2018-03-08, 2017-03-01), which exporters still speak, name the same things otherwise.
"""

import dataclasses
import json
import re
from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime, timedelta, timezone

from vservers.localcloud.errors import ApiError
from vservers.localcloud.formats import is_text
from vservers.localcloud.metric_names import LAYER_7, METRICS, NAMESPACE, Metric, value
from vservers.localcloud.metric_store import KEPT_SECONDS, Point, Series
from vservers.localcloud.model import Balancer
from vservers.localcloud.regions import REGIONS
from vservers.localcloud.registry import Answer, Reading, reads

MAX_DIMENSIONS = 50
_UNSTATED_RANGE_SECONDS = 3600
_LAST_RANGE_SECONDS = 2 * 3600
# The documentation's example gives local times of this zone beside their time stamps.
_BEIJING = timezone(timedelta(hours=8))
_TIME_FORMS = (("%Y-%m-%dT%H:%M:%SZ", UTC), ("%Y-%m-%d %H:%M:%S", _BEIJING))
_NEWER_NAMES = {"Project": "Namespace", "Metric": "MetricName", "Cursor": "NextToken"}
_MILLISECONDS = re.compile(r"[0-9]{13}")

Found = list[tuple[int, Series, list[Point]]]


@reads("cms", "DescribeMetricList", any_region=True)
def describe_metric_list(call: Reading) -> Awaitable[Answer]:
    """The points of a time range, oldest first, in pages."""
    return _points(call, last_only=False)


@reads("cms", "DescribeMetricLast", any_region=True)
def describe_metric_last(call: Reading) -> Awaitable[Answer]:
    """The newest point of each resource within two hours before the end of the range."""
    return _points(call, last_only=True)


@reads("cms_query", "QueryMetricList", any_region=True)
def query_metric_list(call: Reading) -> Awaitable[Answer]:
    """DescribeMetricList, as it was called before 2019."""
    return _by_older_names(call, last_only=False)


@reads("cms_query", "QueryMetricLast", any_region=True)
def query_metric_last(call: Reading) -> Awaitable[Answer]:
    """DescribeMetricLast, as it was called before 2019."""
    return _by_older_names(call, last_only=True)


async def _by_older_names(call: Reading, *, last_only: bool) -> Answer:
    params = {_NEWER_NAMES.get(name, name): text for name, text in call.params.items()}
    answer = await _points(dataclasses.replace(call, params=params), last_only=last_only)
    if "NextToken" in answer:
        answer["Cursor"] = answer.pop("NextToken")
    return answer


async def _points(call: Reading, *, last_only: bool) -> Answer:
    params = call.params
    metric = METRICS.get(params["MetricName"])
    if params["Namespace"] != NAMESPACE or metric is None:
        raise ApiError("ResourceNotFound", "The specified resource is not found.", status=404)
    period = params.get("Period", call.metrics.period)
    if period % call.metrics.period:
        raise _invalid("Period", f"it must be a multiple of {call.metrics.period}")
    until = _time("EndTime", params.get("EndTime", "")) or call.now // 1000
    span = _LAST_RANGE_SECONDS if last_only else _UNSTATED_RANGE_SECONDS
    after = _time("StartTime", params.get("StartTime", "")) or until - span
    if last_only:
        after = min(after, until - span)
    if not 0 < until - after <= KEPT_SECONDS:
        raise _invalid("StartTime", "it must be before EndTime, by 31 days at most")
    wanted = list(_dimensions(call, params.get("Dimensions", "")))
    rows: list[dict[str, object]] = []
    for balancer in {one["instanceId"]: None for one in wanted}:
        mine = call.state.get(Balancer, balancer)
        found = await call.metrics.find(call.state.account, balancer, after, until, period)
        spec = mine.spec if mine is not None else ""
        filters = [one for one in wanted if one["instanceId"] == balancer]
        kept = [one for one in found if any(_fits(one[1], only, metric) for only in filters)]
        rows += _rows(metric, kept, period, spec)
    if last_only:
        names = ("instanceId", "port", "protocol")
        newest = {tuple(row.get(name) for name in names): row for row in _sorted(rows)}
        rows = list(newest.values())
    return _page(_sorted(rows), period, params["Length"], params.get("NextToken", ""))


def _rows(metric: Metric, found: Found, period: int, spec: str) -> Iterator[dict[str, object]]:
    """A row a listener and period; of a whole instance's metric, a row a period."""
    together: dict[tuple[int, Series | None], Found] = {}
    for one in found:
        if not metric.layer_7 or one[1].protocol in LAYER_7:
            together.setdefault((one[0], None if metric.whole_instance else one[1]), []).append(one)
    for (moment, series), parts in together.items():
        values = value(metric, [points for _, _, points in parts], period, spec)
        if values is None:
            continue
        any_series = parts[0][1]
        row: dict[str, object] = {
            "timestamp": moment * 1000,
            "userId": any_series.account,
            "instanceId": any_series.balancer,
        }
        if series is not None:
            row |= {"port": str(series.port), "protocol": series.protocol, "vip": series.address}
        average, least, most = values
        row |= {"Minimum": least, "Maximum": most} if metric.extremes else {}
        yield row | {"Average": average}


def _sorted(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    names = ("timestamp", "instanceId", "port", "protocol")
    return sorted(rows, key=lambda row: [str(row.get(name, "")) for name in names])


def _page(rows: list[dict[str, object]], period: int, length: int, token: str) -> Answer:
    # The token is where the page begins: (time stamp, how many rows of it were there before).
    if token:
        stamp, _, before = token.partition("-")
        if not (stamp.isascii() and stamp.isdigit() and before.isascii() and before.isdigit()):
            raise _invalid("NextToken")
        later = [row for row in rows if str(row["timestamp"]) >= stamp]
        rows = later[int(before) :]
    answer: Answer = {
        "Code": "200",
        "Success": True,
        "Period": str(period),
        "Datapoints": json.dumps(rows[:length], separators=(",", ":")),
    }
    if len(rows) > length:
        stamp = str(rows[length]["timestamp"])
        same = [row for row in rows[:length] if str(row["timestamp"]) == stamp]
        skipped = len(same) + (int(before) if token and stamp == token.partition("-")[0] else 0)
        answer["NextToken"] = f"{stamp}-{skipped}"
    return answer


def _dimensions(call: Reading, text: str) -> Iterator[dict[str, str]]:
    """The resources asked for: all the account's load balancers when none is named.

    As the cloud does, one object is taken for a list of one, and numbers for their digits.
    """
    try:
        given = json.loads(text) if text else []
    except (ValueError, RecursionError) as error:
        raise _invalid("Dimensions", "it must be JSON") from error
    given = [given] if isinstance(given, dict) else given
    if not isinstance(given, list) or len(given) > MAX_DIMENSIONS:
        raise _invalid("Dimensions", f"it must be a list of at most {MAX_DIMENSIONS}")
    mine = [one.id for region in REGIONS for one in call.state.children(Balancer, region)]
    for one in given or [{}]:
        if not isinstance(one, dict) or not all(
            isinstance(entry, (str, int)) for entry in one.values()
        ):
            raise _invalid("Dimensions", "its entries must be objects of texts")
        only = {key: str(entry) for key, entry in one.items()}
        if not all(is_text(entry) for entry in only.values()):
            raise _invalid("Dimensions", "it contains characters that are not allowed")
        if only.get("userId", call.state.account) != call.state.account:
            continue
        for balancer in [only["instanceId"]] if "instanceId" in only else mine:
            yield only | {"instanceId": balancer}


def _fits(series: Series, only: dict[str, str], metric: Metric) -> bool:
    """Whether a listener is one that was asked for; no resource has a key that is not known."""
    own = {"userId": series.account, "instanceId": series.balancer}
    if not metric.whole_instance:
        own |= {"port": str(series.port), "protocol": series.protocol, "vip": series.address}
    return all(own.get(name) == text for name, text in only.items())


def _time(name: str, text: str) -> int | None:
    """Unix seconds of a parameter, None when it is absent."""
    if not text:
        return None
    if _MILLISECONDS.fullmatch(text):
        return int(text) // 1000
    for form, zone in _TIME_FORMS:
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=zone).timestamp())
        except ValueError:
            continue
    raise _invalid(name, "it must be Unix milliseconds or YYYY-MM-DD hh:mm:ss")


def _invalid(name: str, because: str = "") -> ApiError:
    reason = f": {because}" if because else ""
    return ApiError("ParameterInvalid", f"The parameter {name} is invalid{reason}.")
