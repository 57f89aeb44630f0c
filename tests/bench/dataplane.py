"""The data plane: beside plain HAProxy, from a written weight to traffic, and at full size.

Loopback only. Load comes from wrk (package "wrk"); without it that part is left out and said.
"""

import asyncio
import http.client
import json
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.dataplane.churn import churn
from tests.dataplane.test_scale import GROUPS, SERVERS, many
from tests.dataplane.world import MEMBER_PORT, Network, serve, topology
from tests.localcloud.client import Client
from tests.localcloud.process import LocalCloud
from vservers.localcloud.dataplane import DataPlane
from vservers.localcloud.dataplane.machine import find_haproxy

NETWORK = Network("127.252")
OURS_PORT = 8088
PLAIN_PORT = 8089
TWIN_PORT = 8090
# Many short rounds: what else the machine does falls on all alike.
ROUNDS = 16
ROUND_SECONDS = 1
CONNECTIONS = 32
WEIGHTS = (10, 30, 60)
WEIGHT_CHANGES = 40
RELOADS = 5
CHANGES = 50
REQUESTS = 20_000

_RATE = re.compile(r"Requests/sec:\s+([0-9.]+)")
_P99 = re.compile(r"99%\s+([0-9.]+)(us|ms|s)\b")
_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """What wrk saw in one round: requests per second, 99th percentile in milliseconds."""

    rate: float
    p99: float


def main() -> None:
    """Measure all, a line a number."""
    if find_haproxy(None) is None:
        print("data plane: HAProxy is not installed")
        return
    asyncio.run(_beside_plain_haproxy())
    _from_weight_to_traffic()
    asyncio.run(_at_full_size())
    asyncio.run(_changes_under_load())


async def _beside_plain_haproxy() -> None:
    """The same servers behind both, in turns, so that the machine's moods hit both alike.

    A third engine with the plain configuration tells how far two equal ones are apart here.
    """
    if shutil.which("wrk") is None:
        print("data plane beside plain HAProxy: not measured, wrk is not installed")
        return
    seen: dict[int, list[Load]] = {OURS_PORT: [], PLAIN_PORT: [], TWIN_PORT: []}
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        with (
            _haproxy(folder / "servers.cfg", _servers()),
            _haproxy(folder / "plain.cfg", _plain(PLAIN_PORT)),
            _haproxy(folder / "twin.cfg", _plain(TWIN_PORT)),
        ):
            plane = DataPlane(folder / "plane")
            await plane.start()
            # Its own instances find their ports taken, by servers that are no bottleneck.
            plane.submit(topology(NETWORK.listener(NETWORK.backend("rsp-1", WEIGHTS))))
            await plane.settled()
            ports = list(seen)
            for _ in range(ROUNDS):
                ports = [*ports[1:], ports[0]]
                for port in ports:
                    seen[port].append(await asyncio.to_thread(_wrk, port))
            await plane.stop()
    for name, port in (("ours", OURS_PORT), ("plain HAProxy", PLAIN_PORT)):
        rate, p99 = (
            statistics.median(getattr(one, what) for one in seen[port]) for what in ("rate", "p99")
        )
        print(f"data plane, {name}: {rate:,.0f} requests/s, p99 {p99:.2f} ms")
    for name, port in (("ours", OURS_PORT), ("the same again", TWIN_PORT)):
        pairs = zip(seen[port], seen[PLAIN_PORT], strict=True)
        low, middle, high = statistics.quantiles(one.rate / other.rate for one, other in pairs)
        print(
            f"beside plain HAProxy, {name}: {middle:.3f} of its requests/s,"
            f" half of the rounds from {low:.3f} to {high:.3f}"
            f"{' (aim 0.95)' if port == OURS_PORT else ' (what the machine alone makes of it)'}"
        )


