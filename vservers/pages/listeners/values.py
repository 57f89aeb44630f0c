"""A listener's settings as values of its form, and back."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from vservers.models import Listener
from vservers.services.listeners import ListenerSpec

from .fields import HTTP, LAYER_7, UDP

# A primary/secondary group among the values of `target`; VServer groups stand there as they are.
PAIR = "pair:"
# What the console proposes where the cloud's own default is narrower: redirects count as healthy.
_CHECK_DEFAULTS: dict[str, Any] = {
    "health_check_codes": ["http_2xx", "http_3xx"],
    "health_check_uri": "/",
    "health_check_method": "head",
    "health_check_type": "tcp",
    "health_check_timeout": 5,
    "health_check_interval": 2,
    "unhealthy_threshold": 3,
    "healthy_threshold": 3,
}
_UDP_CHECK = {"health_check_timeout": 10, "health_check_interval": 5}
ON_OFF = (
    "gzip",
    "enable_http2",
    "x_forwarded_for",
    "x_forwarded_for_proto",
    "x_forwarded_for_slbip",
    "x_forwarded_for_slbid",
    "health_check",
)
# Settings that form fields of the same name hold as they are.
AS_THEY_ARE = (
    "scheduler",
    "idle_timeout",
    "request_timeout",
    "persistence_timeout",
    "established_timeout",
    "server_certificate_id",
    "ca_certificate_id",
    "tls_cipher_policy",
    "health_check_type",
)
_OF_THE_CHECK = (
    "health_check_method",
    "health_check_uri",
    "health_check_domain",
    "health_check_connect_port",
    "health_check_interval",
    "health_check_timeout",
    "healthy_threshold",
    "unhealthy_threshold",
    "health_check_req",
    "health_check_exp",
)
BY_HTTP = ("health_check_uri", "health_check_domain", "health_check_codes")


def check_session(form: forms.Form, values: Mapping[str, Any]) -> None:
    """Each kind of session persistence has its value."""
    needed = {"insert": "cookie_timeout", "server": "cookie"}.get(values.get("session", ""))
    if needed and values.get(needed, "typed") in (None, ""):
        form.add_error(needed, _("This kind of session persistence needs it."))


def session_settings(values: Mapping[str, Any]) -> dict[str, Any]:
    """Session persistence by cookies, in the API's values."""
    session = values["session"]
    return {
        "sticky_session": "off" if session == "off" else "on",
        "sticky_session_type": None if session == "off" else session,
        "cookie_timeout": values["cookie_timeout"] if session == "insert" else None,
        "cookie": values["cookie"] if session == "server" else None,
    }


def check_settings(values: Mapping[str, Any], *, is_on: bool, by_http: bool) -> dict[str, Any]:
    """How the health check is made, in the API's values."""
    settings: dict[str, Any] = {
        name: (values[name] or None) if is_on else None for name in _OF_THE_CHECK if name in values
    }
    codes = ",".join(values.get("health_check_codes") or ())
    settings["health_check_http_code"] = codes if is_on and by_http else None
    if not by_http:
        settings |= {"health_check_uri": None, "health_check_domain": None}
    return settings


def check_values(settings: Any, *, protocol: str = HTTP) -> dict[str, Any]:
    """The form's values of a health check as it is set; the protocol's defaults where it is off."""
    usual = _CHECK_DEFAULTS | (_UDP_CHECK if protocol == UDP else {})
    given = {
        name: value
        for name in _CHECK_DEFAULTS | dict.fromkeys(_OF_THE_CHECK)
        if (value := getattr(settings, name, None)) not in (None, "")
    }
    codes = getattr(settings, "health_check_http_code", None)
    return {**usual, **given, **({"health_check_codes": codes.split(",")} if codes else {})}


def session_values(settings: Any) -> dict[str, Any]:
    """The form's values of session persistence as it is set."""
    on = settings.sticky_session == "on"
    return {
        "session": settings.sticky_session_type if on else "off",
        "cookie_timeout": settings.cookie_timeout,
        "cookie": settings.cookie,
    }


def values_of(protocol: str, listener: Listener | None, held: ListenerSpec) -> dict[str, Any]:
    """The form's values of a listener as it is, or of a new one."""
    settings: Any = held.settings
    pair_id = held.master_slave_server_group_id
    values: dict[str, Any] = {
        **{name: getattr(settings, name, None) for name in AS_THEY_ARE},
        **check_values(settings, protocol=protocol),
        **{name: getattr(settings, name, "off") == "on" for name in ON_OFF},
        "listening_port": listener.port if listener else None,
        "description": held.description,
        "target": held.vserver_group.pk if held.vserver_group else pair_id and PAIR + pair_id,
        "backend_port": held.backend_server_port,
        "forward_port": str(held.forward_port or ""),
        "bandwidth": None if settings.bandwidth == -1 else settings.bandwidth,
        "access": (settings.acl_type or "off") if settings.acl_status == "on" else "off",
        "acl_id": settings.acl_id or "",
        "start": True,
    }
    if protocol in LAYER_7:
        values |= session_values(settings)
    else:
        values["proxy_protocol_v2"] = settings.proxy_protocol_v2 == "true"
        values["connection_drain_timeout"] = getattr(settings, "connection_drain_timeout", None)
    return values
