"""HTTPS: whose certificate is shown, who may connect, and what arrives behind it."""

import asyncio
import ssl
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.dataplane.authority import Authority
from tests.dataplane.world import Answer, Client, Network, connected, count, serve, topology
from vservers.localcloud.dataplane import Backend, Certificate, DataPlane, Listener, TlsPolicy
from vservers.localcloud.dataplane.machine import socket_folder

pytestmark = pytest.mark.dataplane

AUTHORITY = Authority()
DEFAULT = AUTHORITY.issue("cert-default", "www.a.com")
CLIENT = AUTHORITY.client()


def _https(network: Network, backend: Backend, **settings: Any) -> Listener:
    values: dict[str, Any] = {"protocol": "https", "port": 8443, "certificate": DEFAULT}
    return network.listener(backend, **values | settings)


def _tls(name: str = "www.a.com", context: ssl.SSLContext = CLIENT) -> dict[str, Any]:
    return {"ssl": context, "server_hostname": name}


async def _ask(network: Network, host: str = "www.a.com", **options: Any) -> Answer:
    async with connected(network.balancer, 8443, **_tls(host) | options) as client:
        return await client.ask(host=host)


async def _shown(network: Network, name: str) -> str:
    """The common name of the certificate that a client sees which asks for this name."""
    context = AUTHORITY.client()
    context.check_hostname = False
    async with connected(network.balancer, 8443, **_tls(name, context)) as client:
        _, writer = await client.open()
        return writer.get_extra_info("peercert")["subject"][0][0][1]


async def test_shares_and_headers_are_those_of_http(plane: DataPlane, network: Network) -> None:
    told = {"x_forwarded_proto": True, "slb_id": True, "slb_port": True, "client_src_port": True}
    await serve(plane, _https(network, network.backend("rsp-1", [20, 80]), **told))
    seen = await count(network.balancer, 200, port=8443, options=_tls(), host="www.a.com")
    assert seen == {"i-0": 40, "i-1": 160}
    async with connected(network.balancer, 8443, **_tls()) as client:
        answer = await client.ask(host="www.a.com")
        _, writer = await client.open()
    lines = answer.body.decode().splitlines()
    assert "X-Forwarded-Proto: https" in lines
    assert "X-Forwarded-Port: 8443" in lines
    assert "SLB-ID: lb-1" in lines
    source = next(line for line in lines if line.startswith("X-Forwarded-Client-srcport: "))
    assert 0 < int(source.rpartition(" ")[2]) < 65536
    writer.close()


async def test_the_asked_for_name_chooses_the_certificate(
    plane: DataPlane, network: Network
) -> None:
    # The default one carries a name that an extension binds to another certificate.
    default = AUTHORITY.issue("cert-default", "www.a.com", "shop.b.com")
    extensions = (
        # Not of the kind of key that clients and engine like best.
        ("shop.b.com", AUTHORITY.issue("cert-shop", "shop.b.com", of_rsa=True)),
        ("*.b.com", AUTHORITY.issue("cert-star", "*.b.com")),
    )
    backend = network.backend("rsp-1", [1])
    await serve(plane, _https(network, backend, certificate=default, extensions=extensions))
    for name, shown in (
        ("www.a.com", "cert-default"),
        ("shop.b.com", "cert-shop"),
        ("SHOP.b.com", "cert-shop"),
        ("other.b.com", "cert-star"),
        ("b.com", "cert-default"),
        ("nobody.example", "cert-default"),
    ):
        assert await _shown(network, name) == shown, name
    assert (await _ask(network, "other.b.com")).server == "i-0"


