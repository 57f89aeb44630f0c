"""nginx as a child process, for its stream module: check, start, hitless reload, end."""

import asyncio
import contextlib
import logging
import os
import re
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vservers.localcloud.dataplane.child import ended, leash, opened, write

log = logging.getLogger(__name__)

START_SECONDS = 10.0
RELOAD_SECONDS = 10.0
STOP_SECONDS = 3.0
POLL_SECONDS = 0.01
LOG_TAIL_BYTES = 2000
MAX_LOG_BYTES = 1024 * 1024

_MODULES = re.compile(r"--modules-path=(/[A-Za-z0-9/._-]+)", re.ASCII)
_MODULE = "ngx_stream_module.so"
_WORKER = "nginx: worker process"


class NginxError(Exception):
    """nginx does not do what it was asked; the text says what it answered."""


class NginxRefused(NginxError):
    """nginx finds this configuration wrong."""


@dataclass(frozen=True, slots=True)
class Program:
    """module: the file of the stream module, "" where it is built in."""

    path: str
    module: str


def find_nginx(program: str | None = None) -> Program | None:
    """nginx with its stream module, None when either is missing; program: instead of looking."""
    path = shutil.which(program or "nginx") or shutil.which(
        program or "nginx", path="/usr/sbin:/usr/local/sbin"
    )
    if path is None:
        return None
    try:
        built = subprocess.run([path, "-V"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    options = built.stderr.split()
    if "--with-stream" in options:
        return Program(path, "")
    folder = _MODULES.search(built.stderr)
    if folder is not None and Path(folder[1], _MODULE).exists():
        return Program(path, f"{folder[1]}/{_MODULE}")
    return None


class Nginx:
    """One nginx with all its files in one folder.

    on_death: called with a sentence when the process ends without having been asked to.
    """

    def __init__(self, program: Program, folder: Path, on_death: Callable[[str], None]) -> None:
        self.config_path = folder / "nginx.conf"
        self.log_path = folder / "nginx.log"
        self.program = program
        self._folder = folder
        self._on_death = on_death
        self._process: asyncio.subprocess.Process | None = None
        self._reaper: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def load(self, config: str) -> None:
        """Make this the running configuration. On an error what was live before is live still."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        candidate = self.config_path.with_suffix(".candidate")
        await asyncio.to_thread(write, candidate, config)
        await self._check(candidate)
        previous = self.config_path.read_text() if self.running else ""
        candidate.replace(self.config_path)
        try:
            if self.running:
                await self._reload()
            else:
                await self._start()
        except NginxError:
            if previous:
                await asyncio.to_thread(write, self.config_path, previous)
            raise

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await ended(process, STOP_SECONDS)
            self.end_leftover()
        if self._reaper is not None:
            await self._reaper
            self._reaper = None

    def end_leftover(self) -> None:
        """End what an nginx left behind that was killed: its workers do not notice."""
        for pid in _ours(self._folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                log.warning("ended nginx %s, left over by an earlier run", pid)

    def trim_log(self) -> None:
        """Empty the log when it has grown."""
        with contextlib.suppress(OSError):
            if self.log_path.stat().st_size > MAX_LOG_BYTES:
                os.truncate(self.log_path, 0)

    def _command(self, config: Path) -> list[str]:
        return [self.program.path, "-p", f"{self._folder}/", "-c", str(config)]

    async def _check(self, candidate: Path) -> None:
        process = await asyncio.create_subprocess_exec(
            *self._command(candidate),
            *("-t", "-q"),
            cwd=self._folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, answer = await process.communicate()
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        if process.returncode:
            raise NginxRefused(_emergencies(answer.decode(errors="replace")))

    async def _start(self) -> None:
        self.end_leftover()
        process = await asyncio.create_subprocess_exec(
            *self._command(self.config_path),
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=opened(self.log_path),
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=_prepared(leash(os.getpid())),
        )
        self._process = process
        try:
            async with asyncio.timeout(START_SECONDS):
                while process.returncode is None:
                    if _workers(self._folder):
                        self._reaper = asyncio.create_task(self._reap(process))
                        return
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            await ended(process, 0)
        self._process = None
        raise NginxError(_emergencies(self._log_tail(0)))

    async def _reload(self) -> None:
        """Wait until a new worker takes the datagrams and the old one no longer does."""
        process = self._process
        if process is None:
            raise NginxError("nginx has ended")
        before = _workers(self._folder)
        logged = self.log_path.stat().st_size
        process.send_signal(signal.SIGHUP)
        try:
            async with asyncio.timeout(RELOAD_SECONDS):
                while self.running:
                    now = _workers(self._folder)
                    if now and now.isdisjoint(before):
                        return
                    if "[emerg]" in self._log_tail(logged):
                        break
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise NginxError(f"no new worker after {RELOAD_SECONDS:.0f} s") from None
        raise NginxError(_emergencies(self._log_tail(logged)))

    async def _reap(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        if self._process is process:
            self._process = None
            self.end_leftover()
            self._on_death(f"nginx ended by itself ({code}): {_emergencies(self._log_tail(0))}")

    def _log_tail(self, start: int) -> str:
        try:
            with self.log_path.open("rb") as file:
                file.seek(max(start, self.log_path.stat().st_size - LOG_TAIL_BYTES))
                return file.read().decode(errors="replace")
        except OSError:
            return ""


def _ours(folder: Path) -> dict[int, str]:
    """The processes of an nginx in this folder, which all have it as working directory."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == folder:
                    title = (entry / "cmdline").read_bytes().rstrip(b"\0").decode(errors="replace")
                    if title.startswith("nginx:"):
                        found[int(entry.name)] = title
    return found


def _workers(folder: Path) -> set[int]:
    """The workers that take datagrams; one that shuts down says so in its title."""
    return {pid for pid, title in _ours(folder).items() if title == _WORKER}


def _prepared(tie: Callable[[], None]) -> Callable[[], None]:
    """For the child: tied to us, and with as many open files as it may have."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)

    def prepare() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
        tie()

    return prepare


def _emergencies(answer: str) -> str:
    lines = [line.strip() for line in answer.splitlines() if "[emerg]" in line]
    return " | ".join(lines[:5]) or answer.strip()[-500:] or "no message"
