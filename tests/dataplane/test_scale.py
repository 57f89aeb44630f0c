"""The size that the design names: 200 groups of 200 servers in one engine."""

import time
from dataclasses import replace

import pytest

from tests.dataplane.world import Network, connected, routes, serve
from vservers.localcloud.dataplane import Backend, DataPlane, Listener

pytestmark = pytest.mark.dataplane

GROUPS = 200
SERVERS = 200
RULES_PER_LISTENER = 40
ENDPOINTS = 400  # the groups share instances, as they would


def many(network: Network) -> list[Listener]:
    """As few listeners as rules allow, for 200 groups of 200 servers."""
    members = [network.member(number) for number in range(ENDPOINTS)]
    backends = [
        Backend(f"rsp-{group}", tuple(members[(group + n) % ENDPOINTS] for n in range(SERVERS)))
        for group in range(GROUPS)
    ]
    return [
        network.listener(
            *backends[start : start + RULES_PER_LISTENER],
            port=9000 + start,
            routes=routes(
                *(
                    (f"g{start + n}.a.com", "", f"rsp-{start + n}")
                    for n in range(RULES_PER_LISTENER)
                )
            ),
        )
        for start in range(0, GROUPS, RULES_PER_LISTENER)
    ]


async def test_two_hundred_groups_of_two_hundred_servers(
    plane: DataPlane, network: Network
) -> None:
    listeners = many(network)
    first = listeners[0].backends[0]

    async def timed(name: str) -> None:
        started = time.monotonic()
        await serve(plane, *listeners)
        print(f"{name} of {GROUPS} x {SERVERS}: {time.monotonic() - started:.2f} s")
        assert time.monotonic() - started < 30

    await timed("first configuration")
    listeners[0] = replace(listeners[0], slb_id=True)
    await timed("reload")
    drained = [replace(member, weight=0) for member in first.members[:-1]]
    only = replace(first, members=(*drained, first.members[-1]))
    listeners[0] = replace(listeners[0], backends=(only, *listeners[0].backends[1:]))
    await timed("199 weights")
    async with connected(network.balancer, 9000) as client:
        answers = [await client.ask(host="g0.a.com") for _ in range(20)]
        assert {answer.server for answer in answers} == {only.members[-1].server_id}
        assert b"SLB-ID: lb-1" in answers[0].body
