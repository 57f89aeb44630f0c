"""One cloud for the vendor's SDKs."""

from collections.abc import Iterator

import pytest

from tests.localcloud.process import LocalCloud


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A cloud with demo data, without data plane."""
    with LocalCloud(tmp_path_factory.mktemp("contract")) as running:
        yield running
