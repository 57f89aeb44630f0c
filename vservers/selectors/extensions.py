"""The domains of an HTTPS listener and the certificate that it shows for each."""

from dataclasses import dataclass

from vservers.models import DomainExtension, Listener, ServerCertificate

from .certificates import CertificateRow


@dataclass(frozen=True, slots=True)
class ExtensionRow:
    """A domain with its certificate; None where the mirror does not have that one.

    extension: None for the listener's own certificate, for every domain that has none here.
    """

    extension: DomainExtension | None
    certificate_id: str
    shown: CertificateRow | None

    @property
    def covers(self) -> bool:
        """Whether the certificate is valid for the domain, as far as is known."""
        if self.extension is None or self.shown is None:
            return True
        certificate = self.shown.certificate
        names = certificate.names if isinstance(certificate, ServerCertificate) else []
        return covers(names, self.extension.domain)


def extension_rows(listener: Listener, *, text: str = "") -> list[ExtensionRow]:
    """The listener's own certificate first, then its domains by name. text: part of a domain."""
    own = str(listener.settings.get("server_certificate_id") or "")
    extensions = list(listener.extensions.filter(domain__icontains=text).order_by("domain"))
    ids = {own, *(one.server_certificate_id for one in extensions)}
    certificates = ServerCertificate.objects.in_bulk(sorted(ids))

    def row(extension: DomainExtension | None, certificate_id: str) -> ExtensionRow:
        found = certificates.get(certificate_id)
        return ExtensionRow(extension, certificate_id, CertificateRow(found) if found else None)

    return [row(None, own), *(row(one, one.server_certificate_id) for one in extensions)]


def covers(names: list[str], domain: str) -> bool:
    """Whether a certificate with these names is valid for a domain. Source: RFC 6125, 6.4.3."""
    wanted = domain.lower()
    parent = wanted.partition(".")[2]
    return any(name.lower() in {wanted, f"*.{parent}"} for name in names)
