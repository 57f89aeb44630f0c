"""Ports that cannot be had: moved or left out, said, and the rest serves on."""

import ctypes
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dataplane.world import Network, connected, count, eventually, serve
from tests.dataplane.world import topology as topology_of
from vservers.localcloud.dataplane import DataPlane
from vservers.localcloud.dataplane.ports import MOVED_BY, lowest_bindable_port, served_port

pytestmark = pytest.mark.dataplane

_PR_CAPBSET_DROP = 24
_CAP_NET_BIND_SERVICE = 10


def _without_right_to_low_ports() -> None:
    """In the child: even root may then not bind them. An ordinary user may not anyway."""
    ctypes.CDLL(None).prctl(_PR_CAPBSET_DROP, _CAP_NET_BIND_SERVICE, 0, 0, 0)


@pytest.mark.skipif(
    int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text()) <= 80,
    reason="everybody may bind every port here",
)
def test_a_port_that_needs_rights_is_served_higher_up(tmp_path: Path, network: Network) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.dataplane.alone", str(tmp_path), network.prefix, "end"],
        preexec_fn=_without_right_to_low_ports,
        capture_output=True,
        check=True,
        timeout=60,
    )
    report = json.loads(done.stdout)
    moved = MOVED_BY + 80
    assert (report["on"], report["port"], report["high"]) == (True, moved, 8088)
    assert f"{network.balancer}:80 is served on {network.balancer}:{moved}" in report["notice"]
    assert report["notices"] == [report["notice"]]
    assert report["body"].splitlines()[:2] == ["i-0", f"served by {network.instance(0)}:{moved}"]


def test_served_port_moves_only_what_is_too_low() -> None:
    assert [served_port(port, 1024) for port in (80, 1023, 1024)] == [61080, 62023, 1024]
    assert served_port(80, 1) == 80
    assert lowest_bindable_port() >= 1


async def test_a_taken_port_is_said_and_served_as_soon_as_it_is_free(
    plane: DataPlane, network: Network
) -> None:
    group = network.backend("rsp-1", [1])
    with socket.create_server((network.balancer, 8089)):
        await serve(plane, network.listener(group), network.listener(group, port=8089))
        notice = f"{network.balancer}:8089 is not served: another program holds this port"
        assert plane.served_at(network.balancer, 8089) == (network.balancer, 8089, notice)
        assert plane.notices() == [notice]
        assert await count(network.balancer, 5) == {"i-0": 5}
    await eventually(lambda: plane.notices() == [])
    async with connected(network.balancer, 8089) as client:
        assert (await client.ask()).server == "i-0"


async def test_a_taken_port_of_an_instance_is_said(plane: DataPlane, network: Network) -> None:
    with socket.create_server((network.instance(0), 8080)):
        plane.submit(topology_of(network.listener(network.backend("rsp-1", [0, 1]))))
        await plane.settled()
        assert plane.status.on
        [notice] = plane.notices()
        assert notice.startswith(f"no demo instance at {network.instance(0)}:8080: another program")
        assert await count(network.balancer, 5) == {"i-1": 5}
    await eventually(lambda: plane.notices() == [])
