"""How listeners and forwarding rules are set, as values: one class per protocol, and one of rules.

Times in seconds; ranges and defaults as the API documents them. None stands for "as the cloud has
it" and is left out of a call; a health check without port or domain uses the port and the address
of each server. TCP and UDP name some settings in requests otherwise than in answers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

# In Set…ListenerAttribute these stand for "none of its own": a check on each server's port, and
# with its address as host.
OWN_PORT = -520
OWN_ADDRESS = "$_ip"

# Settings that have a meaning only together, each by the name of its unit; the first switches it.
UNITS = {
    "session": ("sticky_session", "sticky_session_type", "cookie_timeout", "cookie"),
    "access": ("acl_status", "acl_type", "acl_id"),
    "drain": ("connection_drain", "connection_drain_timeout"),
}


def _wire(name: str, default: Any, *, create: str = "", change: str = "") -> Any:
    """A field that answers call `name`; create, change: what requests call it where they differ."""
    names = {"wire": name, "create": create or name, "change": change or name}
    return field(default=default, metadata=names)


@dataclass(frozen=True, slots=True)
class Settings:
    """What all that can be set have in common: a scheduler and a health check."""

    scheduler: str = _wire("Scheduler", "wrr")
    health_check: str = _wire("HealthCheck", "on")
    health_check_connect_port: int | None = _wire("HealthCheckConnectPort", None)
    health_check_interval: int | None = _wire("HealthCheckInterval", None)
    health_check_timeout: int | None = _wire("HealthCheckTimeout", None)
    healthy_threshold: int | None = _wire("HealthyThreshold", None)
    unhealthy_threshold: int | None = _wire("UnhealthyThreshold", None)

    @classmethod
    def from_api(cls, item: Mapping[str, Any]) -> Self:
        """From an answer; what it does not hold keeps the default."""
        values = {
            f.name: item[f.metadata["wire"]]
            for f in fields(cls)
            if item.get(f.metadata["wire"]) not in (None, "", OWN_PORT, OWN_ADDRESS)
        }
        return cls(**values)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From values by our names, among others that are none of these settings."""
        return cls(**{f.name: values[f.name] for f in fields(cls) if f.name in values})

    def to_api(self) -> dict[str, Any]:
        """To create something with."""
        return {f.metadata["create"]: getattr(self, f.name) for f in fields(self)}

    def to_api_over(self) -> dict[str, Any]:
        """To set on something that has settings: what is left out there would stay as it was."""
        params = {f.metadata["change"]: getattr(self, f.name) for f in fields(self)}
        if self.health_check == "on":
            params["HealthCheckConnectPort"] = self.health_check_connect_port or OWN_PORT
            if self.checks_by_http:
                params["HealthCheckDomain"] = (
                    getattr(self, "health_check_domain", "") or OWN_ADDRESS
                )
        return params

    @property
    def checks_by_http(self) -> bool:
        return True


@dataclass(frozen=True, slots=True)
class RuleSettings(Settings):
    """What a forwarding rule can have of its own, instead of its listener's."""

    sticky_session: str = _wire("StickySession", "off")
    sticky_session_type: str | None = _wire("StickySessionType", None)
    cookie_timeout: int | None = _wire("CookieTimeout", None)
    cookie: str | None = _wire("Cookie", None)
    health_check_uri: str | None = _wire("HealthCheckURI", None)
    health_check_domain: str | None = _wire("HealthCheckDomain", None)
    health_check_http_code: str | None = _wire("HealthCheckHttpCode", None)


@dataclass(frozen=True, slots=True)
class ListenerSettings(Settings):
    """What listeners of all protocols can be told. bandwidth: Mbit/s, -1 for no limit.

    acl_id: of the access control list, or several with commas; acl_type: white or black.
    """

    bandwidth: int = _wire("Bandwidth", -1)
    acl_status: str = _wire("AclStatus", "off")
    acl_type: str | None = _wire("AclType", None)
    acl_id: str | None = _wire("AclId", None)


