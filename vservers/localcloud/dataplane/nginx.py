"""nginx as child processes, for its stream module: check, start, hand over, end.

A reload by nginx itself closes the socket under the answers that are still to come. So a changed
configuration is a second nginx instead. Each has sockets of its own on the same ports, which the
kernel lets us share (SO_REUSEPORT); a filter of one instruction sends every new datagram to the
newer one, while the older passes on the answers that are under way and then ends.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from vservers.localcloud.dataplane.child import ended, leash, opened, write
from vservers.localcloud.dataplane.ports import Endpoint

log = logging.getLogger(__name__)

START_SECONDS = 10.0
HAND_OVER_SECONDS = 1.0
STOP_SECONDS = 3.0
POLL_SECONDS = 0.01
LOG_TAIL_BYTES = 2000
MAX_LOG_BYTES = 1024 * 1024

_MODULES = re.compile(r"--modules-path=(/[A-Za-z0-9/._-]+)", re.ASCII)
_MODULE = "ngx_stream_module.so"
_WORKER = "nginx: worker process"

# From the kernel's asm-generic/socket.h and filter.h: a program "return 1" as sock_fprog.
_SO_ATTACH_REUSEPORT_CBPF = 51
_RETURN_ONE = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 1))
_CHOOSE_SECOND = struct.pack("@HP", 1, ctypes.addressof(_RETURN_ONE))


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


@dataclass(slots=True)
class _Generation:
    """One running nginx with its sockets."""

    process: asyncio.subprocess.Process
    sockets: list[socket.socket]


class Nginx:
    """What serves one configuration after the other, with all files in one folder.

    on_death: called with a sentence when it ends without having been asked to.
    """

    def __init__(self, program: Program, folder: Path, on_death: Callable[[str], None]) -> None:
        self.config_path = folder / "nginx.conf"
        self.log_path = folder / "nginx.log"
        self.program = program
        self._folder = folder
        self._on_death = on_death
        self._current: _Generation | None = None
        self._ending: asyncio.Task[None] | None = None
        self._watch: asyncio.Task[None] | None = None
        self._number = 0

    @property
    def running(self) -> bool:
        return self._current is not None and self._current.process.returncode is None

    async def load(self, config: str, endpoints: Iterable[Endpoint]) -> None:
        """Serve this configuration, which listens there. On an error what was live still is.

        Returns when it takes the datagrams; waits first while the one before the last is ending.
        """
        if not self.running:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self.end_leftover()
        candidate = self.config_path.with_suffix(".candidate")
        await asyncio.to_thread(write, candidate, config)
        await self._check(candidate)
        if self._ending is not None:
            await self._ending
        candidate.replace(self.config_path)
        former, self._current = self._current, await self._start(endpoints)
        if former is not None and former.process.returncode is None:
            self._ending = asyncio.create_task(_end(former, HAND_OVER_SECONDS))
        if self._watch is not None:
            self._watch.cancel()
        self._watch = asyncio.create_task(self._reap(self._current))

    async def stop(self) -> None:
        for task in (self._watch, self._ending):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        self._watch = self._ending = None
        current, self._current = self._current, None
        if current is not None:
            await _end(current, 0)
        self.end_leftover()

    def end_leftover(self) -> None:
        """End what an nginx left behind that was killed: its workers do not notice."""
        for pid in _ours(self._folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                log.warning("ended nginx %s, which was left over", pid)

    def trim_log(self) -> None:
        """Empty the log when it has grown."""
        with contextlib.suppress(OSError):
            if self.log_path.stat().st_size > MAX_LOG_BYTES:
                os.truncate(self.log_path, 0)

    def _command(self, config: Path) -> list[str]:
        # Two may run at a time, and each removes its pid file in the end.
        pid_file = f"pid nginx.{self._number % 2}.pid;"
        return [self.program.path, "-p", f"{self._folder}/", "-c", str(config), "-g", pid_file]

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

    async def _start(self, endpoints: Iterable[Endpoint]) -> _Generation:
        before = set(_ours(self._folder))
        self._number += 1
        sockets = _bound(endpoints)
        try:
            numbers = [one.fileno() for one in sockets]
            process = await asyncio.create_subprocess_exec(
                *self._command(self.config_path),
                cwd=self._folder,
                env={**os.environ, "NGINX": "".join(f"{number};" for number in numbers)},
                pass_fds=numbers,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=opened(self.log_path),
                stderr=asyncio.subprocess.STDOUT,
                preexec_fn=_prepared(leash(os.getpid())),
                process_group=0,
            )
        except BaseException:
            _close(sockets)
            raise
        started = _Generation(process, sockets)
        try:
            async with asyncio.timeout(START_SECONDS):
                while process.returncode is None:
                    now = _ours(self._folder)
                    if any(now[pid] == _WORKER for pid in now.keys() - before):
                        return started
                    await asyncio.sleep(POLL_SECONDS)
        except BaseException as error:
            await _end(started, 0)
            if isinstance(error, TimeoutError):
                raise NginxError(f"no worker after {START_SECONDS:.0f} s") from None
            raise
        _close(sockets)
        raise NginxError(_emergencies(self._log_tail(0)))

    async def _reap(self, generation: _Generation) -> None:
        code = await generation.process.wait()
        self._current = None
        _close(generation.sockets)
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


def _bound(endpoints: Iterable[Endpoint]) -> list[socket.socket]:
    """A socket for each, to which the kernel gives the datagrams from now on."""
    sockets: list[socket.socket] = []
    try:
        for endpoint in endpoints:
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            one.bind(endpoint)
            # There are never more than two on a port: choose the second. While there is no second
            # the choice is void, and the kernel takes the only one.
            with contextlib.suppress(OSError):
                one.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, _CHOOSE_SECOND)
    except OSError:
        _close(sockets)
        raise
    return sockets


def _close(sockets: Iterable[socket.socket]) -> None:
    for one in sockets:
        one.close()


async def _end(generation: _Generation, seconds: float) -> None:
    """End it after this time, and only then give its sockets back."""
    try:
        await asyncio.sleep(seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            generation.process.terminate()
        await ended(generation.process, STOP_SECONDS)
        _close(generation.sockets)


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
