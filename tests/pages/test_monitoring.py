"""Monitoring: what CloudMonitor says as charts, table and file, summed, split and narrowed."""

import csv
import io
import json
import time
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.cloud import REGION, mirror, web
from tests.measured import add_points, point
from tests.pages.addresses import HTMX, address
from vservers.services.monitoring import METRIC_NAMES

MINUTE = 60


@pytest.fixture
def measured(balancer, outsider, live_cloud):
    """Two HTTP listeners, one of them on a group, the other with a rule; three minutes of each."""
    group = outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        VServerGroupName="blue",
        BackendServers=[{"ServerId": web(1), "Port": 80}],
    )["VServerGroupId"]
    for port in (80, 81):
        place = {"LoadBalancerId": balancer.pk, "ListenerPort": port}
        outsider.call(
            "CreateLoadBalancerHTTPListener", **place, VServerGroupId=group, HealthCheck="off"
        )
    rule = {"RuleName": "api", "Domain": "api.example.com", "VServerGroupId": group}
    outsider.call("CreateRules", RegionId=REGION, **place, RuleList=[rule])
    last = int(time.time()) // MINUTE * MINUTE - 5 * MINUTE
    for port, requests, milliseconds in ((80, 600, 10), (81, 1800, 30)):
        one = {
            "requests": requests,
            "status_2xx": requests - 60,
            "status_5xx": 60,
            "bytes_in": requests * 100,
            "total_ms": requests * milliseconds,
        }
        add_points(
            live_cloud.data_dir,
            balancer.pk,
            "http",
            port,
            [(last - n * MINUTE, point(**one)) for n in range(3)],
        )
    mirror(balancer.pk)
    return balancer


def charts(client, balancer, **query):
    answer = client.get(address("monitoring-detail", balancer), query, headers=HTMX)
    assert answer.status_code == 200, answer.content.decode()
    assert "<html" not in answer.content.decode()
    return {chart.key: chart for chart in answer.context["charts"]}


def highest(chart) -> dict[str, float]:
    return {line.label: max(line.known) for line in chart.lines if line.known}


def test_listeners_are_summed_and_a_time_is_weighted_by_requests(client_of, reader, measured):
    found = charts(client_of(reader), measured)
    assert highest(found["qps"]) == {"Requests": 40}
    assert highest(found["status"]) == {"2xx": 38, "5xx": 2, "3xx": 0, "4xx": 0}
    assert highest(found["traffic"])["In"] == 40 * 100 * 8
    assert highest(found["time"]) == {"Response time": 25}
    assert len(found["qps"].lines[0].known) == 3, "what was not measured is a gap, not 0"


def test_the_split_by_listener_and_one_listener_alone(client_of, reader, measured):
    client = client_of(reader)
    found = charts(client, measured, split="listener")
    assert highest(found["Qps"]) == {"HTTP:80": 10, "HTTP:81": 30}
    alone = charts(client, measured, listener="http:81")
    assert highest(alone["qps"]) == {"Requests": 30}


def test_the_split_by_group_claims_no_more_than_is_known(client_of, reader, measured):
    found = charts(client_of(reader), measured, split="group")
    by_rules = "HTTP:81 (several groups, by rules)"
    assert highest(found["Qps"]) == {"blue": 10, by_rules: 30}
    url = address("monitoring-detail", measured)
    part = client_of(reader).get(url, {"split": "group"}, headers=HTMX).content.decode()
    assert "CloudMonitor measures listeners, not groups" in part


def test_what_the_cloud_does_not_measure_is_said(client_of, reader, measured):
    url = address("monitoring-detail", measured)
    part = client_of(reader).get(url, headers=HTMX).content.decode()
    assert "The cloud has no numbers of this for this time." in part
    chart = charts(client_of(reader), measured)["qps"]
    drawn = json.loads(chart.as_json)
    assert drawn["unit"] == "/s"
    assert max(value for value in drawn["lines"][0]["values"] if value is not None) == 40


def test_the_page_is_there_before_its_numbers(client_of, reader, measured, flaky_cloud):
    url = address("monitoring-detail", measured)
    flaky_cloud.refuse("DescribeMetricList", "InternalError", 50)
    page = client_of(reader).get(url)
    assert page.status_code == 200
    assert 'hx-trigger="load"' in page.content.decode()
    refused = client_of(reader).get(url, headers=HTMX)
    assert refused.status_code == 422
    assert "InternalError" in refused.content.decode()


def test_one_metric_that_fails_leaves_the_others(client_of, reader, measured, flaky_cloud):
    flaky_cloud.refuse("DescribeMetricList", "InternalError", 1)
    found = charts(client_of(reader), measured)
    assert [chart.key for chart in found.values() if chart.failed] == ["traffic"]
    assert highest(found["qps"]) == {"Requests": 40}


