"""Server and CA certificates: parsed when uploaded, so that listeners hold only what works."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from vservers.localcloud.assets import CaCertificate, Certificate, ServerCertificate
from vservers.localcloud.errors import ApiError, missing
from vservers.localcloud.handlers.attachments import (
    users_of_ca_certificate,
    users_of_server_certificate,
)
from vservers.localcloud.handlers.lookup import given_tags, has_tags, wire_tags
from vservers.localcloud.quotas import exceeded
from vservers.localcloud.registry import Answer, Call, Reading, Writing, new_id, reads, utc, writes
from vservers.localcloud.store import View

# OpenSSL's usual security level refuses less, and so would the data plane.
_LEAST_RSA_BITS = 2048
_WEAK_HASHES = (hashes.MD5, hashes.SHA1)
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


@writes("slb", "UploadServerCertificate")
def upload_server_certificate(call: Writing) -> Answer:
    """Keep a certificate chain with its key.

    Raises MissingParameter, CertificateFormatInvalid, IllegalParam.ServerCertificate (the key is of
    another certificate), OperationDenied.IllegalKeyLength, ServerCertificate.NotSupport,
    InvalidParameter.AliCloudCertificateId (there is no certificate service here), OverQuota.
    """
    params = call.params
    if params.get("AliCloudCertificateId"):
        raise ApiError("InvalidParameter.AliCloudCertificateId")
    for name in ("ServerCertificate", "PrivateKey"):
        if not params.get(name):
            raise missing(name)
    _refuse_too_many(call, ServerCertificate)
    chain = _parsed(params["ServerCertificate"], "CertificateFormatInvalid")
    key = _key(params["PrivateKey"])
    if key.public_key() != chain[0].public_key():
        raise ApiError("IllegalParam.ServerCertificate")
    _refuse_weak(chain, key)
    certificate_id = new_id(call.state.account)
    found = ServerCertificate(
        **_facts(call, chain),
        id=certificate_id,
        name=params.get("ServerCertificateName", certificate_id),
        key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        names=_alternative_names(chain[0]),
    )
    call.state.put(found)
    return _wire_server(found)


@writes("slb", "UploadCACertificate")
def upload_ca_certificate(call: Writing) -> Answer:
    """Keep a certificate that clients' certificates are checked against."""
    _refuse_too_many(call, CaCertificate)
    chain = _parsed(call.params["CACertificate"], "CertificateFormatInvalid")
    certificate_id = new_id(call.state.account)
    found = CaCertificate(
        **_facts(call, chain),
        id=certificate_id,
        name=call.params.get("CACertificateName", certificate_id),
    )
    call.state.put(found)
    answer = _wire_ca(found)
    # The answer to the upload leaves these out.
    del answer["RegionId"], answer["Tags"]
    return answer


@reads("slb", "DescribeServerCertificates")
def describe_server_certificates(call: Reading) -> Answer:
    """The region's server certificates that pass the filters. Keys are never told."""
    found = _filtered(call, ServerCertificate, "ServerCertificateId")
    return {"ServerCertificates": {"ServerCertificate": [_wire_server(one) for one in found]}}


@reads("slb", "DescribeCACertificates")
def describe_ca_certificates(call: Reading) -> Answer:
    """The region's CA certificates that pass the filters."""
    found = _filtered(call, CaCertificate, "CACertificateId")
    return {"CACertificates": {"CACertificate": [_wire_ca(one) for one in found]}}


@writes("slb", "SetServerCertificateName")
def set_server_certificate_name(call: Writing) -> Answer:
    """Rename it."""
    found = _the(call, ServerCertificate, "ServerCertificateId")
    call.state.put(replace(found, name=call.params["ServerCertificateName"]))
    return {}


@writes("slb", "SetCACertificateName")
def set_ca_certificate_name(call: Writing) -> Answer:
    """Rename it."""
    found = _the(call, CaCertificate, "CACertificateId")
    call.state.put(replace(found, name=call.params["CACertificateName"]))
    return {}


@writes("slb", "DeleteServerCertificate")
def delete_server_certificate(call: Writing) -> Answer:
    """Delete one that no listener and no domain extension shows."""
    found = _the(call, ServerCertificate, "ServerCertificateId")
    listeners, extensions = users_of_server_certificate(call.state, found)
    if listeners:
        raise ApiError("CertificateAndPrivateKeyIsRefered")
    if extensions:
        raise ApiError("CertificateRelatedDomainExtensionExist")
    call.state.delete(found)
    return {}


