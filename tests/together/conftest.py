"""A live cloud behind a proxy that tells when each call comes."""

from tests.cloud import (  # noqa: F401 - fixtures of this folder
    cloud,
    flaky_cloud,
    live_cloud,
    outsider,
)
