"""What listeners and regions have beside load balancers and servers: see model.py for the rules.

Access lists, certificates, TLS policies, and where logs and monitoring go.
"""

from dataclasses import dataclass, field
from typing import ClassVar

Tags = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AccessList:
    """An access control list of a region. entries: (network as written, comment)."""

    kind: ClassVar[str] = "acl"
    id: str
    region: str
    name: str
    created: int
    ip_version: str = "ipv4"
    entries: tuple[tuple[str, str], ...] = ()
    resource_group_id: str = "rg-default"
    tags: Tags = ()

    @property
    def parent(self) -> str:
        """The region."""
        return self.region


@dataclass(frozen=True, slots=True)
class Certificate:
    """What server and CA certificates share. chain: PEM; expires: Unix milliseconds."""

    id: str
    region: str
    name: str
    created: int
    chain: str = field(repr=False)
    common_name: str
    fingerprint: str
    expires: int
    resource_group_id: str = "rg-default"
    tags: Tags = ()

    @property
    def parent(self) -> str:
        """The region."""
        return self.region


@dataclass(frozen=True, slots=True)
class ServerCertificate(Certificate):
    """A certificate with its private key, for HTTPS listeners."""

    kind: ClassVar[str] = "certificate"
    key: str = field(default="", repr=False)
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaCertificate(Certificate):
    """A certificate that clients' certificates are checked against."""

    kind: ClassVar[str] = "cacertificate"


@dataclass(frozen=True, slots=True)
class CipherPolicy:
    """A TLS policy of one's own: versions ("TLSv1.2") and ciphers (OpenSSL's names)."""

    kind: ClassVar[str] = "tlspolicy"
    id: str
    region: str
    name: str
    created: int
    versions: tuple[str, ...]
    ciphers: tuple[str, ...]

    @property
    def parent(self) -> str:
        """The region."""
        return self.region


@dataclass(frozen=True, slots=True)
class AccessLog:
    """Where a load balancer's access log should go; nothing is delivered here."""

    kind: ClassVar[str] = "accesslog"
    balancer_id: str
    region: str
    log_type: str
    project: str
    store: str

    @property
    def id(self) -> str:
        """One for each load balancer and type."""
        return f"{self.balancer_id}_{self.log_type}"

    @property
    def parent(self) -> str:
        """The region."""
        return self.region


@dataclass(frozen=True, slots=True)
class Monitor:
    """A region's high-definition monitoring: on while there is one."""

    kind: ClassVar[str] = "monitor"
    id: str
    project: str
    store: str
    parent: ClassVar[str] = ""
