"""Who may connect, and rules with settings of their own."""

import asyncio
import ssl
from dataclasses import replace

import pytest

from tests.dataplane.authority import Authority
from tests.dataplane.world import (
    QUICK_CHECK,
    Network,
    connected,
    count,
    datagram,
    eventually,
    routes,
    serve,
)
from vservers.localcloud.dataplane import AccessControl, DataPlane, OwnSettings, StickySession

pytestmark = pytest.mark.dataplane

PORTS = {"http": 8088, "https": 8443, "tcp": 8089, "udp": 8090}


@pytest.mark.parametrize(
    ("kind", "listed", "known", "unknown"),
    [
        ("white", True, True, False),
        ("black", True, False, True),
        ("white", False, False, False),
        ("black", False, True, True),
    ],
)
async def test_lists_let_in_and_keep_out(
    plane: DataPlane, network: Network, kind: str, listed: bool, known: bool, unknown: bool
) -> None:
    # More networks than one line of a configuration takes, one of them of IPv6.
    others = [*(f"10.{n}.0.0/16" for n in range(250)), "2001:db8::/32"]
    mine = [f"{network.prefix}.201.0/24", f"{network.prefix}.202.7"]
    access = AccessControl(kind, (*others, *mine) if listed else ())
    authority = Authority()
    await serve(
        plane,
        *(
            network.listener(
                network.backend(f"rsp-{protocol}", [1]),
                protocol=protocol,
                port=port,
                access=access,
                certificate=authority.issue("cert-1", "www.a.com"),
            )
            for protocol, port in PORTS.items()
        ),
    )
    tls = {"ssl": authority.client(), "server_hostname": "www.a.com"}

    async def passes(protocol: str, source: str) -> bool:
        if protocol == "udp":
            return await datagram(network.balancer, PORTS[protocol], local=source) == "i-0"
        options = {"local_addr": (source, 0)} | (tls if protocol == "https" else {})
        try:
            async with connected(network.balancer, PORTS[protocol], **options) as client:
                return (await client.ask()).status == 200
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            return False

    for protocol in PORTS:
        for last, expected in (("201.9", known), ("202.7", known), ("202.8", unknown)):
            assert await passes(protocol, f"{network.prefix}.{last}") is expected, protocol


async def test_a_forwarder_is_guarded_too(plane: DataPlane, network: Network) -> None:
    await serve(plane, network.listener(forward_port=8443, access=AccessControl("white")))
    async with connected(network.balancer) as client:
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.ask()


async def test_a_rule_has_settings_of_its_own(plane: DataPlane, network: Network) -> None:
    """One group stands three times in a listener: by the listener's settings, and twice not."""
    group = network.backend("rsp-1", [10, 90])
    failing = replace(QUICK_CHECK, http_codes=("http_5xx",), unhealthy_threshold=1)
    even = replace(group, key="rule-1", settings=OwnSettings("rr"))
    down = replace(
        group,
        key="rule-2",
        settings=OwnSettings("wrr", failing, StickySession("insert", cookie_timeout=60)),
    )
    rules = routes(("", "/even", "rule-1"), ("", "/down", "rule-2"))
    listener = network.listener(group, even, down, routes=rules, health_check=QUICK_CHECK)
    await serve(plane, listener)
    async with connected(network.balancer) as client:
        assert "set-cookie" in (await client.ask("/down")).headers
        assert "set-cookie" not in (await client.ask("/even")).headers
    assert await count(network.balancer, 100, target="/even") == {"i-0": 50, "i-1": 50}
    assert await count(network.balancer, 100) == {"i-0": 10, "i-1": 90}

    def states() -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for (key, _, _), state in plane.health("lb-1", "http", 8088).items():
            found.setdefault(key, set()).add(state)
        return found

    expected = {"rsp-1": {"normal"}, "rule-1": {"unavailable"}, "rule-2": {"abnormal"}}
    await eventually(lambda: states() == expected)
    assert await count(network.balancer, 3, target="/down") == {"503": 3}
    # Weights change in all three places without a reload of any.
    drained = [replace(b, members=network.backend("", [0, 90]).members) for b in (group, even)]
    await serve(plane, replace(listener, backends=(*drained, down)))
    assert await count(network.balancer, 20, target="/even") == {"i-1": 20}
    assert await count(network.balancer, 20) == {"i-1": 20}
