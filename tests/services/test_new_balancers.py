"""New load balancers, made in a live cloud."""

import pytest

from console.accounts.permissions import NotAllowed
from tests.cloud import PAY_VPC, PAY_VSWITCH, REGION, mirror, place
from vservers.models import Drift, LoadBalancer, Operation
from vservers.services import undo
from vservers.services.errors import CallFailed, CannotUndo
from vservers.services.new_balancers import create_balancer, offered_places

INTERNET = {
    "name": "fresh",
    "address_type": "internet",
    "spec": "slb.s2.small",
    "internet_charge_type": "paybybandwidth",
    "bandwidth": 20,
    "delete_protection": "on",
}


@pytest.fixture
def actor(operator):
    return operator.as_actor()


def create(actor, **values):
    return create_balancer(actor=actor, account_region=place(), values=INTERNET | values)


def test_an_internet_instance_is_made_as_wished_and_read_whole(actor, cloud):
    balancer = create(actor)
    assert (balancer.name, balancer.spec, balancer.bandwidth) == ("fresh", "slb.s2.small", 20)
    assert balancer.is_protected_from_deletion
    assert balancer.address
    assert balancer.synced_at
    operation = Operation.objects.get()
    assert (operation.resource_id, operation.load_balancer_id) == (balancer.pk, "")
    assert operation.status == Operation.Status.DONE
    assert not Drift.objects.filter(object_id=balancer.pk).exists(), "it is our own doing"


def test_an_intranet_instance_is_made_in_a_vswitch(actor, cloud):
    balancer = create_balancer(
        actor=actor,
        account_region=place(),
        values={
            "name": "inside",
            "address_type": "intranet",
            "vpc_id": PAY_VPC,
            "vswitch_id": PAY_VSWITCH,
            "master_zone_id": "cn-hangzhou-h",
            "slave_zone_id": "cn-hangzhou-i",
        },
    )
    assert (balancer.vpc_id, balancer.vswitch_id) == (PAY_VPC, PAY_VSWITCH)
    assert (balancer.master_zone_id, balancer.slave_zone_id) == ("cn-hangzhou-h", "cn-hangzhou-i")


def test_a_creation_whose_answer_was_lost_is_found_and_made_once(actor, flaky_cloud):
    flaky_cloud.drop_answers("CreateLoadBalancer", 1)
    balancer = create(actor, name="once")
    assert LoadBalancer.objects.filter(name="once").get() == balancer
    assert Operation.objects.get().status == Operation.Status.DONE


def test_a_creation_is_undone_unless_something_was_put_into_it(actor, cloud, outsider):
    balancer = create(actor, name="brief", delete_protection="off")
    operation = Operation.objects.get()
    named = {"RegionId": REGION, "LoadBalancerId": balancer.pk, "VServerGroupName": "in-it"}
    outsider.call("CreateVServerGroup", **named)
    mirror(balancer.pk)
    with pytest.raises(CannotUndo, match="Release it instead"):
        undo.undo(actor=actor, operation=operation)
    balancer.vserver_groups.all().delete()
    undo.undo(actor=actor, operation=operation)
    assert LoadBalancer.everything.get(pk=balancer.pk).vanished_at


def test_what_the_cloud_refuses_is_told_and_nothing_stays(actor, cloud):
    with pytest.raises(CallFailed) as caught:
        create(actor, name="six", ip_version="ipv6")
    assert caught.value.code == "RegionOrZonesNotSupportIpv6"
    assert not LoadBalancer.objects.filter(name="six").exists()


def test_a_region_tells_its_zones_and_networks(actor, cloud):
    offered = offered_places(actor=actor, account_region=place())
    assert [zone.zone_id for zone in offered.zones][:2] == ["cn-hangzhou-h", "cn-hangzhou-i"]
    assert PAY_VPC in {vpc.vpc_id for vpc in offered.vpcs}
    (vswitch,) = (one for one in offered.vswitches if one.vswitch_id == PAY_VSWITCH)
    assert (vswitch.vpc_id, vswitch.zone_id) == (PAY_VPC, "cn-hangzhou-h")


def test_a_reader_may_not(reader, cloud):
    with pytest.raises(NotAllowed):
        create(reader.as_actor())
    with pytest.raises(NotAllowed):
        offered_places(actor=reader.as_actor(), account_region=place())
