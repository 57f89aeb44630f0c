"""Where requests go, in which proportion, and what arrives."""

import asyncio
import gzip
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from tests.dataplane.world import (
    MEMBER_PORT,
    Network,
    connected,
    count,
    routes,
    serve,
    topology,
)
from vservers.localcloud.dataplane import Backend, DataPlane, StickySession

pytestmark = pytest.mark.dataplane


async def test_shares_follow_the_weights(plane: DataPlane, network: Network) -> None:
    await serve(plane, network.listener(network.backend("rsp-1", [10, 30, 60])))
    seen = await count(network.balancer, 1000)
    assert seen.total() == 1000
    for server, percent in (("i-0", 10), ("i-1", 30), ("i-2", 60)):
        assert abs(seen[server] / 10 - percent) <= 2


async def test_rr_ignores_weights_but_still_drains(plane: DataPlane, network: Network) -> None:
    backend = network.backend("rsp-1", [10, 90, 0])
    await serve(plane, network.listener(backend, scheduler="rr"))
    assert await count(network.balancer, 100) == {"i-0": 50, "i-1": 50}


async def test_wlc_serves_all_but_the_drained(plane: DataPlane, network: Network) -> None:
    backend = network.backend("rsp-1", [50, 50, 0])
    await serve(plane, network.listener(backend, scheduler="wlc"))
    assert set(await count(network.balancer, 100)) == {"i-0", "i-1"}


async def test_weight_zero_is_seen_at_once_without_a_reload(
    plane: DataPlane, network: Network, tmp_path: Path
) -> None:
    before = network.listener(network.backend("rsp-1", [50, 50]))
    after = network.listener(network.backend("rsp-1", [50, 0]))
    await serve(plane, before)

    def reloads() -> int:
        return (tmp_path / "dataplane/haproxy.log").read_text().count("Loading success")

    before_it = reloads()
    async with connected(network.balancer) as kept:
        assert {(await kept.ask()).server for _ in range(10)} == {"i-0", "i-1"}
        await serve(plane, after)
        assert {(await kept.ask()).server for _ in range(10)} == {"i-0"}
        assert kept.connections == 1
    assert reloads() == before_it > 0


async def test_a_weight_set_while_running_survives_and_yields_to_the_next(
    plane: DataPlane, network: Network
) -> None:
    for weights in ([50, 50], [50, 0]):
        await serve(plane, network.listener(network.backend("rsp-1", weights)))
    # A reload with the weights of the first configuration again, and one with the last ones.
    await serve(plane, network.listener(network.backend("rsp-1", [50, 50]), slb_id=True))
    assert await count(network.balancer, 100) == {"i-0": 50, "i-1": 50}
    await serve(plane, network.listener(network.backend("rsp-1", [50, 0]), slb_id=True))
    await serve(plane, network.listener(network.backend("rsp-1", [50, 0]), slb_ip=True))
    assert await count(network.balancer, 100) == {"i-0": 100}


async def test_rule_then_group_then_pool(plane: DataPlane, network: Network) -> None:
    rule = network.backend("rsp-rule", [100], first=0)
    group = network.backend("rsp-group", [100], first=1)
    pool = network.backend("lb-1", [100], first=2)
    with_group = network.listener(group, rule, routes=routes(("a.com", "/shop", "rsp-rule")))
    pool_only = network.listener(pool, port=8089)
    await serve(plane, with_group, pool_only)
    async with connected(network.balancer) as client:
        assert (await client.ask("/shop/1", host="A.com:8088")).server == "i-0"
        assert (await client.ask("/Shop/1", host="a.com")).server == "i-1"
        assert (await client.ask("/shop/1", host="b.com")).server == "i-1"
    async with connected(network.balancer, 8089) as client:
        assert (await client.ask("/shop/1", host="a.com")).server == "i-2"


async def test_no_server_left_is_503_without_falling_through(
    plane: DataPlane, network: Network
) -> None:
    group = network.backend("rsp-1", [100])
    drained = network.backend("rsp-2", [0, 0], first=1)
    empty = Backend("rsp-3", ())
    rules = routes(("", "/drained", "rsp-2"), ("", "/empty", "rsp-3"))
    nothing = network.listener(port=8089)
    await serve(plane, network.listener(group, drained, empty, routes=rules), nothing)
    assert await count(network.balancer, 3, target="/drained") == {"503": 3}
    assert await count(network.balancer, 3, target="/empty") == {"503": 3}
    assert await count(network.balancer, 3, target="/else") == {"i-0": 3}
    async with connected(network.balancer, 8089) as client:
        assert (await client.ask()).status == 503


async def test_a_group_on_two_listeners_is_scheduled_twice(
    plane: DataPlane, network: Network
) -> None:
    group = network.backend("rsp-1", [10, 90])
    await serve(plane, network.listener(group), network.listener(group, port=8089, scheduler="rr"))
    assert await count(network.balancer, 100) == {"i-0": 10, "i-1": 90}
    async with connected(network.balancer, 8089) as client:
        assert [(await client.ask()).server for _ in range(4)].count("i-0") == 2


