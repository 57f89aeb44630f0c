"""ECS instances over HTTP."""

import pytest

from tests.localcloud.conftest import REGION, pay, web


def ask(client, **params):
    return client.call("DescribeInstances", product="ecs", **{"RegionId": REGION} | params)


def names(client, **params):
    answer = ask(client, PageSize="100", **params)
    return [one["InstanceName"] for one in answer["Instances"]["Instance"]]


def test_the_demo_has_24_instances_over_two_zones_one_stopped(client):
    servers = ask(client, PageSize="100")["Instances"]["Instance"]
    assert len(servers) == 24
    assert {one["ZoneId"] for one in servers} == {"cn-hangzhou-h", "cn-hangzhou-i"}
    assert [one["InstanceName"] for one in servers if one["Status"] == "Stopped"] == ["web-08"]
    assert {one["VpcAttributes"]["VpcId"] for one in servers} == {
        "",
        "vpc-bp1payments0000001",
        "vpc-bp1analytics000001",
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"InstanceIds": [web(1), pay(2)]}, {"web-01", "pay-02"}),
        ({"InstanceIds": []}, set()),
        ({"InstanceIds": f"['{web(1)}']"}, {"web-01"}),
        ({"InstanceName": "web-0*", "Status": "Stopped"}, {"web-08"}),
        ({"InstanceName": "*y-01"}, {"pay-01"}),
        ({"InstanceName": "web-0."}, set()),
        (
            {"InstanceNetworkType": "classic", "InstanceType": "ecs.r6.large"},
            {"cache-01", "cache-02"},
        ),
        (
            {"VpcId": "vpc-bp1analytics000001", "ZoneId": "cn-hangzhou-i"},
            {"report-02", "report-04"},
        ),
        ({"VSwitchId": "vsw-bp1datah00000001"}, {"report-01", "report-03"}),
        ({"Tag.1.Key": "role", "Tag.1.Value": "cache"}, {"cache-01", "cache-02"}),
        ({"PublicIpAddresses": ["1.2.3.4"]}, set()),
        ({"InstanceTypeFamily": "ecs.r6"}, {"cache-01", "cache-02"}),
    ],
)
def test_a_filter_keeps_what_fits(client, filters, expected):
    assert set(names(client, **filters)) == expected


def test_an_instance_is_found_by_its_private_address(client):
    (vpc,) = ask(client, InstanceIds=[pay(1)])["Instances"]["Instance"]
    (address,) = vpc["VpcAttributes"]["PrivateIpAddress"]["IpAddress"]
    assert vpc["InnerIpAddress"] == {"IpAddress": []}
    assert names(client, PrivateIpAddresses=[address]) == ["pay-01"]
    assert names(client, InnerIpAddresses=[address]) == []


def test_pages_by_number_and_by_token_are_the_same(client):
    by_number = []
    for number in (1, 2, 3):
        answer = ask(client, PageNumber=str(number), PageSize="10")
        assert answer["TotalCount"] == 24
        by_number += [one["InstanceId"] for one in answer["Instances"]["Instance"]]
    by_token, token = [], None
    while token != "":
        answer = ask(client, MaxResults="3", **({"NextToken": token} if token else {}))
        by_token += [one["InstanceId"] for one in answer["Instances"]["Instance"]]
        token = answer["NextToken"]
    assert by_number == by_token
    assert len(set(by_number)) == 24


def test_other_regions_have_their_own(client):
    assert names(client, RegionId="cn-shanghai") == [f"orders-0{n}" for n in range(1, 5)]
    assert names(client, RegionId="ap-southeast-1") == [f"edge-0{n}" for n in range(1, 4)]


@pytest.mark.parametrize(
    ("params", "code", "status"),
    [
        ({"PageSize": "101"}, "InvalidParameter", 400),
        ({"PageNumber": "0"}, "InvalidParameter", 400),
        ({"Status": "Asleep"}, "InvalidStatus.NotFound", 404),
        ({"InstanceNetworkType": "lan"}, "InvalidNetworkType.NotFound", 404),
        ({"InstanceIds": "i-1"}, "InvalidParameter", 400),
        ({"NextToken": "x"}, "InvalidParameter", 400),
        ({"RegionId": "mars"}, "InvalidRegionId.NotFound", 404),
    ],
)
def test_a_wrong_request_is_refused(client, refused, params, code, status):
    with refused(code, status):
        ask(client, **params)
