"""Topologies to serve and clients that count answers, for the tests of this folder."""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from vservers.localcloud.dataplane import (
    Backend,
    DataPlane,
    HealthCheck,
    Listener,
    Member,
    Route,
    Topology,
)

MEMBER_PORT = 8080
QUICK_CHECK = HealthCheck(interval=1, timeout=1, healthy_threshold=2, unhealthy_threshold=2)


@dataclass(frozen=True)
class Network:
    """A loopback network of one test process: prefix is its first two numbers."""

    prefix: str

    @property
    def balancer(self) -> str:
        return f"{self.prefix}.0.2"

    def instance(self, number: int) -> str:
        return f"{self.prefix}.{1 + number // 250}.{1 + number % 250}"

    def member(
        self, number: int, weight: int = 100, port: int = MEMBER_PORT, *, running: bool = True
    ) -> Member:
        return Member(f"i-{number}", self.instance(number), port, weight, running)

    def backend(self, key: str, weights: Sequence[int], first: int = 0) -> Backend:
        """Instances i-<first>, i-<first + 1>, ... with these weights."""
        return Backend(key, tuple(self.member(first + n, w) for n, w in enumerate(weights)))

    def listener(self, *backends: Backend, **settings: Any) -> Listener:
        """An HTTP listener on port 8088 whose default is the first backend."""
        values: dict[str, Any] = {
            "load_balancer_id": "lb-1",
            "address": self.balancer,
            "port": 8088,
            "protocol": "http",
            "default_backend": backends[0].key if backends else "",
            "backends": backends,
        }
        return Listener(**values | settings)


def topology(*listeners: Listener, also: Iterable[Member] = ()) -> Topology:
    """Everything to serve. also: instances that run, in a group or not, beside the members."""
    running = {(member.server_id, member.address) for member in also} | {
        (member.server_id, member.address)
        for listener in listeners
        for backend in listener.backends
        for member in backend.members
        if member.running
    }
    return Topology(listeners, tuple(sorted(running)))


async def serve(plane: DataPlane, *listeners: Listener, also: Iterable[Member] = ()) -> None:
    plane.submit(topology(*listeners, also=also))
    await plane.settled()
    assert plane.status.on, plane.status
    assert plane.status.reason == ""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def server(self) -> str:
        return self.headers.get("x-instance-id", "")


@dataclass
class Client:
    """One HTTP/1.1 connection that is kept alive and opened anew only when the other side said so.

    It repeats nothing: an answer that does not come is an error, which libraries would hide.
    options: for asyncio.open_connection, such as ssl or local_addr.
    """

    address: str
    port: int = 8088
    options: dict[str, Any] = field(default_factory=dict)
    connections: int = 0
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = field(default=None)

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._streams = await asyncio.open_connection(self.address, self.port, **self.options)
        self.connections += 1
        return self._streams

    async def ask(
        self,
        target: str = "/",
        *,
        method: str = "GET",
        host: str = "www.example.com",
        headers: Iterable[str] = (),
    ) -> Answer:
        reader, writer = self._streams or await self.open()
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *headers]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *fields = head.strip().split("\r\n")
        received = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in fields)
        }
        body = b""
        if received.get("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
        elif method != "HEAD":
            body = await reader.readexactly(int(received.get("content-length", 0)))
        if received.get("connection", "").lower() == "close":
            self.close()
        return Answer(int(first.split()[1]), received, body)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


@contextlib.asynccontextmanager
async def connected(address: str, port: int = 8088, **options: Any) -> AsyncIterator[Client]:
    client = Client(address, port, options)
    try:
        yield client
    finally:
        client.close()


async def count(
    address: str,
    requests: int,
    *,
    port: int = 8088,
    each: int = 10,
    options: dict[str, Any] | None = None,
    **request: Any,
) -> Counter[str]:
    """How many answers each instance gave, over connections of `each` requests."""
    seen: Counter[str] = Counter()
    client = Client(address, port, options or {})
    for number in range(requests):
        if number % each == 0:
            client.close()
        answer = await client.ask(**request)
        seen[answer.server if answer.status == 200 else str(answer.status)] += 1
    client.close()
    return seen


async def datagram(
    address: str,
    port: int,
    text: bytes = b"hello",
    *,
    local: str = "",
    sock: socket.socket | None = None,
) -> str:
    """The ID of the instance that answers one datagram from a fresh port, "" when none does.

    local: the address that it comes from. sock: one that has its port already; it is closed.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bytes] = loop.create_future()

    class Answer(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            answered.set_result(data)

    sock = sock or _with_port(local)
    sock.connect((address, port))
    transport, _ = await loop.create_datagram_endpoint(Answer, sock=sock)
    try:
        transport.sendto(text)
        async with asyncio.timeout(0.5):
            # nginx says with an empty datagram that the server refused.
            if received := await answered:
                server, _, said = received.partition(b"\n")
                assert said == text
                return server.decode()
            return ""
    except TimeoutError:
        return ""
    finally:
        transport.close()


async def count_datagrams(
    address: str, number: int, *, port: int = 8088, local: str = ""
) -> Counter[str]:
    """How many datagrams each instance answered, each from a port of its own.

    The ports are found all at once: a port that the system gave out again would belong to a flow
    that is still remembered, and stay with that flow's server.
    """
    sockets = [_with_port(local) for _ in range(number)]
    return Counter([await datagram(address, port, sock=one) for one in sockets])


def _with_port(local: str) -> socket.socket:
    """A socket on a port of its own, of any address or of this one."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind((local, 0))
    return sock


async def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until condition() is true; fail when it is not within this time."""
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail("did not come true in time")


def children(pid: int) -> list[int]:
    """Process IDs of the children of a process without threads that fork."""
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def routes(*rules: tuple[str, str, str]) -> tuple[Route, ...]:
    """Rules of (domain, url, backend key)."""
    return tuple(Route(f"rule-{n}", *rule) for n, rule in enumerate(rules))
