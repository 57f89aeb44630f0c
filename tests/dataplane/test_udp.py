"""UDP listeners: who answers a datagram, and that changes lose none."""

import asyncio
import os
import signal
import socket
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.dataplane.world import (
    Network,
    count,
    count_datagrams,
    datagram,
    eventually,
    serve,
    topology,
)
from vservers.localcloud.dataplane import Backend, DataPlane, HealthCheck, Listener
from vservers.localcloud.dataplane.nginx import _ours

pytestmark = pytest.mark.dataplane

CHECK = HealthCheck(kind="udp", interval=1, timeout=1, healthy_threshold=2, unhealthy_threshold=2)


def _udp(network: Network, backend: Backend, **settings: Any) -> Listener:
    return network.listener(backend, **{"protocol": "udp"} | settings)


def _states(plane: DataPlane) -> dict[str, str]:
    return {server: state for (_, server, _), state in plane.health("lb-1", "udp", 8088).items()}


def _pids(folder: Path) -> dict[int, str]:
    return _ours(folder / "dataplane/nginx")


async def test_datagrams_are_shared_by_weight_beside_tcp(
    plane: DataPlane, network: Network
) -> None:
    backend = network.backend("rsp-1", [20, 80, 0])
    # The same port number for UDP and for TCP, and the same servers.
    await serve(plane, _udp(network, backend), network.listener(backend, protocol="tcp"))
    assert await count_datagrams(network.balancer, 100) == {"i-0": 20, "i-1": 80}
    assert (await count(network.balancer, 10, each=1)).keys() == {"i-0", "i-1"}
    await serve(plane, _udp(network, backend, scheduler="rr"))
    assert await count_datagrams(network.balancer, 50) == {"i-0": 25, "i-1": 25}
    assert plane.served_at(network.balancer, 8088, "udp") == (network.balancer, 8088, "")


async def test_hashes_keep_a_client_and_wlc_serves_all(plane: DataPlane, network: Network) -> None:
    backend = network.backend("rsp-1", [50, 50, 50])
    await serve(plane, _udp(network, backend, scheduler="sch"))
    clients = [f"{network.prefix}.200.{n}" for n in range(1, 21)]
    seen = {a: await count_datagrams(network.balancer, 3, local=a) for a in clients}
    assert {len(one) for one in seen.values()} == {1}
    assert {server for one in seen.values() for server in one} == {"i-0", "i-1", "i-2"}
    for scheduler in ("tch", "qch", "wlc"):
        await serve(plane, _udp(network, backend, scheduler=scheduler))
        assert (await count_datagrams(network.balancer, 60)).keys() == {"i-0", "i-1", "i-2"}


async def test_a_flow_stays_with_its_server(plane: DataPlane, network: Network) -> None:
    await serve(plane, _udp(network, network.backend("rsp-1", [50, 50])))
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as flow:
        flow.setblocking(False)
        flow.connect((network.balancer, 8088))
        seen: Counter[bytes] = Counter()
        for number in range(10):
            flow.send(b"%d" % number)
            async with asyncio.timeout(2):
                server, _, said = (await loop.sock_recv(flow, 100)).partition(b"\n")
            assert said == b"%d" % number
            seen[server] += 1
    assert list(seen.values()) == [10]


async def test_health_by_silence_of_the_system_or_by_the_expected_answer(
    plane: DataPlane, network: Network
) -> None:
    listener = _udp(network, network.backend("rsp-1", [50, 50]), health_check=CHECK)
    await serve(plane, listener)
    await eventually(lambda: set(_states(plane).values()) == {"normal"})
    stopped = Backend("rsp-1", (network.member(0), network.member(1, running=False)))
    await serve(plane, replace(listener, backends=(stopped,)))
    await eventually(lambda: _states(plane) == {"i-0": "normal", "i-1": "abnormal"})
    await eventually_only(network, {"i-0"})
    await serve(plane, listener)
    await eventually(lambda: _states(plane) == {"i-0": "normal", "i-1": "normal"})
    await eventually_only(network, {"i-0", "i-1"})
    # An instance answers with its ID and what it was told: only one of them says what is expected.
    told = replace(CHECK, request="hello", expect="0")
    await serve(plane, replace(listener, health_check=told))
    await eventually(lambda: _states(plane) == {"i-0": "normal", "i-1": "abnormal"})
    await eventually_only(network, {"i-0"})
    other = replace(CHECK, port=8089)
    await serve(plane, replace(listener, health_check=other))
    await eventually(lambda: set(_states(plane).values()) == {"abnormal"})


async def eventually_only(network: Network, servers: set[str]) -> None:
    for _ in range(20):
        if (await count_datagrams(network.balancer, 6)).keys() == servers:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"not only {servers}")


