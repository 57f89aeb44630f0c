"""The mirror says what the cloud says: full reads, part reads, what vanished, what overtook."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from console.accounts.permissions import NotAllowed
from tests.cloud import REGION, connect, mirror, the_account, web
from vservers.models import (
    AccountRegion,
    Listener,
    LoadBalancer,
    Member,
    Rule,
    Server,
    VServerGroup,
)
from vservers.services import readings, schedule, sync
from vservers.services.errors import Gone

SHOP = "lb-bp1shopinternet0001"


def test_a_full_sync_mirrors_every_region(cloud):
    runs = list(schedule.sync_now(the_account()))
    assert [run.region_id for run in runs][:1] == [REGION]
    assert {"cn-hangzhou", "cn-shanghai", "ap-southeast-1"} <= {run.region_id for run in runs}
    assert {run.status for run in runs} == {"done"}
    assert Server.objects.filter(region=REGION).count() == 24
    shop = LoadBalancer.objects.get(pk=SHOP)
    assert shop.address.startswith("127.")
    assert shop.synced_at
    assert shop.listeners.get().backend_server_port == 8080
    assert shop.pool_servers.exists()
    assert all(place.synced_at for place in AccountRegion.objects.all())


def test_a_second_sync_changes_nothing(cloud):
    list(schedule.sync_now(the_account(), region_id=REGION))

    def everything():
        return {
            model: list(model.objects.order_by("pk").values_list("pk", flat=True))
            for model in (LoadBalancer, VServerGroup, Member, Listener, Rule, Server)
        }

    before = everything()
    list(schedule.sync_now(the_account(), region_id=REGION))
    assert everything() == before


def test_postgresql_counts_what_a_first_sync_wrote(cloud):
    counted = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            list(schedule.sync_now(the_account(), region_id=REGION))
        counted.append([one["sql"] for one in asked if one["sql"].startswith("ANALYZE")])
    assert [len(one) for one in counted] == [1, 0]
    assert Member._meta.db_table in counted[0][0]


def test_what_vanished_in_the_cloud_vanishes_in_the_mirror(balancer, outsider):
    made = outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        BackendServers=[{"ServerId": web(1), "Port": 80}, {"ServerId": web(2), "Port": 80}],
    )["VServerGroupId"]
    mirror(balancer.pk)
    assert Member.objects.filter(group=made).count() == 2
    outsider.call(
        "RemoveVServerGroupBackendServers",
        RegionId=REGION,
        VServerGroupId=made,
        BackendServers=[{"ServerId": web(1), "Port": 80}],
    )
    mirror(balancer.pk)
    assert Member.objects.get(group=made).server_id == web(2)
    outsider.call("DeleteVServerGroup", RegionId=REGION, VServerGroupId=made)
    mirror(balancer.pk)
    assert not VServerGroup.objects.filter(pk=made).exists()


def test_a_picture_that_a_write_overtook_is_read_again(balancer, outsider):
    """A slow full read must not cover what a quicker part read has written since."""
    cloud = connect(REGION)
    reads = []

    def slow_read(connection):
        write = readings.all_groups(balancer.pk)(connection)
        reads.append(1)
        if len(reads) == 1:
            # Meanwhile somebody creates a group, and it is mirrored.
            made = outsider.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=balancer.pk)[
                "VServerGroupId"
            ]
            sync.store(connect(REGION), balancer.pk, readings.one_group(balancer.pk, made))
        return write

    sync.store(cloud, balancer.pk, slow_read)
    assert len(reads) == 2
    assert balancer.vserver_groups.count() == 1


def test_a_balancer_that_was_released_goes(balancer, outsider, operator):
    outsider.call("DeleteLoadBalancer", LoadBalancerId=balancer.pk)
    with pytest.raises(Gone):
        sync.refresh_balancer(actor=operator.as_actor(), load_balancer=balancer)
    assert not LoadBalancer.objects.filter(pk=balancer.pk).exists()


def test_a_stranger_cannot_refresh(balancer, stranger):
    with pytest.raises(NotAllowed):
        sync.refresh_balancer(actor=stranger.as_actor(), load_balancer=balancer)
