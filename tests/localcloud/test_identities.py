"""STS: who calls, and temporary credentials."""

import base64
import json

import pytest

from tests.localcloud.client import Client
from tests.localcloud.conftest import REGION
from vservers.localcloud.errors import ApiError
from vservers.localcloud.keys import DEFAULT_ACCOUNT, AccessKey
from vservers.localcloud.tokens import issue, opened

ROLE = f"acs:ram::{DEFAULT_ACCOUNT}:role/deployer"
KEY = AccessKey("key", "secret", "1")


def assume(client, **params):
    given = {"RoleArn": ROLE, "RoleSessionName": "ci-1"} | params
    return client.call("AssumeRole", product="sts", **given)


def test_a_role_is_assumed_and_works_on_the_accounts_objects(client, balancer):
    answer = assume(client)
    assert answer["AssumedRoleUser"]["Arn"] == f"{ROLE}/ci-1"
    given = answer["Credentials"]
    session = Client(
        client.cloud, given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"]
    )
    read = session.call("DescribeLoadBalancerAttribute", LoadBalancerId=balancer)
    assert read["LoadBalancerId"] == balancer
    session.call("CreateVServerGroup", RegionId=REGION, LoadBalancerId=balancer)
    caller = session.call("GetCallerIdentity", product="sts")
    assert caller["IdentityType"] == "AssumedRoleUser"
    assert caller["Arn"] == f"acs:ram::{DEFAULT_ACCOUNT}:assumed-role/deployer/ci-1"
    chained = assume(session, RoleSessionName="second")["Credentials"]
    assert chained["AccessKeyId"] != given["AccessKeyId"]


def test_a_lasting_key_is_the_account(client, other):
    caller = client.call("GetCallerIdentity", product="sts")
    assert (caller["AccountId"], caller["IdentityType"]) == (DEFAULT_ACCOUNT, "Account")
    assert caller["Arn"] == f"acs:ram::{DEFAULT_ACCOUNT}:root"
    assert other.call("GetCallerIdentity", product="sts")["AccountId"] == "2000000000000002"


def test_another_accounts_role_is_refused(other, refused):
    with refused("NoPermission", 403):
        assume(other)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"RoleArn": ""}, "MissingParameter"),
        ({"RoleArn": "acs:ram::1:user/x"}, "InvalidParameter.RoleArn"),
        ({"RoleSessionName": "a b"}, "InvalidParameter.RoleSessionName"),
        ({"DurationSeconds": 60}, "InvalidParameter.DurationSeconds"),
    ],
)
def test_a_wrong_role_is_refused(client, refused, params, code):
    with refused(code):
        assume(client, **params)


def test_a_token_and_its_key_belong_together(client, refused):
    given = assume(client)["Credentials"]
    key_id, secret, token = (
        given[name] for name in ("AccessKeyId", "AccessKeySecret", "SecurityToken")
    )
    other_token = assume(client)["Credentials"]["SecurityToken"]
    for credentials, code in (
        ((key_id, secret), "MissingSecurityToken"),
        ((key_id, secret, other_token), "InvalidSecurityToken.MismatchWithAccessKey"),
        ((client.key_id, client.secret, token), "InvalidSecurityToken.MismatchWithAccessKey"),
        ((key_id, secret, "nonsense"), "InvalidSecurityToken.Malformed"),
        ((key_id, secret, token[:-1] + "x"), "InvalidSecurityToken.Malformed"),
        ((key_id, "wrong", token), "SignatureDoesNotMatch"),
    ):
        with refused(code):
            Client(client.cloud, *credentials).call("GetCallerIdentity", product="sts")


@pytest.mark.parametrize("said", [{}, [], "text", {"issuer": 1}, {"issuer": []}])
def test_a_token_that_says_something_else_is_malformed(said):
    token = base64.urlsafe_b64encode(json.dumps(said).encode()).decode() + ".00"
    with pytest.raises(ApiError) as refused:
        opened(token, "STS.x", lambda key_id: KEY, 0)
    assert refused.value.code == "InvalidSecurityToken.Malformed"


def test_a_token_ends_with_its_time_and_with_its_key():
    given = issue(KEY, "role", "name", 1000)

    def open_at(now, key=KEY):
        return opened(given.token, given.key_id, lambda key_id: key, now)

    session, temporary = open_at(999)
    assert (session.role, temporary.secret, temporary.account) == ("role", given.secret, "1")
    with pytest.raises(ApiError, match="Expired"):
        open_at(1000)
    for gone in (None, AccessKey("key", "new secret", "1")):
        with pytest.raises(ApiError, match="Malformed"):
            open_at(0, gone)
