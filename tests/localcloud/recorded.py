"""`python -m tests.localcloud.recorded`: the local cloud, noting who called what.

For each answered request a line of JSON goes to the file that RECORD_FILE names: product's version,
action, error code ("" for success), and which client it was. The cloud itself is unchanged.
"""

import json
import os
import sys
from pathlib import Path

from aiohttp import web

from vservers.localcloud.__main__ import main
from vservers.localcloud.endpoint import Endpoint

RECORD_FILE = "TESTS_RECORD_FILE"


class Recorder:
    """Stands before the endpoint's answers."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)
        self._answer = Endpoint.answer

    def install(self) -> None:
        """Note every answer from now on."""
        recorder = self

        async def answer(endpoint: Endpoint, request: web.Request) -> web.Response:
            response = await recorder._answer(endpoint, request)
            await recorder.note(request, response)
            return response

        Endpoint.answer = answer

    async def note(self, request: web.Request, response: web.Response) -> None:
        """One line for one answer that is JSON."""
        given = {**await request.post(), **request.query}
        action = request.headers.get("x-acs-action") or given.get("Action", "")
        version = request.headers.get("x-acs-version") or given.get("Version", "")
        code = ""
        if response.status >= 400:
            body = response.body if isinstance(response.body, bytes) else b"{}"
            code = json.loads(body)["Code"] if body.startswith(b"{") else "XML"
        line = {"version": version, "action": action, "code": code, "client": client_of(request)}
        print(json.dumps(line), file=self._file)


def client_of(request: web.Request) -> str:
    """Which SDK sent it, or "own" for our tests' client and anything else."""
    agent = request.headers.get("User-Agent", "")
    if "TeaDSL" in agent:
        v3 = request.headers.get("Authorization", "").startswith("ACS3")
        return "new SDK v3" if v3 else "new SDK v1"
    return "old SDK" if "AlibabaCloud" in agent else "own"


if __name__ == "__main__":
    Recorder(Path(os.environ[RECORD_FILE])).install()
    sys.exit(main())
