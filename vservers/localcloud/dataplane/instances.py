"""The demo ECS instances: one process, a real HTTP server on every endpoint that it is told.

Run as a module. It reads commands as JSON lines from standard input, answers each with one line on
standard output, and ends when its input ends, so that it never outlives who started it:

    {"id": 7, "open": [[address, port, server_id], ...], "close": [[address, port], ...],
     "abort": [[address, port], ...], "datagrams": [[address, port, server_id], ...]}
    {"id": 7, "refused": [[address, port, "why"], ...]}

close stops listening and lets open connections finish; abort also cuts them, as a stopped instance
would. datagrams names every endpoint that answers datagrams, with its ID and what it was sent.
"""

import asyncio
import errno
import functools
import json
import resource
import sys
from typing import Any

from aiohttp import web

type Endpoint = tuple[str, int]

WANTED_FILES = 65536
BACKLOG = 512
KEEPALIVE_SECONDS = 90.0  # longer than the engine keeps an idle connection: it closes first
LONGEST_COMMAND_BYTES = 8 * 1024 * 1024
TAKEN = "another program has this port, and gets the requests"
LONGEST_LINE_BYTES = 32 * 1024  # more than the engine lets through
OPENED_BETWEEN_PAUSES = 100

_SHOWN_HEADERS = (
    *("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port", "X-Forwarded-Client-srcport"),
    *("SLB-ID", "SLB-IP"),
)


class Instances:
    """The listening sockets and who answers on them."""

    def __init__(self) -> None:
        self._owners: dict[Endpoint, str] = {}
        self._listening: dict[Endpoint, asyncio.Server] = {}
        self._datagrams: dict[Endpoint, _Datagrams] = {}
        self._http = web.Server(
            self._answer,
            access_log=None,
            keepalive_timeout=KEEPALIVE_SECONDS,
            tcp_keepalive=False,
            max_line_size=LONGEST_LINE_BYTES,
            max_field_size=LONGEST_LINE_BYTES,
        )

    async def open(self, address: str, port: int, server_id: str) -> None:
        """Serve there, or answer with another ID from now on. Raises OSError."""
        endpoint = (address, port)
        self._owners[endpoint] = server_id
        if endpoint not in self._listening:
            self._listening[endpoint] = await asyncio.get_running_loop().create_server(
                self._http, address, port, backlog=BACKLOG
            )

    def close(self, endpoint: Endpoint) -> None:
        listening = self._listening.pop(endpoint, None)
        if listening is not None:
            listening.close()

    def abort(self, endpoints: set[Endpoint]) -> None:
        for endpoint in endpoints:
            self.close(endpoint)
        for connection in self._http.connections:
            transport = connection.transport
            if transport is not None and transport.get_extra_info("sockname")[:2] in endpoints:
                transport.abort()

    async def answer_datagrams(self, wanted: dict[Endpoint, str]) -> list[list[Any]]:
        """Answer datagrams there and nowhere else; returns where not, and why."""
        for endpoint in self._datagrams.keys() - wanted.keys():
            self._datagrams.pop(endpoint).close()
        refused: list[list[Any]] = []
        for endpoint, server_id in wanted.items():
            if endpoint in self._datagrams:
                self._datagrams[endpoint].server_id = server_id
                continue
            try:
                _, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
                    functools.partial(_Datagrams, server_id), local_addr=endpoint
                )
            except OSError as error:
                refused.append([*endpoint, error.strerror or str(error)])
            else:
                self._datagrams[endpoint] = protocol
        return refused

    async def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        self.abort({(address, port) for address, port in command.get("abort", ())})
        for address, port in command.get("close", ()):
            self.close((address, port))
        refused = []
        for number, (address, port, server_id) in enumerate(command.get("open", ())):
            try:
                await self.open(address, port, server_id)
            except OSError as error:
                taken = error.errno == errno.EADDRINUSE
                refused.append([address, port, TAKEN if taken else error.strerror or str(error)])
            if number % OPENED_BETWEEN_PAUSES == 0:
                await asyncio.sleep(0)  # requests and health checks have their turn
        if "datagrams" in command:
            wanted = {(address, port): owner for address, port, owner in command["datagrams"]}
            refused += await self.answer_datagrams(wanted)
        return {"id": command["id"], "refused": refused}

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        """200 with the instance's ID first, then what arrived, for a person to read."""
        transport = request.transport
        address, port = transport.get_extra_info("sockname")[:2] if transport else ("", 0)
        server_id = self._owners.get((address, port), "")
        lines = [server_id, f"served by {address}:{port}"]
        if request.path == "/health":
            lines.append("healthy")
        lines += [f"{request.method} {request.raw_path}", f"Host: {request.host}"]
        for name in _SHOWN_HEADERS:
            lines += [f"{name}: {value}" for value in request.headers.getall(name, [])]
        if request.body_exists:
            # Read to its end: a client that still sends would not hear the answer over HTTP/2.
            size = 0
            async for part in request.content.iter_any():
                size += len(part)
            lines.append(f"{size} bytes received")
        return web.Response(
            text="\n".join(lines) + "\n",
            headers={"X-Instance-Id": server_id, "X-Content-Type-Options": "nosniff"},
        )


class _Datagrams(asyncio.DatagramProtocol):
    """Answers each datagram with the instance's ID and what it said."""

    def __init__(self, server_id: str) -> None:
        self.server_id = server_id
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)  # noqa: S101 - so it was made
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if self._transport is not None:
            self._transport.sendto(f"{self.server_id}\n".encode() + data, addr)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def raise_file_limit() -> None:
    """Allow as many open files as this user may have, up to what the fleet can use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limits in ((max(soft, WANTED_FILES), max(hard, WANTED_FILES)), (hard, hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        except (ValueError, OSError):
            continue
        return


async def main() -> None:
    instances = Instances()
    commands = asyncio.StreamReader(limit=LONGEST_COMMAND_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
    )
    while line := await commands.readline():
        answer = await instances.obey(json.loads(line))
        # A short line into a pipe that the other side waits on: it does not block.
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    raise_file_limit()
    asyncio.run(main())
