"""The shapes of texts that the tables name: who may contain which characters.

Everything that reaches the data plane's configuration passes one of these first.
"""

import re
from collections.abc import Callable

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*"

# \w is every script's letters and digits and the underscore: Chinese names are allowed.
_NAME = re.compile(r"[\w\-/.]+")
_BALANCER_NAME = re.compile(r"[^\W\d_][\w\-/.]*")
_CHECK_DOMAIN = re.compile(rf"\$_ip|{_DOMAIN}")
_CHECK_URI = re.compile(r"/[A-Za-z0-9\-/.%?#&_=]*")
_COOKIE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-.]*")
_RULE_DOMAIN = re.compile(rf"(?:\*\.)?{_DOMAIN}")
_RULE_URL = re.compile(r"/[A-Za-z0-9\-/.%?#&]+")
_ROLE_ARN = re.compile(r"acs:ram::\d{1,20}:role/[A-Za-z0-9\-.]{1,64}", re.ASCII)
_SESSION_NAME = re.compile(r"[A-Za-z0-9\-._@]+")
_PROBE = re.compile(r"[A-Za-z0-9]+")
# Half a character: JSON can write it, as "\\ud800", but it can neither be stored nor sent.
_SURROGATE = re.compile("[\ud800-\udfff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def is_text(text: str) -> bool:
    """Whether it is Unicode text, which half a character from a JSON escape is not."""
    return text.isascii() or _SURROGATE.search(text) is None


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


def _is_tag(text: str) -> bool:
    return not (
        text.startswith(("aliyun", "acs:"))
        or "http://" in text
        or "https://" in text
        or _CONTROL.search(text)
    )


FORMATS: dict[str, Callable[[str], bool]] = {
    # Group, member and rule names: letters, digits, - / . _
    "name": _matches(_NAME),
    # As names, but a letter first.
    "balancer_name": _matches(_BALANCER_NAME),
    # A listener's description: anything printable.
    "text": lambda text: _CONTROL.search(text) is None,
    # Host of a health check: "$_ip" (each server's own address) or a domain name.
    "check_domain": _matches(_CHECK_DOMAIN),
    "check_uri": _matches(_CHECK_URI),
    # What a UDP health check sends and expects.
    "probe": _matches(_PROBE),
    "cookie": _matches(_COOKIE),
    # Rules may leave one of both empty; a star stands only in front.
    "rule_domain": lambda text: text == "" or _RULE_DOMAIN.fullmatch(text) is not None,
    "rule_url": lambda text: text == "" or _RULE_URL.fullmatch(text) is not None,
    "tag": _is_tag,
    "role_arn": _matches(_ROLE_ARN),
    "session_name": _matches(_SESSION_NAME),
}
