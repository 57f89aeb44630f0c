"""Writes of certificates and access control lists, which belong to a region, as data."""

import json
from collections.abc import Iterable

from .calls import Call

# AddAccessControlListEntry and RemoveAccessControlListEntry.
MAX_ENTRIES_PER_CALL = 50


def upload_server_certificate(name: str, certificate: str, private_key: str) -> Call:
    """certificate: PEM, the server's own first, then its chain."""
    return Call(
        "UploadServerCertificate",
        {
            "ServerCertificateName": name,
            "ServerCertificate": certificate,
            "PrivateKey": private_key,
        },
    )


def set_server_certificate_name(certificate_id: str, name: str) -> Call:
    return Call(
        "SetServerCertificateName",
        {"ServerCertificateId": certificate_id, "ServerCertificateName": name},
    )


def delete_server_certificate(certificate_id: str) -> Call:
    return Call("DeleteServerCertificate", {"ServerCertificateId": certificate_id})


def upload_ca_certificate(name: str, certificate: str) -> Call:
    return Call("UploadCACertificate", {"CACertificateName": name, "CACertificate": certificate})


def set_ca_certificate_name(certificate_id: str, name: str) -> Call:
    return Call(
        "SetCACertificateName", {"CACertificateId": certificate_id, "CACertificateName": name}
    )


def delete_ca_certificate(certificate_id: str) -> Call:
    return Call("DeleteCACertificate", {"CACertificateId": certificate_id})


def create_access_control_list(name: str, ip_version: str) -> Call:
    """An empty list. There is no client token."""
    return Call("CreateAccessControlList", {"AclName": name, "AddressIPVersion": ip_version})


def set_access_control_list_name(acl_id: str, name: str) -> Call:
    return Call("SetAccessControlListAttribute", {"AclId": acl_id, "AclName": name})


def delete_access_control_list(acl_id: str) -> Call:
    return Call("DeleteAccessControlList", {"AclId": acl_id})


def add_access_control_list_entries(acl_id: str, entries: Iterable[tuple[str, str]]) -> Call:
    """entries: (network, comment), MAX_ENTRIES_PER_CALL at most. Known networks are refused."""
    return _entries("AddAccessControlListEntry", acl_id, entries)


def remove_access_control_list_entries(acl_id: str, entries: Iterable[tuple[str, str]]) -> Call:
    """entries: as they are. Unknown networks are ignored by the cloud."""
    return _entries("RemoveAccessControlListEntry", acl_id, entries)


def _entries(action: str, acl_id: str, entries: Iterable[tuple[str, str]]) -> Call:
    rows = [
        {"entry": network, **({"comment": comment} if comment else {})}
        for network, comment in entries
    ]
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return Call(action, {"AclId": acl_id, "AclEntrys": text})
