"""Server and CA certificates over HTTP."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from tests.localcloud.certificates import EXPIRES, made, pair, upload
from tests.localcloud.client import Client
from tests.localcloud.conftest import REGION
from tests.localcloud.process import LocalCloud

PEM, KEY = pair("shop.example.com", "*.shop.example.com")


def listed(client, **filters):
    answer = client.call("DescribeServerCertificates", RegionId=REGION, **filters)
    return answer["ServerCertificates"]["ServerCertificate"]


def test_an_upload_tells_what_the_certificate_says(client):
    answer = client.call(
        "UploadServerCertificate",
        form=True,
        RegionId=REGION,
        ServerCertificate=PEM,
        PrivateKey=KEY,
        ServerCertificateName="商店/shop",
        **{"Tag.1.Key": "app", "Tag.1.Value": "shop"},
    )
    fingerprint = x509.load_pem_x509_certificate(PEM.encode()).fingerprint(hashes.SHA1())  # noqa: S303
    assert answer["Fingerprint"] == fingerprint.hex(":")
    assert answer["CommonName"] == "shop.example.com"
    assert answer["SubjectAlternativeNames"] == {
        "SubjectAlternativeName": ["shop.example.com", "*.shop.example.com"]
    }
    assert (answer["ExpireTime"], answer["ExpireTimeStamp"]) == (
        "2035-01-02T03:04:05Z",
        int(EXPIRES.timestamp() * 1000),
    )
    (found,) = listed(client, ServerCertificateId=answer["ServerCertificateId"])
    assert found["ServerCertificateName"] == "商店/shop"
    assert found["Tags"] == {"Tag": [{"TagKey": "app", "TagValue": "shop"}]}
    assert (found["RegionId"], found["IsAliCloudCertificate"]) == (REGION, 0)
    assert "PRIVATE" not in str(found)


def test_a_chain_is_kept_whole_and_text_around_it_is_not(client, cloud):
    authority, _ = pair("authority.example.com", ca=True)
    made_id = upload(client, (f"subject=/CN=x\n{PEM}\nmore text\n{authority}", KEY))
    (found,) = listed(client, ServerCertificateId=made_id)
    assert found["CommonName"] == "shop.example.com"


@pytest.mark.parametrize("algorithm", ["rsa", "p384"])
def test_the_usual_kinds_of_keys_are_taken(client, algorithm):
    key = (
        rsa.generate_private_key(65537, 2048)
        if algorithm == "rsa"
        else ec.generate_private_key(ec.SECP384R1())
    )
    assert upload(client, made("key.example.com", key=key))


def _encrypted():
    key = ec.generate_private_key(ec.SECP256R1())
    pem, _ = made("secret.example.com", key=key)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    return pem, locked.decode()


def _weak():
    return made("weak.example.com", key=rsa.generate_private_key(65537, 1024))  # noqa: S505


def _curve():
    return made("curve.example.com", key=ec.generate_private_key(ec.SECP256K1()))


def _edwards():
    key = ed25519.Ed25519PrivateKey.generate()
    return PEM, key.private_bytes_raw().hex()


@pytest.mark.parametrize(
    ("material", "code"),
    [
        (("", KEY), "MissingParameter"),
        ((PEM, ""), "MissingParameter"),
        (("no certificate", KEY), "CertificateFormatInvalid"),
        ((PEM.replace("A", "B"), KEY), "CertificateFormatInvalid"),
        ((KEY, KEY), "CertificateFormatInvalid"),
        ((PEM, "no key"), "InvalidParameter"),
        ((PEM, PEM), "InvalidParameter"),
        ((PEM, pair("other.example.com")[1]), "IllegalParam.ServerCertificate"),
        (_encrypted(), "InvalidParameter"),
        (_weak(), "OperationDenied.IllegalKeyLength"),
        (_curve(), "ServerCertificate.NotSupport"),
        (_edwards(), "InvalidParameter"),
    ],
)
def test_what_would_not_serve_is_refused(client, refused, material, code):
    before = listed(client)
    with refused(code):
        upload(client, material)
    assert listed(client) == before


def test_there_is_no_certificate_service(client, refused):
    with refused("InvalidParameter.AliCloudCertificateId"):
        upload(client, (PEM, KEY), AliCloudCertificateId="123")


def test_certificates_are_renamed_filtered_and_deleted(client, certificate, refused):
    where = {"RegionId": REGION, "ServerCertificateId": certificate}
    client.call("SetServerCertificateName", **where, ServerCertificateName="renamed")
    (found,) = listed(client, ServerCertificateId=certificate)
    assert found["ServerCertificateName"] == "renamed"
    with refused("InvalidParameter"):
        client.call("SetServerCertificateName", **where, ServerCertificateName="two\nlines")
    assert listed(client, ServerCertificateId=certificate, ResourceGroupId="rg-other") == []
    with refused("ServerCertificateId.NotFound", 404):
        client.call("DeleteServerCertificate", **where | {"RegionId": "cn-shanghai"})
    client.call("DeleteServerCertificate", **where)
    assert listed(client, ServerCertificateId=certificate) == []
    for action in ("DeleteServerCertificate", "SetServerCertificateName"):
        with refused("ServerCertificateId.NotFound", 404):
            client.call(action, **where, ServerCertificateName="x")


def test_a_certificate_in_use_stays(client, balancer, certificate, https, refused):
    where = {"RegionId": REGION, "ServerCertificateId": certificate}
    with refused("CertificateAndPrivateKeyIsRefered"):
        client.call("DeleteServerCertificate", **where)
    second = upload(client, pair("second.example.com"))
    client.call(
        "CreateDomainExtension",
        RegionId=REGION,
        LoadBalancerId=balancer,
        ListenerPort=https,
        Domain="second.example.com",
        ServerCertificateId=second,
    )
    with refused("CertificateRelatedDomainExtensionExist"):
        client.call("DeleteServerCertificate", RegionId=REGION, ServerCertificateId=second)
    client.call("DeleteLoadBalancer", LoadBalancerId=balancer)
    client.call("DeleteServerCertificate", **where)
    client.call("DeleteServerCertificate", RegionId=REGION, ServerCertificateId=second)


def test_ca_certificates_have_a_life_of_their_own(client, balancer, https, refused):
    pem, _ = pair("ca.example.com", ca=True)
    answer = client.call(
        "UploadCACertificate",
        form=True,
        RegionId=REGION,
        CACertificate=pem,
        CACertificateName="staff",
    )
    made_id = answer["CACertificateId"]
    assert (answer["CommonName"], answer["CACertificateName"]) == ("ca.example.com", "staff")
    where = {"RegionId": REGION, "CACertificateId": made_id}

    def found():
        answer = client.call("DescribeCACertificates", **where)
        return answer["CACertificates"]["CACertificate"]

    client.call("SetCACertificateName", **where, CACertificateName="people")
    assert [one["CACertificateName"] for one in found()] == ["people"]
    listener = {"LoadBalancerId": balancer, "ListenerPort": https}
    set_https = "SetLoadBalancerHTTPSListenerAttribute"
    client.call(set_https, **listener, CACertificateId=made_id)
    with refused("CertificateAndPrivateKeyIsRefered"):
        client.call("DeleteCACertificate", **where)
    # An empty ID switches mutual authentication off.
    client.call(set_https, **listener, CACertificateId="")
    client.call("DeleteCACertificate", **where)
    assert found() == []
    for action in ("DeleteCACertificate", "SetCACertificateName"):
        with refused("CACertificateId.NotFound", 404):
            client.call(action, **where, CACertificateName="x")
    with refused("CertificateFormatInvalid"):
        client.call("UploadCACertificate", form=True, RegionId=REGION, CACertificate="x")
    with refused("MissingParameter"):
        client.call("DescribeCACertificates")


def test_another_account_sees_and_deletes_none(other, certificate, refused):
    assert listed(other) == []
    with refused("ServerCertificateId.NotFound", 404):
        other.call("DeleteServerCertificate", RegionId=REGION, ServerCertificateId=certificate)


def test_limits_of_lists_certificates_policies_and_balancers(tmp_path, refused):
    quotas = {"LOCALCLOUD_QUOTAS": "acls=1,certificates=1,tls_policies=1,balancers=6,acl_entries=2"}
    with LocalCloud(tmp_path / "cloud", env=quotas) as cloud:
        client = Client(cloud)
        upload(client, (PEM, KEY))
        with refused("OverQuota"):
            upload(client, (PEM, KEY))
        acl = client.call("CreateAccessControlList", RegionId=REGION, AclName="a")["AclId"]
        with refused("AclNumberOverLimit"):
            client.call("CreateAccessControlList", RegionId=REGION, AclName="b")
        entries = [{"entry": f"10.0.{number}.0/24"} for number in range(3)]
        add = {"RegionId": REGION, "AclId": acl}
        with refused("AclEntryExceedLimit"):
            client.call("AddAccessControlListEntry", **add, AclEntrys=entries)
        policy = {"RegionId": REGION, "Name": "own", "TLSVersions.1": "TLSv1.2"}
        policy["Ciphers.1"] = "AES128-GCM-SHA256"
        client.call("CreateTLSCipherPolicy", **policy)
        with refused("TLSCipherPolicyOverLimit"):
            client.call("CreateTLSCipherPolicy", **policy)
        for _ in range(2):
            client.call("CreateLoadBalancer", RegionId=REGION)
        with refused("OperationForbidden.QuotaLimit"):
            client.call("CreateLoadBalancer", RegionId=REGION)
