"""A certificate authority for tests."""

import datetime
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from vservers.localcloud.dataplane import Certificate

_DAY = datetime.timedelta(days=1)
_USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)
_SIGNS = x509.KeyUsage(**{use: use in ("key_cert_sign", "crl_sign") for use in _USES})


class Authority:
    """Signs certificates; `certificate` is its own, without the key."""

    def __init__(self, name: str = "ca") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        public = self._key.public_key()
        own = (
            _builder(self._name, self._name, public, public)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_SIGNS, critical=True)
        )
        self._own = own.sign(self._key, hashes.SHA256())
        self.certificate = Certificate(name, _pem(self._own))

    def issue(self, certificate_id: str, *domains: str, of_rsa: bool = False) -> Certificate:
        """A certificate for these domains with its key."""
        key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
        if of_rsa:
            key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        else:
            key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(domain) for domain in domains]
        signed = (
            _builder(_named(certificate_id), self._name, key.public_key(), self._key.public_key())
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        text = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        ).decode()
        return Certificate(certificate_id, _pem(signed) + self.certificate.chain, text)

    def client(
        self, *, own: Certificate | None = None, folder: Path | None = None
    ) -> ssl.SSLContext:
        """A client that trusts this authority, and shows its own certificate if it has one."""
        context = ssl.create_default_context(cadata=self.certificate.chain)
        if own is not None and folder is not None:
            path = folder / f"{own.certificate_id}.pem"
            path.write_text(own.chain + own.key)
            context.load_cert_chain(path)
        return context


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False
        )
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()
