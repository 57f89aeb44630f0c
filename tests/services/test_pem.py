"""What is pasted as a certificate or a key, and the sentence for each way in which it is wrong."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from tests.localcloud.certificates import made, pair
from vservers.services.pem import BadPem, read_ca_certificate, read_server_certificate


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issued(subject, key, issuer, issuer_key, *, ca=False, days=90, begins=-1):
    """A certificate that another one issued, as PEM."""
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begins))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()


def pem_of(key, encryption=None):
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()
    ).decode()


@pytest.fixture(scope="module")
def chain():
    """(leaf, intermediate, key of the leaf) as PEM."""
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    return (
        issued("shop.example.com", leaf, "Test CA", root),
        issued("Test CA", root, "Test CA", root, ca=True),
        pem_of(leaf),
    )


def refusal(certificate, key):
    with pytest.raises(BadPem) as caught:
        read_server_certificate(certificate, key)
    return caught.value.field, str(caught.value)


def test_a_certificate_tells_names_issuer_key_and_days_left():
    read = read_server_certificate(*pair("shop.example.com", "www.example.com"))
    assert read.names == ("shop.example.com", "www.example.com")
    assert (read.common_name, read.issuer) == ("shop.example.com", "shop.example.com")
    assert read.key == "elliptic curve P-256"
    assert read.days_left > 365 and not read.warnings
    assert len(read.fingerprint.split(":")) == 20


def test_a_chain_is_read_whole_and_only_certificates_are_kept_of_the_text(chain):
    leaf, intermediate, key = chain
    read = read_server_certificate(f"subject=…\r\n{leaf}\n# issuer\n{intermediate}", key)
    assert read.chain_length == 2
    assert read.issuer == "Test CA"
    assert read.pem == leaf + intermediate


def test_a_chain_in_the_wrong_order_is_refused_by_name(chain):
    leaf, _, key = chain
    other = pair("other.example.com")[0]
    field, words = refusal(leaf + other, key)
    assert field == "certificate"
    assert (
        "Certificate 2 (other.example.com) did not issue certificate 1 (shop.example.com)" in words
    )


def test_what_is_no_certificate_is_refused(chain):
    leaf, _, key = chain
    assert "begins with -----BEGIN CERTIFICATE-----" in refusal("MIIB", key)[1]
    assert "missing or damaged" in refusal(leaf[:200], key)[1]
    assert "missing or damaged" in refusal(leaf.replace("M", "N"), key)[1]
    assert "private key in this text" in refusal(leaf + key, key)[1]


def test_what_is_no_usable_key_is_refused(chain):
    leaf, _, key = chain
    field, words = refusal(leaf, pair("other.example.com")[1])
    assert field == "private_key" and "another certificate than shop.example.com" in words
    assert "begins with -----BEGIN PRIVATE KEY-----" in refusal(leaf, "secret")[1]
    assert "missing or damaged" in refusal(leaf, key[:80] + "\n-----END PRIVATE KEY-----")[1]
    locked = pem_of(ec.generate_private_key(ec.SECP256R1()), BestAvailableEncryption(b"x"))
    assert "protected by a password" in refusal(leaf, locked)[1]
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505
    assert "1024 bits" in refusal(made("a.example.com", key=weak)[0], pem_of(weak))[1]
    odd = ed25519.Ed25519PrivateKey.generate()
    assert "RSA keys" in refusal(leaf, pem_of(odd))[1]


def test_an_expired_certificate_is_refused_and_a_short_one_warned_of():
    key = ec.generate_private_key(ec.SECP256R1())
    old = issued("a.example.com", key, "a.example.com", key, begins=-9, days=-2)
    field, words = refusal(old, pem_of(key))
    assert field == "certificate" and "a.example.com expired on" in words
    short = issued("a.example.com", key, "a.example.com", key, days=9)
    assert "It expires on" in read_server_certificate(short, pem_of(key)).warnings[0]
    early = issued("a.example.com", key, "a.example.com", key, begins=3)
    assert "not valid before" in read_server_certificate(early, pem_of(key)).warnings[0]


def test_only_an_authoritys_certificate_checks_others(chain):
    leaf, authority, _ = chain
    assert read_ca_certificate(authority).common_name == "Test CA"
    with pytest.raises(BadPem, match="not of a certificate authority"):
        read_ca_certificate(leaf)
