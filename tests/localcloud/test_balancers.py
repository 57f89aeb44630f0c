"""Load balancers over HTTP: the demo's, filters, paging, creation."""

import uuid

import pytest

from tests.localcloud.conftest import REGION, web

SHOP = "lb-bp1shopinternet0001"
PAY = "lb-bp1payintranet00001"


def found(client, **filters):
    answer = client.call(
        "DescribeLoadBalancers", **{"RegionId": REGION, "PageSize": "100"} | filters
    )
    return [one["LoadBalancerId"] for one in answer["LoadBalancers"]["LoadBalancer"]]


@pytest.mark.parametrize(
    ("filters", "there", "absent"),
    [
        ({"LoadBalancerId": f"{SHOP}, {PAY}"}, {SHOP, PAY}, set()),
        ({"LoadBalancerName": "shop-internet"}, {SHOP}, {PAY}),
        ({"AddressType": "intranet"}, {PAY}, {SHOP}),
        ({"NetworkType": "VPC"}, {PAY}, {SHOP}),
        ({"VpcId": "vpc-bp1payments0000001"}, {PAY}, {SHOP}),
        ({"VSwitchId": "vsw-bp1payh000000001"}, {PAY}, {SHOP}),
        ({"LoadBalancerStatus": "active"}, {SHOP, PAY}, set()),
        ({"LoadBalancerStatus": "locked"}, set(), {SHOP, PAY}),
        ({"MasterZoneId": "cn-hangzhou-h"}, {SHOP, PAY}, set()),
        ({"SlaveZoneId": "cn-hangzhou-h"}, set(), {SHOP, PAY}),
        ({"InternetChargeType": "paybybandwidth"}, set(), {SHOP, PAY}),
        ({"ServerId": web(1)}, {SHOP}, {PAY}),
        ({"ServerId": "i-bp1api01".ljust(22, "0")}, {PAY}, {SHOP}),
        ({"Tag.1.Key": "app", "Tag.1.Value": "pay"}, {PAY}, {SHOP}),
        ({"Tags": [{"TagKey": "app", "TagValue": "shop"}]}, {SHOP}, {PAY}),
        ({"Tags": [{"TagKey": "nothing"}]}, set(), {SHOP, PAY}),
        ({"AddressIPVersion": "ipv6"}, set(), {SHOP, PAY}),
        ({"RegionId": "cn-shanghai"}, {"lb-uf6orders".ljust(22, "0")}, {SHOP, PAY}),
        ({"RegionId": "ap-southeast-1"}, {"lb-t4nedge".ljust(22, "0")}, {SHOP, PAY}),
    ],
)
def test_a_filter_keeps_what_fits(client, filters, there, absent):
    result = set(found(client, **filters))
    assert there <= result
    assert not absent & result


def test_the_address_of_a_server_finds_its_balancers(client):
    (server,) = client.call(
        "DescribeInstances", product="ecs", RegionId=REGION, InstanceIds=[web(1)]
    )["Instances"]["Instance"]
    address = server["InnerIpAddress"]["IpAddress"][0]
    assert SHOP in found(client, ServerIntranetAddress=address)
    assert found(client, ServerIntranetAddress="127.1.2.3") == []


def test_pages_join_to_the_whole(client, balancer):
    everything = found(client)
    pages = []
    for number in range(1, len(everything) + 2):
        pages += found(client, PageSize="1", PageNumber=str(number))
    assert pages == everything
    answer = client.call("DescribeLoadBalancers", RegionId=REGION, PageSize="1")
    assert (answer["TotalCount"], answer["PageNumber"], answer["PageSize"]) == (
        len(everything),
        1,
        1,
    )


@pytest.mark.parametrize("page", [{"PageSize": "0"}, {"PageSize": "101"}, {"PageNumber": "0"}])
def test_a_page_out_of_range_is_refused(client, refused, page):
    with refused("InvalidParameter"):
        client.call("DescribeLoadBalancers", RegionId=REGION, **page)


def test_the_list_answers_numbers_and_the_attribute_words(client):
    listed = client.call("DescribeLoadBalancers", RegionId=REGION, LoadBalancerId=SHOP)
    (one,) = listed["LoadBalancers"]["LoadBalancer"]
    assert (one["InternetChargeType"], one["InternetChargeTypeAlias"]) == ("4", "paybytraffic")
    attribute = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=SHOP)
    assert attribute["InternetChargeType"] == "paybytraffic"
    assert attribute["ListenerPorts"] == {"ListenerPort": [80]}
    assert attribute["DataPlane"]["Status"] == "off"


