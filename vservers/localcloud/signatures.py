"""Server-side check of signed requests: v1 (HMAC-SHA1) and v3 (ACS3-HMAC-SHA256).

Written apart from any client's signing code, so that neither can hide the other's mistake.
Source: the vendor's "Signature method" (v1) and "V3 request body and signature" pages.
"""

import base64
import hashlib
import hmac
import re
import string
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from vservers.localcloud.errors import ApiError, missing
from vservers.localcloud.keys import AccessKey
from vservers.localcloud.tokens import TEMPORARY, Session, opened

WINDOW_SECONDS = 15 * 60
V3_ALGORITHM = "ACS3-HMAC-SHA256"
# The vendor's STS client for Node.js sends milliseconds, too.
_TIME_SHAPE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")
_V3_HEADER = re.compile(
    r"ACS3-HMAC-SHA256\s+Credential=([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,"
    r"\s*Signature=([0-9a-fA-F]+)"
)
# Without these a v3 request proves nothing about its time, its body or its uniqueness.
_V3_MUST_SIGN = (
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
)

_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-_.~")
# urllib's quote does the same, and takes twice as long over a list of servers.
_ENCODED = [chr(byte) if chr(byte) in _UNRESERVED else f"%{byte:02X}" for byte in range(256)]
_ENCODED_TWICE = [encoded.replace("%", "%25") for encoded in _ENCODED]
# The percent sign first: it is in what stands for the others.
_RESERVED = "%" + "".join(
    char for char in map(chr, range(128)) if char not in _UNRESERVED and char != "%"
)
_LONG_TEXT = 200

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What of an HTTP request takes part in signing.

    query, form: decoded name-value pairs, blank values kept. headers: lower-case name to the
    values as sent. body: raw bytes.
    """

    method: str
    query: Pairs
    form: Pairs
    headers: Mapping[str, Sequence[str]]
    body: bytes
    # The same name in query and form: the query wins, in signing as in validation.
    params: Mapping[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", dict(self.form) | dict(self.query))

    def header(self, name: str) -> str:
        """The header's first value, "" when absent."""
        values = self.headers.get(name, ())
        return values[0].strip() if values else ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed, and the action that the request asks for.

    key: the lasting key, the one that issued the token where there is a session.
    """

    key: AccessKey
    session: Session | None
    action: str
    version: str

    @property
    def account(self) -> str:
        """The account whose objects the request sees."""
        return self.key.account


class Nonces:
    """The nonces seen, kept per access key for as long as their time stamp could still pass.

    In memory only: after a restart a request of the last 15 minutes could be sent once more. Who
    could do that has read it on this machine's loopback, and so could read the keys; writing each
    nonce to disk would cost every read what a write costs.
    """

    def __init__(self) -> None:
        self._seen: set[tuple[str, str]] = set()
        self._by_age: deque[tuple[float, tuple[str, str]]] = deque()

    def use(self, key_id: str, nonce: str, now: float) -> None:
        """Remember a nonce; raises SignatureNonceUsed when it is known. now: Unix seconds."""
        # A stamp may lie 15 minutes ahead and is taken until 15 minutes past: twice the window.
        while self._by_age and self._by_age[0][0] <= now - 2 * WINDOW_SECONDS:
            self._seen.discard(self._by_age.popleft()[1])
        entry = (key_id, nonce)
        if entry in self._seen:
            raise ApiError("SignatureNonceUsed")
        self._seen.add(entry)
        self._by_age.append((now, entry))


class Verifier:
    """Decides who sent a request, or refuses it with the cloud's error.

    key: looks an access key up by its ID. clock: Unix seconds now.
    """

    def __init__(self, key: Callable[[str], AccessKey | None], clock: Callable[[], float]) -> None:
        self._key = key
        self._clock = clock
        self._nonces = Nonces()

    def verify(self, request: SignedRequest) -> Caller:
        """The caller of a well-signed, fresh request.

        Order: common parameters, time, key, signature, nonce; the first that fails is answered.
        Raises ApiError.
        """
        if request.header("authorization").startswith("ACS3-"):
            return self._verify_v3(request)
        return self._verify_v1(request)

    def _verify_v1(self, request: SignedRequest) -> Caller:
        params = request.params
        stamp = params.get("Timestamp") or params.get("TimeStamp", "")
        for name in ("Action", "Version", "AccessKeyId", "Signature"):
            if not params.get(name):
                raise missing(name)
        if not stamp:
            raise missing("Timestamp")
        method = params.get("SignatureMethod", "HMAC-SHA1")
        if method != "HMAC-SHA1":
            raise ApiError("InvalidSignatureMethod")
        if params.get("SignatureVersion", "1.0") != "1.0":
            raise ApiError("InvalidParameter", 'Specified parameter "SignatureVersion" is invalid.')
        if not params.get("SignatureNonce"):
            raise missing("SignatureNonce")
        now = self._clock()
        _check_time(stamp, now)
        lasting, session, access_key = self._key_of(
            params["AccessKeyId"], params.get("SecurityToken", ""), now
        )
        text = v1_string_to_sign(request.method, params)
        if not _same(params["Signature"], v1_signature(access_key.secret, text)):
            raise _mismatch(text)
        self._nonces.use(access_key.key_id, params["SignatureNonce"], now)
        return Caller(lasting, session, params["Action"], params["Version"])

    def _verify_v3(self, request: SignedRequest) -> Caller:
        parsed = _V3_HEADER.fullmatch(request.header("authorization"))
        if parsed is None:
            raise ApiError("IncompleteSignature")
        key_id, signed, signature = parsed.groups()
        for name in ("x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce"):
            if not request.header(name):
                raise missing(name)
        now = self._clock()
        _check_time(request.header("x-acs-date"), now)
        lasting, session, access_key = self._key_of(
            key_id, request.header("x-acs-security-token"), now
        )
        names = sorted(name.lower() for name in signed.split(";"))
        if not set(_V3_MUST_SIGN) <= set(names):
            raise ApiError("IncompleteSignature")
        if hashlib.sha256(request.body).hexdigest() != request.header("x-acs-content-sha256"):
            raise ApiError(
                "SignatureDoesNotMatch", "The body does not match the header x-acs-content-sha256."
            )
        text = v3_string_to_sign(v3_canonical_request(request, names))
        if not _same(signature.lower(), v3_signature(access_key.secret, text)):
            raise _mismatch(text)
        self._nonces.use(access_key.key_id, request.header("x-acs-signature-nonce"), now)
        return Caller(
            lasting, session, request.header("x-acs-action"), request.header("x-acs-version")
        )

    def _key_of(
        self, key_id: str, token: str, now: float
    ) -> tuple[AccessKey, Session | None, AccessKey]:
        """The lasting key, the session when a token stands for it, and the key that signs."""
        if token or key_id.startswith(TEMPORARY):
            session, temporary = opened(token, key_id, self._key, now)
            return self._active(session.issuer), session, temporary
        lasting = self._active(key_id)
        return lasting, None, lasting

    def _active(self, key_id: str) -> AccessKey:
        access_key = self._key(key_id)
        if access_key is None:
            raise ApiError("InvalidAccessKeyId.NotFound")
        if not access_key.active:
            raise ApiError("InvalidAccessKeyId.Inactive")
        return access_key


def encode(text: str) -> str:
    """RFC 3986 encoding of UTF-8: A-Z a-z 0-9 - _ . ~ stay, all else is %XX in upper case."""
    return "".join([_ENCODED[byte] for byte in text.encode()])


def v1_string_to_sign(method: str, params: Mapping[str, str]) -> str:
    """The text that v1 signs; `Signature` itself is left out."""
    # Each name and value is encoded twice, once by itself and once with the whole query.
    query = "%26".join(
        f"{_encode_twice(name)}%3D{_encode_twice(params[name])}"
        for name in sorted(params)
        if name != "Signature"
    )
    return f"{method}&%2F&{query}"


def _encode_twice(text: str) -> str:
    if text.isalnum() and text.isascii():
        return text
    if len(text) > _LONG_TEXT and text.isascii():
        # A list of servers has few different characters to encode, each of them many times.
        for char in _RESERVED:
            if char in text:
                text = text.replace(char, _ENCODED_TWICE[ord(char)])
        return text
    return "".join([_ENCODED_TWICE[byte] for byte in text.encode()])


def v1_signature(secret: str, string_to_sign: str) -> str:
    """Base64 of HMAC-SHA1 with the secret and a trailing ampersand as the key."""
    digest = hmac.digest(f"{secret}&".encode(), string_to_sign.encode(), "sha1")
    return base64.b64encode(digest).decode()


def v3_canonical_request(request: SignedRequest, signed_headers: Sequence[str]) -> str:
    """The canonical form of a v3 request. signed_headers: lower case, sorted."""
    query = "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(request.query))
    headers = "".join(
        f"{name}:{','.join(sorted(value.strip() for value in request.headers.get(name, ('',))))}\n"
        for name in signed_headers
    )
    return "\n".join(
        (
            request.method,
            "/",
            query,
            headers,
            ";".join(signed_headers),
            request.header("x-acs-content-sha256"),
        )
    )


def v3_string_to_sign(canonical_request: str) -> str:
    """The text that v3 signs: the algorithm and the hash of the canonical request."""
    return f"{V3_ALGORITHM}\n{hashlib.sha256(canonical_request.encode()).hexdigest()}"


def v3_signature(secret: str, string_to_sign: str) -> str:
    """Hex HMAC-SHA256; the key is the bare secret."""
    return hmac.digest(secret.encode(), string_to_sign.encode(), "sha256").hex()


def _check_time(stamp: str, now: float) -> None:
    if not _TIME_SHAPE.fullmatch(stamp):
        raise ApiError("InvalidTimeStamp.Format")
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError as error:
        raise ApiError("InvalidTimeStamp.Format") from error
    if abs(moment.timestamp() - now) > WINDOW_SECONDS:
        raise ApiError("InvalidTimeStamp.Expired")


def _same(given: str, expected: str) -> bool:
    # Compared as bytes: compare_digest refuses text outside ASCII, and a caller may send any.
    return hmac.compare_digest(given.encode(), expected.encode())


def _mismatch(string_to_sign: str) -> ApiError:
    # Clients cut the server's string out of the message to tell a wrong secret from a wrong string.
    return ApiError(
        "SignatureDoesNotMatch",
        "Specified signature is not matched with our calculation. server string to sign is:"
        + string_to_sign,
    )
