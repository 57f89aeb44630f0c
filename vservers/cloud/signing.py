"""Signatures of the vendor's RPC-style OpenAPI: ACS3-HMAC-SHA256 (v3)."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import quote

ALGORITHM_V3 = "ACS3-HMAC-SHA256"
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*")


def encode(text: str) -> str:
    """RFC 3986: all but letters, digits and -_.~ as upper-case %XX."""
    # IDs and names of parameters, most of what is sent, in a tenth of the time.
    if _UNRESERVED.fullmatch(text):
        return text
    return quote(text, safe="-_.~")


def canonical_query(params: Mapping[str, str]) -> str:
    """name=value pairs, sorted by name, joined by &; encoded both."""
    return "&".join(f"{encode(name)}={encode(params[name])}" for name in sorted(params))


def sign_v3(
    method: str, query: str, headers: Mapping[str, str], body: bytes, secret: str
) -> tuple[str, str]:
    """(signed header names joined by ;, hex signature) for a request to the path /.

    query: canonical. headers: lower-case names; all of them are signed. `x-acs-content-sha256` must
    be among them.
    """
    names = sorted(headers)
    signed = ";".join(names)
    request = "\n".join(
        [
            method,
            "/",
            query,
            "".join(f"{name}:{headers[name].strip()}\n" for name in names),
            signed,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    text = f"{ALGORITHM_V3}\n{hashlib.sha256(request.encode()).hexdigest()}"
    return signed, hmac.digest(secret.encode(), text.encode(), "sha256").hex()