def test_another_regions_balancer_does_not_exist(client, refused):
    for region, code in ((REGION, None), ("cn-shanghai", "InvalidLoadBalancerId.NotFound")):
        ask = {"LoadBalancerId": SHOP, "RegionId": region}
        if code is None:
            client.call("DescribeLoadBalancerAttribute", **ask)
            continue
        with refused(code, 404, "The specified LoadBalancerId does not exist."):
            client.call("DescribeLoadBalancerAttribute", **ask)


def test_a_new_balancer_has_an_address_of_its_own(client):
    first, second = (client.call("CreateLoadBalancer", RegionId=REGION) for _ in range(2))
    assert first["Address"] != second["Address"]
    assert first["LoadBalancerId"] != second["LoadBalancerId"]
    read = client.call("DescribeLoadBalancerAttribute", LoadBalancerId=first["LoadBalancerId"])
    assert (read["Address"], read["LoadBalancerStatus"]) == (first["Address"], "active")


def test_a_client_token_makes_one_balancer(client, refused):
    ask = {"RegionId": REGION, "ClientToken": uuid.uuid4().hex, "LoadBalancerName": "once"}
    first, again = (client.call("CreateLoadBalancer", **ask) for _ in range(2))
    assert first["LoadBalancerId"] == again["LoadBalancerId"]
    assert first["RequestId"] != again["RequestId"]
    with refused("IdempotentParameterMismatch"):
        client.call("CreateLoadBalancer", **ask | {"LoadBalancerName": "twice"})


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"AddressType": "moon"}, "InvalidParameter"),
        ({"LoadBalancerName": "9lives"}, "InvalidParameter"),
        ({"LoadBalancerName": "a b"}, "InvalidParameter"),
        ({"MasterZoneId": "cn-shanghai-f"}, "InvalidParameter"),
        ({"AddressType": "intranet", "VpcId": "vpc-bp1payments0000001"}, "MissingParam.VSwitchId"),
        ({"AddressType": "intranet", "VSwitchId": "vsw-nothing"}, "InvalidVSwitchId.NotFound"),
        (
            {
                "AddressType": "intranet",
                "VSwitchId": "vsw-bp1payh000000001",
                "VpcId": "vpc-bp1analytics000001",
            },
            "InvalidParameter.Mismatch",
        ),
        ({"AddressIPVersion": "ipv6"}, "RegionOrZonesNotSupportIpv6"),
        ({"Bandwidth": "5001"}, "InvalidParameter"),
        ({"Tag.1.Key": "aliyun-x"}, "InvalidParam.TagKey"),
        ({"Tag.1.Value": "v"}, "MissingParam.TagKey"),
    ],
)
def test_a_wrong_creation_is_refused(client, refused, params, code):
    with refused(code):
        client.call("CreateLoadBalancer", RegionId=REGION, **params)


def test_deletion_takes_all_with_it_unless_protected(client, balancer, group, listener, refused):
    client.call("DeleteLoadBalancer", LoadBalancerId=balancer)
    with refused("InvalidLoadBalancerId.NotFound", 404):
        client.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    with refused("InvalidParameter", 404):
        client.call("DescribeVServerGroupAttribute", RegionId=REGION, VServerGroupId=group)
    kept = client.call("CreateLoadBalancer", RegionId=REGION, DeleteProtection="on")
    with refused("OperationDenied.DeleteProtectionIsOn"):
        client.call("DeleteLoadBalancer", LoadBalancerId=kept["LoadBalancerId"])


def test_regions_and_zones_have_names(client):
    regions = client.call("DescribeRegions", AcceptLanguage="en-US")["Regions"]["Region"]
    assert [region["RegionId"] for region in regions] == [
        "cn-hangzhou",
        "cn-shanghai",
        "ap-southeast-1",
    ]
    assert regions[0]["LocalName"] == "China (Hangzhou)"
    for product in ("slb", "ecs"):
        zones = client.call("DescribeZones", product=product, RegionId="ap-southeast-1")
        assert [zone["ZoneId"] for zone in zones["Zones"]["Zone"]] == [
            "ap-southeast-1a",
            "ap-southeast-1b",
        ]
    (region, *_) = client.call("DescribeRegions", product="ecs")["Regions"]["Region"]
    assert region["LocalName"].startswith("华东1")
