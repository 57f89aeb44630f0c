"""The calls that make an object whose ID only their answer tells.

A kind of object that the cloud names joins here with one line, and is then found again after an
answer that was lost (`finding`), made anew by undoing its deletion (`undo`), and taken up by what
follows it in a script (`code`).
"""

from dataclasses import dataclass

from . import scopes
from .changes import Change, Kind


@dataclass(frozen=True, slots=True)
class Creation:
    """A call of `action` makes an object of `kind`.

    answer: the field of the answer with its ID. variable: what a script calls that. one, all:
    scopes to read again: the object, and all among which it is found while its ID is not known.
    """

    action: str
    kind: Kind
    answer: str
    variable: str
    one: str
    all: scopes.Scope

    def scope_of(self, made_id: str) -> scopes.Scope:
        return self.one, made_id


_ALL = (
    Creation(
        "CreateLoadBalancer",
        Kind.BALANCER,
        "LoadBalancerId",
        "load_balancer_id",
        "new balancer",
        scopes.BALANCERS,
    ),
    Creation(
        "CreateVServerGroup", Kind.GROUP, "VServerGroupId", "group_id", "group", scopes.GROUPS
    ),
    Creation(
        "CreateMasterSlaveServerGroup",
        Kind.PAIR,
        "MasterSlaveServerGroupId",
        "group_id",
        "pair",
        scopes.PAIRS,
    ),
    Creation(
        "UploadServerCertificate",
        Kind.SERVER_CERTIFICATE,
        "ServerCertificateId",
        "certificate_id",
        "certificate",
        scopes.CERTIFICATES,
    ),
    Creation(
        "UploadCACertificate",
        Kind.CA_CERTIFICATE,
        "CACertificateId",
        "certificate_id",
        "certificate",
        scopes.CERTIFICATES,
    ),
    Creation(
        "CreateAccessControlList",
        Kind.ACCESS_LIST,
        "AclId",
        "acl_id",
        "access list",
        scopes.ACCESS_LISTS,
    ),
)

BY_ACTION = {creation.action: creation for creation in _ALL}
BY_KIND = {creation.kind: creation for creation in _ALL}


def made_by(change: Change) -> Creation | None:
    """How the object of a change is made; None when it is there, or is named by who makes it."""
    return BY_KIND.get(change.kind) if change.before is None and change.after else None
