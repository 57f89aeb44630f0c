"""Requests on kept connections, with as little as can be between a call and the socket."""

import threading
from collections.abc import Mapping
from typing import cast

import requests
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Retry, Timeout

from .deadline import DeadlineAdapter

CONNECT_SECONDS = 5
# Between two pieces of an answer; deadline.ANSWER_SECONDS bounds all of it.
READ_SECONDS = 20
# Endpoints to which a thread keeps its connections; a product and region may have its own.
MOST_ENDPOINTS = 30

_TIMEOUT = Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
# Whether a call is repeated is decided where it is known what it does.
_ONCE = Retry(total=False)
_mine = threading.local()


def post(base: str, path: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
    """Send a request without body to an endpoint; the answer, read to its end.

    base: scheme, host, and what else stands before the path. Raises requests.RequestException where
    no request can be made, and urllib3's HTTPError where it was not answered.
    """
    ways: dict[str, tuple[HTTPConnectionPool, str]] | None = getattr(_mine, "ways", None)
    if ways is None:
        ways = _mine.ways = {}
    way = ways.get(base)
    if way is None:
        if len(ways) >= MOST_ENDPOINTS:
            del ways[next(iter(ways))]
        way = ways[base] = _way_to(base)
    pool, prefix = way
    return pool.urlopen(
        "POST",
        prefix + path,
        headers={**headers, "content-length": "0"},
        retries=_ONCE,
        redirect=False,
        assert_same_host=False,
        timeout=_TIMEOUT,
    )


def _way_to(base: str) -> tuple[HTTPConnectionPool, str]:
    """The connections to an endpoint, and what its paths begin with on them.

    As requests would send: through the environment's proxies, with its certificates. It would look
    all that up for each call, merge cookies, hooks and passwords of netrc, and wrap the answer
    twice, which takes as long as the call itself.
    """
    settings = requests.Session().merge_environment_settings(base, {}, False, None, None)
    verify, cert, proxies = settings["verify"], settings["cert"], settings["proxies"]
    request = requests.Request("POST", f"{base}/").prepare()
    adapter = DeadlineAdapter()
    pool = adapter.get_connection_with_tls_context(request, verify, proxies=proxies, cert=cert)
    adapter.cert_verify(pool, request.url, verify, cert)
    return cast(HTTPConnectionPool, pool), adapter.request_url(request, proxies).removesuffix("/")
