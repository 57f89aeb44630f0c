"""A live cloud, a database with real commits, and children to kill."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from tests.cloud import REGION, cloud, live_cloud, mirror, outsider  # noqa: F401 - fixtures
from tests.crashes.kinds import Start
from tests.crashes.nursery import Nursery
from tests.localcloud.client import Client
from tests.localcloud.process import LocalCloud
from vservers.localcloud.faultctl import ask


@pytest.fixture(scope="session")
def nursery(django_db_setup: None, live_cloud: LocalCloud) -> Iterator[Nursery]:  # noqa: F811
    names = ("NAME", "HOST", "PORT", "USER", "PASSWORD")
    with Nursery(
        database={name: connection.settings_dict[name] for name in names},
        cloud={
            "CLOUD_ENDPOINT": live_cloud.endpoint,
            "CLOUD_ACCESS_KEY_ID": live_cloud.access_key_id,
            "CLOUD_ACCESS_KEY_SECRET": live_cloud.access_key_secret,
        },
    ) as running:
        yield running


@pytest.fixture
def new_start(
    transactional_db: None,
    cloud: LocalCloud,  # noqa: F811
    outsider: Client,  # noqa: F811
    operator: Any,
) -> Callable[[], Start]:
    """`new_start()`: a load balancer of its own, and the operator."""

    def make() -> Start:
        answer = outsider.call("CreateLoadBalancer", RegionId=REGION, LoadBalancerName="crash")
        balancer_id = answer["LoadBalancerId"]

        def refuse(action: str, code: str) -> None:
            fault = {"kind": "busy", "actions": [action], "code": code, "times": 1}
            status, told = ask(cloud.data_dir, "POST", "/faults", fault)
            assert status == 201, told

        return Start(
            outsider=outsider,
            balancer_id=balancer_id,
            mirror=lambda: mirror(balancer_id),
            refuse=refuse,
            user={"name": operator.username, "role": operator.role, "user_id": operator.pk},
        )

    return make
