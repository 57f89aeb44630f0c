"""Every action through each of the vendor's Python SDKs."""

import pytest

from tests.contract.sdks import NewSdk, OldSdk, Refused
from tests.contract.walk import Walk, everything
from vservers.localcloud.cloud import PRODUCTS
from vservers.localcloud.validate import table

pytestmark = pytest.mark.contract

SDKS = {
    "new-v3": (lambda cloud: NewSdk(cloud), "cn-hangzhou"),
    "new-v1": (lambda cloud: NewSdk(cloud, v1=True), "cn-shanghai"),
    "old": (OldSdk, "ap-southeast-1"),
}
WALKED = ("slb", "ecs", "vpc", "sts")


@pytest.mark.parametrize("name", SDKS)
def test_an_sdk_calls_every_action_and_understands_every_answer(cloud, name):
    make, region = SDKS[name]
    walk = Walk(make(cloud), region)
    everything(walk)
    known = {(product, action) for product in WALKED for action in table(product).actions}
    assert set(WALKED) <= set(PRODUCTS.values())
    assert walk.called == known


@pytest.mark.parametrize("v1", [False, True], ids=["v3", "v1"])
def test_a_token_signs_with_both_schemes(cloud, v1):
    account = NewSdk(cloud).call("GetCallerIdentity", "sts")["AccountId"]
    given = NewSdk(cloud).call(
        "AssumeRole", "sts", RoleArn=f"acs:ram::{account}:role/ci", RoleSessionName="sdk"
    )["Credentials"]
    key = {
        "access_key_id": given["AccessKeyId"],
        "access_key_secret": given["AccessKeySecret"],
        "security_token": given["SecurityToken"],
    }
    sdk = NewSdk(cloud, v1=v1, **key)
    assert sdk.call("GetCallerIdentity", "sts")["IdentityType"] == "AssumedRoleUser"
    assert sdk.call("DescribeRegions")["Regions"]["Region"]
    with pytest.raises(Refused) as refused:
        NewSdk(cloud, v1=v1, **key | {"security_token": "x"}).call("DescribeRegions")
    assert refused.value.code == "InvalidSecurityToken.Malformed"
