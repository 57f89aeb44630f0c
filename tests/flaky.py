"""A proxy before the local cloud that has the real one's bad days, one action at a time."""

import json
import threading
import uuid
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests


class FlakyCloud:
    """Hands every call on unless told otherwise for its action. endpoint: where it listens."""

    def __init__(self, behind: str) -> None:
        self._refusals: dict[str, list[str]] = defaultdict(list)
        self._drops: dict[str, int] = defaultdict(int)
        flaky = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                action = self.headers["x-acs-action"]
                if flaky._refusals[action]:
                    code = flaky._refusals[action].pop()
                    body = {"Code": code, "Message": "Not now.", "RequestId": str(uuid.uuid4())}
                    self._answer(400, json.dumps(body).encode())
                    return
                answer = requests.post(behind + self.path, headers=dict(self.headers), timeout=30)
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
