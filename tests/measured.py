"""Points in a local cloud's file of metrics, as its data plane would have put them there."""

import math
import time
from collections.abc import Iterable
from pathlib import Path

from vservers.localcloud.keys import DEFAULT_ACCOUNT
from vservers.localcloud.metric_store import PLACES, MetricStore, Point, Series, empty_point

PERIOD_SECONDS = 60


def point(**values: float) -> Point:
    """One point of a listener, by the names of metric_store.FIELDS; it was sampled once."""
    made = empty_point()
    for name, value in {"samples": 1, **values}.items():
        made[PLACES[name]] = value
    return made


def add_points(
    data_dir: Path, balancer: str, protocol: str, port: int, points: Iterable[tuple[int, Point]]
) -> None:
    """Write (moment in Unix seconds, point) of one listener."""
    store = MetricStore(data_dir / "metrics.sqlite3")
    series = Series(DEFAULT_ACCOUNT, balancer, protocol, port, "127.0.0.1")
    for moment, one in points:
        store.add(moment - moment % PERIOD_SECONDS, [(series, one)])
    store.close()


def busy_hour(data_dir: Path, balancer: str, protocol: str, port: int, *, size: float = 1) -> None:
    """An hour and more of traffic that goes up and down, with a few errors."""
    now = int(time.time())
    add_points(
        data_dir,
        balancer,
        protocol,
        port,
        ((now - 60 * n, _minute(n, size)) for n in range(2, 90)),
    )


def _minute(n: int, size: float) -> Point:
    wave = size * (1.4 + math.sin(n / 9) + 0.3 * math.sin(n * 1.7))
    requests = round(900 * wave)
    failed = requests // 12 if 20 < n < 26 else requests // 400
    return point(
        connections=requests / 3,
        bytes_in=requests * 700,
        bytes_out=requests * 9000 * (1 + 0.2 * math.sin(n / 5)),
        requests=requests,
        status_2xx=requests - failed - requests // 50,
        status_3xx=requests // 100,
        status_4xx=requests // 100,
        status_5xx=failed,
        total_ms=requests * (24 + 10 * math.sin(n / 7)),
        upstream_ms=requests * 20,
        connections_now_sum=round(40 * wave),
        connections_now_min=round(30 * wave),
        connections_now_max=round(60 * wave),
        healthy_sum=2 if 20 < n < 26 else 3,
        unhealthy_sum=1 if 20 < n < 26 else 0,
    )
