"""Starts and steers the process of the demo instances."""

import asyncio
import contextlib
import itertools
import json
import logging
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vservers.localcloud.dataplane.ports import Endpoint
from vservers.localcloud.dataplane.topology import Listener

log = logging.getLogger(__name__)

ENDPOINTS_PER_COMMAND = 1000
ANSWER_SECONDS = 60.0
LONGEST_ANSWER_BYTES = 1024 * 1024
STOP_SECONDS = 3.0
RESTART_SECONDS = 0.5
SHOWN_REFUSALS = 5

_ROOT = Path(__file__).resolve().parents[3]


def endpoints(
    listeners: Iterable[Listener], real_port: Callable[[int], int]
) -> dict[Endpoint, str]:
    """Who answers where behind these listeners: (address, port) -> server ID."""
    return {
        (member.address, real_port(member.port)): member.server_id
        for listener in listeners
        for backend in listener.backends
        for member in backend.members
        if member.running
    }


class Fleet:
    """The endpoints that answer; a process that ends is started anew with all of them.

    answering: False leaves all endpoints to servers that somebody else runs there.
    """

    def __init__(self, *, answering: bool = True) -> None:
        self._answering = answering
        self._wanted: dict[Endpoint, str] = {}
        self._refused: dict[Endpoint, str] = {}
        self._datagrams: dict[Endpoint, str] = {}
        self._datagrams_refused: list[str] = []
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._numbers = itertools.count(1)

    @property
    def endpoints(self) -> Mapping[Endpoint, str]:
        """Who is meant to answer where: (address, port) -> server ID."""
        return self._wanted

    @property
    def refused(self) -> Mapping[Endpoint, str]:
        """Where nobody answers, and why."""
        return self._refused

    @property
    def datagrams(self) -> Mapping[Endpoint, str]:
        """Who is meant to answer datagrams where."""
        return self._datagrams

    @property
    def datagrams_refused(self) -> Sequence[str]:
        """Where nobody answers datagrams, and why."""
        return self._datagrams_refused

    def notices(self) -> list[str]:
        """The first of what is refused, and how many more there are."""
        refused = [*self._refused.values(), *self._datagrams_refused]
        more = len(refused) - SHOWN_REFUSALS
        told = [f"and {more} more instance ports do not answer"] if more > 0 else []
        return refused[:SHOWN_REFUSALS] + told

    async def start(self) -> None:
        if not self._answering:
            return
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
            self._keeper = None
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None  # noqa: S101 - it was asked for as a pipe
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def open(self, endpoints: Mapping[Endpoint, str]) -> None:
        """Answer there; returns when they do, or are in `refused`. A refused one is tried again."""
        new = {
            endpoint: server_id
            for endpoint, server_id in endpoints.items()
            if self._wanted.get(endpoint) != server_id or endpoint in self._refused
        }
        self._wanted.update(new)
        await self._tell_open(new)

    async def answer_datagrams(self, endpoints: Mapping[Endpoint, str]) -> None:
        """Answer datagrams there and nowhere else. What was refused is tried again."""
        if endpoints != self._datagrams or self._datagrams_refused:
            self._datagrams = dict(endpoints)
            await self._tell_datagrams()

    async def close(self, endpoints: Iterable[Endpoint], *, abort: bool = False) -> None:
        """No longer answer there; abort: cut open connections too."""
        gone = [endpoint for endpoint in endpoints if endpoint in self._wanted]
        for endpoint in gone:
            del self._wanted[endpoint]
            self._refused.pop(endpoint, None)
        for part in itertools.batched(gone, ENDPOINTS_PER_COMMAND):
            await self._tell({"abort" if abort else "close": part})

    async def _tell_open(self, endpoints: Mapping[Endpoint, str]) -> None:
        for part in itertools.batched(endpoints.items(), ENDPOINTS_PER_COMMAND):
            answer = await self._tell({"open": [[*endpoint, owner] for endpoint, owner in part]})
            if answer is None:
                return  # the process has ended; its successor is told everything
            for endpoint, _ in part:
                self._refused.pop(endpoint, None)
            for address, port, why in answer["refused"]:
                self._refused[address, port] = f"no demo instance at {address}:{port}: {why}"

    async def _tell_datagrams(self) -> None:
        wanted = [[*endpoint, owner] for endpoint, owner in self._datagrams.items()]
        answer = await self._tell({"datagrams": wanted})
        if answer is not None:
            self._datagrams_refused = [
                f"{address}:{port} does not answer datagrams: {why}"
                for address, port, why in answer["refused"]
            ]

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "vservers.localcloud.dataplane.instances",
            cwd=_ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_ANSWER_BYTES,
            # Ctrl-C in a terminal is for the cloud, which ends what it started.
            process_group=0,
        )

    async def _keep(self) -> None:
        while True:
            process = self._process
            if process is None:
                return
            code = await process.wait()
            log.error("the demo instances ended by themselves (%s); starting them anew", code)
            await asyncio.sleep(RESTART_SECONDS)
            await self._spawn()
            await self._tell_open(dict(self._wanted))
            if self._datagrams:
                await self._tell_datagrams()

    async def _tell(self, command: dict[str, Any]) -> dict[str, Any] | None:
        """The process's answer, None when it has ended."""
        async with self._lock:
            process = self._process
            if process is None or process.stdin is None or process.stdout is None:
                return None
            number = next(self._numbers)
            try:
                process.stdin.write(json.dumps({"id": number, **command}).encode() + b"\n")
                async with asyncio.timeout(ANSWER_SECONDS):
                    await process.stdin.drain()
                    while line := await process.stdout.readline():
                        answer: dict[str, Any] = json.loads(line)
                        if answer["id"] == number:
                            return answer
            except (ConnectionError, TimeoutError) as error:
                log.warning("the demo instances do not answer: %r", error)
            return None
