"""The dialog of a new instance."""

import pytest
from django.urls import reverse

from tests.cloud import PAY_VSWITCH, REGION, place
from tests.pages.addresses import HTMX, address
from tests.queue import work_off
from vservers.cloud.vpc import Vpc, VSwitch
from vservers.cloud.zones import Zone, ZonePair
from vservers.models import Batch, LoadBalancer, Operation
from vservers.pages.instances.new_form import NewBalancerForm
from vservers.services.new_balancers import Offered

URL = "/regions/cn-hangzhou/balancers/new/"
FORM = {
    "name": "made-here",
    "quantity": "1",
    "tags": "",
    "master_zone_id": "",
    "slave_zone_id": "",
    "resource_group_id": "",
    "address_type": "internet",
    "vswitch_id": "",
    "ip_version": "ipv4",
    "charge_type": "PayBySpec",
    "spec": "",
    "internet_charge_type": "paybytraffic",
    "bandwidth": "",
}


def form(**changes):
    return FORM | {"place": str(place().pk)} | changes


def test_the_form_offers_the_clouds_zones_and_networks(client_of, operator, cloud):
    client = client_of(operator)
    page, part = client.get(URL), client.get(URL, headers=HTMX)
    words = page.content.decode()
    for offer in ("cn-hangzhou-h", "payments (192.168.0.0/16)", PAY_VSWITCH, "Classic network"):
        assert offer in words, offer
    assert "<html" in words
    assert "<html" not in part.content.decode()


def test_an_instance_is_created_and_its_page_opens(client_of, operator, cloud):
    answer = client_of(operator).post(URL, form())
    made = LoadBalancer.objects.get(name="made-here")
    assert answer["Location"] == reverse("balancers-detail", args=[REGION, made.pk])
    assert (made.address_type, made.internet_charge_type) == ("internet", "paybytraffic")


def test_an_intranet_instance_takes_the_vpc_of_its_vswitch(client_of, operator, cloud):
    inside = form(name="inside", address_type="intranet", vswitch_id=PAY_VSWITCH)
    client_of(operator).post(URL, inside | {"bandwidth": "7", "delete_protection": "on"})
    made = LoadBalancer.objects.get(name="inside")
    assert (made.network_type, made.vswitch_id) == ("vpc", PAY_VSWITCH)
    assert made.is_protected_from_deletion


def test_what_is_wrong_is_said_beside_its_field_and_stays_typed(client_of, operator, cloud):
    wrong = form(
        name="9lives",
        master_zone_id="cn-hangzhou-h",
        slave_zone_id="cn-hangzhou-h",
        internet_charge_type="paybybandwidth",
    )
    answer = client_of(operator).post(URL, wrong, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    for words in ("Begin with a letter", "another zone than the primary", "Say how many Mbit/s"):
        assert words in page
    assert 'value="9lives"' in page
    assert not Operation.objects.exists()


def test_what_the_cloud_refuses_is_told_in_the_dialog(client_of, operator, flaky_cloud):
    flaky_cloud.refuse("CreateLoadBalancer", "OperationForbidden.QuotaLimit", 1)
    answer = client_of(operator).post(URL, form(tags="env=prod"), headers=HTMX)
    assert answer.status_code == 422
    assert "OperationForbidden.QuotaLimit" in answer.content.decode()
    assert ">\nenv=prod</textarea>" in answer.content.decode()


def test_several_are_made_one_by_one_with_their_tags(client_of, operator, cloud):
    client = client_of(operator)
    several = form(name="row", quantity="3", tags="env=prod\nteam = blue\n", spec="slb.s2.small")
    plan = client.post(URL, several | {"intent": "plan"}).content.decode()
    assert plan.count("<code>CreateLoadBalancer</code>") == 3
    assert "env=prod, team=blue" in plan
    assert not Batch.objects.exists()
    answer = client.post(URL, several)
    batch = Batch.objects.get()
    assert answer["Location"] == reverse("batches-detail", args=[batch.pk])
    assert "row-3" in client.get(answer["Location"]).content.decode(), "also before it is there"
    work_off("carry_out_batch")
    made = LoadBalancer.objects.filter(name__startswith="row-").order_by("name")
    assert [one.name for one in made] == ["row-1", "row-2", "row-3"]
    assert all(one.tags == {"env": "prod", "team": "blue"} for one in made)
    assert [item.load_balancer_id for item in batch.items.all()] == [one.pk for one in made]
    assert all(item.operation.status == "done" for item in batch.items.all())
    page = client.get(answer["Location"]).content.decode()
    assert address("balancers-detail", made[0]) in page


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"quantity": "21"}, "Enter a whole number from 1 to 20."),
        ({"quantity": ""}, "Enter a whole number from 1 to 20."),
        ({"quantity": "12", "name": "n" * 79}, "Too long for the numbers"),
        ({"tags": "aliyun=1"}, "must not begin with"),
        ({"tags": "a=1\na=2"}, "The key a is there twice."),
        ({"tags": "\n".join(f"k{n}=1" for n in range(21))}, "20 tags at most"),
        ({"ip_version": "ipv6"}, "ipv6 is not one of the available choices"),
    ],
)
def test_what_cannot_be_made_is_said_beside_its_field(client_of, operator, cloud, typed, words):
    answer = client_of(operator).post(URL, form(**typed), headers=HTMX)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Operation.objects.exists()


def test_ipv6_is_offered_where_a_zone_has_it_and_only_there(cloud):
    def pair(master, slave, *versions):
        return ZonePair(master, slave, frozenset(("vpc", version) for version in versions))

    zones = [Zone("z-a", "A", ("z-b",)), Zone("z-b", "B", ("z-a",))]
    pairs = [pair("z-a", "z-b", "ipv4", "ipv6"), pair("z-b", "z-a", "ipv4")]
    vswitch = VSwitch("vsw-1", "vpc-1", "inside", "z-a", "10.0.0.0/24")
    vpc = Vpc("vpc-1", "net", "10.0.0.0/8")
    offered = Offered(zones, pairs, [vpc], [vswitch])

    def made(**typed):
        wish = form(address_type="intranet", vswitch_id="vsw-1", ip_version="ipv6", **typed)
        return NewBalancerForm(wish, places=[place()], offered=offered)

    assert made(master_zone_id="z-a").is_valid()
    wrong = made(master_zone_id="z-b")
    assert "no such instance in these zones" in wrong.errors["ip_version"][0]


def test_what_will_be_sent_is_shown_and_nothing_is_made(client_of, operator, cloud):
    page = client_of(operator).post(URL, form(intent="plan")).content.decode()
    assert "CreateLoadBalancer" in page
    assert 'value="made-here"' in page
    assert not LoadBalancer.objects.filter(name="made-here").exists()


def test_a_cloud_that_cannot_be_read_is_said(client_of, operator, flaky_cloud):
    flaky_cloud.refuse("DescribeZones", "Forbidden.RAM", 1)
    page = client_of(operator).get(URL).content.decode()
    assert "Forbidden.RAM" in page


def test_a_reader_a_stranger_and_a_wrong_region(client_of, reader, stranger, operator, cloud):
    assert client_of(reader).get(URL).status_code == 403
    assert client_of(stranger).get(URL).status_code == 404
    assert client_of(operator).get(URL.replace("hangzhou", "nowhere")).status_code == 404
    assert client_of(operator).put(URL).status_code == 405
