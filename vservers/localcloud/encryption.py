"""HTTPS for clients that speak nothing else, such as Terraform's listener resource.

The certificate is the cloud's own, self-signed, for this machine's names alone and for no use as an
authority: who trusts it trusts this one server. It is made at the first start that asks for it and
kept beside the access key, the key readable by the owner only.
"""

import ipaddress
import ssl
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CERTIFICATE = "endpoint-certificate.pem"
KEY = "endpoint-key.pem"
_LIFETIME = timedelta(days=825)
_RENEW_BEFORE_END = timedelta(days=30)
_NAMES = ("localhost", "127.0.0.1", "::1")


def server_context(data_dir: Path, host: str, further: Sequence[str] = ()) -> ssl.SSLContext:
    """TLS for a socket on host, with the kept certificate or a new one. Raises OSError.

    further: names that clients know this server by beside its address, as in their hosts file.
    """
    certificate, key = data_dir / CERTIFICATE, data_dir / KEY
    names = tuple(dict.fromkeys((*_NAMES, host, *further)))
    context = _loaded(certificate, key, names)
    if context is None:
        _make(certificate, key, names)
        context = _loaded(certificate, key, names)
    if context is None:
        raise OSError(f"the certificate in {data_dir} cannot be used")
    return context


def _loaded(certificate: Path, key: Path, names: tuple[str, ...]) -> ssl.SSLContext | None:
    """TLS with the files; None when one is missing or broken, too old or for other names."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        context.load_cert_chain(certificate, key)
        given = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, ValueError, ssl.SSLError, x509.ExtensionNotFound):
        return None
    left = found.not_valid_after_utc - datetime.now(UTC)
    return context if left > _RENEW_BEFORE_END and list(given) == _general(names) else None


def _make(certificate: Path, key: Path, names: tuple[str, ...]) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "VServer local cloud")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName(_general(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(private, hashes.SHA256())
    )
    key.unlink(missing_ok=True)
    key.touch(mode=0o600, exist_ok=False)
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate.write_bytes(made.public_bytes(Encoding.PEM))


def _general(names: tuple[str, ...]) -> list[x509.GeneralName]:
    return [_name(one) for one in names]


def _name(text: str) -> x509.GeneralName:
    with suppress(ValueError):
        return x509.IPAddress(ipaddress.ip_address(text))
    return x509.DNSName(text)
