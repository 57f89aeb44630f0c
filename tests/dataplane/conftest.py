"""A network and a cloud per test process, and a data plane per test."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.dataplane.world import Network
from tests.localcloud.process import LocalCloud
from vservers.localcloud.dataplane import DataPlane
from vservers.localcloud.dataplane.machine import locked


@pytest.fixture(scope="session")
def network() -> Iterator[Network]:
    """Addresses that no other test process uses, of this run or of another on this machine."""
    for second in range(160, 250):
        place = Path(tempfile.gettempdir()) / f"dataplane-tests-{os.getuid()}-127.{second}"
        if (lock := locked(place)) is not None:
            yield Network(f"127.{second}")
            lock.close()
            return
    pytest.fail("every network for tests is in use")


# Of the package: clouds that a worker starts later may be given the same network.
@pytest.fixture(scope="package")
def live_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A local cloud that serves traffic, for the tests that see the console before it."""
    with LocalCloud(tmp_path_factory.mktemp("served"), dataplane=True) as running:
        yield running


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[DataPlane]:
    """A started data plane that serves nothing yet."""
    running = DataPlane(tmp_path / "dataplane")
    await running.start()
    try:
        yield running
    finally:
        await running.stop()
