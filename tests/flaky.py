"""A proxy before the local cloud that has the real one's bad days, one action at a time."""

import json
import socket
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from urllib3 import PoolManager

_TRICKLE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Fault:
    """What one call meets. reaches: whether the cloud carries it out all the same.

    answer: instead of the cloud's. end: how the answer ends: "whole"; "dropped", nothing of it
    arrives; "silent", nor does the end of the connection; "trickling", a byte now and then.
    """

    reaches: bool
    end: str = "whole"
    answer: tuple[int, bytes] | None = None


def refusal(code: str, status: int = 400) -> tuple[int, bytes]:
    """An error answer of the API."""
    body = {"Code": code, "Message": "Not now.", "RequestId": str(uuid.uuid4())}
    return status, json.dumps(body).encode()


class FlakyCloud:
    """Hands every call on unless told otherwise for its action. endpoint: where it listens."""

    def __init__(self, behind: str) -> None:
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        self.watchers: list[Callable[[str], object]] = []
        self._blind: dict[str, tuple[str, str]] = {}
        self._lags: dict[str, tuple[str, int]] = {}
        self._late: dict[str, list[bytes]] = defaultdict(list)
        self._last: dict[str, bytes] = {}
        self._vanishes_after = ""
        self._over = threading.Event()
        flaky = self
        # Never sends again what may have arrived.
        cloud = PoolManager(retries=False)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body leave apart: else each answer waits 40 ms for the head's delayed ACK.
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                action = self.headers["x-acs-action"]
                for tell in list(flaky.watchers):
                    tell(action)
                fault = flaky._faults[action].pop(0) if flaky._faults[action] else Fault(True)
                if flaky._late[action] and fault == Fault(True):
                    self._answer(200, flaky._late[action].pop())
                    return
                status, body = fault.answer or (0, b"")
                if fault.reaches:
                    answer = cloud.request(
                        "POST", behind + self.path, headers=dict(self.headers), timeout=30
                    )
                    flaky._last[action] = answer.data
                    flaky._follow(action)
                    if not fault.answer:
                        status, body = answer.status, answer.data
                if action == flaky._vanishes_after:
                    # Closing it would leave it open for as long as another thread waits on it.
                    flaky.server.socket.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                if fault.end == "whole":
                    self._answer(status, body)
                    return
                self.close_connection = True
                if fault.end == "silent":
                    flaky._over.wait()
                elif fault.end == "trickling":
                    self._trickle(status, body)

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                if self.close_connection:
                    self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)

            def _trickle(self, status: int, body: bytes) -> None:
                head = f"HTTP/1.1 {status} OK\r\nContent-Length: {len(body)}\r\nX-Slow: "
                with suppress(OSError):
                    self.wfile.write(head.encode())
                    while not flaky._over.wait(_TRICKLE_SECONDS):
                        self.wfile.write(b"z")

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    def meet(self, action: str, fault: Fault, times: int = 1) -> None:
        """Let the next calls of the action meet the fault."""
        self._faults[action] += [fault] * times

    def refuse(self, action: str, code: str, times: int) -> None:
        """Answer the next calls of the action with the code; they do not reach the cloud."""
        self.meet(action, Fault(False, answer=refusal(code)), times)

    def drop_answers(self, action: str, times: int) -> None:
        """Let the next calls of the action through, and close the connection without an answer."""
        self.meet(action, Fault(True, "dropped"), times)

    def _follow(self, action: str) -> None:
        if action in self._blind:
            read, code = self._blind[action]
            self.refuse(read, code, 1000)
        if action in self._lags:
            read, times = self._lags[action]
            self._late[read] = [self._last[read]] * times

    def watch(self, tell: Callable[[str], object]) -> None:
        """Call with the action of each call before it is answered."""
        self.watchers.append(tell)

    def after(self, action: str, read: str, code: str) -> None:
        """From the next call of `action` on, refuse all of `read`."""
        self._blind[action] = read, code

    def lag(self, action: str, read: str, *, reads: int) -> None:
        """After `action`, answer so many calls of `read` as the one before it was answered."""
        self._lags[action] = read, reads

    def vanish(self, *, after: str) -> None:
        """Take no connection any more once a call of this action is answered."""
        self._vanishes_after = after

    def be_well(self) -> None:
        """No fault from now on."""
        for faults in (self._faults, self._blind, self._lags, self._late):
            faults.clear()

    def end(self) -> None:
        """Let go of those who wait for an answer."""
        self._over.set()


@contextmanager
def flaky_before(endpoint: str) -> Iterator[FlakyCloud]:
    flaky = FlakyCloud(endpoint)
    # How long its end takes, for each test that has one.
    poll = {"poll_interval": 0.01}
    thread = threading.Thread(target=flaky.server.serve_forever, kwargs=poll, daemon=True)
    thread.start()
    try:
        yield flaky
    finally:
        flaky.end()
        flaky.server.shutdown()
        flaky.server.server_close()
        thread.join()
