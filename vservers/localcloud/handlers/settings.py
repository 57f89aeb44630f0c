"""What listeners, and rules with settings of their own, keep of their parameters.

Settings carry the names of the answers, whatever a request called them. What is off is not kept.
"""

from collections.abc import Mapping
from typing import Any

from vservers.localcloud.errors import missing

LAYER_7 = ("http", "https")
# Creating and changing TCP and UDP listeners, requests name some settings unlike the answers.
_ANSWER_NAMES = {
    "HealthCheckSwitch": "HealthCheck",
    "healthCheckInterval": "HealthCheckInterval",
    "healthCheckReq": "HealthCheckReq",
    "healthCheckExp": "HealthCheckExp",
}
_THRESHOLDS: Mapping[str, Any] = {"HealthyThreshold": 3, "UnhealthyThreshold": 3}
_HTTP_CHECK: Mapping[str, Any] = {
    "HealthCheckURI": "/",
    "HealthCheckMethod": "head",
    "HealthCheckHttpCode": ("http_2xx",),
}
# The tables leave these to the cloud: they count only where a check is on.
_CHECK_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "http": {**_HTTP_CHECK, "HealthCheckInterval": 2, "HealthCheckTimeout": 5, **_THRESHOLDS},
    "tcp": {
        "HealthCheckType": "tcp",
        "HealthCheckInterval": 2,
        "HealthCheckConnectTimeout": 5,
        **_THRESHOLDS,
    },
    "udp": {"HealthCheckInterval": 5, "HealthCheckConnectTimeout": 10, **_THRESHOLDS},
}
_SESSION = ("StickySession", "StickySessionType", "Cookie", "CookieTimeout")
_CHECK = (
    "HealthCheck",
    "HealthCheckType",
    "HealthCheckDomain",
    "HealthCheckConnectPort",
    "HealthCheckConnectTimeout",
    "HealthCheckReq",
    "HealthCheckExp",
    *_CHECK_DEFAULTS["http"],
)
_USE_BACKEND_PORT = -520


def named_as_answered(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters under the names that answers use."""
    return {_ANSWER_NAMES.get(name, name): value for name, value in params.items()}


def checked_settings(settings: Mapping[str, Any], protocol: str = "http") -> dict[str, Any]:
    """Settings made whole: defaults of what is on; what is off is dropped.

    Raises MissingParameter when a session or draining lacks what it needs.
    """
    settings = dict(settings)
    _check_session(settings)
    _complete_check(settings, "http" if protocol in LAYER_7 else protocol)
    if settings.get("ConnectionDrain") == "on":
        if "ConnectionDrainTimeout" not in settings:
            raise missing("ConnectionDrainTimeout")
    else:
        settings.pop("ConnectionDrainTimeout", None)
    if settings.get("AclStatus") != "on":
        for name in ("AclId", "AclType"):
            settings.pop(name, None)
    return settings


def wire_settings(settings: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """The named settings that are set, as answers spell them."""
    return {
        name: ",".join(value) if isinstance(value, (tuple, list)) else value
        for name in names
        if (value := settings.get(name)) is not None
    }


def session_and_check(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Session and health check, of a listener or of a rule with its own."""
    return wire_settings(settings, _SESSION + _CHECK)


def _check_session(settings: dict[str, Any]) -> None:
    if settings.get("StickySession", "off") != "on":
        for name in _SESSION[1:]:
            settings.pop(name, None)
        return
    kind = settings.get("StickySessionType", "")
    if not kind:
        raise missing("StickySessionType")
    need, idle = ("CookieTimeout", "Cookie") if kind == "insert" else ("Cookie", "CookieTimeout")
    if need not in settings:
        raise missing(need)
    settings.pop(idle, None)


def _complete_check(settings: dict[str, Any], kind: str) -> None:
    if settings.get("HealthCheck") != "on":
        for name in _CHECK[1:]:
            settings.pop(name, None)
        return
    by_http = settings.get("HealthCheckType") == "http"
    for name, value in {**_CHECK_DEFAULTS[kind], **(_HTTP_CHECK if by_http else {})}.items():
        settings.setdefault(name, value)
    if kind != "http" and not by_http:
        for name in (*_HTTP_CHECK, "HealthCheckDomain"):
            settings.pop(name, None)
    if settings.get("HealthCheckConnectPort") == _USE_BACKEND_PORT:
        del settings["HealthCheckConnectPort"]
