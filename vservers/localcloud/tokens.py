"""Temporary credentials of STS. Nothing of them is stored: the token itself says and proves it all.

A token names the lasting key that it was issued with; it is signed with that key's secret, and its
own secret is derived from it. So it survives a restart, and ends with the key.
"""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass

from vservers.localcloud.errors import ApiError
from vservers.localcloud.keys import AccessKey

TEMPORARY = "STS."


@dataclass(frozen=True, slots=True)
class Session:
    """A role that a key took on. expires: Unix seconds; role: its name."""

    issuer: str
    key_id: str
    role: str
    name: str
    expires: int


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a client signs with while a session lasts."""

    key_id: str
    secret: str
    token: str


def issue(key: AccessKey, role: str, name: str, expires: int) -> Credentials:
    """Credentials of a new session of a lasting key."""
    session = Session(key.key_id, f"{TEMPORARY}N{secrets.token_hex(12)}", role, name, expires)
    said = base64.urlsafe_b64encode(json.dumps(asdict(session)).encode()).decode()
    return Credentials(session.key_id, _secret(key, said), f"{said}.{_proof(key, said)}")


def opened(
    token: str, key_id: str, find: Callable[[str], AccessKey | None], now: float
) -> tuple[Session, AccessKey]:
    """The session of a token, and the temporary key it stands for. now: Unix seconds.

    Raises MissingSecurityToken, InvalidSecurityToken.Malformed, .MismatchWithAccessKey, .Expired.
    """
    if not token:
        raise ApiError("MissingSecurityToken")
    said, _, proof = token.partition(".")
    try:
        session = Session(**json.loads(base64.b64decode(said, altchars=b"-_", validate=True)))
        issuer = find(session.issuer)
    except (ValueError, TypeError) as error:
        raise ApiError("InvalidSecurityToken.Malformed") from error
    if issuer is None or not hmac.compare_digest(proof.encode(), _proof(issuer, said).encode()):
        raise ApiError("InvalidSecurityToken.Malformed")
    if session.key_id != key_id:
        raise ApiError("InvalidSecurityToken.MismatchWithAccessKey")
    if session.expires <= now:
        raise ApiError("InvalidSecurityToken.Expired")
    return session, AccessKey(key_id, _secret(issuer, said), issuer.account, issuer.active)


def _proof(key: AccessKey, said: str) -> str:
    return _derived(key, f"token {said}").hex()


def _secret(key: AccessKey, said: str) -> str:
    return base64.urlsafe_b64encode(_derived(key, f"secret {said}")).decode().rstrip("=")


def _derived(key: AccessKey, text: str) -> bytes:
    return hmac.new(key.secret.encode(), text.encode(), hashlib.sha256).digest()