async def test_the_policy_decides_versions_and_ciphers(plane: DataPlane, network: Network) -> None:
    def version(only: ssl.TLSVersion, ciphers: str = "") -> ssl.SSLContext:
        context = AUTHORITY.client()
        context.minimum_version = context.maximum_version = only
        if ciphers:
            context.set_ciphers(ciphers)
        return context

    backend = network.backend("rsp-1", [1])
    strict = TlsPolicy(("TLSv1.2",), ("ECDHE-ECDSA-AES128-GCM-SHA256", "DES-CBC3-SHA"))
    await serve(plane, _https(network, backend, tls_policy=strict))
    good = version(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256")
    assert (await _ask(network, ssl=good)).server == "i-0"
    for refused in (
        version(ssl.TLSVersion.TLSv1_3),
        version(ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ):
        with pytest.raises(ssl.SSLError):
            await _ask(network, ssl=refused)

    newest = TlsPolicy(("TLSv1.3",), ("TLS_AES_256_GCM_SHA384",))
    await serve(plane, _https(network, backend, tls_policy=newest))
    assert (await _ask(network, ssl=version(ssl.TLSVersion.TLSv1_3))).server == "i-0"
    with pytest.raises(ssl.SSLError):
        await _ask(network, ssl=version(ssl.TLSVersion.TLSv1_2))

    old = TlsPolicy(("TLSv1.0", "TLSv1.1", "TLSv1.2"), ("ECDHE-ECDSA-AES128-SHA",))
    await serve(plane, _https(network, backend, tls_policy=old))
    with pytest.warns(DeprecationWarning):
        oldest = version(ssl.TLSVersion.TLSv1, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    assert (await _ask(network, ssl=oldest)).server == "i-0"


@pytest.mark.parametrize(("http2", "chosen"), [(True, "h2"), (False, "http/1.1")])
async def test_http2_is_offered_where_it_is_on(
    plane: DataPlane, network: Network, http2: bool, chosen: str
) -> None:
    await serve(plane, _https(network, network.backend("rsp-1", [1]), http2=http2))
    context = AUTHORITY.client()
    context.set_alpn_protocols(["h2", "http/1.1"])
    async with connected(network.balancer, 8443, **_tls(context=context)) as client:
        _, writer = await client.open()
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == chosen


async def test_mutual_authentication_asks_for_a_certificate_of_the_ca(
    plane: DataPlane, network: Network, tmp_path: Path
) -> None:
    people, strangers = Authority("people"), Authority("strangers")
    listener = _https(network, network.backend("rsp-1", [1]), ca_certificate=people.certificate)
    await serve(plane, listener)
    known = AUTHORITY.client(own=people.issue("known", "known"), folder=tmp_path)
    unknown = AUTHORITY.client(own=strangers.issue("unknown", "unknown"), folder=tmp_path)
    assert (await _ask(network, ssl=known)).server == "i-0"
    for context in (unknown, CLIENT):
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await _ask(network, ssl=context)
    await serve(plane, replace(listener, ca_certificate=None))
    assert (await _ask(network)).server == "i-0"


async def test_a_certificate_changes_without_a_lost_request(
    plane: DataPlane, network: Network, tmp_path: Path
) -> None:
    listener = _https(network, network.backend("rsp-1", [1]))
    await serve(plane, listener)
    stop, lost, answered = asyncio.Event(), [], 0

    async def load(keep: bool) -> None:
        nonlocal answered
        client = Client(network.balancer, 8443, _tls())
        while not stop.is_set():
            try:
                lost.extend([] if (await client.ask()).status == 200 else ["not 200"])
                answered += 1
            except (OSError, asyncio.IncompleteReadError) as error:
                lost.append(repr(error))
                client.close()
            if not keep:
                client.close()
            await asyncio.sleep(0.005)
        client.close()

    clients = [asyncio.create_task(load(keep=n % 2 == 0)) for n in range(4)]
    for number in range(4):
        changed = AUTHORITY.issue(f"cert-{number}", "www.a.com")
        await serve(plane, replace(listener, certificate=changed))
        assert await _shown(network, "www.a.com") == f"cert-{number}"
    stop.set()
    await asyncio.gather(*clients)
    assert (lost, answered > 20) == ([], True)

    folder = socket_folder(tmp_path / "dataplane") / "tls"
    files = sorted(folder.iterdir())
    assert [path.name.rpartition("-")[0] for path in files] == ["cert-3", "lb-1.https.8443"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700
    await serve(plane)
    assert list(folder.iterdir()) == []


async def test_a_certificate_that_is_none_leaves_its_listener_out(
    plane: DataPlane, network: Network
) -> None:
    other = AUTHORITY.issue("other", "www.a.com")
    backend = network.backend("rsp-1", [1])
    bad = [
        None,
        Certificate("cert-1", "no PEM", DEFAULT.key),
        Certificate("cert-1", DEFAULT.chain, "no PEM"),
        Certificate("cert-1", DEFAULT.chain, other.key),
        Certificate("cert-1", DEFAULT.chain.replace("MII", "AAA"), DEFAULT.key),
        Certificate("cert-1", "", DEFAULT.key),
    ]
    for certificate in bad:
        plane.submit(
            topology(network.listener(backend), _https(network, backend, certificate=certificate))
        )
        await plane.settled()
        assert plane.status.on
        assert plane.status.reason == ""
        [notice] = plane.notices()
        assert notice.startswith(f"{network.balancer}:8443 (https) is not served: ")
        assert "PRIVATE" not in notice
        assert await count(network.balancer, 3) == {"i-0": 3}
        with pytest.raises(ConnectionRefusedError):
            await _ask(network)
    for policy in (TlsPolicy(("SSLv3",), ()), TlsPolicy((), ()), TlsPolicy(("TLSv1.2",), ("X",))):
        plane.submit(topology(_https(network, backend, tls_policy=policy)))
        await plane.settled()
        assert len(plane.notices()) == 1
    ca = Certificate("ca-1", "no PEM")
    plane.submit(topology(_https(network, backend, ca_certificate=ca)))
    await plane.settled()
    assert "ca-1 is not PEM" in plane.notices()[0]
    await serve(plane, _https(network, backend))
    assert (await _ask(network)).server == "i-0"


async def test_an_http_listener_sends_its_clients_to_https(
    plane: DataPlane, network: Network
) -> None:
    forwarder = network.listener(forward_port=8443)
    await serve(plane, forwarder, _https(network, network.backend("rsp-1", [1])))
    async with connected(network.balancer) as client:
        for host, location in (
            ("www.a.com", "https://www.a.com:8443/a/b?c=d%20e"),
            ("www.a.com:8088", "https://www.a.com:8443/a/b?c=d%20e"),
            ("evil.com/x?@a.com", f"https://{network.balancer}:8443/a/b?c=d%20e"),
            ("", f"https://{network.balancer}:8443/a/b?c=d%20e"),
        ):
            answer = await client.ask("/a/b?c=d%20e", host=host)
            assert (answer.status, answer.headers["location"]) == (301, location)
        assert (await client.ask("/", method="HEAD", host="www.a.com")).status == 301
    forwarder = network.listener(forward_port=443)
    await serve(plane, forwarder)
    async with connected(network.balancer) as client:
        answer = await client.ask("/", host="www.a.com")
        assert answer.headers["location"] == "https://www.a.com/"
