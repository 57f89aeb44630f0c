"""Changing load balancers over HTTP: names, status, protection, specification, payment."""

import pytest

from tests.localcloud.conftest import REGION

PAY = "lb-bp1payintranet00001"


def read(client, balancer):
    return client.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)


def call(client, action, balancer, **params):
    return client.call(action, RegionId=REGION, LoadBalancerId=balancer, **params)


def test_a_balancer_is_renamed(client, balancer, refused):
    call(client, "SetLoadBalancerName", balancer, LoadBalancerName="商店-1")
    assert read(client, balancer)["LoadBalancerName"] == "商店-1"
    for name in ("1st", "a b", "x" * 81):
        with refused("InvalidParameter"):
            call(client, "SetLoadBalancerName", balancer, LoadBalancerName=name)


def test_a_balancer_is_switched_off_and_on(client, balancer, refused):
    for status in ("inactive", "active"):
        call(client, "SetLoadBalancerStatus", balancer, LoadBalancerStatus=status)
        assert read(client, balancer)["LoadBalancerStatus"] == status
    with refused("InvalidParameter"):
        call(client, "SetLoadBalancerStatus", balancer, LoadBalancerStatus="locked")


def test_protection_keeps_a_balancer(client, balancer, refused):
    call(client, "SetLoadBalancerDeleteProtection", balancer, DeleteProtection="on")
    assert read(client, balancer)["DeleteProtection"] == "on"
    with refused("OperationDenied.DeleteProtectionIsOn"):
        call(client, "DeleteLoadBalancer", balancer)
    with refused("InvalidParameter"):
        call(client, "SetLoadBalancerDeleteProtection", balancer, DeleteProtection="maybe")
    call(client, "SetLoadBalancerDeleteProtection", balancer, DeleteProtection="off")
    call(client, "DeleteLoadBalancer", balancer)
    with refused("InvalidLoadBalancerId.NotFound", 404):
        read(client, balancer)


def test_modification_protection_is_kept_with_its_reason(client, balancer, refused):
    action = "SetLoadBalancerModificationProtection"
    on = {"ModificationProtectionStatus": "ConsoleProtection"}
    call(client, action, balancer, **on, ModificationProtectionReason="terraform")
    found = read(client, balancer)
    assert found["ModificationProtectionStatus"] == "ConsoleProtection"
    assert found["ModificationProtectionReason"] == "terraform"
    with refused("InvalidParam.ModificationProtectionReason"):
        call(client, action, balancer, **on, ModificationProtectionReason="x" * 81)
    with refused("InvalidParam.ModificationProtectionStatus"):
        call(client, action, balancer, ModificationProtectionStatus="on")
    call(client, action, balancer, ModificationProtectionStatus="NonProtection")
    assert read(client, balancer)["ModificationProtectionReason"] == ""


def test_a_specification_is_chosen_until_lcus_are_paid(client, balancer, refused):
    assert read(client, balancer)["LoadBalancerSpec"] == ""
    spec = {"LoadBalancerSpec": "slb.s2.small"}
    assert call(client, "ModifyLoadBalancerInstanceSpec", balancer, **spec)["OrderId"] == 0
    assert read(client, balancer)["LoadBalancerSpec"] == "slb.s2.small"
    with refused("InvalidParameter"):
        call(client, "ModifyLoadBalancerInstanceSpec", balancer, LoadBalancerSpec="slb.huge")
    charge = "ModifyLoadBalancerInstanceChargeType"
    call(client, charge, balancer, InstanceChargeType="PayByCLCU")
    found = read(client, balancer)
    assert (found["InstanceChargeType"], found["LoadBalancerSpec"]) == (
        "PayByCLCU",
        "slb.lcu.elastic",
    )
    for action, params, code in (
        ("ModifyLoadBalancerInstanceSpec", spec, "OperationDenied.PayByCLCU"),
        ("ModifyLoadBalancerPayType", {"PayType": "PrePay"}, "OperationDenied.PayByCLCU"),
        (charge, {"InstanceChargeType": "PayByCLCU"}, "OperationDenied.PayByCLCU"),
        (charge, {"InstanceChargeType": "Free"}, "IllegalParam.InstanceChargeType"),
        (charge, {"InstanceChargeType": "PayBySpec"}, "MissingParam.LoadBalancerSpec"),
        (
            charge,
            {"InstanceChargeType": "PayBySpec", "InternetChargeType": "free"},
            "IllegalParam.InternetChargeType",
        ),
    ):
        with refused(code):
            call(client, action, balancer, **params)
    call(client, charge, balancer, InstanceChargeType="PayBySpec", **spec)
    assert read(client, balancer)["LoadBalancerSpec"] == "slb.s2.small"
    with refused("OperationDenied.PayBySpec"):
        call(client, charge, balancer, InstanceChargeType="PayBySpec", **spec)


