"""Heads of answers, read without the e-mail parser."""

import http.client
import re

_STATUS = re.compile(rb"HTTP/1\.1 ([2-5]\d\d)(?: ([\x20-\x7e]*))?")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e]*)")
_END = b"\r\n\r\n"
# These say that the answer ends otherwise than at its length, or that the connection does with it.
_NOT_PLAIN = ("transfer-encoding", "connection")
_WITHOUT_BODY = (204, 304)


class PlainResponse(http.client.HTTPResponse):
    """Reads the head of a plain answer itself, and has its parent read any other.

    The parent takes the e-mail parser for the handful of names and values, which takes as long as
    all else of receiving an answer. Plain is one of HTTP/1.1 whose head came in one piece, that
    says its length, and that leaves the connection open.
    """

    def begin(self) -> None:
        head, end, _ = self.fp.peek().partition(_END) if self.headers is None else (b"", b"", b"")
        if not (end and self._take(head)):
            super().begin()

    def _take(self, head: bytes) -> bool:
        """Take over what the head says, unless the answer is not plain."""
        first, *lines = head.split(b"\r\n")
        status = _STATUS.fullmatch(first)
        if not status or int(status[1]) in _WITHOUT_BODY:
            return False
        headers = http.client.HTTPMessage()
        length = ""
        for line in lines:
            field = _FIELD.fullmatch(line)
            if not field:
                return False
            name, value = field[1].decode(), field[2].decode()
            if name.lower() in _NOT_PLAIN:
                return False
            if name.lower() == "content-length":
                if length or not value.isdigit():
                    return False
                length = value
            headers[name] = value
        if not length:
            return False
        self.fp.read(len(head) + len(_END))
        self.version, self.code = 11, int(status[1])
        self.status, self.reason = self.code, (status[2] or b"").decode().strip()
        self.headers = self.msg = headers
        self.chunked = self.will_close = False
        self.length = int(length)
        return True
