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
from vservers.models import LoadBalancer

UNPROTECTED = {"ModificationProtectionStatus": "NonProtection"}


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
) -> Iterator[Callable[[], Start]]:
    """`new_start()`: a load balancer of its own, and the operator.

    What the one before it has left behind goes first, so that each finds as much as the others and
    takes the same steps.
    """
    made: list[str] = []

    def make() -> Start:
        if made:
            _tidy(outsider, made.pop())
        answer = outsider.call("CreateLoadBalancer", RegionId=REGION, LoadBalancerName="crash")
        balancer_id = answer["LoadBalancerId"]
        made.append(balancer_id)

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

    yield make
    for balancer_id in made:
        _tidy(outsider, balancer_id)


def _tidy(outsider: Client, balancer_id: str) -> None:  # noqa: F811
    """Remove a load balancer, and what of its region bears its name."""

    def call(action: str, **parameters: Any) -> dict[str, Any]:
        return outsider.call(action, RegionId=REGION, **parameters)

    listed = call("DescribeLoadBalancers", PageSize=100)["LoadBalancers"]["LoadBalancer"]
    for one in listed:
        if one["LoadBalancerId"] == balancer_id or one["LoadBalancerName"].endswith(balancer_id):
            gone = {"LoadBalancerId": one["LoadBalancerId"]}
            call("SetLoadBalancerModificationProtection", **gone, **UNPROTECTED)
            call("SetLoadBalancerDeleteProtection", **gone, DeleteProtection="off")
            call("DeleteLoadBalancer", **gone)
            # So that no procedure of the next is about it.
            LoadBalancer.everything.filter(pk=one["LoadBalancerId"]).delete()
    for what, many, one_id, name, delete in (
        ("DescribeAccessControlLists", "Acls", "AclId", "AclName", "DeleteAccessControlList"),
        (
            "DescribeServerCertificates",
            "ServerCertificates",
            "ServerCertificateId",
            "ServerCertificateName",
            "DeleteServerCertificate",
        ),
        (
            "DescribeCACertificates",
            "CACertificates",
            "CACertificateId",
            "CACertificateName",
            "DeleteCACertificate",
        ),
    ):
        for row in call(what)[many][many.removesuffix("s")]:
            if row[name].endswith(balancer_id):
                call(delete, **{one_id: row[one_id]})
