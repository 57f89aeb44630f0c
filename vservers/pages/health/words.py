"""Health in the words of the pages: the state, why, and how a listener checks."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from vservers.models import Listener
from vservers.selectors.health import DRAINED, HealthRow, ListenerHealth, State
from vservers.selectors.silent import silent_words

# As components/status.html has them.
LEVELS = {
    State.ABNORMAL: "bad",
    State.UNAVAILABLE: "busy",
    State.UNCHECKED: "off",
    State.STOPPED: "off",
    State.NORMAL: "ok",
}
WORDS = {
    State.ABNORMAL: gettext_lazy("Abnormal"),
    State.UNAVAILABLE: gettext_lazy("Unavailable"),
    State.UNCHECKED: gettext_lazy("Not checked"),
    State.STOPPED: gettext_lazy("Listener stopped"),
    State.NORMAL: gettext_lazy("Normal"),
}
_MEANINGS = {
    State.ABNORMAL: gettext_lazy("Gets no new requests"),
    State.UNAVAILABLE: gettext_lazy("The check has no result yet"),
    State.UNCHECKED: gettext_lazy("The health check is off: it gets requests whatever its state"),
    State.STOPPED: gettext_lazy("Nothing is checked while the listener is stopped"),
    State.NORMAL: gettext_lazy("Passes its health check"),
}
STATES = [*((state.value, WORDS[state]) for state in State), (DRAINED, gettext_lazy("Drained"))]

# Of the API, by what is checked: interval, timeout, then both thresholds.
_DEFAULTS = {"udp": (5, 10, 3, 3)}
_USUAL = (2, 5, 3, 3)


@dataclass(frozen=True, slots=True)
class Shown:
    """A row in words. why: of the last check, "" where the cloud tells nothing."""

    row: HealthRow
    level: str
    word: Any
    meaning: Any
    why: str


def shown(row: HealthRow) -> Shown:
    return Shown(row, LEVELS[row.state], WORDS[row.state], _MEANINGS[row.state], why(row))


def why(row: HealthRow) -> str:
    """What the last check said, where it explains the state."""
    health = row.health
    if health is None or row.state not in (State.ABNORMAL, State.NORMAL, State.UNAVAILABLE):
        return ""
    if health.check_result == "ok":
        passed = _("The last check passed")
        return passed if row.state is State.ABNORMAL else ""
    words = {
        "refused": _("Connection refused"),
        "timeout": _("No answer in time"),
        "status": _("HTTP %(code)s") % {"code": health.check_code},
        "invalid": _("The answer is no HTTP"),
        "failed": health.check_message or _("The check failed"),
    }.get(health.check_result, "")
    if words and row.state is not State.ABNORMAL:
        return _("Last check: %(result)s") % {"result": words}
    return words


@dataclass(frozen=True, slots=True)
class Check:
    """How a listener checks. probe: what is asked; pace: how often; down, up: seconds until a
    server counts as abnormal and as normal again."""

    probe: str
    pace: str
    down: int
    up: int


def check_of(listener: Listener) -> Check | None:
    """The settings that are in force, None where the check is off.

    Source of the times: timeout x unhealthy + interval x (unhealthy - 1), and interval x
    (healthy - 1) for a server that answers at once; a timeout below the interval counts as it.
    """
    if listener.health_check == "off":
        return None
    said = listener.settings or {}
    usual = _DEFAULTS.get(listener.protocol, _USUAL)
    names = (
        "health_check_interval",
        "health_check_timeout",
        "healthy_threshold",
        "unhealthy_threshold",
    )
    interval, timeout, healthy, unhealthy = (
        int(said.get(name) or default) for name, default in zip(names, usual, strict=True)
    )
    timeout = max(timeout, interval)
    pace = _(
        "every %(interval)s s, timeout %(timeout)s s, %(unhealthy)s failed, %(healthy)s passed"
    )
    return Check(
        probe=_probe(listener, said),
        pace=pace
        % {
            "interval": interval,
            "timeout": timeout,
            "unhealthy": unhealthy,
            "healthy": healthy,
        },
        down=timeout * unhealthy + interval * (unhealthy - 1),
        up=interval * (healthy - 1),
    )


def _probe(listener: Listener, said: dict[str, Any]) -> str:
    port = said.get("health_check_connect_port")
    on = _("port %(port)s") % {"port": port} if port else _("each server's port")
    if listener.protocol == "udp":
        return _("UDP, %(port)s") % {"port": on}
    if listener.protocol == "tcp" and said.get("health_check_type") != "http":
        return _("TCP connection, %(port)s") % {"port": on}
    method = (said.get("health_check_method") or "head").upper()
    uri = said.get("health_check_uri") or "/"
    codes = (said.get("health_check_http_code") or "http_2xx").replace("http_", "")
    return f"{method} {said.get('health_check_domain') or ''}{uri}, {on}, {codes}"


def summed_up(one: ListenerHealth) -> tuple[str, str]:
    """Level and words for all servers of a listener together."""
    if one.listener.forward_port is not None:
        return "off", _("Redirects")
    if one.state is None:
        return "off", _("No servers")
    if one.silent and one.state is not State.STOPPED:
        return "bad", silent_words(one.silent)
    if one.state is State.UNCHECKED:
        return "off", _("Not enabled")
    if one.state is State.ABNORMAL:
        words = _("%(abnormal)s of %(total)s abnormal")
        numbers = {"abnormal": one.abnormal, "total": one.total}
        return "bad" if one.abnormal == one.total else "warn", words % numbers
    if one.state is State.UNAVAILABLE:
        waiting = one.total - one.normal
        words = ngettext("%(count)s is being checked", "%(count)s are being checked", waiting)
        return "busy", words % {"count": waiting}
    return LEVELS[one.state], str(WORDS[one.state])
