from tests.cloud import (  # noqa: F401 - fixtures of this folder
    balancer,
    cloud,
    flaky_cloud,
    live_cloud,
    new_balancer,
    outsider,
    vpc_balancer,
)
from tests.services.conftest import other_session  # noqa: F401 - a fixture too
