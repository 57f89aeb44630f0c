"""Keeps child processes: starts them in order, restarts those that die, stops all of them.

Written here because what a library offers does not fit: honcho stops all when one dies, waits for
none to be ready and leaves orphans after a kill -9; supervisord and circus are daemons with
configuration and sockets of their own.
"""

import asyncio
import os
import pwd
import signal
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from .leash import leash

_KEPT_LINES = 15
_LONGEST_LINE = 1 << 20
_READY_POLL_SECONDS = 0.05
_STOP_SECONDS = 10
_STEADY_SECONDS = 60
_RESTART_SECONDS = (1, 2, 4, 8, 16)


@dataclass(frozen=True)
class Program:
    """What to run and how to know that it serves.

    environment: added to ours. account: run as this user instead of our own. quiet: its output is
    shown only when it fails. ready: asked again and again until it says yes.
    """

    name: str
    argv: Sequence[str]
    ready: Callable[[], Awaitable[bool]]
    environment: Mapping[str, str] = field(default_factory=dict)
    account: pwd.struct_passwd | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    quiet: bool = False
    ready_seconds: float = 60


class ProgramFailed(Exception):
    """A program ended, or did not get ready; the text has its last lines."""


class Processes:
    """The children of this process, in the order of their start.

    Each is the leader of its own process group, so that Ctrl-C reaches only us and we stop them in
    order, and each is told by the kernel when we end, so that none outlives even a kill -9.
    """

    def __init__(
        self,
        folder: Path,
        *,
        say: Callable[[str], None],
        changed: Callable[[list[int]], None],
    ) -> None:
        """folder: where all run. say: prints text. changed: is told the ids of all children."""
        self._folder = folder
        self._say = say
        self._changed = changed
        self._kept: list[_Kept] = []
        self._failure: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def start(self, program: Program) -> None:
        """Start a program and wait until it is ready; raises ProgramFailed when it will not be."""
        kept = _Kept(program, self._folder, self._say)
        await kept.spawn()
        self._kept.append(kept)
        self._tell()
        await kept.wait_until_ready()
        kept.keeper = asyncio.create_task(self._keep(kept))

    async def run(
        self, name: str, argv: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> str:
        """Run a program to its end and return what it wrote to stdout; its stderr is shown.

        Raises ProgramFailed when its exit code is not 0.
        """
        kept = _Kept(Program(name, argv, _always, environment or {}), self._folder, self._say)
        await kept.spawn(capture=True)
        self._kept.append(kept)
        self._tell()
        try:
            code = await kept.wait()
        finally:
            await kept.stop()
            self._kept.remove(kept)
            self._tell()
        if code:
            raise ProgramFailed(kept.account_of_the_end(code))
        return kept.captured.decode(errors="replace")

    async def failure(self) -> str:
        """Wait until a program is given up for good; the text says which and why."""
        return await asyncio.shield(self._failure)

    async def stop(self) -> None:
        """Stop all, the last started first."""
        for kept in reversed(self._kept):
            await kept.stop()
        self._kept.clear()
        self._tell()

    def kill(self) -> None:
        """End all at once, without letting them put things in order."""
        for kept in self._kept:
            kept.kill()

    async def _keep(self, kept: "_Kept") -> None:
        """Start a program again when it ends by itself, each time after a longer pause."""
        deaths = 0
        while True:
            code = await kept.wait()
            deaths = 1 if kept.age() > _STEADY_SECONDS else deaths + 1
            text = kept.account_of_the_end(code)
            if deaths > len(_RESTART_SECONDS):
                self._give_up(f"{text}\nThis was too often, so everything stops.")
                return
            pause = _RESTART_SECONDS[deaths - 1]
            self._say(f"{text}\nIt is started again in {pause} s.")
            await asyncio.sleep(pause)
            try:
                await kept.spawn()
            except OSError as error:
                self._give_up(f"{kept.program.name} cannot be started: {error}")
                return
            self._tell()

    def _give_up(self, text: str) -> None:
        if not self._failure.done():
            self._failure.set_result(text)

    def _tell(self) -> None:
        self._changed([kept.process.pid for kept in self._kept])


class _Kept:
    """One program and its present process, which is there from the first spawn on."""

    process: asyncio.subprocess.Process

    def __init__(self, program: Program, folder: Path, say: Callable[[str], None]) -> None:
        self.program = program
        self._folder = folder
        self.keeper: asyncio.Task[None] | None = None
        self.captured = b""
        self._say = say
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._readers: list[asyncio.Task[None]] = []
        self._started = 0.0

    async def spawn(self, *, capture: bool = False) -> None:
        program = self.program
        account = program.account
        self._started = time.monotonic()
        self._lines.clear()
        shown, output = await _pipe()
        captured, stdout = await _pipe() if capture else (None, output)
        try:
            self.process = await asyncio.create_subprocess_exec(
                *program.argv,
                cwd=self._folder,
                env={**os.environ, **program.environment},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=stdout,
                stderr=output,
                user=account.pw_uid if account else None,
                group=account.pw_gid if account else None,
                extra_groups=[] if account else None,
                process_group=0,
                preexec_fn=leash(program.stop_signal),
            )
        finally:
            for descriptor in {stdout, output}:
                os.close(descriptor)
        self._readers = [asyncio.create_task(self._relay(shown))]
        if captured:
            self._readers.append(asyncio.create_task(self._capture(captured)))

    async def wait(self) -> int:
        """Wait for the end of the process and of its output; its exit code, -N after signal N."""
        code = await self.process.wait()
        # What it started and left behind would hold its ports.
        self.kill()
        await asyncio.wait(self._readers, timeout=1)
        return code

    async def wait_until_ready(self) -> None:
        deadline = time.monotonic() + self.program.ready_seconds
        ended = asyncio.create_task(self.wait())
        try:
            while time.monotonic() < deadline:
                if await self.program.ready():
                    return
                await asyncio.wait([ended], timeout=_READY_POLL_SECONDS)
                if ended.done():
                    raise ProgramFailed(self.account_of_the_end(ended.result()))
        finally:
            ended.cancel()
        raise ProgramFailed(
            f"{self.program.name} was not ready after {self.program.ready_seconds:.0f} s."
            f"{self._last_lines()}"
        )

    async def stop(self) -> None:
        if self.keeper:
            self.keeper.cancel()
        if self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(self.program.stop_signal)
            try:
                await asyncio.wait_for(self.process.wait(), _STOP_SECONDS)
            except TimeoutError:
                self._say(f"{self.program.name} did not stop in {_STOP_SECONDS} s and is killed.")
        # Also after its end: whatever it started and left behind is in its group.
        self.kill()
        for reader in self._readers:
            reader.cancel()

    def kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def age(self) -> float:
        return time.monotonic() - self._started

    def account_of_the_end(self, code: int) -> str:
        how = f"ended with code {code}"
        if code < 0:
            how = f"was ended by signal {-code} ({signal.strsignal(-code)})"
        return f"{self.program.name} {how}.{self._last_lines()}"

    def _last_lines(self) -> str:
        # Of a program that is not quiet they are on the screen already.
        if not self._lines or not self.program.quiet:
            return ""
        return "\n".join([" Its last lines:", *(f"    {line}" for line in self._lines)])

    async def _relay(self, stream: asyncio.StreamReader) -> None:
        while True:
            try:
                raw = await stream.readline()
            except ValueError:
                continue  # longer than any line for people; the stream goes on behind it
            if not raw:
                return
            line = raw.decode(errors="replace").rstrip()
            self._lines.append(line)
            if not self.program.quiet:
                self._say(f"{self.program.name:>10} | {line}")

    async def _capture(self, stream: asyncio.StreamReader) -> None:
        self.captured = await stream.read()


async def _pipe() -> tuple[asyncio.StreamReader, int]:
    """A pipe: where we read, and the descriptor to write to.

    Not asyncio's own pipes: with those it takes a program for running until everything that the
    program started has closed them too.
    """
    readable, writable = os.pipe()
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(readable, "rb", 0)
    )
    return reader, writable


async def _always() -> bool:
    return True
