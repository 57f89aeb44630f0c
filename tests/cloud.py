"""A live local cloud behind the console, for tests of services, selectors and pages.

Import the fixtures into the conftest of a folder. Each test gets load balancers of its own, so
that what one does to the cloud cannot matter to another.
"""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import pytest
from django.db.models import Model
from django.utils import timezone
from pytest_django import Settings

from tests.flaky import FlakyCloud, flaky_before
from tests.localcloud.client import Client as Outsider
from tests.localcloud.process import LocalCloud
from vservers.cloud import Cloud
from vservers.models import AccountRegion, CloudAccount, LoadBalancer, Region, Server
from vservers.services import accounts, connection, readings, regions, sync

REGION = "cn-hangzhou"
PAY_VPC = "vpc-bp1payments0000001"
PAY_VSWITCH = "vsw-bp1payh000000001"


def web(number: int) -> str:
    """A classic server of the demo: running for 1..7, stopped for 8."""
    return f"i-bp1web{number:02d}".ljust(22, "0")


def pay(number: int) -> str:
    """A server of the payments VPC, 1..6."""
    return f"i-bp1pay{number:02d}".ljust(22, "0")


def report(number: int) -> str:
    """A server of the analytics VPC, 1..4."""
    return f"i-bp1report{number:02d}".ljust(22, "0")


@pytest.fixture(scope="session")
def live_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """One local cloud for the session, with demo data and without data plane."""
    with LocalCloud(tmp_path_factory.mktemp("console-cloud")) as running:
        yield running


@pytest.fixture
def outsider(live_cloud: LocalCloud) -> Outsider:
    """Somebody else with the same key: another program, or the vendor's own console."""
    return Outsider(live_cloud)


# {endpoint of a live cloud: the rows that the first sync of its regions and servers wrote}
_first_sights: dict[str, list[Model]] = {}


@pytest.fixture
def cloud(db: None, live_cloud: LocalCloud, settings: Settings) -> LocalCloud:
    """The console pointed at the live cloud, its regions and servers mirrored.

    They are read once a session, and each test finds them as that sync has left them.
    """
    settings.CLOUD_ENDPOINT = live_cloud.endpoint
    settings.CLOUD_ACCESS_KEY_ID = live_cloud.access_key_id
    settings.CLOUD_ACCESS_KEY_SECRET = live_cloud.access_key_secret
    account = accounts.from_environment()
    if rows := _first_sights.get(live_cloud.endpoint):
        _put_back(rows, account)
    else:
        regions.sync_regions(account)
        regions.sync_servers(connect(REGION), account)
        models: list[type[Model]] = [Region, AccountRegion, Server]
        found = [row for model in models for row in model._default_manager.all()]
        _first_sights[live_cloud.endpoint] = found
    return live_cloud


def _put_back(rows: list[Model], account: CloudAccount) -> None:
    now = timezone.now()
    for row in rows:
        # Another test's account has been rolled back with all that was its own.
        if isinstance(row, AccountRegion):
            row.pk = None
            row.servers_at = row.servers_at and now
        if isinstance(row, AccountRegion | Server):
            row.account = account
    for model, some in groupby(rows, type):
        model._default_manager.bulk_create(some)
    account.regions_at = now
    account.save(update_fields=["regions_at"])


def the_account() -> CloudAccount:
    """The account of the environment: of the live cloud."""
    return CloudAccount.objects.get(from_environment=True)


def place(region_id: str = REGION) -> AccountRegion:
    """A region of the live cloud's account."""
    rows = AccountRegion.objects.select_related("account", "region")
    return rows.get(account__from_environment=True, region=region_id)


def connect(region_id: str = REGION) -> Cloud:
    """A region of the live cloud."""
    return connection.connect(the_account(), region_id)


@pytest.fixture
def new_balancer(cloud: LocalCloud, outsider: Outsider) -> Callable[..., LoadBalancer]:
    """`new_balancer(**parameters of CreateLoadBalancer)`: a new one, mirrored."""

    def make(**parameters: Any) -> LoadBalancer:
        answer = outsider.call("CreateLoadBalancer", RegionId=REGION, **parameters)
        return mirror(answer["LoadBalancerId"])

    return make


@pytest.fixture
def balancer(new_balancer: Callable[..., LoadBalancer]) -> LoadBalancer:
    """A new Internet load balancer without anything."""
    return new_balancer(LoadBalancerName="test")


@pytest.fixture
def vpc_balancer(new_balancer: Callable[..., LoadBalancer]) -> LoadBalancer:
    """A new intranet load balancer in the payments VPC."""
    return new_balancer(AddressType="intranet", VpcId=PAY_VPC, VSwitchId=PAY_VSWITCH)


def mirror(load_balancer_id: str) -> LoadBalancer:
    """Bring one load balancer of the cloud into the mirror, whole."""
    cloud = connect(REGION)
    detail = cloud.slb.describe_load_balancer_attribute(load_balancer_id)
    LoadBalancer.everything.update_or_create(
        load_balancer_id=load_balancer_id,
        defaults={
            "account": the_account(),
            "region_id": REGION,
            "vanished_at": None,
            **readings.balancer_columns(detail.balancer),
        },
    )
    sync.store(cloud, load_balancer_id, readings.whole_balancer(load_balancer_id))
    return LoadBalancer.objects.get(pk=load_balancer_id)


def api_group(outsider: Outsider, load_balancer_id: str) -> str:
    """The ID of a group "api" of web(1):80 with a weight of 10 that somebody else has made."""
    return str(
        outsider.call(
            "CreateVServerGroup",
            RegionId=REGION,
            LoadBalancerId=load_balancer_id,
            VServerGroupName="api",
            BackendServers=[{"ServerId": web(1), "Port": 80, "Weight": 10}],
        )["VServerGroupId"]
    )


@pytest.fixture
def flaky_cloud(cloud: LocalCloud, settings: Settings) -> Iterator[FlakyCloud]:
    """The console pointed at the live cloud through a proxy that can fail."""
    with flaky_before(cloud.endpoint) as flaky:
        settings.CLOUD_ENDPOINT = flaky.endpoint
        accounts.from_environment()
        yield flaky
