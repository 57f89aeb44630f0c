"""The verifier against the vendor's published form and against requests gone wrong.

The expected signatures were captured from the vendor's SDKs with a fixed clock and nonce.
"""

import hashlib
import json
import time

import pytest

from tests.localcloud.client import Client, stamp
from vservers.localcloud.errors import ApiError
from vservers.localcloud.keys import AccessKey
from vservers.localcloud.signatures import (
    SignedRequest,
    Verifier,
    v1_signature,
    v1_string_to_sign,
    v3_canonical_request,
    v3_signature,
    v3_string_to_sign,
)

KEY = AccessKey("testAccessKeyId", "testAccessKeySecret", "1")
MOMENT = 1714979289.0  # 2024-05-06T07:08:09Z
SERVERS = (
    '[{"ServerId":"i-bp1test0001","Port":80,"Weight":100,"Type":"ecs",'
    '"Description":"web a/b *~+é"}]'
)
COMMON = {
    "AccessKeyId": "testAccessKeyId",
    "SignatureMethod": "HMAC-SHA1",
    "SignatureVersion": "1.0",
    "Timestamp": "2024-05-06T07:08:09Z",
    "Version": "2014-05-15",
}
ADD = COMMON | {
    "Action": "AddVServerGroupBackendServers",
    "BackendServers": SERVERS,
    "Format": "JSON",
    "RegionId": "cn-hangzhou",
    "SignatureNonce": "11111111-2222-3333-4444-555555555555",
    "SignatureType": "",
    "VServerGroupId": "rsp-test0001",
}
DELETE = COMMON | {
    "Action": "DeleteVServerGroup",
    "Format": "json",
    "RegionId": "cn-hangzhou",
    "SignatureNonce": "n-0002",
    "VServerGroupId": "rsp-test0001",
}
V1 = [
    ("POST", ADD, "Js03U5fQr/OwdXl4GpHT6/idVEk="),
    (
        "GET",
        COMMON | {"Action": "DescribeRegions", "Format": "JSON", "SignatureNonce": "n-0001"},
        "GAUD/hdBtIzW8dlN0JShgdqozyM=",
    ),
    ("POST", DELETE, "XWYU/WoRK65jT0TVbL82PUEag7E="),
]
QUERY = [
    ("RegionId", "cn-hangzhou"),
    ("VServerGroupId", "rsp-test0001"),
    ("BackendServers", SERVERS),
]
EMPTY_HASH = hashlib.sha256(b"").hexdigest()


def v3_headers(action, *, host="slb.aliyuncs.com", body=b"", **more):
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-version": "2014-05-15",
        "x-acs-date": "2024-05-06T07:08:09Z",
        "x-acs-signature-nonce": "0123456789abcdef0123456789abcdef",
        "x-acs-content-sha256": hashlib.sha256(body).hexdigest(),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return {name: [value] for name, value in headers.items()}


FORM = b"RegionId=cn-hangzhou&VServerGroupId=rsp-test0001"
V3 = [
    pytest.param(
        SignedRequest(
            "POST",
            QUERY,
            [],
            v3_headers(
                "AddVServerGroupBackendServers",
                host="127.0.0.1:18081",
                accept="application/json",
                user_agent="vector-agent/1.0",
                x_acs_credentials_provider="static_ak",
            ),
            b"",
        ),
        "d8fe8df33d4236acd73d5a5c2b107c93790ca6f8f4e9fdade602a5de233f37c2",
        id="4-sdk-headers",
    ),
    pytest.param(
        SignedRequest("POST", QUERY, [], v3_headers("AddVServerGroupBackendServers"), b""),
        "60a02be8af2f33be6784d53f55aa67e54ba82a1ad307bafafdd26c812e6483f1",
        id="5-host-and-five",
    ),
    pytest.param(
        SignedRequest("GET", [], [], v3_headers("DescribeRegions"), b""),
        "43d910ba317faf8f9ce03929ef014639a69b494e2751c9fcda8fac87fad11453",
        id="6-get-empty-query",
    ),
    pytest.param(
        SignedRequest(
            "POST",
            [],
            [("RegionId", "cn-hangzhou"), ("VServerGroupId", "rsp-test0001")],
            v3_headers(
                "DeleteVServerGroup", body=FORM, content_type="application/x-www-form-urlencoded"
            ),
            FORM,
        ),
        "cb6947893108a54f92b24dd1ac857519270fad834c9699a4addd100324982825",
        id="7-form-body",
    ),
]


