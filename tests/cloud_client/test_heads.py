"""The head of an answer is read as http.client reads it, by the quick way or by its own."""

import http.client
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vservers.cloud.heads import PlainResponse

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Socket:
    """As much of a socket as a response takes."""

    def __init__(self, sent: bytes, buffer: int = 8192) -> None:
        self._file = io.BufferedReader(io.BytesIO(sent), buffer)  # type: ignore[arg-type]

    def makefile(self, mode: str) -> io.BufferedReader:
        return self._file


def read(kind: type[http.client.HTTPResponse], sent: bytes, buffer: int = 8192) -> object:
    response = kind(Socket(sent, buffer), method="POST")  # type: ignore[arg-type]
    try:
        response.begin()
        told = response.status, response.reason, response.version, response.msg.items()
        closes = response.will_close
        return *told, closes, response.chunked, response.length, response.read()
    except (http.client.HTTPException, ValueError) as error:
        return type(error), str(error)


@pytest.mark.parametrize(
    "sent",
    [
        PLAIN,
        PLAIN.replace(b" OK", b""),
        PLAIN.replace(b" OK", b" Not quite \xe9 "),
        PLAIN.replace(b"200 OK", b"503 Busy"),
        PLAIN.replace(b"200 OK", b"204 No Content"),
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN,
        PLAIN.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked").replace(
            b"{}", b"2\r\n{}\r\n0\r\n\r\n"
        ),
        PLAIN.replace(b"Length: 2", b"Length: 2\r\nConnection: close"),
        PLAIN.replace(b"Length: 2", b"Length: 2\r\nContent-Length: 1"),
        PLAIN.replace(b"Length: 2", b"Length: many"),
        PLAIN.replace(b"Length: 2", b"Length: -2"),
        PLAIN.replace(b"Length: 2", b"Length: 0"),
        PLAIN.replace(b"Length: 2", b"Length: 20"),
        PLAIN.replace(b"Content-Length: 2\r\n", b""),
        PLAIN.replace(b"Type: ", b"Type:\t  "),
        PLAIN.replace(b"/json", b"/json;\r\n charset=utf-8"),
        PLAIN.replace(b"Content-Type", b"Content Type"),
        PLAIN.replace(b"\r\n", b"\n"),
        PLAIN[:30],
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        PLAIN.replace(b"Type: ", b"Type: " + b"x" * 9000),
    ],
)
def test_it_is_read_as_http_client_reads_it(sent):
    assert read(PlainResponse, sent) == read(http.client.HTTPResponse, sent)


@given(st.data(), st.integers(1, 200))
def test_so_it_is_where_the_answer_is_spoilt_or_comes_in_pieces(data, buffer):
    at = data.draw(st.integers(0, len(PLAIN)))
    spoilt = PLAIN[:at] + data.draw(st.binary(max_size=3)) + PLAIN[at:]
    assert read(PlainResponse, spoilt, buffer) == read(http.client.HTTPResponse, spoilt, buffer)


def test_a_plain_answer_is_read_without_the_e_mail_parser(monkeypatch):
    monkeypatch.setattr(http.client, "parse_headers", None)
    assert read(PlainResponse, PLAIN)[-1] == b"{}"  # type: ignore[index]
