"""Requests that no client sends, byte for byte: refused without a 5xx, and nothing is changed.

What test_fuzz.py does to parameters is done here to the HTTP around them.
"""

import gzip
import json
import random
import socket
import sqlite3
from urllib.parse import urlencode

import pytest

from tests.localcloud.client import Client
from tests.localcloud.conftest import REGION, web
from tests.localcloud.process import LocalCloud

SHOP = "lb-bp1shopinternet0001"
ROUNDS = 300
WAIT_SECONDS = 30
HOST = b"Host: slb.example\r\n"
CLOSE = b"Connection: close\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
V3 = (
    b"x-acs-action: DescribeRegions\r\nx-acs-version: 2014-05-15\r\n"
    b"x-acs-date: 2026-01-01T00:00:00Z\r\nx-acs-signature-nonce: 1\r\n"
    b"x-acs-content-sha256: \xff\r\n"
)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A cloud that nobody else changes."""
    with LocalCloud(tmp_path_factory.mktemp("fuzz")) as running:
        yield running


@pytest.fixture
def client(own):
    return Client(own)


@pytest.fixture
def unchanged(own):
    """Fails when what is on disk has changed, or the cloud has died."""

    def kept():
        with sqlite3.connect(own.data_dir / "state.sqlite3") as database:
            return sorted(database.execute("SELECT * FROM objects"))

    before = kept()
    yield
    assert kept() == before
    Client(own).call("DescribeRegions")


def sent(cloud, data, *, half_closed=False):
    """What comes back for some bytes, until the cloud closes the connection."""
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=WAIT_SECONDS) as connection:
        answer = b""
        try:
            connection.sendall(data)
            if half_closed:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                answer += part
        except (BrokenPipeError, ConnectionResetError):
            pass
        return answer


def status(answer):
    """The status of an answer, 0 when the connection was closed without one."""
    first = answer.partition(b"\r\n")[0].split()
    return int(first[1]) if first[:1] and first[0].startswith(b"HTTP/") else 0


def get(target, *headers):
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + CLOSE + b"".join(headers) + b"\r\n"


def post(body, *headers):
    length = b"Content-Length: %d\r\n" % len(body)
    return (
        b"POST / HTTP/1.1\r\n" + HOST + CLOSE + FORM + length + b"".join(headers) + b"\r\n" + body
    )


ODD = {
    "bytes": bytes(range(256)),
    "no version": b"GET /\r\n\r\n",
    "version 3": b"GET / HTTP/3.0\r\n" + HOST + b"\r\n",
    "tls": bytes.fromhex("16030102000100") + b"\x01" * 200,
    "huge line": get(b"/?" + b"a" * 300_000),
    "huge header": get(b"/", b"X: " + b"a" * 300_000 + b"\r\n"),
    "many headers": get(b"/", b"".join(b"X%d: a\r\n" % n for n in range(10_000))),
    "odd host": b"GET / HTTP/1.1\r\n" + CLOSE + b"Host: \xff\xfe\r\n\r\n",
    "bad percent": get(b"/?Action=%zz&x=%c3%28&%=&=&&"),
    "nul": get(b"/?Action=%00&Version=%00"),
    "half a character": get(b"/?Action=%ed%a0%80&Version=%ed%a0%80"),
    "many parameters": get(b"/?" + b"&".join(b"a%d=1" % n for n in range(20_000))),
    "twice": get(b"/?Action=A&Action=B&Version=1&Version=2&action=C"),
    "other path": get(b"/foo/../bar?Action=DescribeRegions"),
    "double slash": get(b"//?Action=DescribeRegions"),
    "absolute": get(b"http://slb.aliyuncs.com/?Action=DescribeRegions"),
    "asterisk": b"OPTIONS * HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
    "connect": b"CONNECT a:1 HTTP/1.1\r\n" + HOST + CLOSE + b"\r\n",
    "big body": post(b"a=" + b"b" * (3 * 1024 * 1024)),
    "body of odd bytes": post(b"Action=\xff\xfe&Version=\x80"),
    "unknown charset": post(b"Action=A", b"Content-Type: text/plain; charset=klingon\r\n"),
    "gzip": post(gzip.compress(b"Action=DescribeRegions"), b"Content-Encoding: gzip\r\n"),
    "no gzip": post(b"Action=DescribeRegions", b"Content-Encoding: gzip\r\n"),
    "cut gzip": post(gzip.compress(b"Action=A" * 99)[:-9], b"Content-Encoding: gzip\r\n"),
    "bomb": post(gzip.compress(b"a" * 30_000_000), b"Content-Encoding: gzip\r\n"),
    "no deflate": post(b"x", b"Content-Encoding: deflate\r\n"),
    "brotli": post(b"x", b"Content-Encoding: br\r\n"),
    "zstd": post(b"x", b"Content-Encoding: zstd\r\n"),
    "negative length": b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -5\r\n\r\n",
    "two lengths": post(b"hello", b"Content-Length: 6\r\n"),
    "length and chunks": post(b"hello", b"Transfer-Encoding: chunked\r\n"),
    "no chunk": b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nhello",
    "expectation": post(b"a=b", b"Expect: 200-ok\r\n"),
    "websocket": get(b"/", b"Upgrade: websocket\r\n"),
    "http/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no v3": get(b"/", b"Authorization: ACS3-\r\n", V3),
    "odd v3": get(
        b"/",
        b"Authorization: ACS3-HMAC-SHA256 Credential=\xff,SignedHeaders=\xff,Signature=0\r\n",
        V3,
    ),
    "long v3": get(
        b"/",
        b"Authorization: ACS3-HMAC-SHA256 Credential=a,SignedHeaders="
        + b"b;" * 50_000
        + b"c,Signature=00\r\n",
        V3,
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_requests_are_refused(own, unchanged, name):
    assert 400 <= status(sent(own, ODD[name], half_closed=True)) < 500


def test_a_request_that_breaks_off_changes_nothing(own, client, unchanged):
    given = client.common("slb", "DeleteLoadBalancer") | {"LoadBalancerId": SHOP}
    body = urlencode(client.sign(given)).encode()
    length = b"Content-Length: %d\r\n\r\n" % (len(body) + 1)
    data = b"POST / HTTP/1.1\r\n" + HOST + FORM + length + body
    assert status(sent(own, data, half_closed=True)) in (0, 400)


def test_any_other_path_is_no_api(client):
    answer = sent(client.cloud, get(b"/clb/2014-05-15"))
    body = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (status(answer), body["Code"]) == (404, "InvalidApi.NotFound")
    assert body["RequestId"]


HALF = '"\\ud800"'
TEXTS = {
    "a server": ("BackendServers", f'[{{"ServerId": {HALF}, "Port": 80}}]'),
    "a description": (
        "BackendServers",
        f'[{{"ServerId": "{web(1)}", "Port": 80, "Description": {HALF}}}]',
    ),
    "single quotes": ("BackendServers", "[{'ServerId': '\\U0000d800', 'Port': 80}]"),
    "depth": ("BackendServers", "[" * 60_000),
    "open objects": ("BackendServers", '{"a":' * 5_000),
    "signs": ("BackendServers", "[" + "-" * 20_000 + "1]"),
    "sums": ("BackendServers", "[1" + "+1j" * 20_000 + "]"),
    "digits": ("BackendServers", "[" + "9" * 200_000 + "]"),
    "bytes": ("BackendServers", "[b'x', {1, 2}, ...]"),
    "not a number": ("BackendServers", f'[{{"ServerId": "{web(1)}", "Port": NaN}}]'),
    "endless": ("BackendServers", f'[{{"ServerId": "{web(1)}", "Port": Infinity}}]'),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("form", ["JSON", "XML"])
def test_odd_json_is_refused(own, client, unchanged, name, form):
    parameter, text = TEXTS[name]
    given = client.common("slb", "CreateVServerGroup") | {"Format": form, parameter: text}
    given |= {"RegionId": REGION, "LoadBalancerId": SHOP}
    query = urlencode(client.sign(given)).encode()
    assert 400 <= status(sent(own, post(query))) < 500


@pytest.mark.parametrize(
    ("product", "action", "given"),
    [
        ("slb", "AddTags", {"LoadBalancerId": SHOP, "Tags": f'[{{"TagKey": {HALF}}}]'}),
        ("slb", "DeleteRules", {"RuleIds": f"[{HALF}]"}),
        ("slb", "DescribeLoadBalancers", {"Tags": f'[{{"TagKey": {HALF}}}]'}),
        (
            "cms",
            "DescribeMetricList",
            {
                "Namespace": "acs_slb_dashboard",
                "MetricName": "Qps",
                "Dimensions": f'[{{"instanceId": {HALF}}}]',
            },
        ),
    ],
)
def test_half_a_character_is_refused(own, client, unchanged, product, action, given):
    query = client.common(product, action) | {"RegionId": REGION} | given
    answer = sent(own, post(urlencode(client.sign(query)).encode()))
    assert 400 <= status(answer) < 500


def test_random_bytes_in_a_good_request_never_end_in_a_5xx(own, client, unchanged):
    rng = random.Random("http")
    for _ in range(ROUNDS):
        query = client.sign(client.common("slb", "DescribeRegions") | {"RegionId": REGION})
        data = bytearray(post(urlencode(query).encode()))
        for _ in range(rng.randint(1, 8)):
            place = rng.randrange(len(data))
            choice = rng.random()
            if choice < 0.5:
                data[place] = rng.randrange(256)
            elif choice < 0.8:
                del data[place : place + rng.randint(1, 20)]
            else:
                data[place:place] = rng.randbytes(rng.randint(1, 20))
        assert status(sent(own, bytes(data), half_closed=True)) < 500, bytes(data)