@writes("slb", "DeleteCACertificate")
def delete_ca_certificate(call: Writing) -> Answer:
    """Delete one that no listener checks clients with."""
    found = _the(call, CaCertificate, "CACertificateId")
    if users_of_ca_certificate(call.state, found):
        raise ApiError("CertificateAndPrivateKeyIsRefered")
    call.state.delete(found)
    return {}


def _the[V: View, C: Certificate](call: Call[V], cls: type[C], name: str) -> C:
    found: C | None = call.state.get(cls, call.params[name])  # type: ignore[type-var]
    if found is None or not call.in_region(found.region):
        raise ApiError(f"{name}.NotFound")
    return found


def _filtered[C: Certificate](call: Reading, cls: type[C], id_name: str) -> list[C]:
    params = call.params
    region = call.region or "cn-hangzhou"
    present: Iterable[C] = call.state.children(cls, region)  # type: ignore[type-var]
    return [
        one
        for one in present
        if one.id == params.get(id_name, one.id)
        and one.resource_group_id == params.get("ResourceGroupId", one.resource_group_id)
        and has_tags(one.tags, params.get("Tag", ()))
    ]


def _refuse_too_many(call: Writing, cls: type[ServerCertificate | CaCertificate]) -> None:
    if exceeded(call.state.count(cls, call.region) + 1, call.quotas.certificates):
        raise ApiError("OverQuota", "The number of certificates exceeds the limit.")


def _parsed(text: str, code: str) -> list[x509.Certificate]:
    """The chain in a PEM text, the certificate itself first."""
    try:
        chain = x509.load_pem_x509_certificates(text.encode())
        # Reading these parses what a broken certificate may have got wrong.
        for one in chain:
            one.public_key()
            one.subject.rfc4514_string()
            list(one.extensions)
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise ApiError(code) from error
    return chain


def _key(text: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ApiError("InvalidParameter", "The specified PrivateKey is invalid.") from error
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise ApiError("ServerCertificate.NotSupport")
    return key


def _refuse_weak(
    chain: list[x509.Certificate], key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
) -> None:
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _LEAST_RSA_BITS:
        raise ApiError("OperationDenied.IllegalKeyLength")
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name not in _CURVES:
        raise ApiError("ServerCertificate.NotSupport")
    for one in chain:
        if isinstance(one.signature_hash_algorithm, _WEAK_HASHES):
            raise ApiError("ServerCertificate.NotSupport")


def _facts(call: Writing, chain: list[x509.Certificate]) -> dict[str, Any]:
    first = chain[0]
    names = first.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return {
        "region": call.region,
        "created": call.now,
        # Written anew: nothing but certificates is kept of the text.
        "chain": "".join(one.public_bytes(Encoding.PEM).decode() for one in chain),
        "common_name": str(names[0].value) if names else "",
        "fingerprint": first.fingerprint(hashes.SHA1()).hex(":"),  # noqa: S303
        "expires": _milliseconds(first.not_valid_after_utc),
        "resource_group_id": call.params.get("ResourceGroupId", "rg-default"),
        "tags": given_tags(call.params),
    }


def _alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(found.value.get_values_for_type(x509.DNSName))


def _milliseconds(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)


def _common(found: Certificate) -> dict[str, Any]:
    return {
        "CommonName": found.common_name,
        "Fingerprint": found.fingerprint,
        "CreateTime": utc(found.created),
        "CreateTimeStamp": found.created,
        "ExpireTime": utc(found.expires),
        "ExpireTimeStamp": found.expires,
        "RegionId": found.region,
        "ResourceGroupId": found.resource_group_id,
        "Tags": {"Tag": wire_tags(found.tags)},
    }


def _wire_server(found: ServerCertificate) -> dict[str, Any]:
    return {
        "ServerCertificateId": found.id,
        "ServerCertificateName": found.name,
        **_common(found),
        "SubjectAlternativeNames": {"SubjectAlternativeName": list(found.names)},
        "IsAliCloudCertificate": 0,
        "AliCloudCertificateId": "",
        "AliCloudCertificateName": "",
    }


def _wire_ca(found: CaCertificate) -> dict[str, Any]:
    return {"CACertificateId": found.id, "CACertificateName": found.name, **_common(found)}
