"""What may be written into the engine's configuration: one strict check per kind of word.

The API has checked all of this already. It is checked again here because a configuration line is
code: whatever passes a check below means nothing to the engine's own parser inside single quotes.
"""

import ipaddress
import re

from vservers.localcloud.dataplane.topology import HealthCheck

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,79}", re.ASCII)
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_URL = re.compile(r"/[A-Za-z0-9/._~%?#&=-]{0,255}", re.ASCII)
_COOKIE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,199}", re.ASCII)
_PROBE = re.compile(r"[A-Za-z0-9]{0,500}", re.ASCII)
_CODE_CLASSES = {f"http_{n}xx": f"{n}00-{n}99" for n in range(1, 6)}

MAX_HOST_LENGTH = 253


class RenderError(ValueError):
    """A value of the topology may not be written into the engine's configuration."""

    def __init__(self, what: str, value: object) -> None:
        super().__init__(f"{what} may not be written into the configuration: {value!r:.120}")


def identifier(value: str, what: str) -> str:
    """An ID of the cloud: letters, digits, hyphens. The dot is left out: it joins IDs to names."""
    return _matching(_IDENTIFIER, value, what)


def address(value: str) -> str:
    """An IPv4 loopback address in its usual spelling; any other would open a way to the network."""
    try:
        parsed = ipaddress.IPv4Address(value)
    except ValueError:
        raise RenderError("address", value) from None
    if not parsed.is_loopback:
        raise RenderError("address", value)
    return str(parsed)


def integer(value: int, lowest: int, highest: int, what: str) -> int:
    """A whole number in its range; bool and text that looks like a number are refused."""
    if type(value) is not int or not lowest <= value <= highest:
        raise RenderError(what, value)
    return value


def port(value: int, what: str = "port") -> int:
    return integer(value, 1, 65535, what)


def host(value: str, what: str = "domain") -> str:
    """A host name in lower case."""
    name = _matching(_HOST, value, what)
    if len(name) > MAX_HOST_LENGTH:
        raise RenderError(what, value)
    return name.lower()


def domain(value: str) -> str:
    """The domain of a rule in lower case; its only star is a leading "*."."""
    if isinstance(value, str) and value.startswith("*."):
        return "*." + host(value[2:])
    return host(value)


def url(value: str, what: str = "url") -> str:
    return _matching(_URL, value, what)


def cookie(value: str) -> str:
    return _matching(_COOKIE, value, "cookie")


def method(value: str) -> str:
    word = value.upper() if isinstance(value, str) else value
    if word not in ("HEAD", "GET"):
        raise RenderError("method", value)
    return word


def network(value: str) -> str:
    """An IPv4 network in CIDR notation, "" for one of IPv6: no client here comes from there."""
    try:
        parsed = ipaddress.ip_network(value, strict=False) if isinstance(value, str) else None
    except ValueError:
        parsed = None
    # A scope ("%lo") of an IPv6 address is free text; it is left out with the address.
    if parsed is None:
        raise RenderError("network", value)
    return str(parsed) if parsed.version == 4 else ""


def probe(value: str, what: str) -> str:
    """What a UDP check sends or expects: letters and digits, or nothing."""
    return _matching(_PROBE, value, what)


def status_ranges(check: HealthCheck) -> str:
    """The engine's ranges for the cloud's code classes: http_2xx,http_3xx -> 200-299,300-399."""
    try:
        ranges = [_CODE_CLASSES[code] for code in dict.fromkeys(check.http_codes)]
    except (KeyError, TypeError):
        raise RenderError("http_codes", check.http_codes) from None
    if not ranges:
        raise RenderError("http_codes", check.http_codes)
    return ",".join(ranges)


def _matching(pattern: re.Pattern[str], value: str, what: str) -> str:
    # fullmatch and not match with "$": "$" would let one trailing newline through.
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise RenderError(what, value)
    return value
