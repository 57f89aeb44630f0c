"""The client's signatures, on vectors made with the vendor's own SDKs (fixed time and nonce)."""

import hashlib

import pytest

from vservers.cloud.signing import canonical_query, sign_v3

SECRET = "testAccessKeySecret"
SERVERS = (
    '[{"ServerId":"i-bp1test0001","Port":80,"Weight":100,"Type":"ecs",'
    '"Description":"web a/b *~+é"}]'
)
EMPTY_HASH = hashlib.sha256(b"").hexdigest()


def headers_v3(action, payload=EMPTY_HASH, host="slb.aliyuncs.com", **more):
    return {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": payload,
        "x-acs-date": "2024-05-06T07:08:09Z",
        "x-acs-signature-nonce": "0123456789abcdef0123456789abcdef",
        "x-acs-version": "2014-05-15",
    } | more


GROUP = {"RegionId": "cn-hangzhou", "VServerGroupId": "rsp-test0001"}
FORM = b"RegionId=cn-hangzhou&VServerGroupId=rsp-test0001"


@pytest.mark.parametrize(
    ("method", "params", "headers", "body", "signature"),
    [
        (
            "POST",
            GROUP | {"BackendServers": SERVERS},
            headers_v3(
                "AddVServerGroupBackendServers",
                host="127.0.0.1:18081",
                accept="application/json",
                **{"user-agent": "vector-agent/1.0", "x-acs-credentials-provider": "static_ak"},
            ),
            b"",
            "d8fe8df33d4236acd73d5a5c2b107c93790ca6f8f4e9fdade602a5de233f37c2",
        ),
        (
            "POST",
            GROUP | {"BackendServers": SERVERS},
            headers_v3("AddVServerGroupBackendServers"),
            b"",
            "60a02be8af2f33be6784d53f55aa67e54ba82a1ad307bafafdd26c812e6483f1",
        ),
        (
            "GET",
            {},
            headers_v3("DescribeRegions"),
            b"",
            "43d910ba317faf8f9ce03929ef014639a69b494e2751c9fcda8fac87fad11453",
        ),
        (
            "POST",
            {},
            headers_v3(
                "DeleteVServerGroup",
                payload=hashlib.sha256(FORM).hexdigest(),
                **{"content-type": "application/x-www-form-urlencoded"},
            ),
            FORM,
            "cb6947893108a54f92b24dd1ac857519270fad834c9699a4addd100324982825",
        ),
    ],
)
def test_version_3_gives_the_vendors_signature(method, params, headers, body, signature):
    signed, given = sign_v3(method, canonical_query(params), headers, body, SECRET)
    assert given == signature
    assert signed == ";".join(sorted(headers))