def _wrk(port: int) -> Load:
    done = subprocess.run(
        [
            *("wrk", "--latency", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{ROUND_SECONDS}s"),
            f"http://{NETWORK.balancer}:{port}/",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Non-2xx" not in done.stdout, done.stdout
    rate, p99 = _RATE.search(done.stdout), _P99.search(done.stdout)
    assert rate, done.stdout
    assert p99, done.stdout
    return Load(float(rate[1]), float(p99[1]) * _MILLISECONDS[p99[2]])


def _servers() -> str:
    """Servers that answer at once with 200 bytes."""
    binds = "\n".join(f"    bind {NETWORK.instance(n)}:{MEMBER_PORT}" for n in range(len(WEIGHTS)))
    answer = f'http-request return status 200 content-type text/plain string "{"x" * 200}"'
    return f"frontend servers\n{binds}\n    {answer}\n"


def _plain(port: int) -> str:
    """What a person would write for three servers with weights, client addresses and gzip."""
    servers = "\n".join(
        f"    server s{n} {NETWORK.instance(n)}:{MEMBER_PORT} weight {weight}"
        for n, weight in enumerate(WEIGHTS)
    )
    return (
        f"frontend plain\n    bind {NETWORK.balancer}:{port}\n    option forwardfor\n"
        "    compression algo gzip\n    compression type text/html text/plain\n"
        f"    default_backend servers\nbackend servers\n    balance roundrobin\n{servers}\n"
    )


@contextmanager
def _haproxy(path: Path, text: str) -> Iterator[None]:
    program = find_haproxy(None)
    assert program is not None
    path.write_text(
        "global\n    nbthread 2\ndefaults\n    mode http\n    timeout connect 5s\n"
        f"    timeout client 60s\n    timeout server 60s\n{text}"
    )
    process = subprocess.Popen([program, "-db", "-f", str(path)], stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        assert process.poll() is None, f"{path.name} is refused"
        yield
    finally:
        process.terminate()
        process.wait()


def _from_weight_to_traffic() -> None:
    """From the API's answer to a changed weight to the first request that follows it."""
    balancer, port = "lb-bp1shopinternet0001", 80
    with tempfile.TemporaryDirectory() as text, LocalCloud(Path(text), dataplane=True) as cloud:
        client = Client(cloud)
        listeners = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
        at = next(
            one["ServedAt"]
            for one in listeners["ListenerPortsAndProtocol"]["ListenerPortAndProtocol"]
            if one["ListenerPort"] == port
        )
        pool = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
        ids = [one["ServerId"] for one in pool["BackendServers"]["BackendServer"]]
        waited = []
        for number in range(WEIGHT_CHANGES):
            only = ids[number % 2]
            weights = [{"ServerId": one, "Weight": 100 * (one == only)} for one in ids]
            client.call(
                "SetBackendServers", LoadBalancerId=balancer, BackendServers=json.dumps(weights)
            )
            started = time.perf_counter()
            while _answered_by(at) != only:
                assert time.perf_counter() - started < 5, "the weight is never followed"
            waited.append((time.perf_counter() - started) * 1000)
    median, worst = statistics.median(waited), max(waited)
    print(f"from a weight to traffic: median {median:.1f} ms, worst {worst:.1f} ms (aim 100 ms)")


def _answered_by(at: str) -> str:
    connection = http.client.HTTPConnection(at, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().headers["X-Instance-Id"]
    finally:
        connection.close()


async def _at_full_size() -> None:
    with tempfile.TemporaryDirectory() as text:
        plane = DataPlane(Path(text))
        await plane.start()
        listeners = many(NETWORK)
        started = time.perf_counter()
        await serve(plane, *listeners)
        first, reloads = time.perf_counter() - started, []
        for number in range(RELOADS):
            listeners[0] = replace(listeners[0], slb_id=number % 2 == 0)
            started = time.perf_counter()
            await serve(plane, *listeners)
            reloads.append(time.perf_counter() - started)
        await plane.stop()
    print(
        f"{GROUPS} groups x {SERVERS} servers: first configuration {first:.2f} s,"
        f" reload {statistics.median(reloads):.2f} s"
    )


async def _changes_under_load() -> None:
    with tempfile.TemporaryDirectory() as text:
        plane = DataPlane(Path(text))
        await plane.start()
        started = time.perf_counter()
        seen = await churn(plane, NETWORK, changes=CHANGES, requests=REQUESTS)
        took = time.perf_counter() - started
        await plane.stop()
    print(
        f"{seen.changes} changes under load: {seen.answered:,} requests, {len(seen.lost)} failed,"
        f" slowest change {seen.slowest:.2f} s, {took:.0f} s in all (aim 0 failed)"
    )
    assert not seen.lost, seen.lost[:5]
