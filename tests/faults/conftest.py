"""A live cloud behind a proxy that can fail."""

from tests.cloud import (  # noqa: F401 - fixtures of this folder
    balancer,
    cloud,
    flaky_cloud,
    live_cloud,
    new_balancer,
    outsider,
)
