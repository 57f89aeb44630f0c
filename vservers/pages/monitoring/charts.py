"""From measured points to charts and a table: what is shown together, and how it is split."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.models import Listener, Rule
from vservers.services.monitoring import ListenerKey, Measured, Values

from .forms import BY_GROUP, BY_LISTENER

# Lines that a chart shows; the rest is one more.
MOST_LINES = 8

BITS, PACKETS, RATE, COUNT, TIME = "bit/s", "packets/s", "/s", "", "ms"

# Metric: (title where it is a chart of its own, name of its line among others, unit).
METRICS: dict[str, tuple[Any, Any, str]] = {
    "TrafficRXNew": (gettext_lazy("Inbound traffic"), gettext_lazy("In"), BITS),
    "TrafficTXNew": (gettext_lazy("Outbound traffic"), gettext_lazy("Out"), BITS),
    "ActiveConnection": (gettext_lazy("Active connections"), gettext_lazy("Active"), COUNT),
    "MaxConnection": (gettext_lazy("Max connections"), gettext_lazy("Most at once"), COUNT),
    "NewConnection": (gettext_lazy("New connections"), gettext_lazy("New"), RATE),
    "DropConnection": (gettext_lazy("Dropped connections"), gettext_lazy("Dropped"), RATE),
    "Qps": (gettext_lazy("Requests per second (QPS)"), gettext_lazy("Requests"), RATE),
    "Rt": (gettext_lazy("Response time"), gettext_lazy("Response time"), TIME),
    "StatusCode2xx": (gettext_lazy("Status 2xx"), "2xx", RATE),
    "StatusCode3xx": (gettext_lazy("Status 3xx"), "3xx", RATE),
    "StatusCode4xx": (gettext_lazy("Status 4xx"), "4xx", RATE),
    "StatusCode5xx": (gettext_lazy("Status 5xx"), "5xx", RATE),
    "HeathyServerCount": (gettext_lazy("Healthy servers"), gettext_lazy("Healthy"), COUNT),
    "UnhealthyServerCount": (gettext_lazy("Unhealthy servers"), gettext_lazy("Unhealthy"), COUNT),
    "PacketRX": (gettext_lazy("Inbound packets"), gettext_lazy("In"), PACKETS),
    "PacketTX": (gettext_lazy("Outbound packets"), gettext_lazy("Out"), PACKETS),
}
# Charts of sums: key, title, unit, metrics with the tone of each line ("" for the next colour).
_TOGETHER: tuple[tuple[str, Any, str, tuple[tuple[str, str], ...]], ...] = (
    ("traffic", gettext_lazy("Traffic"), BITS, (("TrafficRXNew", ""), ("TrafficTXNew", ""))),
    ("qps", gettext_lazy("Requests per second (QPS)"), RATE, (("Qps", ""),)),
    (
        "status",
        gettext_lazy("Status codes"),
        RATE,
        (
            ("StatusCode2xx", "ok"),
            ("StatusCode3xx", "accent"),
            ("StatusCode4xx", "warn"),
            ("StatusCode5xx", "bad"),
        ),
    ),
    ("time", gettext_lazy("Response time"), TIME, (("Rt", ""),)),
    (
        "connections",
        gettext_lazy("Connections"),
        COUNT,
        (("ActiveConnection", ""), ("MaxConnection", "")),
    ),
    (
        "new",
        gettext_lazy("New and dropped connections"),
        RATE,
        (("NewConnection", ""), ("DropConnection", "bad")),
    ),
    (
        "servers",
        gettext_lazy("Servers by health"),
        COUNT,
        (("HeathyServerCount", "ok"), ("UnhealthyServerCount", "bad")),
    ),
    ("packets", gettext_lazy("Packets"), PACKETS, (("PacketRX", ""), ("PacketTX", ""))),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart, a column of the table. tone: of its colour, "" for the next one."""

    label: str
    values: Values
    tone: str = ""

    @property
    def known(self) -> list[float]:
        return [value for value in self.values if value is not None]


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines of one unit. stats: (label, average, most, latest) of each line, in words."""

    key: str
    title: str
    unit: str
    lines: list[Line]
    failed: str = ""

    @property
    def is_empty(self) -> bool:
        return not any(line.known for line in self.lines)

    @property
    def stats(self) -> list[tuple[str, str, str, str]]:
        return [
            (
                line.label,
                amount(sum(line.known) / len(line.known), self.unit),
                amount(max(line.known), self.unit),
                amount(line.known[-1], self.unit),
            )
            for line in self.lines
            if line.known
        ]

    @property
    def as_json(self) -> str:
        """What the script draws."""
        lines = [
            {
                "label": line.label,
                "tone": line.tone,
                "values": [None if v is None else round(v, 3) for v in line.values],
            }
            for line in self.lines
            if line.known
        ]
        return json.dumps({"unit": self.unit, "lines": lines}, separators=(",", ":"))


def charts_of(
    measured: Measured, listeners: Iterable[Listener], rules: Iterable[Rule], split: str
) -> list[Chart]:
    """The charts of some listeners: sums, or one chart a metric with a line a part."""
    listeners = list(listeners)
    if split not in (BY_LISTENER, BY_GROUP):
        keys = [_key(one) for one in listeners]
        return [_summed(measured, keys, *one) for one in _TOGETHER]
    parts = _by_group(listeners, rules) if split == BY_GROUP else _by_listener(listeners)
    return [
        Chart(metric, str(title), unit, _lines(measured, metric, parts), _failed(measured, metric))
        for metric, (title, _label, unit) in METRICS.items()
    ]


def _summed(
    measured: Measured,
    keys: list[ListenerKey],
    key: str,
    title: Any,
    unit: str,
    metrics: tuple[tuple[str, str], ...],
) -> Chart:
    lines = [
        Line(str(METRICS[metric][1]), measured.of(metric, keys), tone) for metric, tone in metrics
    ]
    return Chart(key, str(title), unit, lines, _failed(measured, *(one for one, _ in metrics)))


def _failed(measured: Measured, *metrics: str) -> str:
    found = [str(measured.failed[metric]) for metric in metrics if metric in measured.failed]
    return found[0] if found else ""


def _key(listener: Listener) -> ListenerKey:
    return listener.protocol, listener.port


def _by_listener(listeners: Iterable[Listener]) -> dict[str, list[ListenerKey]]:
    return {str(one): [_key(one)] for one in listeners}


def _by_group(listeners: Iterable[Listener], rules: Iterable[Rule]) -> dict[str, list[ListenerKey]]:
    """CloudMonitor knows listeners only: where one sends to a single group, its numbers are the
    group's. Listeners with forwarding rules stay by themselves."""
    with_rules = {rule.listener_id for rule in rules}
    parts: dict[str, list[ListenerKey]] = {}
    for one in listeners:
        if one.forward_port is not None:
            name = _("%(listener)s (redirects)") % {"listener": one}
        elif one.pk in with_rules:
            name = _("%(listener)s (several groups, by rules)") % {"listener": one}
        elif one.vserver_group:
            name = str(one.vserver_group)
        elif one.master_slave_server_group_id:
            name = one.master_slave_server_group_id
        else:
            name = _("Backend Servers")
        parts.setdefault(name, []).append(_key(one))
    return parts


def _lines(measured: Measured, metric: str, parts: Mapping[str, list[ListenerKey]]) -> list[Line]:
    """The parts with the most, and the others as one."""
    lines = [Line(name, measured.of(metric, keys)) for name, keys in parts.items()]
    if len(lines) <= MOST_LINES:
        return lines
    busiest = sorted(lines, key=lambda line: -sum(line.known))[: MOST_LINES - 1]
    shown = {line.label for line in busiest}
    rest = [key for name, keys in parts.items() if name not in shown for key in keys]
    others = _("%(count)s others") % {"count": len(lines) - len(shown)}
    return [*busiest, Line(others, measured.of(metric, rest), "quiet")]


_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"))


def amount(value: float, unit: str) -> str:
    """A number with its unit, short enough for a line of text."""
    if unit in (BITS, PACKETS):
        for size, prefix in _PREFIXES:
            if value >= size:
                return f"{value / size:.1f} {prefix}{unit}"
    digits = 0 if value == int(value) or value >= 100 else 2
    return f"{value:,.{digits}f} {unit}".strip()