@dataclass(frozen=True, slots=True)
class HTTPSettings(ListenerSettings):
    """Of an HTTP listener."""

    sticky_session: str = _wire("StickySession", "off")
    sticky_session_type: str | None = _wire("StickySessionType", None)
    cookie_timeout: int | None = _wire("CookieTimeout", None)
    cookie: str | None = _wire("Cookie", None)
    idle_timeout: int = _wire("IdleTimeout", 15)
    request_timeout: int = _wire("RequestTimeout", 60)
    gzip: str = _wire("Gzip", "on")
    x_forwarded_for: str = _wire("XForwardedFor", "on")
    x_forwarded_for_proto: str = _wire("XForwardedFor_proto", "off")
    x_forwarded_for_slbip: str = _wire("XForwardedFor_SLBIP", "off")
    x_forwarded_for_slbid: str = _wire("XForwardedFor_SLBID", "off")
    health_check_method: str | None = _wire("HealthCheckMethod", None)
    health_check_uri: str | None = _wire("HealthCheckURI", None)
    health_check_domain: str | None = _wire("HealthCheckDomain", None)
    health_check_http_code: str | None = _wire("HealthCheckHttpCode", None)


@dataclass(frozen=True, slots=True)
class HTTPSSettings(HTTPSettings):
    """Of an HTTPS listener. ca_certificate_id: checks the clients' certificates; "" for none."""

    server_certificate_id: str = _wire("ServerCertificateId", "")
    ca_certificate_id: str = _wire("CACertificateId", "")
    tls_cipher_policy: str | None = _wire("TLSCipherPolicy", None)
    enable_http2: str = _wire("EnableHttp2", "on")


@dataclass(frozen=True, slots=True)
class _Layer4Settings(ListenerSettings):
    """proxy_protocol_v2: "true" where servers get the client's address by that protocol."""

    health_check: str = _wire(
        "HealthCheck", "on", create="HealthCheckSwitch", change="HealthCheckSwitch"
    )
    health_check_interval: int | None = _wire(
        "HealthCheckInterval", None, create="healthCheckInterval"
    )
    health_check_timeout: int | None = _wire("HealthCheckConnectTimeout", None)
    proxy_protocol_v2: str = _wire("ProxyProtocolV2Enabled", "false")


@dataclass(frozen=True, slots=True)
class TCPSettings(_Layer4Settings):
    """Of a TCP listener. persistence_timeout: by the client's address, 0 for off."""

    persistence_timeout: int = _wire("PersistenceTimeout", 0)
    established_timeout: int = _wire("EstablishedTimeout", 900)
    connection_drain: str = _wire("ConnectionDrain", "off")
    connection_drain_timeout: int | None = _wire("ConnectionDrainTimeout", None)
    health_check_type: str = _wire("HealthCheckType", "tcp")
    health_check_uri: str | None = _wire("HealthCheckURI", None)
    health_check_domain: str | None = _wire("HealthCheckDomain", None)
    health_check_http_code: str | None = _wire("HealthCheckHttpCode", None)

    @property
    def checks_by_http(self) -> bool:
        return self.health_check_type == "http"


@dataclass(frozen=True, slots=True)
class UDPSettings(_Layer4Settings):
    """Of a UDP listener. health_check_req, _exp: what a check sends, and what has to come back."""

    health_check_req: str | None = _wire(
        "HealthCheckReq", None, create="healthCheckReq", change="healthCheckReq"
    )
    health_check_exp: str | None = _wire(
        "HealthCheckExp", None, create="healthCheckExp", change="healthCheckExp"
    )

    @property
    def checks_by_http(self) -> bool:
        return False


# By protocol, as the API spells it in small letters.
SETTINGS: Mapping[str, type[ListenerSettings]] = {
    "http": HTTPSettings,
    "https": HTTPSSettings,
    "tcp": TCPSettings,
    "udp": UDPSettings,
}


def settings_of(protocol: str, values: Mapping[str, Any]) -> ListenerSettings:
    """A listener's settings from values by our names, among which may be others."""
    return SETTINGS[protocol].of(values)


def is_of_check(name: str) -> bool:
    """Whether a setting says how the health check is made."""
    return name.startswith(("health_check_", "healthy_", "unhealthy_"))


def names_of_unit(unit: str, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that make up a unit, its switch first; () where it is none."""
    if unit == "health_check":
        return unit, *(name for name in names if is_of_check(name))
    return UNITS.get(unit, ())


def in_units(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values by our names, those of a unit and of the health check as one mapping.

    Of what is off it says that alone: what else was set then means nothing, and comes and goes.
    """
    found = dict(values)
    for unit in (*UNITS, "health_check"):
        names = [name for name in names_of_unit(unit, values) if name in values]
        if not names:
            continue
        whole = {name: found.pop(name) for name in names}
        switch = whole[names[0]]
        found[unit] = whole if switch == "on" else {names[0]: switch}
    return found
