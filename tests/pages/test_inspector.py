"""API Inspector: which calls fill a page, as code; each of them is answered by the cloud."""

import ast

import pytest
from django.urls import resolve, reverse

from tests.cloud import REGION, connect, web
from tests.pages.addresses import HTMX, address
from vservers.pages.monitoring.charts import METRICS
from vservers.services.code import python_sdk
from vservers.services.monitoring import METRIC_NAMES
from vservers.services.reads import _READS, reads_of

INSPECTOR = "/api-calls/"


@pytest.fixture
def pages(listener, group):
    """An address of every page that calls fill and that needs no more than these."""
    balancer = listener.load_balancer
    of_balancer = {
        name: address(name, balancer)
        for name in (
            "balancers-detail",
            "listeners-list",
            "pool-list",
            "groups-list",
            "health-list",
            "monitoring-detail",
            "pairs-list",
        )
    }
    in_region = {
        name: reverse(name, args=[REGION])
        for name in (
            "balancers-list",
            "servers-list",
            "certificates-list",
            "certificates-ca",
            "access-lists-list",
        )
    }
    return {
        **of_balancer,
        **in_region,
        "rules-list": address("rules-list", balancer, "http", 80),
        "rules-who-gets": address("rules-who-gets", balancer, "http", 80),
        "groups-detail": address("groups-detail", balancer, group.pk),
        "servers-detail": reverse("servers-detail", args=[REGION, web(1)]),
    }


# These need an object that takes many calls to make; their calls are of the same kind.
NOT_TRIED = {"extensions-list", "access-lists-detail"}


def test_every_call_is_one_that_the_cloud_answers(pages):
    assert pages.keys() | NOT_TRIED == _READS.keys()
    transport = connect()._transport
    for name, url in pages.items():
        calls = reads_of(name, resolve(url).kwargs)
        assert calls, name
        for call in calls[:3]:
            version = {"slb": "2014-05-15", "ecs": "2014-05-26", "cms": "2019-01-01"}[call.product]
            assert transport.call(
                product=call.product,
                version=version,
                action=call.action,
                region_id=REGION,
                params=call.params,
            )
        ast.parse(python_sdk(calls, REGION))


def test_a_page_shows_its_calls_as_code(client_of, reader, pages):
    client = client_of(reader)
    url = pages["servers-detail"]
    assert f'hx-get="{INSPECTOR}?page={url}"' in client.get(url).content.decode()
    part = client.get(INSPECTOR, {"page": url}, headers=HTMX).content.decode()
    assert "<html" not in part
    assert "aliyun ecs DescribeInstances" in part
    assert "ecs.DescribeInstancesRequest(" in part
    whole = client.get(INSPECTOR, {"page": pages["monitoring-detail"]}).content.decode()
    assert "aliyun cms DescribeMetricList" in whole


def test_a_page_of_our_own_has_no_calls(client_of, reader, balancer):
    page = client_of(reader).get(INSPECTOR, {"page": "/drift/"}).content.decode()
    assert "No call of the cloud fills this page" in page


def test_what_is_no_page_is_not_found(client_of, reader, stranger, db):
    for page in ("/nowhere/", "http://[", "//drift/"):
        assert client_of(reader).get(INSPECTOR, {"page": page}).status_code == 404
    assert client_of(reader).get(INSPECTOR, {"page": "https://evil.example/"}).status_code in (
        200,
        404,
    )
    assert client_of(reader).post(INSPECTOR).status_code == 405
    assert client_of(stranger).get(INSPECTOR, {"page": "/drift/"}).status_code == 404


def test_the_charts_have_what_is_read():
    assert set(METRICS) == set(METRIC_NAMES)
