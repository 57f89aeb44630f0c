"""Domain extensions and TLS policies over HTTP."""

import pytest

from tests.localcloud.certificates import pair, upload
from tests.localcloud.conftest import REGION

VERSIONS = {"TLSVersions.1": "TLSv1.2", "TLSVersions.2": "TLSv1.3"}
CIPHERS = {"Ciphers.1": "ECDHE-RSA-AES128-GCM-SHA256", "Ciphers.2": "TLS_AES_128_GCM_SHA256"}
OWN = {"RegionId": REGION, "Name": "own-policy", **VERSIONS, **CIPHERS}


@pytest.fixture
def where(balancer, https):
    return {"RegionId": REGION, "LoadBalancerId": balancer, "ListenerPort": https}


def create(client, where, certificate, domain="a.example.com"):
    return client.call(
        "CreateDomainExtension", **where, Domain=domain, ServerCertificateId=certificate
    )["DomainExtensionId"]


def test_an_extra_domain_is_made_changed_read_and_deleted(client, where, certificate, refused):
    made = create(client, where, certificate, "*.A.example.com")
    this = {"RegionId": REGION, "DomainExtensionId": made}
    found = client.call("DescribeDomainExtensionAttribute", **this)
    assert (found["Domain"], found["ServerCertificateId"]) == ("*.a.example.com", certificate)
    assert (found["ListenerPort"], found["LoadBalancerId"]) == (443, where["LoadBalancerId"])
    second = upload(client, pair("second.example.com"))
    client.call("SetDomainExtensionAttribute", **this, ServerCertificateId=second)
    listed = client.call("DescribeDomainExtensions", **where)["DomainExtensions"]
    assert listed == {
        "DomainExtension": [
            {"DomainExtensionId": made, "Domain": "*.a.example.com", "ServerCertificateId": second}
        ]
    }
    client.call("DeleteDomainExtension", **this)
    for action in (
        "DescribeDomainExtensionAttribute",
        "SetDomainExtensionAttribute",
        "DeleteDomainExtension",
    ):
        with refused("InvalidParameter.DomainExtensionId"):
            client.call(action, **this, ServerCertificateId=second)


@pytest.mark.parametrize(
    ("params", "code", "status"),
    [
        ({"Domain": ""}, "MissingParameter", 400),
        ({"Domain": "a b"}, "InvalidParameter.Domain", 400),
        ({"Domain": "a.example.com\n"}, "InvalidParameter.Domain", 400),
        ({"Domain": "x" * 254}, "InvalidParameter.Domain", 400),
        ({"ServerCertificateId": ""}, "MissingParam.ServerCertificates", 400),
        ({"ServerCertificateId": "nothing"}, "CertificateNotExist", 400),
        ({"ListenerPort": 444}, "ListenerNotFound", 404),
    ],
)
def test_a_wrong_extra_domain_is_refused(client, where, certificate, refused, params, code, status):
    given = {"Domain": "a.example.com", "ServerCertificateId": certificate}
    with refused(code, status):
        client.call("CreateDomainExtension", **where | given | params)
    assert client.call("DescribeDomainExtensions", **where)["DomainExtensions"] == {
        "DomainExtension": []
    }


def test_three_extra_domains_of_different_names_and_no_more(client, where, certificate, refused):
    for letter in "abc":
        create(client, where, certificate, f"{letter}.example.com")
    with refused("InvalidParameter.Domain", words="already"):
        create(client, where, certificate, "B.example.com")
    with refused("DomainExtensionNumberOverLimit"):
        create(client, where, certificate, "d.example.com")


def test_only_https_has_extra_domains(client, balancer, listener, certificate, refused):
    where = {"RegionId": REGION, "LoadBalancerId": balancer, "ListenerPort": listener}
    with refused("DomainExtensionNotSupport"):
        create(client, where, certificate)
    with refused("ListenerNotFound", 404):
        client.call("DescribeDomainExtensions", **where)


def test_a_domain_that_a_rule_uses_stays(client, where, certificate, group, refused):
    made = create(client, where, certificate)
    rule = {"RuleName": "r", "Domain": "a.example.com", "VServerGroupId": group}
    client.call("CreateRules", **where, RuleList=[rule])
    with refused("DomainExtensionRelatedRuleExist"):
        client.call("DeleteDomainExtension", RegionId=REGION, DomainExtensionId=made)