def test_bandwidth_is_changed_and_never_less_than_the_listeners_have(client, balancer, refused):
    action = "ModifyLoadBalancerInternetSpec"
    with refused("InvalidParameter", words="Bandwidth"):
        call(client, action, balancer, InternetChargeType="paybybandwidth")
    call(client, action, balancer, InternetChargeType="paybybandwidth", Bandwidth=20)
    found = read(client, balancer)
    assert (found["InternetChargeType"], found["Bandwidth"]) == ("paybybandwidth", 20)
    listener = {"ListenerPort": 80, "BackendServerPort": 80, "HealthCheck": "off"}
    call(client, "CreateLoadBalancerHTTPListener", balancer, **listener, Bandwidth=15)
    with refused("InvalidParameter", words="exceeds"):
        call(client, action, balancer, Bandwidth=10)
    call(client, action, balancer, InternetChargeType="paybytraffic")
    with refused("Operation.NotAllowed"):
        call(client, action, PAY, Bandwidth=10)
    with refused("InvalidParameter"):
        call(client, action, balancer, Bandwidth=5001)


def test_what_is_paid_ahead_cannot_be_released(client, balancer, refused):
    action = "ModifyLoadBalancerPayType"
    with refused("MissingParameter"):
        call(client, action, balancer, PayType="PrePay")
    call(client, action, balancer, PayType="PrePay", PricingCycle="month", Duration=2)
    found = read(client, balancer)
    assert found["PayType"] == "PrePay"
    days = (found["EndTimeStamp"] - found["CreateTimeStamp"]) / 86_400_000
    assert 59.9 < days < 60.1
    with refused("InvalidChargeType"):
        call(client, "DeleteLoadBalancer", balancer)
    with refused("OperationUnsupported.DeleteProtectionForPrePayInstance"):
        call(client, "SetLoadBalancerDeleteProtection", balancer, DeleteProtection="on")
    call(client, action, balancer)
    assert read(client, balancer)["EndTime"] == "2999-09-08T16:00:00Z"
    call(client, "SetLoadBalancerDeleteProtection", balancer, DeleteProtection="on")
    with refused("Operation.NotAllowed"):
        call(client, action, balancer, PayType="PrePay", PricingCycle="year")


def test_zones_say_what_they_take(client, refused):
    answer = client.call("DescribeAvailableResource", RegionId=REGION)
    found = answer["AvailableResources"]["AvailableResource"]
    assert [(one["MasterZoneId"], one["SlaveZoneId"]) for one in found] == [
        ("cn-hangzhou-h", "cn-hangzhou-i"),
        ("cn-hangzhou-i", "cn-hangzhou-h"),
    ]
    kinds = found[0]["SupportResources"]["SupportResource"]
    assert {one["AddressType"] for one in kinds} == {"classic_internet", "classic_intranet", "vpc"}
    answer = client.call("DescribeAvailableResource", RegionId=REGION, AddressIPVersion="ipv6")
    (first, _) = answer["AvailableResources"]["AvailableResource"]
    assert first["SupportResources"] == {"SupportResource": []}
    with refused("InvalidRegionId.NotFound", 404):
        client.call("DescribeAvailableResource", RegionId="cn-nowhere")


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("SetLoadBalancerName", {"LoadBalancerName": "x"}),
        ("SetLoadBalancerStatus", {"LoadBalancerStatus": "active"}),
        ("SetLoadBalancerDeleteProtection", {"DeleteProtection": "on"}),
        (
            "SetLoadBalancerModificationProtection",
            {"ModificationProtectionStatus": "NonProtection"},
        ),
        ("ModifyLoadBalancerInstanceSpec", {"LoadBalancerSpec": "slb.s1.small"}),
        ("ModifyLoadBalancerInternetSpec", {}),
        ("ModifyLoadBalancerInstanceChargeType", {"InstanceChargeType": "PayByCLCU"}),
        ("ModifyLoadBalancerPayType", {}),
    ],
)
def test_another_accounts_balancer_is_not_there(other, balancer, refused, action, params):
    with refused("InvalidLoadBalancerId.NotFound", 404):
        call(other, action, balancer, **params)