async def test_the_secondary_serves_while_the_primary_is_down(
    plane: DataPlane, network: Network
) -> None:
    primary, secondary = network.member(0), replace(network.member(1), backup=True)
    listener = _udp(network, Backend("rsp-1", (primary, secondary)), health_check=CHECK)
    await serve(plane, replace(listener, scheduler="sch"))
    await eventually(lambda: _states(plane) == {"i-0": "normal", "i-1": "unavailable"})
    assert await count_datagrams(network.balancer, 5) == {"i-0": 5}
    stopped = Backend("rsp-1", (replace(primary, running=False), secondary))
    await serve(plane, replace(listener, backends=(stopped,)))
    await eventually(lambda: _states(plane)["i-0"] == "abnormal")
    await eventually_only(network, {"i-1"})
    await serve(plane, listener)
    await eventually(lambda: _states(plane)["i-0"] == "normal")
    await eventually_only(network, {"i-0"})


async def test_no_datagram_is_lost_while_the_structure_changes(
    plane: DataPlane, network: Network, tmp_path: Path
) -> None:
    instances = [network.member(number) for number in range(4)]
    await serve(plane, _udp(network, network.backend("rsp-1", [50])), also=instances)
    stop, answered = asyncio.Event(), Counter[str]()

    async def load() -> None:
        while not stop.is_set():
            answered[await datagram(network.balancer, 8088)] += 1
            await asyncio.sleep(0.002)

    clients = [asyncio.create_task(load()) for _ in range(3)]
    for number in range(6):
        backend = network.backend("rsp-1", [50] * (2 + number % 3))
        await serve(plane, _udp(network, backend), also=instances)
    stop.set()
    await asyncio.gather(*clients)
    assert answered[""] == 0
    assert answered.total() > 100
    # What served before ends once it has passed on its answers.
    await eventually(lambda: len(_pids(tmp_path)) == 2)


async def test_nothing_behind_a_listener_answers_nothing(
    plane: DataPlane, network: Network
) -> None:
    for backend in (Backend("rsp-1", ()), network.backend("rsp-1", [0, 0])):
        await serve(plane, _udp(network, backend))
        assert await datagram(network.balancer, 8088) == ""
    await serve(plane, _udp(network, network.backend("rsp-1", [1])))
    assert await datagram(network.balancer, 8088) == "i-0"
    await serve(plane)
    assert await datagram(network.balancer, 8088) == ""


async def test_a_dead_nginx_is_started_again_and_leaves_no_worker(
    plane: DataPlane, network: Network, tmp_path: Path
) -> None:
    await serve(plane, _udp(network, network.backend("rsp-1", [1])))
    before = _pids(tmp_path)
    master = next(pid for pid, title in before.items() if "master" in title)
    os.kill(master, signal.SIGKILL)
    await eventually(lambda: any("nginx ended" in notice for notice in plane.notices()))
    await eventually(lambda: plane.notices() == [])
    assert before.keys().isdisjoint(_pids(tmp_path))
    assert await datagram(network.balancer, 8088) == "i-0"
    await plane.stop()
    assert _pids(tmp_path) == {}


async def test_without_nginx_udp_is_off_and_the_rest_serves(
    tmp_path: Path, network: Network
) -> None:
    plane = DataPlane(tmp_path, nginx=str(tmp_path / "missing"))
    await plane.start()
    try:
        backend = network.backend("rsp-1", [1])
        plane.submit(topology(_udp(network, backend), network.listener(backend)))
        await plane.settled()
        assert plane.status.on
        notices = plane.notices()
        assert notices == ["UDP listeners are off: nginx with its stream module is not installed"]
        assert _states(plane) == {"i-0": "unavailable"}
        assert await count(network.balancer, 5) == {"i-0": 5}
    finally:
        await plane.stop()


async def test_what_may_not_be_rendered_leaves_what_is_served(
    plane: DataPlane, network: Network
) -> None:
    good = _udp(network, network.backend("rsp-1", [1]))
    await serve(plane, good)
    plane.submit(topology(replace(good, scheduler="wrr; include /etc/passwd")))
    await plane.settled()
    [notice] = plane.notices()
    assert "UDP listeners is refused" in notice
    assert await datagram(network.balancer, 8088) == "i-0"
    await serve(plane, good)
    assert plane.notices() == []


async def test_a_taken_port_is_said_and_served_as_soon_as_it_is_free(
    plane: DataPlane, network: Network
) -> None:
    listener = _udp(network, network.backend("rsp-1", [1]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((network.balancer, 8088))
        await serve(plane, listener)
        assert "another program holds this port" in plane.notices()[0]
    await eventually(lambda: plane.notices() == [])
    assert await datagram(network.balancer, 8088) == "i-0"
