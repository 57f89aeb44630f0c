"""Filters, columns, sort and sizes of the Instances page."""

import pytest
from django.urls import reverse

from console.accounts.models import Preference
from tests.cloud import REGION, mirror, the_account, web
from tests.pages.addresses import HTMX
from vservers.models import LoadBalancer, MasterSlaveGroup, PoolServer

LIST = "/regions/cn-hangzhou/balancers/"
SHOP, PAY = "lb-bp1shopinternet0001", "lb-bp1payintranet00001"


@pytest.fixture
def two(cloud):
    mirror(SHOP)
    mirror(PAY)


def listed(client, **query):
    part = client.get(LIST, query, headers=HTMX).content.decode()
    return {name for name, pk in (("shop", SHOP), ("pay", PAY)) if f"<code>{pk}</code>" in part}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"name": "shop-int"}, {"shop"}),
        ({"name": "nothing, pay-i, shop"}, {"shop", "pay"}),
        ({"id": f"{SHOP},lb-unknown"}, {"shop"}),
        ({"server": web(1)}, {"shop"}),
        ({"server_ip": "10.0.0.1"}, set()),
        ({"tag_key": "app"}, {"shop", "pay"}),
        ({"tag_key": "app", "tag_value": "shop"}, {"shop"}),
        ({"tag_value": "shop"}, {"shop", "pay"}),
        ({"type": "intranet"}, {"pay"}),
        ({"status": "inactive"}, set()),
        ({"status": "active", "type": "internet"}, {"shop"}),
        ({"account": "nobody"}, set()),
    ],
)
def test_each_filter_narrows_the_list_and_they_add_up(client_of, reader, two, query, found):
    assert listed(client_of(reader), **query) == found


def test_the_address_of_a_backend_server_finds_its_instances(client_of, reader, two):
    from vservers.models import Server

    ip = Server.objects.get(pk=web(1)).private_ip
    assert listed(client_of(reader), server_ip=ip) == {"shop"}


def test_a_server_of_a_pool_or_of_a_pair_finds_its_instance(client_of, reader, two):
    pair = MasterSlaveGroup.objects.create(load_balancer_id=SHOP, group_id="rsp-pair", name="dns")
    pair.members.create(role="Master", server_id="i-paired", port=53, weight=100)
    PoolServer.objects.create(load_balancer_id=PAY, server_id="i-pooled", weight=100)
    for found in ({"server": "i-paired"}, {"q": "i-paired"}):
        assert listed(client_of(reader), **found) == {"shop"}
    for found in ({"server": "i-pooled"}, {"q": "i-pooled"}):
        assert listed(client_of(reader), **found) == {"pay"}


def test_more_than_ten_values_are_said_not_to_be_looked_for(client_of, reader, two):
    page = client_of(reader).get(LIST, {"name": ",".join("abcdefghijk")}).content.decode()
    assert "Only the first 10 of 11 are looked for." in page


def test_a_filter_that_is_set_can_be_taken_away(client_of, reader, two):
    page = client_of(reader).get(LIST, {"type": "intranet", "q": "pay"}).content.decode()
    assert f'href="{LIST}?q=pay"' in page.replace("\n", "")
    assert "Intranet" in page


def test_a_list_without_a_match_says_where_there_is_one(client_of, reader, two):
    page = client_of(reader).get(
        reverse("balancers-list", args=["cn-shanghai"]), {"type": "intranet"}
    )
    words = page.content.decode()
    assert "matches these filters" in words
    assert f'href="{LIST}?type=intranet">1 in China (Hangzhou)</a>' in words


def test_filters_sent_empty_leave_the_address(client_of, reader, two):
    answer = client_of(reader).get(LIST, {"q": "shop", "name": "", "id": ""}, headers=HTMX)
    assert answer["HX-Push-Url"] == f"{LIST}?q=shop"


def test_the_list_is_sorted_by_a_column_both_ways(client_of, reader, two):
    client = client_of(reader)
    for sort, first in (("name", PAY), ("-name", SHOP), ("unknown", PAY)):
        part = client.get(LIST, {"sort": sort}, headers=HTMX).content.decode()
        other = SHOP if first == PAY else PAY
        assert part.index(f"<code>{first}") < part.index(f"<code>{other}"), sort


def test_the_size_of_a_page_is_chosen_among_those_offered(client_of, reader, cloud):
    LoadBalancer.objects.bulk_create(
        LoadBalancer(load_balancer_id=f"lb-{n:03d}", region_id=REGION, account=the_account())
        for n in range(60)
    )
    client = client_of(reader)
    for size, count in (("50", 50), ("7", 20), ("", 20)):
        part = client.get(LIST, {"size": size}, headers=HTMX).content.decode()
        assert part.count('<th scope="row">') == count, size


def test_the_columns_are_each_persons_own_and_stay(client_of, reader, operator, two):
    client, other = client_of(reader), client_of(operator)
    url = reverse("balancers-columns", args=[REGION])
    back = f"{LIST}?q=shop"
    answer = client.post(url, {"column": ["tags", "created", "forged"], "next": back})
    assert (answer.status_code, answer["Location"]) == (303, back)
    page, others = (one.get(LIST).content.decode() for one in (client, other))
    shown = [("Created", 1, 0), ("Specification / billing", 0, 1), ("Tags", 1, 1)]
    for label, mine, theirs in shown:
        assert (f'data-label="{label}"' in page) == bool(mine), label
        assert (f'data-label="{label}"' in others) == bool(theirs), label
    client.post(url, {"usual": "1"})
    assert 'data-label="Specification / billing"' in client.get(LIST).content.decode()
    assert not Preference.objects.exists()


def test_choosing_columns_takes_a_post_of_somebody_who_may_look(client_of, reader, stranger, two):
    url = reverse("balancers-columns", args=[REGION])
    assert client_of(reader).get(url).status_code == 405
    assert client_of(stranger).post(url).status_code == 404
    away = client_of(reader).post(url, {"next": "https://evil.example/"})
    assert away["Location"] == LIST


def test_a_reader_is_offered_no_act(client_of, reader, operator, two):
    page, others = (client_of(one).get(LIST).content.decode() for one in (reader, operator))
    for words in ("data-kept-needed", f"{PAY}/actions/", "data-tick-all"):
        assert words not in page
        assert words in others


@pytest.mark.parametrize("count", [1, 40])
def test_queries_do_not_grow_with_instances_and_listeners(
    client_of, operator, two, django_assert_max_num_queries, count
):
    from vservers.models import Listener

    rows = LoadBalancer.objects.bulk_create(
        LoadBalancer(
            load_balancer_id=f"lb-{n:03d}",
            region_id=REGION,
            account=the_account(),
            tags={"n": str(n)},
        )
        for n in range(count)
    )
    Listener.objects.bulk_create(
        Listener(load_balancer=row, protocol="http", port=port, status="running")
        for row in rows
        for port in (80, 81)
    )
    client = client_of(operator)
    client.get(LIST)
    with django_assert_max_num_queries(8):
        client.get(LIST, {"size": "50"})


def test_tag_keys_are_suggested_once_somebody_is_in_the_field(client_of, reader, stranger, two):
    keys = f"{LIST}tag-keys/"
    assert '<option value="app"' in client_of(reader).get(keys, headers=HTMX).content.decode()
    assert '<option value="app"' not in client_of(reader).get(LIST).content.decode()
    assert client_of(reader).get(keys)["Location"] == LIST
    assert client_of(reader).post(keys).status_code == 405
    assert client_of(stranger).get(keys, headers=HTMX).status_code == 404
