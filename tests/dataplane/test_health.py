"""Health as the engine finds it, and that a reload does not make it flap."""

import asyncio
from dataclasses import replace

import pytest

from tests.dataplane.world import (
    MEMBER_PORT,
    QUICK_CHECK,
    Network,
    count,
    eventually,
    serve,
    topology,
)
from vservers.localcloud.dataplane import DataPlane, HealthCheck, Listener

pytestmark = pytest.mark.dataplane


def _states(plane: DataPlane, listener: Listener) -> dict[str, str]:
    health = plane.health("lb-1", "http", listener.port)
    return {server_id: state for (_, server_id, _), state in health.items()}


def _with_stopped(network: Network, listener: Listener, number: int) -> Listener:
    backend = listener.backends[0]
    members = [replace(member, running=n != number) for n, member in enumerate(backend.members)]
    return replace(listener, backends=(replace(backend, members=tuple(members)),))


async def test_a_stopped_instance_fails_and_a_started_one_recovers(
    plane: DataPlane, network: Network
) -> None:
    listener = network.listener(network.backend("rsp-1", [50, 50]), health_check=QUICK_CHECK)
    await serve(plane, listener)
    await eventually(lambda: set(_states(plane, listener).values()) == {"normal"})

    await serve(plane, _with_stopped(network, listener, 0))
    # From the first moment nobody is sent an error: a refused connection is tried elsewhere.
    assert await count(network.balancer, 50) == {"i-1": 50}
    await eventually(lambda: _states(plane, listener) == {"i-0": "abnormal", "i-1": "normal"})
    assert await count(network.balancer, 50) == {"i-1": 50}

    await serve(plane, listener)
    await eventually(lambda: _states(plane, listener) == {"i-0": "normal", "i-1": "normal"})
    assert await count(network.balancer, 50) == {"i-0": 25, "i-1": 25}


async def test_health_is_unavailable_without_check_or_result(
    plane: DataPlane, network: Network
) -> None:
    listener = network.listener(network.backend("rsp-1", [50]))
    assert plane.health("lb-1", "http", 8088) == {}
    plane.submit(topology(replace(listener, health_check=QUICK_CHECK)))
    assert plane.health("lb-1", "http", 8088) == {("rsp-1", "i-0", MEMBER_PORT): "unavailable"}
    await plane.settled()
    await eventually(lambda: _states(plane, listener) == {"i-0": "normal"})
    await serve(plane, listener)
    await eventually(lambda: _states(plane, listener) == {"i-0": "unavailable"})


async def test_a_reload_keeps_health(plane: DataPlane, network: Network) -> None:
    listener = _with_stopped(
        network,
        network.listener(network.backend("rsp-1", [50, 50]), health_check=QUICK_CHECK),
        0,
    )
    await serve(plane, listener)
    expected = {"i-0": "abnormal", "i-1": "normal"}
    await eventually(lambda: _states(plane, listener) == expected)
    for slb_id in (True, False, True):
        await serve(plane, replace(listener, slb_id=slb_id))
        seen = []
        for _ in range(8):
            seen.append(_states(plane, listener))
            await asyncio.sleep(0.1)
        assert seen == [expected] * 8


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (HealthCheck(method="get", uri="/health?a=1", domain="check.a.com"), "normal"),
        (HealthCheck(domain="$_ip", http_codes=("http_2xx", "http_3xx")), "normal"),
        (HealthCheck(http_codes=("http_3xx", "http_4xx")), "abnormal"),
        (HealthCheck(port=MEMBER_PORT + 1), "abnormal"),
    ],
)
async def test_every_setting_of_a_check_counts(
    plane: DataPlane, network: Network, check: HealthCheck, expected: str
) -> None:
    quick = replace(check, interval=1, timeout=1, healthy_threshold=1, unhealthy_threshold=1)
    listener = network.listener(network.backend("rsp-1", [50]), health_check=quick)
    await serve(plane, listener)
    await eventually(lambda: _states(plane, listener) == {"i-0": expected})


async def test_a_check_goes_to_the_port_that_was_named_last(
    plane: DataPlane, network: Network
) -> None:
    check = HealthCheck(interval=1, timeout=1, healthy_threshold=1, unhealthy_threshold=1)
    listener = network.listener(network.backend("rsp-1", [50]))
    for port, expected in ((MEMBER_PORT + 1, "abnormal"), (None, "normal")):
        await serve(plane, replace(listener, health_check=replace(check, port=port)))
        await eventually(lambda expected=expected: _states(plane, listener) == {"i-0": expected})


async def test_the_last_check_says_why_and_since_when(plane: DataPlane, network: Network) -> None:
    listener = _with_stopped(
        network,
        network.listener(
            network.backend("rsp-1", [50, 50]),
            health_check=replace(QUICK_CHECK, http_codes=("http_3xx",)),
        ),
        0,
    )
    await serve(plane, listener)
    await eventually(lambda: set(_states(plane, listener).values()) == {"abnormal"})
    said = await plane.check_results("lb-1", "http", listener.port)
    refused, wrong = said["rsp-1", "i-0", MEMBER_PORT], said["rsp-1", "i-1", MEMBER_PORT]
    assert (refused.word, refused.code) == ("refused", 0)
    assert (wrong.word, wrong.code) == ("status", 200)
    assert 0 <= wrong.unchanged_seconds < 60
    assert await plane.check_results("lb-1", "http", 1) == {}
