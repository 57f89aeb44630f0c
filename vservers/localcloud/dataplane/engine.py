"""HAProxy as a child process: check, start, hitless reload, runtime commands, end."""

import asyncio
import contextlib
import logging
import os
import re
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from vservers.localcloud.dataplane.child import ended, leash, opened, write
from vservers.localcloud.dataplane.names import ServerKey
from vservers.localcloud.dataplane.processes import failed_reloads, workers
from vservers.localcloud.dataplane.servers import EMPTY_STATE

log = logging.getLogger(__name__)

START_SECONDS = 30.0
RELOAD_SECONDS = 60.0
COMMAND_SECONDS = 10.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.005
MASTER_SECONDS = 2.0
COMMANDS_PER_CALL = 40
LOG_TAIL_BYTES = 2000
MAX_LOG_BYTES = 1024 * 1024
# Some 400 bytes a frontend or backend: room for all of the largest account.
MAX_ANSWER_BYTES = 64 * 1024 * 1024

_SESSION = re.compile(r"^(0x[0-9a-f]+): .* be=(\S+) srv=(\S+) ", re.MULTILINE)
_PROMPT = b"\n> "
_SHOW_STAT = "show stat -1 3 -1"
_SHOW_SERVERS = "show stat -1 4 -1"


class EngineError(Exception):
    """The engine does not do what it was asked; the text says what it answered."""


class EngineRefused(EngineError):
    """The engine finds this configuration wrong, now and whenever it is asked again."""


