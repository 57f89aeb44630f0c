"""Certificates made for tests."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.localcloud.client import Client

REGION = "cn-hangzhou"
EXPIRES = datetime(2035, 1, 2, 3, 4, 5, tzinfo=UTC)


@cache
def pair(name: str, *others: str, ca: bool = False) -> tuple[str, str]:
    """Certificate and key of a name, as PEM; the same each time."""
    return made(name, *others, ca=ca)


def made(
    name: str, *others: str, key: Any = None, algorithm: Any = None, ca: bool = False
) -> tuple[str, str]:
    """A new self-signed certificate and its key. others: further DNS names."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(EXPIRES)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(one) for one in (name, *others)]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(key, algorithm or hashes.SHA256())
    )
    return (
        certificate.public_bytes(Encoding.PEM).decode(),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


def upload(client: Client, material: tuple[str, str], **params: Any) -> str:
    """Upload a server certificate; its ID."""
    given = {"ServerCertificate": material[0], "PrivateKey": material[1], "RegionId": REGION}
    return client.call("UploadServerCertificate", form=True, **given | params)[
        "ServerCertificateId"
    ]
