"""TCP listeners: scheduling, persistence, drain, checks, and primary and secondary servers."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.dataplane.world import (
    MEMBER_PORT,
    QUICK_CHECK,
    Client,
    Network,
    connected,
    count,
    eventually,
    serve,
)
from vservers.localcloud.dataplane import Backend, DataPlane, HealthCheck, Listener

pytestmark = pytest.mark.dataplane

TCP_CHECK = replace(QUICK_CHECK, kind="tcp")


def _tcp(network: Network, backend: Backend, **settings: Any) -> Listener:
    return network.listener(backend, **{"protocol": "tcp"} | settings)


def _from(address: str) -> dict[str, Any]:
    return {"local_addr": (address, 0)}


def _states(plane: DataPlane) -> dict[str, str]:
    return {server: state for (_, server, _), state in plane.health("lb-1", "tcp", 8088).items()}


async def _is_cut(client: Client) -> bool:
    """Whether the connection ends within a moment, without having been asked anything."""
    reader, _ = await client.open() if client._streams is None else client._streams
    try:
        async with asyncio.timeout(1):
            return await reader.read(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


async def test_connections_are_shared_by_weight(plane: DataPlane, network: Network) -> None:
    await serve(plane, _tcp(network, network.backend("rsp-1", [20, 80, 0])))
    # A connection stays with its server, whatever is asked on it.
    assert await count(network.balancer, 300, each=3) == {"i-0": 60, "i-1": 240}
    await serve(plane, _tcp(network, network.backend("rsp-1", [20, 80, 0]), scheduler="rr"))
    assert await count(network.balancer, 100, each=1) == {"i-0": 50, "i-1": 50}


async def test_wlc_prefers_who_has_fewest_connections(plane: DataPlane, network: Network) -> None:
    await serve(plane, _tcp(network, network.backend("rsp-1", [50, 50]), scheduler="wlc"))
    held = [Client(network.balancer) for _ in range(10)]
    servers = [(await client.ask()).server for client in held]
    assert sorted(servers) == ["i-0"] * 5 + ["i-1"] * 5
    for client, server in zip(held, servers, strict=True):
        if server == "i-0":
            client.close()
    await asyncio.sleep(0.2)
    again = [Client(network.balancer) for _ in range(5)]
    assert {(await client.ask()).server for client in again} == {"i-0"}
    for client in held + again:
        client.close()


async def test_sch_keeps_an_address_and_tch_spreads_it(plane: DataPlane, network: Network) -> None:
    backend = network.backend("rsp-1", [50, 50, 50, 0])
    await serve(plane, _tcp(network, backend, scheduler="sch"))
    clients = [f"{network.prefix}.200.{n}" for n in range(1, 41)]
    first = {a: await count(network.balancer, 2, each=1, options=_from(a)) for a in clients}
    assert {len(seen) for seen in first.values()} == {1}
    assert {server for seen in first.values() for server in seen} == {"i-0", "i-1", "i-2"}
    # Consistent: one server less moves the clients of that server only.
    await serve(plane, _tcp(network, network.backend("rsp-1", [50, 50, 0, 0]), scheduler="sch"))
    for address, before in first.items():
        after = await count(network.balancer, 1, options=_from(address))
        assert "i-2" in before or after.keys() == before.keys()

    await serve(plane, _tcp(network, backend, scheduler="tch"))
    seen = await count(network.balancer, 100, each=1)
    assert seen.keys() == {"i-0", "i-1", "i-2"}


async def test_an_address_stays_with_its_server_until_that_drains(
    plane: DataPlane, network: Network
) -> None:
    backend = network.backend("rsp-1", [50, 50])
    listener = _tcp(network, backend, persistence_timeout=60)
    await serve(plane, listener)
    clients = [f"{network.prefix}.200.{n}" for n in range(1, 5)]

    async def ask() -> dict[str, set[str]]:
        return {a: set(await count(network.balancer, 3, each=1, options=_from(a))) for a in clients}

    first = await ask()
    assert sorted(map(sorted, first.values())) == [["i-0"], ["i-0"], ["i-1"], ["i-1"]]
    # A new worker remembers what the old one knew.
    for number in (1, 2):
        await serve(plane, listener, network.listener(backend, port=9000 + number))
        assert await ask() == first
    # Whoever belongs to a server that drains goes elsewhere and stays there.
    await serve(plane, replace(listener, backends=(network.backend("rsp-1", [0, 50]),)))
    assert set.union(*(await ask()).values()) == {"i-1"}
    await serve(plane, listener)
    assert set.union(*(await ask()).values()) == {"i-1"}


async def test_persistence_ends_after_its_time(plane: DataPlane, network: Network) -> None:
    backend = network.backend("rsp-1", [50, 50])
    await serve(plane, _tcp(network, backend, persistence_timeout=1))
    seen = set()
    for _ in range(2):
        seen |= set(await count(network.balancer, 2, each=1))
        await asyncio.sleep(1.5)
    assert seen == {"i-0", "i-1"}


@pytest.mark.parametrize("drain_timeout", [0, 1])
async def test_weight_0_lets_connections_end_by_themselves(
    plane: DataPlane, network: Network, drain_timeout: int
) -> None:
    listener = _tcp(network, network.backend("rsp-1", [50, 50]), drain_timeout=drain_timeout)
    await serve(plane, listener)
    async with connected(network.balancer) as one, connected(network.balancer) as two:
        clients = {(await client.ask()).server: client for client in (one, two)}
        await serve(plane, replace(listener, backends=(network.backend("rsp-1", [50, 0]),)))
        assert await count(network.balancer, 4, each=1) == {"i-0": 4}
        await asyncio.sleep(drain_timeout + 0.5)
        for server, client in clients.items():
            assert (await client.ask()).server == server
            assert client.connections == 1


async def test_without_drain_connections_end_with_the_server(
    plane: DataPlane, network: Network
) -> None:
    listener = _tcp(network, network.backend("rsp-1", [50, 50]))
    await serve(plane, listener)
    async with connected(network.balancer) as one, connected(network.balancer) as two:
        clients = {(await client.ask()).server: client for client in (one, two)}
        only = network.backend("rsp-1", [50], first=2)
        removed = [network.member(0), network.member(1)]
        await serve(plane, replace(listener, backends=(only,)), also=removed)
        assert await _is_cut(clients["i-0"])


async def test_drain_lets_connections_go_on_for_its_time(
    plane: DataPlane, network: Network
) -> None:
    listener = _tcp(network, network.backend("rsp-1", [50, 50]), drain_timeout=2)
    await serve(plane, listener)
    async with connected(network.balancer) as one, connected(network.balancer) as two:
        clients = {(await client.ask()).server: client for client in (one, two)}
        members = (network.member(2),)
        changed = replace(listener, backends=(Backend("rsp-1", members),))
        removed = [network.member(0), network.member(1)]
        await serve(plane, changed, also=removed)
        for _ in range(4):
            assert {(await client.ask()).server for client in clients.values()} == {"i-0", "i-1"}
            await asyncio.sleep(0.25)
        assert await count(network.balancer, 4, each=1) == {"i-2": 4}
        await asyncio.sleep(1)
        assert [await _is_cut(client) for client in clients.values()] == [True, True]


async def test_who_comes_back_in_time_is_not_cut(plane: DataPlane, network: Network) -> None:
    listener = _tcp(network, network.backend("rsp-1", [50]), drain_timeout=1)
    await serve(plane, listener)
    async with connected(network.balancer) as client:
        await client.ask()
        other = network.backend("rsp-1", [50], first=1)
        await serve(plane, replace(listener, backends=(other,)), also=[network.member(0)])
        await serve(plane, listener)
        await asyncio.sleep(1.6)
        assert (await client.ask()).server == "i-0"
        assert client.connections == 1


async def test_an_idle_connection_ends_after_the_established_timeout(
    plane: DataPlane, network: Network
) -> None:
    await serve(plane, _tcp(network, network.backend("rsp-1", [50]), established_timeout=1))
    async with connected(network.balancer) as client:
        await client.ask()
        await asyncio.sleep(0.6)
        await client.ask()
        await asyncio.sleep(1)
        assert await _is_cut(client)


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (TCP_CHECK, "normal"),
        (replace(TCP_CHECK, port=MEMBER_PORT + 1), "abnormal"),
        (replace(QUICK_CHECK, uri="/health"), "normal"),
        (replace(QUICK_CHECK, http_codes=("http_4xx",)), "abnormal"),
    ],
)
async def test_a_tcp_listener_checks_by_connection_or_request(
    plane: DataPlane, network: Network, check: HealthCheck, expected: str
) -> None:
    await serve(plane, _tcp(network, network.backend("rsp-1", [50]), health_check=check))
    await eventually(lambda: _states(plane) == {"i-0": expected})


async def test_a_server_that_fails_its_check_loses_its_connections(
    plane: DataPlane, network: Network
) -> None:
    quick = replace(QUICK_CHECK, healthy_threshold=1, unhealthy_threshold=1)
    listener = _tcp(network, network.backend("rsp-1", [50]), health_check=quick)
    await serve(plane, listener)
    await eventually(lambda: _states(plane) == {"i-0": "normal"})
    async with connected(network.balancer) as client:
        await client.ask()
        failing = replace(quick, http_codes=("http_5xx",))
        await serve(plane, replace(listener, health_check=failing))
        await eventually(lambda: _states(plane) == {"i-0": "abnormal"})
        assert await _is_cut(client)


async def test_the_secondary_serves_while_the_primary_is_down(
    plane: DataPlane, network: Network
) -> None:
    primary, secondary = network.member(0), replace(network.member(1), backup=True)
    listener = _tcp(network, Backend("rsp-1", (primary, secondary)), health_check=TCP_CHECK)
    await serve(plane, listener)
    await eventually(lambda: _states(plane) == {"i-0": "normal", "i-1": "unavailable"})
    assert await count(network.balancer, 10, each=1) == {"i-0": 10}

    stopped = Backend("rsp-1", (replace(primary, running=False), secondary))
    await serve(plane, replace(listener, backends=(stopped,)))
    await eventually(lambda: _states(plane)["i-0"] == "abnormal")
    assert await count(network.balancer, 10, each=1) == {"i-1": 10}

    await serve(plane, listener)
    await eventually(lambda: _states(plane)["i-0"] == "normal")
    assert await count(network.balancer, 10, each=1) == {"i-0": 10}


async def test_connections_outlive_changes_elsewhere(plane: DataPlane, network: Network) -> None:
    listener = _tcp(network, network.backend("rsp-1", [50]))
    await serve(plane, listener)
    async with connected(network.balancer) as client:
        for number in range(5):
            await client.ask()
            other = network.listener(network.backend("rsp-2", [1], first=1), port=9000 + number)
            await serve(plane, listener, other)
        assert (await client.ask()).server == "i-0"
        assert client.connections == 1
