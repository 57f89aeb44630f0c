"""Changes under load, refused changes, and an engine that dies."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.dataplane.churn import churn
from tests.dataplane.world import (
    Network,
    children,
    connected,
    count,
    eventually,
    serve,
)
from tests.dataplane.world import topology as topology_of
from vservers.localcloud.dataplane import DataPlane
from vservers.localcloud.dataplane.engine import Engine, EngineError, EngineRefused
from vservers.localcloud.dataplane.machine import find_haproxy, socket_folder

pytestmark = pytest.mark.dataplane


def _pid(folder: Path) -> int:
    return int((folder / "haproxy.pid").read_text())


def _alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] != "Z"
    except OSError:
        return False


async def test_no_request_is_lost_while_the_structure_changes(
    plane: DataPlane, network: Network
) -> None:
    """`make bench` does the same with 50 changes and 20,000 requests."""
    seen = await churn(plane, network, changes=20, pause=0.002)
    print(seen)
    assert seen.lost == []
    assert seen.answered > 200
    assert seen.slowest < 1


async def test_stopping_in_the_middle_of_changes_ends(network: Network, tmp_path: Path) -> None:
    for number in range(0, 15, 2):
        plane = DataPlane(tmp_path / str(number))
        await plane.start()
        plane.submit(topology_of(network.listener(network.backend("rsp-1", [1]))))
        if number > 5:
            await plane.settled()
            plane.submit(topology_of(network.listener(network.backend("rsp-1", [1, 1]))))
        await asyncio.sleep(number * 0.02)
        async with asyncio.timeout(10):
            await plane.stop()


async def test_many_submits_cost_few_reloads(plane: DataPlane, network: Network) -> None:
    for number in range(50):
        listener = network.listener(network.backend("rsp-1", [50] * (1 + number % 7)))
        plane.submit(topology_of(listener))
    started = time.monotonic()
    await plane.settled()
    assert time.monotonic() - started < 3
    assert len(await count(network.balancer, 30)) == 1 + 49 % 7


async def test_removed_servers_are_closed_once_nobody_uses_them(
    plane: DataPlane, network: Network
) -> None:
    await serve(plane, network.listener(network.backend("rsp-1", [1, 1])))
    await serve(plane, network.listener(network.backend("rsp-1", [1])))

    def closed() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((network.instance(1), 8080)) != 0

    await eventually(closed)
    assert await count(network.balancer, 5) == {"i-0": 5}


async def test_what_may_not_be_rendered_takes_no_other_listener_with_it(
    plane: DataPlane, network: Network
) -> None:
    good = network.listener(network.backend("rsp-1", [1]))
    wrong = network.listener(network.backend("rsp 1'", [1]), port=8089)
    plane.submit(topology_of(wrong, good))
    await plane.settled()
    assert (plane.status.on, plane.status.reason) == (True, "")
    [notice] = plane.notices()
    assert notice.startswith(f"{network.balancer}:8089 (http) is not served: ")
    assert await count(network.balancer, 5) == {"i-0": 5}
    await serve(plane, good)
    assert plane.notices() == []


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    program = find_haproxy(None)
    assert program is not None
    return Engine(program, tmp_path, tmp_path, print)


def _config(engine: Engine, *lines: str) -> str:
    return "\n".join(
        [
            "global",
            f"    stats socket {engine.stats_socket} mode 600 level admin expose-fd listeners",
            "defaults",
            "    mode http",
            "    timeout connect 5s",
            "    timeout client 5s",
            "    timeout server 5s",
            *lines,
            "",
        ]
    )


async def test_a_configuration_that_the_engine_refuses_is_never_loaded(
    engine: Engine, network: Network
) -> None:
    def answering(status: int, *more: str) -> str:
        bind = f"    bind {network.balancer}:8088"
        return _config(
            engine, "frontend f", bind, f"    http-request return status {status}", *more
        )

    await engine.load(answering(200))
    try:
        before = engine.config_path.read_text()
        with pytest.raises(EngineRefused, match="nonsense"):
            await engine.load(answering(404, "    nonsense"))
        assert engine.config_path.read_text() == before
        async with connected(network.balancer) as client:
            assert (await client.ask()).status == 200

        # Right, but its port was taken after it was looked at.
        with socket.create_server((network.balancer, 8089)):
            with pytest.raises(EngineError, match="Address already in use"):
                await engine.load(answering(404, f"    bind {network.balancer}:8089"))
            assert engine.config_path.read_text() == before
            async with connected(network.balancer) as client:
                assert (await client.ask()).status == 200
        await engine.load(answering(404, f"    bind {network.balancer}:8089"))
        async with connected(network.balancer, 8089) as client:
            assert (await client.ask()).status == 404
    finally:
        await engine.stop()


async def test_whoever_asks_in_a_reload_is_answered(engine: Engine, network: Network) -> None:
    config = _config(engine, "frontend f", f"    bind {network.balancer}:8088")
    await engine.load(config)

    async def reload() -> None:
        for _ in range(4):
            await engine.load(config)

    try:
        reloads = asyncio.create_task(reload())
        asked = 0
        while not reloads.done():
            told = await asyncio.gather(*(engine.stats() for _ in range(4)))
            assert all(told), "nothing told"
            asked += len(told)
        await reloads
        assert asked > 20
    finally:
        await engine.stop()


async def test_a_leftover_engine_is_ended(engine: Engine, network: Network) -> None:
    bind = f"    bind {network.balancer}:8088"
    await engine.load(_config(engine, "frontend f", bind))
    pid = _pid(engine.pid_path.parent)
    engine.end_leftover()
    await eventually(lambda: not _alive(pid))
    await engine.stop()


async def test_a_dead_engine_is_started_again(
    plane: DataPlane, network: Network, tmp_path: Path
) -> None:
    await serve(plane, network.listener(network.backend("rsp-1", [1])))
    folder = tmp_path / "dataplane"
    first = _pid(folder)
    os.kill(first, signal.SIGKILL)
    await eventually(lambda: not plane.status.on)
    assert "haproxy ended" in plane.status.reason
    await eventually(lambda: plane.status.on)
    assert _pid(folder) != first
    assert await count(network.balancer, 5) == {"i-0": 5}


async def test_nothing_outlives_a_killed_parent(tmp_path: Path, network: Network) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.dataplane.alone", str(tmp_path), network.prefix, "wait"),
        stdout=subprocess.PIPE,
    )
    try:
        assert parent.stdout is not None
        assert await parent.stdout.readline()
        pids = [*children(parent.pid), *children(_pid(tmp_path))]
        assert len(pids) == 3  # the instances, haproxy, its worker
    finally:
        parent.kill()
        await parent.wait()
    await eventually(lambda: not any(_alive(pid) for pid in pids))


async def test_one_folder_serves_one_data_plane(
    plane: DataPlane, network: Network, tmp_path: Path
) -> None:
    second = DataPlane(tmp_path / "dataplane")
    await second.start()
    await second.settled()
    assert not second.status.on
    assert "used by another" in second.status.reason
    await second.stop()
    await serve(plane, network.listener(network.backend("rsp-1", [1])))


async def test_a_long_folder_name_is_no_hindrance(tmp_path: Path, network: Network) -> None:
    folder = tmp_path / ("long name 'quoted' " * 6)
    plane = DataPlane(folder)
    await plane.start()
    short = socket_folder(folder)
    try:
        assert short != folder
        await serve(plane, network.listener(network.backend("rsp-1", [1])))
        assert await count(network.balancer, 5) == {"i-0": 5}
    finally:
        await plane.stop()
    assert not short.exists()


async def test_without_haproxy_it_is_off_and_says_why(tmp_path: Path, network: Network) -> None:
    plane = DataPlane(tmp_path, haproxy=str(tmp_path / "missing"))
    await plane.start()
    listener = network.listener(network.backend("rsp-1", [1]))
    plane.submit(topology_of(listener))
    await plane.settled()
    assert (plane.status.on, plane.status.reason) == (False, "haproxy is not installed")
    assert plane.notices() == ["haproxy is not installed"]
    assert plane.health("lb-1", "http", 8088) == {("rsp-1", "i-0", 8080): "unavailable"}
    await plane.stop()
