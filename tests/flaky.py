"""A proxy before the local cloud that has the real one's bad days, one action at a time."""

import json
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests


class FlakyCloud:
    """Hands every call on unless told otherwise for its action. endpoint: where it listens."""

    def __init__(self, behind: str) -> None:
        self._refusals: dict[str, list[str]] = defaultdict(list)
        self._drops: dict[str, int] = defaultdict(int)
        self._watchers: list[Callable[[str], object]] = []
        self._blind: dict[str, tuple[str, str]] = {}
        self._lags: dict[str, tuple[str, int]] = {}
        self._late: dict[str, list[bytes]] = defaultdict(list)
        self._last: dict[str, bytes] = {}
        flaky = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                action = self.headers["x-acs-action"]
                for tell in flaky._watchers:
                    tell(action)
                if flaky._refusals[action]:
                    code = flaky._refusals[action].pop()
                    body = {"Code": code, "Message": "Not now.", "RequestId": str(uuid.uuid4())}
                    self._answer(400, json.dumps(body).encode())
                    return
                if flaky._late[action]:
                    self._answer(200, flaky._late[action].pop())
                    return
                answer = requests.post(behind + self.path, headers=dict(self.headers), timeout=30)
                flaky._last[action] = answer.content
                flaky._follow(action)
                if flaky._drops[action]:
                    flaky._drops[action] -= 1
                    self.close_connection = True
                    return
                self._answer(answer.status_code, answer.content)

            def _answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    def refuse(self, action: str, code: str, times: int) -> None:
        """Answer the next calls of the action with the code; they do not reach the cloud."""
        self._refusals[action] += [code] * times

    def _follow(self, action: str) -> None:
        if action in self._blind:
            read, code = self._blind[action]
            self._refusals[read] += [code] * 1000
        if action in self._lags:
            read, times = self._lags[action]
            self._late[read] = [self._last[read]] * times

    def watch(self, tell: Callable[[str], object]) -> None:
        """Call with the action of each call before it is answered."""
        self._watchers.append(tell)

    def after(self, action: str, read: str, code: str) -> None:
        """From the next call of `action` on, refuse all of `read`."""
        self._blind[action] = read, code

    def lag(self, action: str, read: str, *, reads: int) -> None:
        """After `action`, answer so many calls of `read` as the one before it was answered."""
        self._lags[action] = read, reads

    def be_well(self) -> None:
        """No fault from now on."""
        for faults in (self._refusals, self._drops, self._blind, self._lags, self._late):
            faults.clear()

    def drop_answers(self, action: str, times: int) -> None:
        """Let the next calls of the action through, and close the connection without an answer."""
        self._drops[action] += times


@contextmanager
def flaky_before(endpoint: str) -> Iterator[FlakyCloud]:
    flaky = FlakyCloud(endpoint)
    thread = threading.Thread(target=flaky.server.serve_forever, daemon=True)
    thread.start()
    try:
        yield flaky
    finally:
        flaky.server.shutdown()
        flaky.server.server_close()
        thread.join()
