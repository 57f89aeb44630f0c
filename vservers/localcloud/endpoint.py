"""The HTTP face: one path, an action a request, GET or POST; JSON or XML answers."""

import asyncio
import logging
import os
import time
import zlib
from collections.abc import Mapping

from aiohttp import web
from multidict import CIMultiDictProxy
from yarl import query_to_pairs

from vservers.localcloud.cloud import Cloud
from vservers.localcloud.errors import ApiError
from vservers.localcloud.keys import KeyRing
from vservers.localcloud.signatures import SignedRequest, Verifier
from vservers.localcloud.wire import render

READY_PATH = "/-/ready"
# SDKs put everything into the URL: twenty servers with Chinese descriptions are some 20 KB there.
MAX_LINE_BYTES = 256 * 1024
MAX_BODY_BYTES = 2 * 1024 * 1024
_FORM = "application/x-www-form-urlencoded"
_LOG = logging.getLogger(__name__)


class Endpoint:
    """Turns HTTP requests into actions of the cloud, and their outcome into answers."""

    def __init__(self, cloud: Cloud, keys: KeyRing) -> None:
        self._cloud = cloud
        self._verifier = Verifier(keys.find, time.time)

    def application(self) -> web.Application:
        """The aiohttp application: the API at /, readiness at /-/ready."""
        application = web.Application(client_max_size=MAX_BODY_BYTES)
        application.router.add_route("*", "/", self.answer)
        application.router.add_get(READY_PATH, self.ready)
        application.router.add_route("*", "/{path:.*}", self.answer)
        return application

    async def ready(self, request: web.Request) -> web.Response:
        """Unsigned; 200 once the cloud takes requests, with the data plane's state."""
        plane = self._cloud.plane
        return web.json_response(
            {
                "ready": True,
                "dataplane": {"on": plane.status.on, "reason": plane.status.reason},
                "notices": plane.notices(),
            }
        )

    async def answer(self, request: web.Request) -> web.Response:
        """One signed request."""
        request_id = _new_request_id()
        xml, root, status = False, "Error", 200
        answer: dict[str, object]
        try:
            if request.method not in ("GET", "POST"):
                raise ApiError("UnsupportedHTTPMethod")
            # A client that was given an address with a slash at its end may write two of them.
            if request.path.strip("/"):
                raise ApiError("InvalidApi.NotFound")
            signed = await _signed_request(request)
            given = signed.params
            wanted = given.get("Format", "JSON").upper()
            xml = wanted == "XML"
            caller = self._verifier.verify(signed)
            if wanted not in ("JSON", "XML"):
                raise ApiError("InvalidParameter.Format")
            met = self._cloud.faults.meet(caller.action)
            if met.seconds:
                await asyncio.sleep(met.seconds)
            if met.refused is not None:
                raise met.refused
            found = await self._cloud.carry_out(caller, given, request.host)
            if met.dropped and request.transport is not None:
                request.transport.close()
            answer = {"RequestId": request_id, **found}
            root = f"{caller.action}Response"
        except Exception as error:
            known = error if isinstance(error, ApiError) else ApiError("InternalError")
            if known is not error:
                _LOG.exception("request %s failed", request_id)
            status = known.status
            answer = {
                "RequestId": request_id,
                "HostId": request.host,
                "Code": known.code,
                "Message": known.message,
                "Recommend": f"https://api.alibabacloud.com/troubleshoot?q={known.code}",
            }
        body, content_type = render(answer, root=root, xml=xml)
        return web.Response(body=body, status=status, content_type=content_type, charset="utf-8")


def _new_request_id() -> str:
    """Random, and spelled as the cloud spells them: a UUID in capitals."""
    digits = os.urandom(16).hex().upper()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


async def _signed_request(request: web.Request) -> SignedRequest:
    """The parts that are signed, decoded once. A plus sign in a query or form is a blank."""
    # The raw path: a parsed URL may have been normalised, and the signature is over what was sent.
    _, _, query = request.raw_path.partition("?")
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise ApiError("InvalidParameter", "The request body is too large.") from error
    except (web.RequestPayloadError, zlib.error) as error:
        raise ApiError("InvalidParameter", "The request body cannot be decoded.") from error
    form = body.decode("utf-8", "replace") if request.content_type == _FORM else ""
    return SignedRequest(
        method=request.method,
        query=query_to_pairs(query),
        form=query_to_pairs(form),
        headers=_headers(request.headers),
        body=body,
    )


def _headers(headers: CIMultiDictProxy[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers.items():
        found.setdefault(name.lower(), []).append(value)
    return found
