"""The dialog of a new instance."""

from django.urls import reverse

from tests.cloud import PAY_VSWITCH, REGION, place
from tests.pages.addresses import HTMX
from vservers.models import LoadBalancer, Operation

URL = "/regions/cn-hangzhou/balancers/new/"
FORM = {
    "name": "made-here",
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


def test_what_the_cloud_refuses_is_told_in_the_dialog(client_of, operator, cloud):
    answer = client_of(operator).post(URL, form(ip_version="ipv6"), headers=HTMX)
    assert answer.status_code == 422
    assert "RegionOrZonesNotSupportIpv6" in answer.content.decode()


def test_what_will_be_sent_is_shown_and_nothing_is_made(client_of, operator, cloud):
    page = client_of(operator).post(URL, form(intent="plan")).content.decode()
    assert "CreateLoadBalancer" in page
    assert 'value="made-here"' in page
    assert not LoadBalancer.objects.filter(name="made-here").exists()


def test_a_cloud_that_cannot_be_read_is_said(client_of, operator, flaky_cloud):
    flaky_cloud.refuse("DescribeZones", "ServiceUnavailable", 20)
    page = client_of(operator).get(URL).content.decode()
    assert "ServiceUnavailable" in page


def test_a_reader_a_stranger_and_a_wrong_region(client_of, reader, stranger, operator, cloud):
    assert client_of(reader).get(URL).status_code == 403
    assert client_of(stranger).get(URL).status_code == 404
    assert client_of(operator).get(URL.replace("hangzhou", "nowhere")).status_code == 404
    assert client_of(operator).put(URL).status_code == 405