def test_the_table_has_the_same_numbers_without_script(client_of, reader, measured):
    url = address("monitoring-detail", measured)
    page = client_of(reader).get(url, {"view": "table"})
    html = page.content.decode()
    assert "<canvas" not in html
    titles = [title for title, _label, _unit in page.context["heads"]]
    place = titles.index("Requests per second (QPS)")
    values = [row[place] for _at, row in page.context["rows"]]
    assert [value for value in values if value is not None] == [40, 40, 40]
    assert len(page.context["rows"]) <= 60


def test_the_file_has_one_row_a_period(client_of, reader, measured):
    answer = client_of(reader).get(address("monitoring-csv", measured), {"split": "listener"})
    assert answer["Content-Type"].startswith("text/csv")
    assert measured.pk in answer["Content-Disposition"]
    head, *rows = csv.reader(io.StringIO(answer.content.decode()))
    column = head.index("Requests per second (QPS): HTTP:81 (/s)")
    assert [row[column] for row in rows if row[column]] == ["30", "30", "30"]
    assert rows[0][0].endswith("Z")
    assert len(rows) == 60


@pytest.mark.parametrize(
    ("range_", "period"), [("1h", 60), ("6h", 60), ("1d", 900), ("7d", 900), ("31d", 3600)]
)
def test_a_longer_time_has_longer_periods(client_of, reader, balancer, range_, period):
    url = address("monitoring-detail", balancer)
    frame = json.loads(client_of(reader).get(url, {"range": range_}, headers=HTMX).context["data"])
    assert frame["period"] == period
    assert frame["count"] <= 760


def test_a_time_of_ones_own_is_checked(client_of, reader, balancer):
    client, url = client_of(reader), address("monitoring-detail", balancer)
    assert client.get(url, {"range": "custom"}).status_code == 200, "just chosen"
    wrong = client.get(url, {"range": "custom", "start": "2020-01-01T00:00", "end": ""})
    page = wrong.content.decode()
    assert wrong.status_code == 422
    assert "Numbers are kept for 31 days" in page
    assert "Enter a date and a time" in page
    assert 'value="2020-01-01T00:00"' in page, "what was typed stays"
    assert client.get(url, {"range": "1000y"}).status_code == 422
    assert client.get(address("monitoring-csv", balancer), {"range": "1000y"}).status_code == 302


def test_an_instance_without_listeners_says_so(client_of, reader, balancer):
    url = address("monitoring-detail", balancer)
    assert "Nothing to measure" in client_of(reader).get(url, headers=HTMX).content.decode()


def test_strangers_and_other_methods(client_of, stranger, reader, balancer):
    for name in ("monitoring-detail", "monitoring-csv"):
        assert client_of(stranger).get(address(name, balancer)).status_code == 404
        assert client_of(reader).post(address(name, balancer)).status_code == 405


def test_the_same_numbers_are_asked_for_once_a_minute(client_of, reader, measured, flaky_cloud):
    client, url = client_of(reader), address("monitoring-detail", measured)
    # An hour that has passed: the minute of the last hour may change between two views.
    past = timezone.localtime() - timedelta(minutes=2)
    times = {"start": past - timedelta(hours=1), "end": past}
    query = {"range": "custom"} | {name: f"{at:%Y-%m-%dT%H:%M}" for name, at in times.items()}
    asked: list[str] = []
    flaky_cloud.watch(asked.append)
    assert highest(charts(client, measured, **query)["qps"]) == {"Requests": 40}
    assert asked == ["DescribeMetricList"] * len(METRIC_NAMES)
    assert highest(charts(client, measured, **query)["qps"]) == {"Requests": 40}
    assert highest(charts(client, measured, **query, split="listener")["Qps"])["HTTP:81"] == 30
    assert client.get(address("monitoring-csv", measured), query).status_code == 200
    assert len(asked) == len(METRIC_NAMES), "other views of the same numbers"
    client.get(url, {"range": "6h"}, headers=HTMX)
    assert len(asked) == 2 * len(METRIC_NAMES), "another time"


def test_numbers_that_failed_are_asked_for_again(client_of, reader, measured, flaky_cloud):
    flaky_cloud.refuse("DescribeMetricList", "InternalError", 1)
    assert any(chart.failed for chart in charts(client_of(reader), measured).values())
    assert not any(chart.failed for chart in charts(client_of(reader), measured).values())


def test_few_queries_however_many_listeners(
    client_of, reader, measured, django_assert_max_num_queries
):
    client = client_of(reader)
    client.get(address("monitoring-detail", measured), headers=HTMX)
    with django_assert_max_num_queries(12):
        client.get(address("monitoring-detail", measured), headers=HTMX)
