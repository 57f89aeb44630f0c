"""How many queries the long lists take: few, and the same at 50 and at 10,000 groups."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from vservers.models import (
    AccountRegion,
    CloudAccount,
    Listener,
    LoadBalancer,
    Member,
    Region,
    Server,
    ServerHealth,
    VServerGroup,
)

pytestmark = pytest.mark.django_db

REGION = "cn-hangzhou"
GROUPS_EACH = 20
GROUPS, INSTANCES = f"/regions/{REGION}/groups/", f"/regions/{REGION}/balancers/"
MOST_QUERIES = 8
LISTS = [
    (GROUPS, {"size": "50"}),
    (GROUPS, {"size": "50", "page": "1000"}),
    (GROUPS, {"size": "50", "sort": "-servers", "use": "unused"}),
    (GROUPS, {"q": "group-1", "tag": "env=prod"}),
    (f"{INSTANCES}lb-000/groups/", {"size": "50"}),
    (INSTANCES, {}),
    (INSTANCES, {"size": "100", "sort": "-address", "page": "1000"}),
    (INSTANCES, {"q": "instance", "tag_key": "env"}),
]


@pytest.fixture
def account(db):
    account = CloudAccount.objects.create(name="large", endpoint="http://127.0.0.1:9")
    region = Region.objects.create(region_id=REGION, name="Hangzhou")
    AccountRegion.objects.create(account=account, region=region)
    Server.objects.create(
        server_id="i-1", name="web", status="Running", account=account, region=region
    )
    return account


def fill(account: CloudAccount, first: int, end: int) -> None:
    """Groups with those numbers, each with a server; every 20th used by a listener that checks."""
    now = timezone.now()
    instances = range(-(-first // GROUPS_EACH), -(-end // GROUPS_EACH))
    LoadBalancer.objects.bulk_create(
        LoadBalancer(
            load_balancer_id=f"lb-{n:03}",
            name=f"instance-{n:03}",
            address=f"203.0.{n // 256}.{n % 256}",
            account=account,
            region_id=REGION,
            tags={"env": "prod", "n": str(n)},
        )
        for n in instances
    )
    VServerGroup.objects.bulk_create(
        VServerGroup(
            vserver_group_id=f"rsp-{n:05}",
            load_balancer_id=f"lb-{n // GROUPS_EACH:03}",
            name=f"group-{n:05}",
            synced_at=now,
            tags={"env": "prod"},
        )
        for n in range(first, end)
    )
    Member.objects.bulk_create(
        Member(group_id=f"rsp-{n:05}", server_id="i-1", port=80, weight=100)
        for n in range(first, end)
    )
    listeners = Listener.objects.bulk_create(
        Listener(
            load_balancer_id=f"lb-{n:03}",
            protocol="http",
            port=80,
            status="running",
            health_check="on",
            vserver_group_id=f"rsp-{n * GROUPS_EACH:05}",
        )
        for n in instances
    )
    ServerHealth.objects.bulk_create(
        ServerHealth(listener=one, server_id="i-1", port=80, status="normal", read_at=now)
        for one in listeners
    )


def counted(client) -> list[int]:
    numbers = []
    for address, query in LISTS:
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address, query).status_code == 200
        numbers.append(len(asked))
    return numbers


def test_lists_take_at_most_eight_queries_and_as_many_at_50_as_at_10_000_groups(
    client_of, operator, account
):
    client = client_of(operator)
    fill(account, 0, 50)
    counted(client)
    few = counted(client)
    fill(account, 60, 10_000)
    assert counted(client) == few
    assert max(few) <= MOST_QUERIES


def test_the_frame_of_a_page_asks_once_for_regions_counts_and_the_region_of_its_address(
    client_of, operator, account
):
    client = client_of(operator)
    client.get(INSTANCES)
    with CaptureQueriesContext(connection) as asked:
        client.get(f"/regions/{REGION}/access-lists/")
    about = [query["sql"] for query in asked if 'FROM "vservers_region"' in query["sql"]]
    assert len(about) == 1
    assert "vservers_drift" in about[0]