def verifier(now=MOMENT):
    return Verifier({KEY.key_id: KEY}.get, lambda: now)


@pytest.mark.parametrize(("method", "params", "expected"), V1, ids=["1-post", "2-get", "3-form"])
def test_v1_matches_the_vendor(method, params, expected):
    assert v1_signature(KEY.secret, v1_string_to_sign(method, params)) == expected
    query = [*params.items(), ("Signature", expected)]
    caller = verifier().verify(SignedRequest(method, query, [], {}, b""))
    assert (caller.account, caller.action) == ("1", params["Action"])


def test_v1_takes_parameters_split_over_query_and_form():
    business = {"RegionId", "VServerGroupId"}
    query = [(name, text) for name, text in DELETE.items() if name not in business]
    form = [(name, text) for name, text in DELETE.items() if name in business]
    signed = SignedRequest("POST", [*query, ("Signature", V1[2][2])], form, {}, b"")
    assert verifier().verify(signed).action == "DeleteVServerGroup"


@pytest.mark.parametrize(("request_", "expected"), V3)
def test_v3_matches_the_vendor(request_, expected):
    names = sorted(request_.headers)
    text = v3_string_to_sign(v3_canonical_request(request_, names))
    assert v3_signature(KEY.secret, text) == expected
    assert verifier().verify(authorized(request_, expected)).account == "1"


def authorized(request_, signature, key_id="testAccessKeyId", drop=""):
    names = ";".join(sorted(name for name in request_.headers if name != drop))
    line = f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signature}"
    headers = dict(request_.headers) | {"authorization": [line]}
    return SignedRequest(request_.method, request_.query, request_.form, headers, request_.body)


def test_v3_string_to_sign_hashes_the_canonical_request():
    request_ = V3[0].values[0]
    text = v3_string_to_sign(v3_canonical_request(request_, sorted(request_.headers)))
    assert text == (
        "ACS3-HMAC-SHA256\n473c3965bc6eac522ad05cc2b826fd04e4330cdac7042e8fbcdec35e1ff94710"
    )


def test_v3_refuses_what_does_not_sign_its_time_or_has_another_body():
    request_, signature = V3[3].values
    with pytest.raises(ApiError) as unsigned:
        verifier().verify(authorized(request_, signature, drop="x-acs-date"))
    assert unsigned.value.code == "IncompleteSignature"
    changed = SignedRequest("POST", [], [], request_.headers, b"other")
    with pytest.raises(ApiError) as tampered:
        verifier().verify(authorized(changed, signature))
    assert tampered.value.code == "SignatureDoesNotMatch"
    with pytest.raises(ApiError) as unreadable:
        verifier().verify(
            SignedRequest("POST", [], [], {"authorization": ["ACS3-HMAC-SHA256 what"]}, b"")
        )
    assert unreadable.value.code == "IncompleteSignature"


@pytest.mark.parametrize(
    ("off", "taken"), [(0, True), (900, True), (-900, True), (901, False), (-901, False)]
)
def test_a_time_stamp_counts_for_fifteen_minutes_either_way(off, taken):
    query = [*ADD.items(), ("Signature", V1[0][2])]
    request_ = SignedRequest("POST", query, [], {}, b"")
    if taken:
        verifier(MOMENT + off).verify(request_)
        return
    with pytest.raises(ApiError) as refused:
        verifier(MOMENT + off).verify(request_)
    assert refused.value.code == "InvalidTimeStamp.Expired"


