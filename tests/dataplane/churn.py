"""Changes of the structure under load, with every request counted."""

import asyncio
import time
from dataclasses import dataclass, field

from tests.dataplane.world import Client, Network, connected, routes, serve
from vservers.localcloud.dataplane import DataPlane

CLIENTS = 9


@dataclass
class Seen:
    """lost: what went wrong, a word for each request that was not answered with 200."""

    changes: int = 0
    answered: int = 0
    lost: list[str] = field(default_factory=list)
    slowest: float = 0.0


async def churn(
    plane: DataPlane, network: Network, *, changes: int, requests: int = 0, pause: float = 0.0
) -> Seen:
    """Make changes one after the other while clients ask, of which each third reconnects always.

    requests: go on until so many are answered. pause: of each client after a request.
    """
    instances = [network.member(number) for number in range(10 + changes)]
    await serve(plane, network.listener(network.backend("rsp-1", [50, 50])), also=instances)
    stop, enough, seen = asyncio.Event(), asyncio.Event(), Seen()

    async def load(keep: bool) -> None:
        client = Client(network.balancer)
        while not stop.is_set():
            try:
                answer = await client.ask("/shop/1", host="a.com")
                if answer.status == 200:
                    seen.answered += 1
                    if seen.answered >= requests:
                        enough.set()
                else:
                    seen.lost.append(str(answer.status))
            except (OSError, asyncio.IncompleteReadError) as error:
                seen.lost.append(repr(error))
                client.close()
            if not keep:
                client.close()
            await asyncio.sleep(pause)
        client.close()

    clients = [asyncio.create_task(load(keep=n % 3 > 0)) for n in range(CLIENTS)]
    for number in range(changes):
        # Each step adds or takes away a server, a rule with its group, or a header.
        members = network.backend("rsp-1", [50] * (2 + number % 3))
        other = network.backend(f"rsp-{2 + number}", [50], first=10 + number)
        rules = routes(("a.com", "/shop", other.key)) if number % 2 else ()
        listener = network.listener(members, other, routes=rules, slb_id=number % 4 == 0)
        started = time.monotonic()
        await serve(plane, listener, also=instances)
        seen.slowest = max(seen.slowest, time.monotonic() - started)
        async with connected(network.balancer) as client:
            server = (await client.ask("/shop/1", host="a.com")).server
        assert (server == f"i-{10 + number}") is bool(rules)
        seen.changes += 1
    await enough.wait()
    stop.set()
    await asyncio.gather(*clients)
    return seen