def listed(client, **filters):
    return client.call("ListTLSCipherPolicies", RegionId=REGION, **filters)


def test_a_policy_is_made_used_and_deleted(client, strong, certificate, refused):
    made = client.call("CreateTLSCipherPolicy", **OWN)["TLSCipherPolicyId"]
    this = {"RegionId": REGION, "TLSCipherPolicyId": made}
    listener = {"LoadBalancerId": strong, "ListenerPort": 443}
    client.call(
        "CreateLoadBalancerHTTPSListener",
        **listener,
        Bandwidth=-1,
        BackendServerPort=80,
        HealthCheck="off",
        ServerCertificateId=certificate,
        TLSCipherPolicy=made,
    )
    (found,) = listed(client, TLSCipherPolicyId=made, IncludeListener="true")["TLSCipherPolicies"]
    assert found["TLSVersions"] == list(VERSIONS.values())
    assert (found["Ciphers"], found["Status"]) == (list(CIPHERS.values()), "normal")
    assert found["RelateListeners"] == [
        {"LoadBalancerId": strong, "Port": 443, "Protocol": "https"}
    ]
    with refused("TLSPolicyBeingUsed"):
        client.call("DeleteTLSCipherPolicy", **this)
    client.call("SetTLSCipherPolicyAttribute", **OWN | {"Name": "renamed"}, TLSCipherPolicyId=made)
    (found,) = listed(client, Name="renamed", TLSCipherPolicyId=made)["TLSCipherPolicies"]
    assert found["RelateListeners"] == []
    with refused("TLSPolicyUnchanged"):
        client.call(
            "SetTLSCipherPolicyAttribute", **OWN | {"Name": "renamed"}, TLSCipherPolicyId=made
        )
    client.call("DeleteLoadBalancer", LoadBalancerId=strong)
    client.call("DeleteTLSCipherPolicy", **this)
    for action, more in (("DeleteTLSCipherPolicy", {}), ("SetTLSCipherPolicyAttribute", OWN)):
        with refused("InvalidTLSPolicyId.NotExist"):
            client.call(action, **this | more)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Name": ""}, "MissingParam.Name"),
        ({"Name": "a"}, "InvalidParameter"),
        ({"Ciphers.1": "", "Ciphers.2": ""}, "MissingParam.Ciphers"),
        ({"TLSVersions.1": "", "TLSVersions.2": ""}, "MissingParam.TlsVersions"),
        ({"TLSVersions.2": "TLSv1.2"}, "ParamDuplicateError.TlsVersions"),
        ({"TLSVersions.2": "SSLv3"}, "TLSPolicyNoSupportVersion"),
        ({"Ciphers.2": CIPHERS["Ciphers.1"]}, "ParamDuplicateError.Ciphers"),
        ({"Ciphers.2": "RC4-SHA"}, "TLSPolicyNoSupportCipher"),
        ({"Ciphers.2": "AES128-SHA'\n"}, "TLSPolicyNoSupportCipher"),
        ({"TLSVersions.1": "TLSv1.1"}, "TLSPolicyNoSupportCipher"),
        ({"TLSVersions.2": "TLSv1.1"}, "TLSPolicyNoSupportCipher"),
    ],
)
def test_a_wrong_policy_is_refused(client, refused, params, code):
    before = listed(client)["TotalCount"]
    with refused(code):
        client.call("CreateTLSCipherPolicy", **OWN | params)
    assert listed(client)["TotalCount"] == before


def test_policies_are_listed_by_pages(client, refused):
    for number in range(3):
        client.call("CreateTLSCipherPolicy", **OWN | {"Name": f"page-{number}"})
    first = listed(client, MaxItems=2)
    assert (first["IsTruncated"], len(first["TLSCipherPolicies"])) == (True, 2)
    rest = listed(client, MaxItems=100, NextToken=first["NextToken"])
    assert rest["IsTruncated"] is False
    assert len(rest["TLSCipherPolicies"]) == first["TotalCount"] - 2
    with refused("QueryTokenInvalid"):
        listed(client, NextToken="later")
