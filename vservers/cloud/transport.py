"""One signed call at a time: session, retries, and what is known when it fails."""

import hashlib
import logging
import random
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from . import sending
from .errors import (
    READ_AGAIN_CODES,
    CloudError,
    CloudRefused,
    CloudUnreachable,
    OutcomeUnknown,
)
from .signing import ALGORITHM_V3, canonical_query, sign_v3

logger = logging.getLogger(__name__)

# A person waits for the answer: a call is given up once its next pause would end after this.
RETRY_SECONDS = 20
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 4


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key; the secret stays out of repr, and so out of tracebacks and logs."""

    access_key_id: str
    access_key_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What became of one call. outcome: done, refused, unreachable or unknown."""

    action: str
    outcome: str
    request_id: str = ""
    code: str = ""
    message: str = ""
    attempts: int = 1

    def as_json(self) -> dict[str, str]:
        return {
            "action": self.action,
            "outcome": self.outcome,
            "request_id": self.request_id,
            "code": self.code,
            "message": self.message,
        }


class Transport:
    """Sends signed calls and keeps a record of each write in `written`.

    endpoint: a URL for every product, or one with {product} and {region} in it. retry_seconds: how
    long busy and throttling answers are waited out. on_wait: told of each such answer, the attempts
    so far and the seconds until the next. pace: called with the action before each attempt, returns
    when it may be sent. Not shared between threads; the HTTP connections under it are kept per
    thread.
    """

    def __init__(
        self,
        endpoint: str,
        credentials: Credentials,
        *,
        retry_seconds: float = RETRY_SECONDS,
        pace: Callable[[str], None] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._pace = pace
        self._credentials = credentials
        self.retry_seconds = retry_seconds
        self.on_wait: Callable[[CloudError, int, float], object] = _log_wait
        self.written: list[CallRecord] = []

    def call(
        self, *, product: str, version: str, action: str, region_id: str, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The answer's JSON body. Raises CloudRefused, CloudUnreachable or OutcomeUnknown.

        params: API names and values; None is left out, booleans become true/false. Busy and
        throttling codes are repeated with jittered exponential pauses, for they say that nothing
        was done; nothing else is.
        """
        reads = action.startswith(("Describe", "List"))
        started = time.monotonic()
        pause = FIRST_PAUSE_SECONDS
        attempt = 0
        while True:
            attempt += 1
            if self._pace:
                self._pace(action)
            try:
                body = self._once(product, version, action, region_id, params)
            except CloudError as error:
                wait = random.uniform(pause / 2, pause)  # noqa: S311 - spreads retries, no secret
                late = time.monotonic() - started + wait > self.retry_seconds
                if late or not _worth_repeating(error, reads=reads):
                    self._record_failure(error, reads=reads, attempts=attempt)
                    raise
                self.on_wait(error, attempt, wait)
                time.sleep(wait)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            else:
                if not reads:
                    self.written.append(
                        CallRecord(action, "done", str(body.get("RequestId", "")), attempts=attempt)
                    )
                return body

    def _record_failure(self, error: CloudError, *, reads: bool, attempts: int) -> None:
        if reads:
            return
        outcome = {CloudRefused: "refused", CloudUnreachable: "unreachable"}.get(
            type(error), "unknown"
        )
        self.written.append(
            CallRecord(error.action, outcome, error.request_id, error.code, error.message, attempts)
        )

    def _once(
        self, product: str, version: str, action: str, region_id: str, params: Mapping[str, Any]
    ) -> dict[str, Any]:
        base = self._endpoint.format(product=product, region=region_id).rstrip("/")
        given = {name: _text(value) for name, value in params.items() if value is not None}
        given.setdefault("RegionId", region_id)
        query = canonical_query(given)
        headers = {
            "host": urlsplit(base).netloc,
            "x-acs-action": action,
            "x-acs-version": version,
            "x-acs-date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "x-acs-signature-nonce": secrets.token_hex(16),
            "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        }
        signed, signature = sign_v3(
            "POST", query, headers, b"", self._credentials.access_key_secret
        )
        headers["accept"] = "application/json"
        headers["authorization"] = (
            f"{ALGORITHM_V3} Credential={self._credentials.access_key_id},"
            f"SignedHeaders={signed},Signature={signature}"
        )
        try:
            response = sending.post(base, f"/?{query}", headers)
        except (requests.RequestException, HTTPError) as error:
            raise _lost(action, error) from error
        return _answer(action, response)


def _log_wait(error: CloudError, attempts: int, seconds: float) -> None:
    logger.info("%s: %s, again in %.2f s", error.action, error.code, seconds)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _worth_repeating(error: CloudError, *, reads: bool) -> bool:
    return error.is_busy or error.is_throttling or (reads and error.code in READ_AGAIN_CODES)


def _lost(action: str, error: Exception) -> CloudError:
    """A connection that was never made carried nothing; after that nothing is certain."""
    if isinstance(error, (NewConnectionError, ConnectTimeoutError, requests.RequestException)):
        return CloudUnreachable(
            action=action,
            code="CloudUnreachable",
            message="The cloud's endpoint could not be reached. Nothing was sent.",
        )
    return OutcomeUnknown(
        action=action,
        code="NoAnswer",
        message="The call was sent, but no answer came back. Refresh to see whether it took place.",
    )


def _answer(action: str, response: BaseHTTPResponse) -> dict[str, Any]:
    try:
        body = orjson.loads(response.data)
    except ValueError:
        body = None
    # What stands between us and the cloud may answer too: the API names the request in each answer,
    # and a code in each refusal.
    fine = response.status < 400
    said = "RequestId" if fine else "Code"
    if not isinstance(body, dict) or said not in body:
        raise OutcomeUnknown(
            action=action,
            code="UnreadableAnswer",
            message=f"The answer (HTTP {response.status}) is not the API's JSON.",
            status=response.status,
        )
    if fine:
        return body
    details: dict[str, Any] = {
        "action": action,
        "code": str(body["Code"]),
        # A wrong signature is answered with all that was signed: not for a page or a log.
        "message": str(body.get("Message", "")).partition(" server string to sign")[0],
        "request_id": str(body.get("RequestId", "")),
        "status": response.status,
    }
    refused = CloudRefused(**details)
    # Some products throttle with a 503: the code says more than the status.
    if response.status < 500 or refused.is_busy or refused.is_throttling:
        raise refused
    raise OutcomeUnknown(**details)
