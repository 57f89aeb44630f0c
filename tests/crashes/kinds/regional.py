"""What a region has beside its load balancers: certificates and access control lists."""

from collections.abc import Callable

from tests.cloud import REGION, connect
from tests.crashes.kinds.start import Arguments, Kind, Start, about, actor_of, region
from tests.crashes.pictures import RegionPicture
from tests.localcloud import certificates as made
from vservers.models import AccessControlList, CACertificate, ServerCertificate
from vservers.services import access_lists, certificates, readings, sync
from vservers.services.changes import Kind as Object
from vservers.services.pem import read_ca_certificate, read_server_certificate

OLD = {"10.0.0.0/8": "inside", "192.168.1.1/32": ""}
MANY = {f"10.{n}.0.0/16": f"net {n}" for n in range(60)}


def _mirrored(start: Start) -> Arguments:
    place = region()
    for reader in (readings.certificates(place), readings.access_lists(place)):
        sync.store_region(connect(REGION), place, reader)
    return {"ending": start.balancer_id}


# Certificates


def _material(*, ca: bool) -> Callable[[Start], Arguments]:
    def prepare(start: Start) -> Arguments:
        certificate, key = made.pair("crash.example.com", ca=ca)
        return {**_mirrored(start), "certificate": certificate, "key": key}

    return prepare


def upload_server_certificate(user: Arguments, ending: str, certificate: str, key: str) -> None:
    certificates.upload_server_certificate(
        actor=actor_of(user),
        account_region=region(),
        name=f"fresh {ending}",
        certificate=read_server_certificate(certificate, key),
        private_key=key,
    )


def upload_ca_certificate(user: Arguments, ending: str, certificate: str, key: str) -> None:
    certificates.upload_ca_certificate(
        actor=actor_of(user),
        account_region=region(),
        name=f"fresh {ending}",
        certificate=read_ca_certificate(certificate),
    )


def _uploaded(start: Start) -> Arguments:
    certificate, key = made.pair("crash.example.com")
    made.upload(
        start.outsider, (certificate, key), ServerCertificateName=f"old {start.balancer_id}"
    )
    return _mirrored(start)


def _uploaded_ca(start: Start) -> Arguments:
    certificate, _ = made.pair("crash.example.com", ca=True)
    start.outsider.call(
        "UploadCACertificate",
        form=True,
        RegionId=REGION,
        CACertificateName=f"old {start.balancer_id}",
        CACertificate=certificate,
    )
    return _mirrored(start)


def rename_certificate(user: Arguments, ending: str) -> None:
    certificates.rename_certificate(
        actor=actor_of(user),
        certificate=ServerCertificate.objects.get(name__endswith=ending),
        name=f"renamed {ending}",
    )


def delete_certificate(user: Arguments, ending: str) -> None:
    certificates.delete_certificate(
        actor=actor_of(user), certificate=ServerCertificate.objects.get(name__endswith=ending)
    )


def rename_ca_certificate(user: Arguments, ending: str) -> None:
    certificates.rename_certificate(
        actor=actor_of(user),
        certificate=CACertificate.objects.get(name__endswith=ending),
        name=f"renamed {ending}",
    )


def delete_ca_certificate(user: Arguments, ending: str) -> None:
    certificates.delete_certificate(
        actor=actor_of(user), certificate=CACertificate.objects.get(name__endswith=ending)
    )


def _certificates_are(*words: str) -> Callable[[RegionPicture], bool]:
    return lambda cloud: [name.split()[0] for name, _ in cloud.certificates] == list(words)


def _ca_certificates_are(*words: str) -> Callable[[RegionPicture], bool]:
    return lambda cloud: [name.split()[0] for name, _ in cloud.ca_certificates] == list(words)


# Access control lists


def create_access_list(user: Arguments, ending: str) -> None:
    access_lists.create_access_list(
        actor=actor_of(user),
        account_region=region(),
        name=f"fresh {ending}",
        ip_version="ipv4",
        entries=list(MANY.items()),
    )


def access_list(start: Start) -> Arguments:
    made_id = start.outsider.call(
        "CreateAccessControlList", RegionId=REGION, AclName=f"old {start.balancer_id}"
    )["AclId"]
    start.outsider.call(
        "AddAccessControlListEntry",
        RegionId=REGION,
        AclId=made_id,
        AclEntrys=[
            {"entry": network, **({"comment": comment} if comment else {})}
            for network, comment in OLD.items()
        ],
    )
    return _mirrored(start)


def _list(ending: str) -> AccessControlList:
    return AccessControlList.objects.get(name__endswith=ending)


def rename_access_list(user: Arguments, ending: str) -> None:
    access_lists.rename_access_list(
        actor=actor_of(user), access_list=_list(ending), name=f"renamed {ending}"
    )


def add_entries(user: Arguments, ending: str) -> None:
    access_lists.add_entries(
        actor=actor_of(user), access_list=_list(ending), entries=[("172.16.0.0/12", "new")]
    )


def remove_entries(user: Arguments, ending: str) -> None:
    access_lists.remove_entries(
        actor=actor_of(user), access_list=_list(ending), networks=["10.0.0.0/8"]
    )


def delete_access_list(user: Arguments, ending: str) -> None:
    access_lists.delete_access_list(actor=actor_of(user), access_list=_list(ending))


def lists_are(*wanted: tuple[str, dict[str, str]]) -> Callable[[RegionPicture], bool]:
    return lambda cloud: [(name.split()[0], found) for name, found in cloud.lists] == list(wanted)


def _kind(
    name: str,
    kinds: frozenset[Object],
    prepare: Callable[[Start], Arguments],
    act: Callable[..., object],
    stands: Callable[[RegionPicture], bool],
) -> Kind:
    return Kind(name, kinds, prepare, act, stands, of_region=True)


_SERVER, _CA = about(Object.SERVER_CERTIFICATE), about(Object.CA_CERTIFICATE)
_LIST, _ENTRY = about(Object.ACCESS_LIST), about(Object.ACCESS_ENTRY)

REGIONAL = [
    _kind(
        "upload server certificate",
        _SERVER,
        _material(ca=False),
        upload_server_certificate,
        _certificates_are("fresh"),
    ),
    _kind(
        "rename certificate", _SERVER, _uploaded, rename_certificate, _certificates_are("renamed")
    ),
    _kind("delete certificate", _SERVER, _uploaded, delete_certificate, _certificates_are()),
    _kind(
        "upload CA certificate",
        _CA,
        _material(ca=True),
        upload_ca_certificate,
        _ca_certificates_are("fresh"),
    ),
    _kind(
        "rename CA certificate",
        _CA,
        _uploaded_ca,
        rename_ca_certificate,
        _ca_certificates_are("renamed"),
    ),
    _kind(
        "delete CA certificate", _CA, _uploaded_ca, delete_ca_certificate, _ca_certificates_are()
    ),
    _kind(
        "create access list",
        _LIST | _ENTRY,
        _mirrored,
        create_access_list,
        lists_are(("fresh", MANY)),
    ),
    _kind(
        "rename access list",
        _LIST,
        access_list,
        rename_access_list,
        lists_are(("renamed", OLD)),
    ),
    _kind(
        "add networks",
        _ENTRY,
        access_list,
        add_entries,
        lists_are(("old", {**OLD, "172.16.0.0/12": "new"})),
    ),
    _kind(
        "remove networks",
        _ENTRY,
        access_list,
        remove_entries,
        lists_are(("old", {"192.168.1.1/32": ""})),
    ),
    _kind("delete access list", _LIST | _ENTRY, access_list, delete_access_list, lists_are()),
]
