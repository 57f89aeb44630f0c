"""VPCs, switches and network interfaces."""

import pytest

from tests.localcloud.conftest import REGION, pay, web

PAY_VPC = "vpc-bp1payments0000001"
PAY_SWITCH = "vsw-bp1payh000000001"


def vpcs(client, **filters):
    answer = client.call("DescribeVpcs", product="vpc", RegionId=REGION, **filters)
    return [vpc["VpcName"] for vpc in answer["Vpcs"]["Vpc"]]


def switches(client, **filters):
    answer = client.call("DescribeVSwitches", product="vpc", **filters)
    return [one["VSwitchName"] for one in answer["VSwitches"]["VSwitch"]]


def interfaces(client, **filters):
    answer = client.call(
        "DescribeNetworkInterfaces", product="ecs", **{"RegionId": REGION} | filters
    )
    return [
        one["NetworkInterfaceName"] for one in answer["NetworkInterfaceSets"]["NetworkInterfaceSet"]
    ]


def test_vpcs_are_listed_by_pages_and_filters(client):
    assert vpcs(client) == ["payments", "analytics"]
    assert vpcs(client, PageSize=1, PageNumber=2) == ["analytics"]
    assert vpcs(client, VpcId=f"{PAY_VPC},vpc-other") == ["payments"]
    assert vpcs(client, VpcName="analytics") == ["analytics"]
    assert vpcs(client, IsDefault="True") == vpcs(client, **{"Tag.1.Key": "k"}) == []
    answer = client.call("DescribeVpcs", product="vpc", RegionId=REGION, VpcId=PAY_VPC)
    (vpc,) = answer["Vpcs"]["Vpc"]
    assert (vpc["CidrBlock"], vpc["Status"]) == ("192.168.0.0/16", "Available")
    assert vpc["VSwitchIds"] == {"VSwitchId": [PAY_SWITCH, "vsw-bp1payi000000001"]}
    assert answer["TotalCount"] == 1


def test_switches_are_listed_by_region_or_vpc(client, refused):
    assert switches(client, VpcId=PAY_VPC) == ["payments-h", "payments-i"]
    assert switches(client, RegionId=REGION, ZoneId="cn-hangzhou-i") == [
        "payments-i",
        "analytics-i",
    ]
    assert switches(client, RegionId=REGION, VSwitchId=PAY_SWITCH) == ["payments-h"]
    assert switches(client, RegionId="cn-shanghai") == []
    with refused("MissingParameter"):
        switches(client)
    with refused("Forbidden.VpcNotFound"):
        switches(client, VpcId="vpc-nothing")


def test_one_vpc_and_one_switch_are_read_by_their_ids(client, other, refused):
    vpc = client.call("DescribeVpcAttribute", product="vpc", RegionId=REGION, VpcId=PAY_VPC)
    assert (vpc["VpcName"], vpc["VSwitchIds"]["VSwitchId"][0]) == ("payments", PAY_SWITCH)
    switch = client.call("DescribeVSwitchAttributes", product="vpc", VSwitchId=PAY_SWITCH)
    assert (switch["VSwitchId"], switch["VpcId"]) == (PAY_SWITCH, PAY_VPC)
    assert switch["ZoneId"] == "cn-hangzhou-h"
    asked = {"product": "vpc", "VpcId": PAY_VPC}
    for who, region in ((client, "cn-shanghai"), (other, REGION)):
        with refused("InvalidVpcID.NotFound", 404):
            who.call("DescribeVpcAttribute", RegionId=region, **asked)
    with refused("InvalidVswitchID.NotFound", 404):
        client.call("DescribeVSwitchAttributes", product="vpc", VSwitchId="vsw-nothing")


@pytest.mark.parametrize("action", ["DescribeVpcs", "DescribeVSwitches"])
def test_wrong_pages_and_regions_are_refused(client, refused, action):
    with refused("InvalidParameter"):
        client.call(action, product="vpc", RegionId=REGION, PageSize=51)
    with refused("InvalidRegionId.NotFound", 404):
        client.call(action, product="vpc", RegionId="cn-nowhere")


def test_each_vpc_instance_has_an_interface(client, refused):
    assert len(interfaces(client, PageSize=100)) == 14
    eni = f"eni-{pay(1).removeprefix('i-')}"
    assert interfaces(client, **{"NetworkInterfaceId.1": eni}) == ["pay-01"]
    assert interfaces(client, InstanceId=pay(2)) == ["pay-02"]
    assert interfaces(client, InstanceId=web(1)) == []
    assert interfaces(client, Status="Available") == interfaces(client, Type="Secondary") == []
    first = client.call("DescribeNetworkInterfaces", product="ecs", RegionId=REGION, MaxResults=10)
    assert len(interfaces(client, NextToken=first["NextToken"])) == 4
    with refused("InvalidEniId.NotFound", 404):
        interfaces(client, **{"NetworkInterfaceId.1": "eni-nothing"})
    with refused("InvalidParameter"):
        interfaces(client, NextToken="next")
    with refused("MissingParameter"):
        interfaces(client, RegionId="")


def test_another_account_sees_none_of_them(other):
    assert vpcs(other) == []
    assert interfaces(other) == []