class HeldWorker:
    """A worker that does not end before it is let go. pid: as in the answers of `Engine.stats`."""

    def __init__(
        self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.pid = pid
        self._reader = reader
        self._writer = writer
        # Else the worker closes the connection after its first answer.
        writer.write(b"prompt\n")
        self._greeted = False

    async def stats(self) -> str:
        """The answer to "show stat" (frontends, backends); EngineError when it has ended."""
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                if not self._greeted:
                    await self._reader.readuntil(_PROMPT)
                    self._greeted = True
                self._writer.write(f"{_SHOW_STAT}\n".encode("ascii"))
                answer = await self._reader.readuntil(_PROMPT)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            raise EngineError(f"haproxy's worker does not answer: {error!r}") from error
        return answer.removesuffix(_PROMPT).decode(errors="replace")

    def let_go(self) -> None:
        self._writer.close()


class Engine:
    """One HAProxy in master-worker mode.

    folder: for configuration, log and pid file; sockets: for sockets and state file, a short path.
    on_death: called with a sentence when the process ends without having been asked to.
    """

    def __init__(
        self, program: str, folder: Path, sockets: Path, on_death: Callable[[str], None]
    ) -> None:
        self.config_path = folder / "haproxy.cfg"
        self.log_path = folder / "haproxy.log"
        self.pid_path = folder / "haproxy.pid"
        self.stats_socket = sockets / "stats.sock"
        self.state_path = sockets / "servers.state"
        self._master_socket = sockets / "master.sock"
        self._program = program
        self._on_death = on_death
        self._process: asyncio.subprocess.Process | None = None
        self._reaper: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def load(self, config: str, server_state: str = EMPTY_STATE) -> None:
        """Make this the running configuration; returns when it takes new connections.

        server_state: health to start with. Raises EngineRefused, or EngineError when it is right
        but cannot be started now; what was live before is live still then, on disk too.
        """
        candidate = self.config_path.with_suffix(".candidate")
        await asyncio.to_thread(write, candidate, config)
        await asyncio.to_thread(write, self.state_path, server_state)
        await self._check(candidate)
        previous = self.config_path.with_suffix(".previous")
        with contextlib.suppress(FileNotFoundError):
            previous.unlink()
        with contextlib.suppress(FileNotFoundError):
            self.config_path.rename(previous)
        candidate.rename(self.config_path)
        try:
            if self.running:
                await self._reload()
            else:
                await self._start()
        except EngineError:
            with contextlib.suppress(FileNotFoundError):
                previous.replace(self.config_path)
            raise

    async def keep(self, config: str) -> None:
        """Write what is live already by runtime commands, so that a reload does not undo it."""
        candidate = self.config_path.with_suffix(".candidate")
        await asyncio.to_thread(write, candidate, config)
        candidate.replace(self.config_path)

    async def set_weights(self, weights: Mapping[ServerKey, int]) -> None:
        """Tell every worker: one that still finishes its connections must drain a server, too."""
        current, old = await self._workers()
        for pid in old:
            with contextlib.suppress(EngineError):
                await self._tell_weights(pid, weights)
        for pid in current:
            answer = await self._tell_weights(pid, weights)
            if answer.strip():
                raise EngineError(answer.strip())

    async def cut(self, servers: Iterable[ServerKey]) -> None:
        """Close the connections to these servers, in every worker that knows them."""
        gone = set(servers)
        current, old = await self._workers()
        commands = [
            f"@!{pid} shutdown sessions server {backend}/{server}"
            for pid in current
            for backend, server in gone
        ]
        # A worker that ends takes no command for a server any more, but it does for a session.
        for pid in old:
            with contextlib.suppress(EngineError):
                sessions = _SESSION.findall(await self._ask(f"@!{pid} show sess"))
                commands += [
                    f"@!{pid} shutdown session {session}"
                    for session, backend, server in sessions
                    if (backend, server) in gone
                ]
        for part in _parts(commands):
            await self._ask(";".join(part))

    async def server_states(self) -> str:
        """The answer to "show servers state" of the worker that takes new connections."""
        current, _ = await self._workers()
        if not current:
            raise EngineError("no worker")
        return await self._ask(f"@!{current[-1]} show servers state")

    async def stats(self) -> dict[int, str]:
        """The answers to "show stat" (frontends, backends) by worker, old ones included."""
        return await self._ask_all(_SHOW_STAT)

    async def servers(self) -> dict[int, str]:
        """The answers to "show stat" of servers by worker, old ones included."""
        return await self._ask_all(_SHOW_SERVERS)

    async def _ask_all(self, command: str) -> dict[int, str]:
        """What each worker answers; the current one is among them, if one can be had in time."""
        deadline = time.monotonic() + MASTER_SECONDS
        while True:
            current, old = await self._workers()
            answers = {}
            for pid in (*old, *current):
                # An old worker may end, and the master be away, between question and answer.
                with contextlib.suppress(EngineError):
                    if answer := await self._ask(f"@!{pid} {command}"):
                        answers[pid] = answer
            if not answers.keys().isdisjoint(current) or time.monotonic() > deadline:
                return answers
            await asyncio.sleep(POLL_SECONDS)

    async def hold(self) -> "HeldWorker":
        """Keep the current worker alive over a reload, to hear all that it counts.

        A worker ends with its last connection; until it is let go, that is this one to its own
        command socket.
        """
        current, _ = await self._workers()
        if not current:
            raise EngineError("no worker")
        try:
            reader, writer = await asyncio.open_unix_connection(
                str(self.stats_socket), limit=MAX_ANSWER_BYTES
            )
        except OSError as error:
            raise EngineError(f"haproxy does not answer: {error!r}") from error
        return HeldWorker(current[-1], reader, writer)

    async def draining(self) -> bool:
        """Whether a worker of an earlier configuration still finishes its connections."""
        _, old = await self._workers()
        return bool(old)

    async def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await ended(process, STOP_SECONDS)
        if self._reaper is not None:
            await self._reaper
            self._reaper = None
        self.pid_path.unlink(missing_ok=True)

    def end_leftover(self) -> None:
        """End an engine that an earlier run with this folder left behind."""
        try:
            pid = int(self.pid_path.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return
        # A pid is used again by others: it is ours only if it was started with our file.
        if os.fsencode(self.config_path) in command:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)  # its workers end with it
                log.warning("ended haproxy %s, left over by an earlier run", pid)

    async def _check(self, candidate: Path) -> None:
        process = await asyncio.create_subprocess_exec(
            self._program,
            "-c",
            "-f",
            str(candidate),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, answer = await process.communicate()
        except asyncio.CancelledError:
            # It may have ended in the meantime; that must not take the cancellation's place.
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        if process.returncode:
            raise EngineRefused(_alerts(answer.decode(errors="replace")))

    async def _start(self) -> None:
        self._master_socket.unlink(missing_ok=True)
        process = await asyncio.create_subprocess_exec(
            self._program,
            "-W",
            "-S",
            f"{self._master_socket},mode,600",
            "-f",
            str(self.config_path),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=opened(self.log_path),
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=leash(os.getpid()),
            process_group=0,
        )
        self._process = process
        await asyncio.to_thread(write, self.pid_path, f"{process.pid}\n")
        try:
            async with asyncio.timeout(START_SECONDS):
                while process.returncode is None:
                    with contextlib.suppress(EngineError):
                        if (await self._workers())[0]:
                            self._reaper = asyncio.create_task(self._reap(process))
                            return
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            await ended(process, 0)
        self._process = None
        raise EngineError(_alerts(self._log_tail(0)))

    async def _reload(self) -> None:
        """Ask the master for a new worker and wait for it.

        The new worker takes over the listening sockets; the old one ends with its connections.
        """
        answer = await self._ask("show proc")
        before, failures = set(workers(answer)[0]), failed_reloads(answer)
        logged = self.log_path.stat().st_size
        # The master may execute itself anew before it has answered.
        with contextlib.suppress(EngineError):
            await self._ask("reload")
        try:
            async with asyncio.timeout(RELOAD_SECONDS):
                while self.running:
                    # The master is not there for a moment while it executes itself anew.
                    with contextlib.suppress(EngineError):
                        answer = await self._ask("show proc")
                        current = workers(answer)[0]
                        if current and before.isdisjoint(current) and not await self._open(before):
                            return
                        if failed_reloads(answer) > failures:
                            break
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            raise EngineError(f"no new worker after {RELOAD_SECONDS:.0f} s") from None
        raise EngineError(_alerts(self._log_tail(logged)))

    async def _open(self, pids: Iterable[int]) -> bool:
        """Whether one of these still takes new connections, as old and new do for a moment."""
        for pid in pids:
            if "Stopping: 0" in await self._ask(f"@!{pid} show info"):
                return True
        return False

    async def _reap(self, process: asyncio.subprocess.Process) -> None:
        code = await process.wait()
        if self._process is process:
            self._process = None
            self._on_death(f"haproxy ended by itself ({code}): {_alerts(self._log_tail(0))}")

    async def _workers(self) -> tuple[list[int], list[int]]:
        """Process IDs of the current worker and of those that only finish their connections.

        In a reload the master executes itself anew: it is not there for a moment, or names no
        current worker. That moment is waited for.
        """
        deadline = time.monotonic() + MASTER_SECONDS
        while True:
            try:
                current, old = workers(await self._ask("show proc"))
            except EngineError:
                if not self.running or time.monotonic() > deadline:
                    raise
            else:
                if current or time.monotonic() > deadline:
                    return current, old
            await asyncio.sleep(POLL_SECONDS)

    async def _tell_weights(self, pid: int, weights: Mapping[ServerKey, int]) -> str:
        commands = [
            f"@!{pid} set server {backend}/{server} weight {weight}"
            for (backend, server), weight in weights.items()
        ]
        return "".join([await self._ask(";".join(part)) for part in _parts(commands)])

    async def _ask(self, command: str) -> str:
        """The master's answer to one line."""
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                reader, writer = await asyncio.open_unix_connection(str(self._master_socket))
                try:
                    writer.write(command.encode("ascii") + b"\n")
                    writer.write_eof()
                    return (await reader.read()).decode(errors="replace")
                finally:
                    writer.close()
        except (OSError, TimeoutError) as error:
            raise EngineError(f"haproxy does not answer: {error!r}") from error

    def trim_log(self) -> None:
        """Empty the log when it has grown: each server that goes or comes is a line."""
        with contextlib.suppress(OSError):
            if self.log_path.stat().st_size > MAX_LOG_BYTES:
                os.truncate(self.log_path, 0)

    def _log_tail(self, start: int) -> str:
        """What was logged from this byte on, at most the last few lines of it."""
        try:
            with self.log_path.open("rb") as file:
                file.seek(max(start, self.log_path.stat().st_size - LOG_TAIL_BYTES))
                return file.read().decode(errors="replace")
        except OSError:
            return ""


def _alerts(answer: str) -> str:
    """The lines that say what is wrong, of all that the engine wrote."""
    lines = [line.strip() for line in answer.splitlines() if "[ALERT]" in line]
    return " | ".join(lines[:5]) or answer.strip()[-500:] or "no message"


def _parts(commands: list[str]) -> Iterable[list[str]]:
    # One line of the master's command socket holds 16 kB.
    for start in range(0, len(commands), COMMANDS_PER_CALL):
        yield commands[start : start + COMMANDS_PER_CALL]
