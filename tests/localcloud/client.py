"""A small signing client for tests, written apart from the server's verifier."""

import base64
import hashlib
import hmac
import http.client
import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from tests.localcloud.process import LocalCloud

VERSIONS = {
    "slb": "2014-05-15",
    "ecs": "2014-05-26",
    "vpc": "2016-04-28",
    "sts": "2015-04-01",
    "cms": "2019-01-01",
    "cms_query": "2018-03-08",
}


class Refused(Exception):
    """An error answer of the cloud."""

    def __init__(self, status: int, body: dict[str, str]) -> None:
        super().__init__(f"{status} {body['Code']}: {body['Message']}")
        self.status = status
        self.body = body
        self.code = body["Code"]
        self.message = body["Message"]


class Client:
    """Calls actions with v1 signatures. `form` sends the parameters in the body."""

    def __init__(
        self, cloud: LocalCloud, key_id: str = "", secret: str = "", token: str = ""
    ) -> None:
        self.cloud = cloud
        self.token = token
        self.key_id = key_id or cloud.access_key_id
        self.secret = secret or cloud.access_key_secret

    def common(self, product: str, action: str) -> dict[str, str]:
        """The common parameters of a fresh request, unsigned."""
        token = {"SecurityToken": self.token} if self.token else {}
        return token | {
            "Action": action,
            "Version": VERSIONS[product],
            "AccessKeyId": self.key_id,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": uuid.uuid4().hex,
            "Timestamp": stamp(time.time()),
            "Format": "JSON",
        }

    def sign(self, params: dict[str, str], method: str = "POST") -> dict[str, str]:
        """The parameters with their signature."""
        query = "&".join(f"{enc(name)}={enc(text)}" for name, text in sorted(params.items()))
        digest = hmac.new(
            f"{self.secret}&".encode(), f"{method}&%2F&{enc(query)}".encode(), hashlib.sha1
        ).digest()
        return {**params, "Signature": base64.b64encode(digest).decode()}

    def send(
        self, query: dict[str, str], form: dict[str, str] | None = None, method: str = "POST"
    ) -> tuple[int, str]:
        """One HTTP request as it is: status and body."""
        connection = http.client.HTTPConnection(self.cloud.host, timeout=30)
        try:
            headers, body = {}, None
            if form is not None:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                body = urlencode(form)
            connection.request(method, f"/?{urlencode(query)}", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def call(
        self, action: str, *, product: str = "slb", form: bool = False, **params: Any
    ) -> dict[str, Any]:
        """The answer of an action; lists and dictionaries travel as JSON text. Raises Refused."""
        given = self.common(product, action) | {name: text(value) for name, value in params.items()}
        signed = self.sign(given)
        status, body = self.send({}, signed) if form else self.send(signed)
        answer = json.loads(body)
        if status >= 400:
            raise Refused(status, answer)
        return answer


def text(value: Any) -> str:
    """A value as SDKs write it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def enc(value: str) -> str:
    """RFC 3986."""
    return quote(value, safe="~-_.")


def stamp(seconds: float) -> str:
    """A time as requests carry it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