def test_a_nonce_is_refused_for_as_long_as_its_time_stamp_passes():
    now = [MOMENT - 900]
    check = Verifier({KEY.key_id: KEY}.get, lambda: now[0])
    request_ = SignedRequest("POST", [*ADD.items(), ("Signature", V1[0][2])], [], {}, b"")
    check.verify(request_)
    for later in (0, 900, 1799):
        now[0] = MOMENT - 900 + later
        with pytest.raises(ApiError) as refused:
            check.verify(request_)
        assert refused.value.code == "SignatureNonceUsed"


def answered(client: Client, query, method="POST"):
    status, body = client.send(query, method=method)
    return status, json.loads(body)


@pytest.mark.parametrize(
    "name", ["Action", "Version", "AccessKeyId", "Signature", "Timestamp", "SignatureNonce"]
)
def test_a_missing_common_parameter_is_named(client, name):
    query = client.sign(client.common("slb", "DescribeRegions"))
    del query[name]
    status, answer = answered(client, query)
    assert (status, answer["Code"]) == (400, "MissingParameter")
    assert f'"{name}"' in answer["Message"]
    assert answer["RequestId"] == answer["RequestId"].upper()
    assert set(answer) == {"RequestId", "HostId", "Code", "Message", "Recommend"}


@pytest.mark.parametrize(
    ("fraction", "taken"), [(".123", True), (".123456789", True), (".", False), (",5", False)]
)
def test_a_time_stamp_may_have_a_fraction_of_a_second(client, fraction, taken):
    common = client.common("slb", "DescribeRegions")
    common["Timestamp"] = common["Timestamp"].replace("Z", f"{fraction}Z")
    status, answer = answered(client, client.sign(common))
    assert (status, answer.get("Code")) == (
        (200, None) if taken else (400, "InvalidTimeStamp.Format")
    )


def test_the_order_of_checks_is_time_key_signature_nonce_version_action(client):
    good = client.common("slb", "DescribeRegions")
    old = {**good, "Timestamp": stamp(time.time() - 3600), "AccessKeyId": "nobody"}
    assert answered(client, client.sign(old))[1]["Code"] == "InvalidTimeStamp.Expired"
    shapeless = {**good, "Timestamp": "yesterday", "AccessKeyId": "nobody"}
    assert answered(client, client.sign(shapeless))[1]["Code"] == "InvalidTimeStamp.Format"
    stranger = {**good, "AccessKeyId": "nobody", "Version": "1999-01-01"}
    status, answer = answered(client, client.sign(stranger))
    assert (status, answer["Code"]) == (404, "InvalidAccessKeyId.NotFound")
    wrong = {**client.sign({**good, "Action": "Nothing"}), "Signature": "é"}
    assert answered(client, wrong)[1]["Code"] == "SignatureDoesNotMatch"
    right = client.sign({**good, "Action": "Nothing", "Version": "1999-01-01"})
    assert answered(client, right)[1]["Code"] == "InvalidVersion"
    assert answered(client, right)[1]["Code"] == "SignatureNonceUsed"
    status, answer = answered(client, client.sign(client.common("slb", "Nothing")))
    assert (status, answer["Code"]) == (404, "InvalidAction.NotFound")


def test_a_mismatch_tells_the_servers_string_to_sign(client):
    query = client.common("slb", "DescribeRegions")
    status, answer = answered(client, {**query, "Signature": "wrong"}, "GET")
    assert status == 400
    head, _, string = answer["Message"].partition("server string to sign is:")
    assert head == "Specified signature is not matched with our calculation. "
    assert string == v1_string_to_sign("GET", query)


def test_only_hmac_sha1_of_version_one_is_known(client):
    good = client.common("slb", "DescribeRegions")
    method = client.sign({**good, "SignatureMethod": "HMAC-MD5"})
    assert answered(client, method)[1]["Code"] == "InvalidSignatureMethod"
    version = client.sign({**good, "SignatureVersion": "2.0"})
    assert answered(client, version)[1]["Code"] == "InvalidParameter"
