"""The demo instances by themselves: many endpoints, and a process that comes back."""

import asyncio
import os
import resource
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.dataplane.world import (
    MEMBER_PORT,
    Answer,
    Network,
    children,
    connected,
    count,
    serve,
)
from vservers.localcloud.dataplane import DataPlane
from vservers.localcloud.dataplane.fleet import Fleet

pytestmark = pytest.mark.dataplane

MANY = 10_000
_SPARE_FILES = 1000


@pytest.fixture
async def fleet() -> AsyncIterator[Fleet]:
    running = Fleet()
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


async def _ask(address: str, port: int, target: str = "/") -> Answer:
    async with connected(address, port) as client:
        return await client.ask(target)


async def test_each_endpoint_answers_with_its_own_id(fleet: Fleet, network: Network) -> None:
    first, second = (network.instance(0), 8080), (network.instance(1), 9090)
    await fleet.open({first: "i-a", second: "i-b"})
    assert (await _ask(*first)).body.startswith(b"i-a\n")
    assert (await _ask(*second, "/health")).body.splitlines()[2] == b"healthy"
    await fleet.open({second: "i-c"})
    assert (await _ask(*second)).server == "i-c"
    await fleet.close([first])
    with pytest.raises(ConnectionRefusedError):
        await _ask(*first)


async def test_what_is_sent_is_read_to_its_end(fleet: Fleet, network: Network) -> None:
    endpoint = (network.instance(0), 8080)
    await fleet.open({endpoint: "i-a"})
    reader, writer = await asyncio.open_connection(*endpoint)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n")
    writer.write(b"X-Long: " + b"x" * 20_000 + b"\r\nContent-Length: 3000000\r\n\r\n")
    writer.write(b"x" * 3_000_000)
    await writer.drain()
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\n3000000 bytes received\n")


async def test_without_instances_somebody_elses_servers_are_asked(
    tmp_path: Path, network: Network
) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nX-Instance-Id: own\r\nContent-Length: 0\r\n\r\n")

    plane = DataPlane(tmp_path, instances=False)
    await plane.start()
    try:
        assert not any("dataplane.instances" in _command(pid) for pid in children(os.getpid()))
        backend = network.backend("rsp-1", [1, 1])
        await serve(
            plane,
            network.listener(backend),
            replace(network.listener(backend, port=53), protocol="udp"),
        )
        async with await asyncio.start_server(answer, network.instance(0), MEMBER_PORT):
            assert await count(network.balancer, 4) == {"own": 4}
        assert plane.notices() == []
    finally:
        await plane.stop()


async def test_ctrl_c_in_a_terminal_is_for_the_cloud_alone(
    plane: DataPlane, network: Network
) -> None:
    listener = network.listener(network.backend("rsp-1", [1]))
    await serve(plane, listener, replace(listener, port=53, protocol="udp"))
    programs = ("haproxy", "nginx", "dataplane.instances")
    started = {
        name: pid for pid in children(os.getpid()) for name in programs if name in _command(pid)
    }
    assert started.keys() == set(programs)
    assert os.getpgid(0) not in {os.getpgid(pid) for pid in started.values()}


async def test_closing_lets_connections_finish_and_aborting_does_not(
    fleet: Fleet, network: Network
) -> None:
    endpoint = (network.instance(0), 8080)
    await fleet.open({endpoint: "i-a"})
    async with connected(*endpoint) as client:
        await client.ask()
        await fleet.close([endpoint])
        assert (await client.ask()).status == 200
        await fleet.open({endpoint: "i-a"})
        await fleet.close([endpoint], abort=True)
        with pytest.raises((EOFError, ConnectionError)):
            await client.ask()


async def test_ten_thousand_endpoints(fleet: Fleet, network: Network) -> None:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if os.geteuid() != 0 and limit < MANY + _SPARE_FILES:
        pytest.skip(f"this user may open {limit} files only")
    wanted = {(network.instance(n // 10), 8000 + n % 10): f"i-{n}" for n in range(MANY)}
    started = time.monotonic()
    await fleet.open(wanted)
    print(f"{MANY} endpoints opened in {time.monotonic() - started:.2f} s")
    assert dict(fleet.refused) == {}
    for n in (0, 1, MANY // 2, MANY - 1):
        assert (await _ask(network.instance(n // 10), 8000 + n % 10)).server == f"i-{n}"


async def test_the_process_comes_back_with_all_it_served(fleet: Fleet, network: Network) -> None:
    endpoint = (network.instance(0), 8080)
    await fleet.open({endpoint: "i-a"})
    [pid] = [pid for pid in children(os.getpid()) if "dataplane.instances" in _command(pid)]
    os.kill(pid, signal.SIGKILL)
    for _ in range(100):
        try:
            answer = await _ask(*endpoint)
        except (ConnectionError, EOFError):
            await asyncio.sleep(0.05)
        else:
            assert answer.server == "i-a"
            return
    pytest.fail("the instances did not come back")


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