async def test_headers_tell_the_server_of_client_and_balancer(
    plane: DataPlane, network: Network
) -> None:
    group = network.backend("rsp-1", [100])
    told = network.listener(group, x_forwarded_proto=True, slb_id=True, slb_ip=True)
    untold = network.listener(group, port=8089, x_forwarded_for=False)
    await serve(plane, told, untold)
    async with connected(network.balancer) as client:
        forwarded = ["X-Forwarded-For: 9.9.9.9"]
        body = (await client.ask("/a?b=c", headers=forwarded)).body.decode()
        both = (await client.ask("/", headers=[*forwarded, "X-Forwarded-For: 8.8.8.8"])).body
        none = (await client.ask("/")).body
        head = await client.ask("/health", method="HEAD")
    assert body.splitlines() == [
        "i-0",
        f"served by {network.instance(0)}:{MEMBER_PORT}",
        "GET /a?b=c",
        "Host: www.example.com",
        "X-Forwarded-For: 9.9.9.9, 127.0.0.1",
        "X-Forwarded-Proto: http",
        "SLB-ID: lb-1",
        f"SLB-IP: {network.balancer}",
    ]
    assert [line for line in both.decode().splitlines() if "-For:" in line] == [
        *forwarded,
        "X-Forwarded-For: 8.8.8.8",
        "X-Forwarded-For: 127.0.0.1",
    ]
    assert none.count(b"X-Forwarded-For: 127.0.0.1\n") == 1
    assert (head.status, head.server) == (200, "i-0")
    async with connected(network.balancer, 8089) as client:
        assert b"Forwarded" not in (await client.ask()).body


async def test_gzip_only_where_it_is_on(plane: DataPlane, network: Network) -> None:
    group = network.backend("rsp-1", [100])
    await serve(plane, network.listener(group), network.listener(group, port=8089, gzip=False))
    accepts = ["Accept-Encoding: gzip"]
    async with connected(network.balancer) as client:
        packed = await client.ask(headers=accepts)
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body).startswith(b"i-0\n")
    async with connected(network.balancer, 8089) as client:
        assert "content-encoding" not in (await client.ask(headers=accepts)).headers


async def test_an_inserted_cookie_keeps_a_client_until_its_server_drains(
    plane: DataPlane, network: Network
) -> None:
    sticky = StickySession("insert", cookie_timeout=600)
    listener = network.listener(network.backend("rsp-1", [50, 50]), sticky=sticky)
    await serve(plane, listener)
    async with connected(network.balancer) as client:
        first = await client.ask()
        cookie = first.headers["set-cookie"].partition(";")[0]
        assert cookie.startswith("SERVERID=")
        again = [await client.ask(headers=[f"Cookie: {cookie}"]) for _ in range(10)]
        assert {answer.server for answer in again} == {first.server}
        weights = [0, 50] if first.server == "i-0" else [50, 0]
        await serve(plane, replace(listener, backends=(network.backend("rsp-1", weights),)))
        moved = await client.ask(headers=[f"Cookie: own=1; {cookie}; other=2"])
        assert moved.server != first.server
        assert moved.headers["set-cookie"].startswith("SERVERID=")


def _application(network: Network, number: int) -> AbstractAsyncContextManager[None]:
    """A server of the test's own in the place of instance <number>."""

    class Application:
        async def __aenter__(self) -> None:
            async def answer(request: web.BaseRequest) -> web.Response:
                if request.path == "/slow":
                    await asyncio.sleep(3)
                answer = web.Response(text=request.headers.get("Cookie", ""))
                answer.headers["X-Instance-Id"] = f"own-{number}"
                if request.path == "/login":
                    answer.set_cookie("SESSION", "abc")
                return answer

            self._runner = web.ServerRunner(web.Server(answer))
            await self._runner.setup()
            await web.TCPSite(self._runner, network.instance(number), MEMBER_PORT).start()

        async def __aexit__(self, *_: object) -> None:
            await self._runner.cleanup()

    return Application()


async def test_a_cookie_of_the_server_keeps_a_client(plane: DataPlane, network: Network) -> None:
    sticky = StickySession("server", cookie="SESSION")
    async with _application(network, 0), _application(network, 1):
        listener = network.listener(network.backend("rsp-1", [1, 1]), sticky=sticky)
        plane.submit(topology(listener))
        await plane.settled()
        assert len([n for n in plane.notices() if "no demo instance at" in n]) == 2
        async with connected(network.balancer) as client:
            login = await client.ask("/login")
            cookie = login.headers["set-cookie"].partition(";")[0]
            again = [await client.ask(headers=[f"Cookie: {cookie}"]) for _ in range(10)]
            weights = [0, 1] if login.server == "own-0" else [1, 0]
            plane.submit(topology(replace(listener, backends=(network.backend("rsp-1", weights),))))
            await plane.settled()
            moved = await client.ask(headers=[f"Cookie: {cookie}"])
        assert {answer.server for answer in again} == {login.server}
        assert {answer.body for answer in again} == {b"SESSION=abc"}
        assert moved.server != login.server
        assert moved.body == b"SESSION=abc"


async def test_a_slow_server_is_a_504(plane: DataPlane, network: Network) -> None:
    async with _application(network, 0):
        plane.submit(topology(network.listener(network.backend("rsp-1", [1]), request_timeout=1)))
        await plane.settled()
        async with connected(network.balancer) as client:
            assert (await client.ask("/slow")).status == 504


async def test_an_idle_connection_is_closed_after_the_idle_timeout(
    plane: DataPlane, network: Network
) -> None:
    await serve(plane, network.listener(network.backend("rsp-1", [1]), idle_timeout=1))
    async with connected(network.balancer) as client:
        await client.ask()
        await asyncio.sleep(1.5)
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.ask()
