"""What somebody pasted as a certificate or its key: read, and refused with a sentence that helps.

The cloud refuses most of this too, with one code for all of it and after the key was sent.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID
from django.utils import timezone
from django.utils.translation import gettext as _

BEGIN = "-----BEGIN CERTIFICATE-----"
LEAST_RSA_BITS = 2048
# Elliptic curves that the cloud takes.
CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
SOON = timedelta(days=30)


class BadPem(ValueError):
    """The text says what is wrong and what to do. field: "certificate" or "private_key"."""

    def __init__(self, field: str, sentence: str) -> None:
        self.field = field
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class Pem:
    """A certificate that can be uploaded. pem: it and its chain, written anew. names: every DNS
    name and address that it is valid for. fingerprint: SHA-1, hex with colons. key: in words.
    """

    pem: str
    common_name: str
    names: tuple[str, ...]
    issuer: str
    valid_from: datetime
    valid_to: datetime
    fingerprint: str
    key: str
    chain_length: int

    @property
    def days_left(self) -> int:
        return (self.valid_to - timezone.now()).days

    @property
    def warnings(self) -> list[str]:
        """What does not keep it from being used, and should be known."""
        found = []
        now = timezone.now()
        if self.valid_from > now:
            found.append(
                _("It is not valid before %(day)s.") % {"day": f"{self.valid_from:%Y-%m-%d}"}
            )
        elif self.valid_to - now < SOON:
            found.append(_("It expires on %(day)s.") % {"day": f"{self.valid_to:%Y-%m-%d}"})
        return found


def read_server_certificate(certificate: str, private_key: str) -> Pem:
    """A server's certificate with its chain, checked against its key. Raises BadPem."""
    chain = _chain(certificate)
    own = chain[0]
    for number, (issued, issuer) in enumerate(pairwise(chain), 1):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise BadPem(
                "certificate",
                _(
                    "Certificate %(next)s (%(next_name)s) did not issue certificate %(number)s "
                    "(%(name)s). Put the server's own certificate first, and after each "
                    "certificate the one that issued it."
                )
                % {
                    "next": number + 1,
                    "next_name": _name(issuer),
                    "number": number,
                    "name": _name(issued),
                },
            ) from error
    key = _key(private_key)
    if key.public_key() != own.public_key():
        raise BadPem(
            "private_key", _("This key belongs to another certificate than %s.") % _name(own)
        )
    return _read(chain)


def read_ca_certificate(certificate: str) -> Pem:
    """A certificate that others can be checked against. Raises BadPem."""
    chain = _chain(certificate)
    try:
        constraints = chain[0].extensions.get_extension_for_class(x509.BasicConstraints)
        is_ca = constraints.value.ca
    except x509.ExtensionNotFound:
        # Of version 1, as old roots are: anything that it signed by itself.
        is_ca = chain[0].issuer == chain[0].subject
    if not is_ca:
        raise BadPem(
            "certificate",
            _(
                "%s is the certificate of a server or a client, not of a certificate authority. "
                "Paste the one that issued it."
            )
            % _name(chain[0]),
        )
    return _read(chain)


def _chain(text: str) -> list[x509.Certificate]:
    if "PRIVATE KEY-----" in text:
        raise BadPem(
            "certificate",
            _("There is a private key in this text. It belongs in a field of its own."),
        )
    if BEGIN not in text:
        raise BadPem("certificate", _("Paste the PEM text, which begins with %s.") % BEGIN)
    try:
        chain = x509.load_pem_x509_certificates(text.strip().encode())
        for one in chain:
            one.public_key()
            list(one.extensions)
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension) as error:
        raise BadPem(
            "certificate",
            _("This is not a whole certificate: a part of the text is missing or damaged."),
        ) from error
    for one in chain:
        if isinstance(one.signature_hash_algorithm, hashes.MD5 | hashes.SHA1):
            raise BadPem(
                "certificate",
                _("%(name)s is signed with %(algorithm)s, which no browser trusts any more.")
                % {"name": _name(one), "algorithm": one.signature_hash_algorithm.name.upper()},
            )
    if chain[0].not_valid_after_utc < timezone.now():
        raise BadPem(
            "certificate",
            _("%(name)s expired on %(day)s.")
            % {"name": _name(chain[0]), "day": f"{chain[0].not_valid_after_utc:%Y-%m-%d}"},
        )
    return chain


def _key(text: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    if "PRIVATE KEY-----" not in text:
        raise BadPem(
            "private_key",
            _("Paste the PEM text, which begins with -----BEGIN PRIVATE KEY----- or the like."),
        )
    if "ENCRYPTED" in text:
        raise BadPem(
            "private_key",
            _(
                "The key is protected by a password. Take that off first: "
                "openssl pkey -in key.pem -out plain.pem"
            ),
        )
    try:
        key = load_pem_private_key(text.strip().encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadPem(
            "private_key", _("This is not a whole key: a part of the text is missing or damaged.")
        ) from error
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < LEAST_RSA_BITS:
            raise BadPem(
                "private_key",
                _("The key has %(bits)s bits; the cloud takes RSA keys from %(least)s bits on.")
                % {"bits": key.key_size, "least": LEAST_RSA_BITS},
            )
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in CURVES:
        return key
    raise BadPem(
        "private_key",
        _("The cloud takes RSA keys, and elliptic curve keys on %s.") % ", ".join(CURVES.values()),
    )


def _read(chain: Sequence[x509.Certificate]) -> Pem:
    own = chain[0]
    return Pem(
        pem="".join(one.public_bytes(Encoding.PEM).decode() for one in chain),
        common_name=_common_name(own.subject),
        names=_names(own),
        issuer=_common_name(own.issuer) or own.issuer.rfc4514_string(),
        valid_from=own.not_valid_before_utc,
        valid_to=own.not_valid_after_utc,
        fingerprint=own.fingerprint(hashes.SHA1()).hex(":"),  # noqa: S303 - the cloud's word for it
        key=_key_words(own),
        chain_length=len(chain),
    )


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        common = _common_name(certificate.subject)
        return (common,) if common else ()
    addresses: list[ipaddress.IPv4Address | ipaddress.IPv6Address] = [
        one for one in found.get_values_for_type(x509.IPAddress) if not hasattr(one, "netmask")
    ]
    return (*found.get_values_for_type(x509.DNSName), *map(str, addresses))


def _key_words(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return _("RSA, %(bits)s bits") % {"bits": key.key_size}
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _("elliptic curve %s") % CURVES.get(key.curve.name, key.curve.name)
    return type(key).__name__


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else ""


def _name(certificate: x509.Certificate) -> str:
    return _common_name(certificate.subject) or certificate.subject.rfc4514_string() or "?"
