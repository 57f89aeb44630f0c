"""The local cloud as a real process, for every test that needs one.

with LocalCloud(tmp_path / "cloud") as cloud:
    client = Client(cloud.endpoint, cloud.access_key_id, cloud.access_key_secret)
"""

import contextlib
import itertools
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
ACCESS_KEY_ID = "testAccessKeyId"
ACCESS_KEY_SECRET = "testAccessKeySecret"
START_SECONDS = 30
STOP_SECONDS = 15
_READY = "local cloud ready on "
_TLS = "HTTPS on "
_numbers = itertools.count()


def worker_network() -> str:
    """A loopback network that no other cloud of this test run has.

    Each pytest-xdist worker has 127.<100 + its number>.0.0/16; each cloud in it a sixteenth.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return f"127.{100 + int(worker) % 100}.{next(_numbers) % 16 * 16}.0/20"


class LocalCloud:
    """One local cloud process over a data directory.

    endpoint: "http://127.0.0.1:<port>", stays the same over restarts. network: given or one of its
    own. dataplane: whether HAProxy serves traffic. env: added to the process's environment.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int = 0,
        network: str = "",
        dataplane: bool = False,
        demo: bool = True,
        env: Mapping[str, str] | None = None,
        access_key_id: str = ACCESS_KEY_ID,
        access_key_secret: str = ACCESS_KEY_SECRET,
    ) -> None:
        self.data_dir = data_dir
        self.port = port
        self.tls_port = 0
        self.network = network or worker_network()
        self.dataplane = dataplane
        self.demo = demo
        self.env = dict(env or {})
        self.access_key_id = access_key_id
        self.access_key_secret = access_key_secret
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()

    @property
    def endpoint(self) -> str:
        """Where the API answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        """The endpoint as SDKs want it: host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process's ID."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> Self:
        """Start and wait until it is ready. Raises AssertionError with its output when it ends."""
        # tests.localcloud.coverage asks for every answer to be noted.
        recorded = "TESTS_RECORD_FILE" in os.environ
        module = "tests.localcloud.recorded" if recorded else "vservers.localcloud"
        arguments = [sys.executable, "-m", module, "--port", str(self.port)]
        arguments += ["--data-dir", str(self.data_dir), "--network", self.network]
        arguments += ["--dataplane" if self.dataplane else "--no-dataplane"]
        arguments += ["--demo" if self.demo else "--no-demo"]
        environment = {
            **{name: text for name, text in os.environ.items() if "LOCALCLOUD_" not in name},
            "LOCALCLOUD_ACCESS_KEY_ID": self.access_key_id,
            "LOCALCLOUD_ACCESS_KEY_SECRET": self.access_key_secret,
            # One cloud serves a whole folder of tests: those of the limits set them themselves.
            "LOCALCLOUD_QUOTAS": "balancers=0,server_uses=0,acls=0,certificates=0,tls_policies=0",
            **self.env,
        }
        self._lines = queue.Queue()
        self._process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=_collect, args=(self._process, self._lines), daemon=True).start()
        said: list[str] = []
        with contextlib.suppress(queue.Empty):
            while line := self._lines.get(timeout=START_SECONDS):
                if line.startswith(_READY):
                    self.port = int(line.rsplit(":", 1)[1])
                    return self
                if line.startswith(_TLS):
                    self.tls_port = int(line.partition(",")[0].rsplit(":", 1)[1])
                said.append(line)
        self.kill()
        raise AssertionError(f"the local cloud did not start:\n{''.join(said)}")

    def stop(self) -> int:
        """SIGTERM, as a supervisor does; the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """SIGKILL, as a crash does; the exit code."""
        return self._end(signal.SIGKILL)

    def restart(self) -> Self:
        """Stop (when it still runs) and start on the same port and data."""
        self.stop()
        return self.start()

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(number)
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        self._process = None
        return code

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def _collect(process: subprocess.Popen[str], lines: "queue.Queue[str]") -> None:
    """Keep the pipe empty for as long as the process writes; "" marks its end."""
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    process.stdout.close()
    lines.put("")
