"""What listeners name beside VServer groups, as values: certificates, access lists, pairs."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from .types import Api, BackendServer, inner, moment, tags_of


def _milliseconds(value: object) -> datetime | None:
    return datetime.fromtimestamp(int(str(value)) / 1000, UTC) if value else None


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """A server certificate; the cloud never tells its key. fingerprint: SHA-1, hex with colons."""

    certificate_id: str
    name: str
    common_name: str
    alternative_names: tuple[str, ...]
    fingerprint: str
    created_at: datetime | None
    expires_at: datetime | None
    tags: dict[str, str]

    @classmethod
    def from_api(cls, item: Api) -> Self:
        return cls(
            certificate_id=item["ServerCertificateId"],
            name=item.get("ServerCertificateName") or "",
            common_name=item.get("CommonName") or "",
            alternative_names=tuple(
                inner(item, "SubjectAlternativeNames", "SubjectAlternativeName")
            ),
            fingerprint=(item.get("Fingerprint") or "").lower(),
            created_at=_milliseconds(item.get("CreateTimeStamp")),
            expires_at=_milliseconds(item.get("ExpireTimeStamp")),
            tags=tags_of(item),
        )


@dataclass(frozen=True, slots=True)
class CACertificate:
    certificate_id: str
    name: str
    common_name: str
    fingerprint: str
    created_at: datetime | None
    expires_at: datetime | None
    tags: dict[str, str]

    @classmethod
    def from_api(cls, item: Api) -> Self:
        return cls(
            certificate_id=item["CACertificateId"],
            name=item.get("CACertificateName") or "",
            common_name=item.get("CommonName") or "",
            fingerprint=(item.get("Fingerprint") or "").lower(),
            created_at=_milliseconds(item.get("CreateTimeStamp")),
            expires_at=_milliseconds(item.get("ExpireTimeStamp")),
            tags=tags_of(item),
        )


@dataclass(frozen=True, slots=True)
class AccessControlList:
    """An access control list as the list action tells it: without its entries."""

    acl_id: str
    name: str
    ip_version: str
    created_at: datetime | None
    tags: dict[str, str]

    @classmethod
    def from_api(cls, item: Api) -> Self:
        return cls(
            acl_id=item["AclId"],
            name=item.get("AclName") or "",
            ip_version=(item.get("AddressIPVersion") or "ipv4").lower(),
            created_at=moment(item.get("CreateTime")),
            tags=tags_of(item),
        )


@dataclass(frozen=True, slots=True)
class AccessControlListDetail:
    """entries: (network, comment)."""

    acl: AccessControlList
    entries: tuple[tuple[str, str], ...]

    @classmethod
    def from_api(cls, body: Api) -> Self:
        return cls(
            AccessControlList.from_api(body),
            tuple(
                (item["AclEntryIP"], item.get("AclEntryComment") or "")
                for item in inner(body, "AclEntrys", "AclEntry")
            ),
        )


@dataclass(frozen=True, slots=True)
class MasterSlaveGroup:
    """A primary/secondary group as the list action tells it: without its servers."""

    group_id: str
    name: str
    created_at: datetime | None
    tags: dict[str, str]

    @classmethod
    def from_api(cls, item: Api) -> Self:
        return cls(
            group_id=item["MasterSlaveServerGroupId"],
            name=item.get("MasterSlaveServerGroupName") or "",
            created_at=moment(item.get("CreateTime")),
            tags=tags_of(item),
        )


@dataclass(frozen=True, slots=True)
class MasterSlaveGroupDetail:
    """servers: (role, server); role: Master or Slave."""

    group: MasterSlaveGroup
    servers: tuple[tuple[str, BackendServer], ...]

    @classmethod
    def from_api(cls, body: Api) -> Self:
        return cls(
            MasterSlaveGroup.from_api(body),
            tuple(
                (item.get("ServerType") or "", BackendServer.from_api(item))
                for item in inner(body, "MasterSlaveBackendServers", "MasterSlaveBackendServer")
            ),
        )


@dataclass(frozen=True, slots=True)
class DomainExtension:
    """A further domain of an HTTPS listener and the certificate for it."""

    domain_extension_id: str
    domain: str
    certificate_id: str

    @classmethod
    def from_api(cls, item: Api) -> Self:
        return cls(
            domain_extension_id=item["DomainExtensionId"],
            domain=item.get("Domain") or "",
            certificate_id=item.get("ServerCertificateId") or "",
        )


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """A TLS policy that the account has made. versions: as in TLSv1.2; ciphers: OpenSSL's names."""

    policy_id: str
    name: str
    versions: tuple[str, ...]
    ciphers: tuple[str, ...]

    @classmethod
    def from_api(cls, item: Api) -> Self:
        return cls(
            policy_id=item["InstanceId"],
            name=item.get("Name") or "",
            versions=tuple(item.get("TLSVersions") or ()),
            ciphers=tuple(item.get("Ciphers") or ()),
        )
