"""The HTTP face: methods, formats, where parameters travel."""

import http.client
import json
import xml.etree.ElementTree as ET
from urllib.parse import quote, urlencode

import pytest

from tests.localcloud.conftest import REGION, rows, web


def test_parameters_may_travel_in_the_body(client):
    answer = client.call("DescribeLoadBalancers", RegionId=REGION, form=True)
    assert answer["TotalCount"] >= 2


def test_get_is_answered_like_post(client):
    query = client.sign(client.common("slb", "DescribeRegions"), "GET")
    status, body = client.send(query, method="GET")
    assert status == 200
    assert json.loads(body)["Regions"]["Region"][0]["RegionId"] == REGION


def asked(client, action, *, path="/", host="", **params):
    """The status and answer to a request with another path or another name for us."""
    query = urlencode(client.sign(client.common("slb", action) | params))
    connection = http.client.HTTPConnection(client.cloud.host, timeout=30)
    try:
        connection.request("POST", f"{path}?{query}", headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_only_slashes_are_a_path_that_has_actions(client):
    # Ruby's fog puts its path behind an address that ends with a slash.
    assert asked(client, "DescribeRegions", path="//")[0] == 200
    assert asked(client, "DescribeRegions", path="/v1")[1]["Code"] == "InvalidApi.NotFound"


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("slb.cn-hangzhou.aliyuncs.com", 200),
        ("slb-vpc.cn-hangzhou.aliyuncs.com:443", 200),
        ("slb.cn-nowhere.aliyuncs.com", 404),
        ("slb.aliyuncs.com", 400),
    ],
)
def test_the_name_of_a_regions_endpoint_stands_for_the_region(client, host, status):
    # Prowler asks so for its VPCs.
    assert asked(client, "DescribeZones", host=host)[0] == status
    named = asked(client, "DescribeZones", host=host, RegionId="cn-shanghai")[1]
    assert named["Zones"]["Zone"][0]["ZoneId"].startswith("cn-shanghai")


def test_ecs_answers_for_networks_as_it_did_before_vpc(client):
    for action in ("DescribeVpcs", "DescribeVSwitches"):
        answers = [client.call(action, product=name, RegionId=REGION) for name in ("ecs", "vpc")]
        assert [answer.pop("RequestId") for answer in answers]
        assert answers[0] == answers[1]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(client, method):
    status, body = client.send({}, method=method)
    assert (status, json.loads(body)["Code"]) == (403, "UnsupportedHTTPMethod")


def test_xml_is_answered_when_asked_for(client):
    wanted = client.common("slb", "DescribeZones") | {"Format": "xml", "RegionId": REGION}
    status, body = client.send(client.sign(wanted))
    root = ET.fromstring(body)  # noqa: S314
    assert (status, root.tag) == (200, "DescribeZonesResponse")
    zones = [zone.text for zone in root.findall("./Zones/Zone/ZoneId")]
    assert zones == ["cn-hangzhou-h", "cn-hangzhou-i"]
    wrong = client.common("slb", "Nothing") | {"Format": "XML"}
    status, body = client.send(client.sign(wrong))
    root = ET.fromstring(body)  # noqa: S314
    assert (status, root.tag, root.findtext("Code")) == (404, "Error", "InvalidAction.NotFound")


def test_another_format_is_refused(client):
    params = client.common("slb", "DescribeRegions") | {"Format": "YAML"}
    status, body = client.send(client.sign(params))
    assert (status, json.loads(body)["Code"]) == (400, "InvalidParameter.Format")


def test_a_plus_in_the_query_is_a_blank(client, balancer):
    params = client.common("slb", "CreateVServerGroup") | {
        "RegionId": REGION,
        "LoadBalancerId": balancer,
        "BackendServers": f'[{{"ServerId": "{web(1)}", "Port": 80}}]',
    }
    signed = client.sign(params)
    line = "&".join(
        f"{name}={quote(text, safe='').replace('%20', '+')}" for name, text in signed.items()
    )
    connection = http.client.HTTPConnection(client.cloud.host)
    connection.request("POST", f"/?{line}")
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert rows(answer) == [(web(1), 80, 100)]


def test_twenty_servers_with_long_chinese_descriptions_fit_into_an_address(client, balancer):
    servers = [
        {"ServerId": web(1), "Port": port, "Weight": 100, "Description": "机" * 80}
        for port in range(8000, 8020)
    ]
    made = client.call(
        "CreateVServerGroup", RegionId=REGION, LoadBalancerId=balancer, BackendServers=servers
    )
    assert len(rows(made)) == 20


def test_unknown_parameters_are_ignored_and_unknown_regions_refused(client, refused):
    client.call("DescribeRegions", OwnerAccount="x", Surprise="y", RegionId="cn-nowhere")
    with refused("InvalidRegionId.NotFound", 404):
        client.call("DescribeLoadBalancers", RegionId="cn-nowhere")
    with refused("MissingParameter", words='"RegionId"'):
        client.call("DescribeLoadBalancers")


def test_a_body_that_is_too_large_is_refused(client):
    status, body = client.send({}, {"x": "y" * 3_000_000})
    assert (status, json.loads(body)["Code"]) == (400, "InvalidParameter")


def test_readiness_needs_no_signature(cloud):
    connection = http.client.HTTPConnection(cloud.host)
    connection.request("GET", "/-/ready")
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert answer["ready"] is True
    assert answer["dataplane"] == {"on": False, "reason": "switched off with --no-dataplane"}
