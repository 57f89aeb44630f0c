"""The Instances page and one instance: who sees them, what they show, what Refresh does."""

import pytest
from django.urls import reverse

from tests.cloud import REGION, mirror, place, the_account, web
from tests.pages.addresses import HTMX, address
from vservers.models import LoadBalancer

LIST = "/regions/cn-hangzhou/balancers/"


def test_the_list_shows_address_network_status_and_listeners(client_of, reader, cloud):
    mirror("lb-bp1payintranet00001")
    page = client_of(reader).get(LIST).content.decode()
    for words in ("pay-intranet", "Intranet", "vpc-bp1payments0000001", "HTTP:80", "pay-blue"):
        assert words in page
    assert "Running" in page


@pytest.mark.parametrize("query", ["shop-int", "shopinternet0001", web(1)])
def test_the_list_finds_by_name_id_and_backend_server(client_of, reader, cloud, query):
    shop, pay = mirror("lb-bp1shopinternet0001"), mirror("lb-bp1payintranet00001")
    part = client_of(reader).get(LIST, {"q": query}, headers=HTMX).content.decode()
    assert shop.pk in part
    assert pay.pk not in part


def test_the_list_is_paged(client_of, reader, cloud):
    rows = [
        LoadBalancer(
            load_balancer_id=f"lb-{n:03d}",
            name=f"n{n:03d}",
            region_id=REGION,
            account=the_account(),
        )
        for n in range(25)
    ]
    LoadBalancer.objects.bulk_create(rows)
    second = client_of(reader).get(LIST, {"page": "2"}, headers=HTMX).content.decode()
    assert "lb-024" in second
    assert "lb-001" not in second


def test_an_empty_region_says_where_instances_are(client_of, reader, balancer):
    elsewhere = reverse("balancers-list", args=["cn-shanghai"])
    page = client_of(reader).get(elsewhere).content.decode()
    assert "0 here" in page
    assert f'href="{LIST}">1 in China (Hangzhou)</a>' in page


def test_a_search_without_result_says_what_can_be_searched(client_of, reader, balancer):
    page = client_of(reader).get(LIST, {"q": "no-such-thing"}).content.decode()
    assert "matches “no-such-thing”" in page


@pytest.mark.parametrize("count", [1, 15])
def test_the_number_of_queries_does_not_grow_with_the_instances(
    client_of, reader, cloud, django_assert_max_num_queries, count
):
    LoadBalancer.objects.bulk_create(
        LoadBalancer(load_balancer_id=f"lb-{n:03d}", region_id=REGION, account=the_account())
        for n in range(count)
    )
    client = client_of(reader)
    client.get(LIST)
    with django_assert_max_num_queries(13):
        client.get(LIST)


def test_an_instance_shows_its_facts_listeners_and_groups(client_of, reader, cloud):
    pay = mirror("lb-bp1payintranet00001")
    page = client_of(reader).get(address("balancers-detail", pay)).content.decode()
    for words in ("vsw-bp1payh000000001", "cn-hangzhou-i", "1 rule", "pay-api", "Backend Servers"):
        assert words in page
    assert "api.pay.example.com" in page, "what uses a group is named"


def test_an_instance_says_that_its_data_plane_is_off_and_why(client_of, reader, balancer):
    for name in ("balancers-detail", "listeners-list", "pool-list", "groups-list"):
        page = client_of(reader).get(address(name, balancer)).content.decode()
        assert "Data plane off: switched off with --no-dataplane" in page, name


def test_under_htmx_only_the_part_is_answered(client_of, reader, balancer):
    for url in (LIST, address("balancers-detail", balancer)):
        assert "<html" not in client_of(reader).get(url, headers=HTMX).content.decode()


def test_a_stranger_finds_nothing(client_of, stranger, balancer):
    client = client_of(stranger)
    for url in (LIST, address("balancers-detail", balancer)):
        assert client.get(url).status_code == 404
    assert client.post(address("balancers-refresh", balancer)).status_code == 404


def test_pages_answer_reads_and_refresh_answers_posts(client_of, reader, balancer):
    client = client_of(reader)
    assert client.post(LIST).status_code == 405
    assert client.post(address("balancers-detail", balancer)).status_code == 405
    assert client.get(address("balancers-refresh", balancer)).status_code == 405
    assert client.get(reverse("region-refresh", args=[REGION])).status_code == 405


def test_an_unknown_region_or_instance_is_not_found(client_of, reader, balancer):
    client = client_of(reader)
    assert client.get("/regions/cn-nowhere/balancers/").status_code == 404
    assert client.get(f"/regions/cn-shanghai/balancers/{balancer.pk}/").status_code == 404


def test_a_reader_refreshes_an_instance_and_comes_back(client_of, reader, balancer, outsider):
    outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        VServerGroupName="made-elsewhere",
    )
    back = address("groups-list", balancer)
    answer = client_of(reader).post(address("balancers-refresh", balancer), {"next": back})
    assert answer.status_code == 303
    assert answer["Location"] == back
    assert balancer.vserver_groups.get().name == "made-elsewhere"


def test_refresh_never_leads_to_another_site(client_of, reader, balancer):
    answer = client_of(reader).post(
        address("balancers-refresh", balancer), {"next": "https://evil.example/"}
    )
    assert answer["Location"] == address("balancers-detail", balancer)


def test_refreshing_what_was_released_leads_to_the_list(client_of, reader, cloud):
    released = LoadBalancer.objects.create(
        load_balancer_id="lb-released", region_id=REGION, account=the_account()
    )
    answer = client_of(reader).post(address("balancers-refresh", released), follow=True)
    assert "This instance does not exist any more." in answer.content.decode()
    assert not LoadBalancer.objects.filter(pk="lb-released").exists()


def test_a_region_is_refreshed(client_of, reader, cloud):
    answer = client_of(reader).post(reverse("region-refresh", args=["cn-shanghai"]), follow=True)
    assert "orders-shanghai" in answer.content.decode()
    assert place("cn-shanghai").listed_at


@pytest.mark.parametrize("what", ["region", "balancer"])
def test_a_failed_refresh_comes_back_and_says_why(client_of, reader, balancer, flaky_cloud, what):
    refused = "DescribeLoadBalancers" if what == "region" else "DescribeLoadBalancerAttribute"
    flaky_cloud.refuse(refused, "InternalError", 1)
    url = (
        reverse("region-refresh", args=[REGION])
        if what == "region"
        else address("balancers-refresh", balancer)
    )
    back = reverse("balancers-list", args=[REGION]) + "?q=shop&page=1"
    answer = client_of(reader).post(url, {"next": back}, follow=True)
    assert answer.redirect_chain == [(back, 303)]
    page = answer.content.decode()
    assert 'data-level="error"' in page
    assert "InternalError" in page
    assert "RequestId" in page
