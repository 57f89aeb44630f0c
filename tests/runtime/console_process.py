"""`manage.py up` as a person starts it, on a folder and ports of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
from django.conf import settings

_START_SECONDS = 90
_STOP_SECONDS = 30
_NOT_OURS = ("CONSOLE_", "LOCALCLOUD_", "CLOUD_", "DATABASE_URL", "DJANGO_SETTINGS_MODULE")
READY = "AccessKey secret"


class ConsoleProcess:
    """One `manage.py up`. Its environment marks it and all that it starts, for `survivors`."""

    def __init__(self, data_dir: Path, network: str) -> None:
        """network: the loopback network of the demo, one that no other test uses."""
        self.data_dir = data_dir
        self._output = data_dir.parent / "up.log"
        self.environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith(_NOT_OURS)},
            "CONSOLE_DATA_DIR": str(data_dir),
            "CONSOLE_PORT": str(free_port()),
            "LOCALCLOUD_PORT": str(free_port()),
            "LOCALCLOUD_NETWORK": network,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['CONSOLE_PORT']}"

    @property
    def output(self) -> str:
        """What the last start has said so far."""
        return self._output.read_text()

    def said(self, pattern: str) -> str:
        """The first group of the pattern in the output."""
        found = re.search(pattern, self.output)
        assert found, f"{pattern} is not in:\n{self.output}"
        return found.group(1)

    def start(self) -> None:
        """Start and wait until it has said how to reach it."""
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdout=output,
                stderr=output,
                process_group=0,
            )
        self.wait_for(READY)

    def wait_for(self, text: str) -> None:
        assert self._process
        deadline = time.monotonic() + _START_SECONDS
        while text not in self.output:
            assert self._process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def run_to_its_end(self) -> tuple[int, str]:
        """Start where it must refuse: its exit code and what it said."""
        done = subprocess.run(
            [sys.executable, "manage.py", "up"],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    def manage(self, *arguments: str) -> str:
        """Another `manage.py` command beside it."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=True,
        ).stdout

    def send(self, number: signal.Signals) -> int:
        """Send it a signal and wait for its end; its exit code. Ctrl-C reaches its whole group."""
        assert self._process
        os.killpg(self._process.pid, number)
        return self._process.wait(_STOP_SECONDS)

    def child(self, word: str, *, exactly: bool = False) -> psutil.Process:
        """Its direct child with the word in, or as, a part of its command line."""
        assert self._process
        for process in psutil.Process(self._process.pid).children():
            if any(word == part if exactly else word in part for part in process.cmdline()):
                return process
        raise AssertionError(f"no child runs {word}")

    def survivors(self, within_seconds: float = 0) -> list[str]:
        """Command lines of what still runs on the data folder after the given time."""
        deadline = time.monotonic() + within_seconds
        while (found := list(self._running())) and time.monotonic() < deadline:
            time.sleep(0.1)
        return found

    def clean_up(self) -> None:
        """End everything, also after a failed test."""
        if self._process and self._process.poll() is None:
            self.send(signal.SIGKILL)
        self.survivors(within_seconds=_STOP_SECONDS)

    def _running(self):
        for process in psutil.process_iter():
            try:
                if process.environ().get("CONSOLE_DATA_DIR") == str(self.data_dir):
                    yield " ".join(process.cmdline())
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
