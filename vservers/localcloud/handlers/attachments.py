"""What a listener names beside its servers: access lists, certificates, TLS policies, groups.

Each is checked when a listener takes it on, and asked for its users before it is deleted.
"""

from collections.abc import Callable, Mapping
from typing import Any

from vservers.localcloud.assets import AccessList, CaCertificate, CipherPolicy, ServerCertificate
from vservers.localcloud.ciphers import DEFAULT_POLICY, SYSTEM_POLICIES
from vservers.localcloud.errors import (
    ApiError,
    group_not_found,
    master_slave_not_found,
    missing,
)
from vservers.localcloud.handlers.lookup import listeners_in, listeners_of
from vservers.localcloud.handlers.settings import LAYER_7
from vservers.localcloud.model import Balancer, DomainExtension, Group, Listener, MasterSlaveGroup
from vservers.localcloud.quotas import Quotas, exceeded
from vservers.localcloud.store import View

_HASHING = ("sch", "tch", "qch")


def check_group(state: View, balancer: Balancer, protocol: str, group_id: str) -> None:
    """Raises the protocol's own codes for a VServer group that is not the balancer's."""
    group = state.get(Group, group_id)
    if group is None:
        raise (
            group_not_found() if protocol in LAYER_7 else ApiError("ResourceNotFound.VServerGroup")
        )
    if group.balancer_id != balancer.id:
        code = "InvalidParameter.VServerGroupId"
        raise ApiError(code if protocol in LAYER_7 else "InvalidParam.VServerGroupId")


def check_master_slave(state: View, balancer: Balancer, group_id: str) -> None:
    """Raises 404 InvalidParameter, VipNotMatchRspool."""
    group = state.get(MasterSlaveGroup, group_id)
    if group is None:
        raise master_slave_not_found()
    if group.balancer_id != balancer.id:
        raise ApiError("VipNotMatchRspool")


def check_scheduler(balancer: Balancer, settings: Mapping[str, Any]) -> None:
    """Consistent hashing is for guaranteed-performance instances only."""
    if settings.get("Scheduler") in _HASHING and not balancer.spec:
        raise ApiError("InvalidParameterValue.SpecNotSupport")


def check_access_lists(state: View, balancer: Balancer, listener: Listener, quotas: Quotas) -> None:
    """The listener's access lists are there and of its IP version.

    Raises MissingParameter, AclNotExist, IpVersionConflict, Duplicated.AclEntry (a list twice),
    QuotaLimitExceeds.AclAttachedToListener, AclListenerOverLimit.
    """
    if listener.settings.get("AclStatus") != "on":
        return
    ids = acl_ids(listener.settings)
    if not ids:
        raise missing("AclId")
    if len(set(ids)) < len(ids):
        raise ApiError("Duplicated.AclEntry")
    if exceeded(len(ids), quotas.listener_acls):
        raise ApiError("QuotaLimitExceeds.AclAttachedToListener")
    for acl_id in ids:
        found = state.get(AccessList, acl_id)
        if found is None or found.region != balancer.region:
            raise ApiError("AclNotExist")
        if found.ip_version != "ipv4":
            raise ApiError("IpVersionConflict")
        others = [one for one in users_of_acl(state, found) if one.id != listener.id]
        if exceeded(len(others) + 1, quotas.acl_listeners):
            raise ApiError("AclListenerOverLimit")
    if "AclType" not in listener.settings:
        raise missing("AclType")


def check_https(state: View, balancer: Balancer, settings: Mapping[str, Any]) -> None:
    """Certificates and TLS policy of an HTTPS listener are there.

    Raises MissingParam.ServerCertificates, CertificateNotExist, CertificateTypeMismatched,
    InvalidTLSPolicyId.NotExist, SPEC_NOT_SUPPORT_PARAMETER.
    """
    check_server_certificate(state, balancer.region, settings.get("ServerCertificateId", ""))
    if ca_id := settings.get("CACertificateId", ""):
        authority = state.get(CaCertificate, ca_id)
        if authority is None and state.get(ServerCertificate, ca_id):
            raise ApiError("CertificateTypeMismatched")
        if authority is None or authority.region != balancer.region:
            raise ApiError("CertificateNotExist")
    policy_id = settings.get("TLSCipherPolicy", DEFAULT_POLICY)
    if policy_id not in SYSTEM_POLICIES:
        policy = state.get(CipherPolicy, policy_id)
        if policy is None or policy.region != balancer.region:
            raise ApiError("InvalidTLSPolicyId.NotExist")
    # Clients name the default policy for every instance.
    if policy_id != DEFAULT_POLICY and not balancer.spec:
        raise ApiError("SPEC_NOT_SUPPORT_PARAMETER")


def check_server_certificate(state: View, region: str, certificate_id: str) -> None:
    """Raises MissingParam.ServerCertificates, CertificateTypeMismatched, CertificateNotExist."""
    if not certificate_id:
        raise ApiError("MissingParam.ServerCertificates")
    found = state.get(ServerCertificate, certificate_id)
    if found is None and state.get(CaCertificate, certificate_id):
        raise ApiError("CertificateTypeMismatched")
    if found is None or found.region != region:
        raise ApiError("CertificateNotExist")


def acl_ids(settings: Mapping[str, Any]) -> list[str]:
    """The access lists of a listener's settings; clients separate several by commas."""
    return [one.strip() for one in settings.get("AclId", "").split(",") if one.strip()]


def users_of_acl(state: View, found: AccessList) -> list[Listener]:
    """The listeners that an access list lets in or keeps out for."""
    return _listeners_with(state, found.region, lambda one: found.id in acl_ids(one.settings))


def users_of_server_certificate(
    state: View, found: ServerCertificate
) -> tuple[list[Listener], list[DomainExtension]]:
    """The listeners whose own certificate it is, and the domain extensions."""
    listeners = _listeners_with(state, found.region, _names("ServerCertificateId", found.id))
    extensions = [
        extension
        for listener in listeners_in(state, found.region)
        for extension in state.children(DomainExtension, listener.id)
        if extension.certificate_id == found.id
    ]
    return listeners, extensions


def users_of_ca_certificate(state: View, found: CaCertificate) -> list[Listener]:
    """The listeners that check clients with it."""
    return _listeners_with(state, found.region, _names("CACertificateId", found.id))


def users_of_policy(state: View, region: str, policy_id: str) -> list[Listener]:
    """The listeners with a TLS policy."""
    return _listeners_with(state, region, _names("TLSCipherPolicy", policy_id))


def check_bandwidth(state: View, balancer: Balancer) -> None:
    """Raises InvalidParameter when the listeners have more than a pay-by-bandwidth instance."""
    if balancer.internet_charge_type != "paybybandwidth" or balancer.bandwidth < 1:
        return
    parts = [one.settings.get("Bandwidth", -1) for one in listeners_of(state, balancer.id)]
    if sum(part for part in parts if part > 0) > balancer.bandwidth:
        raise ApiError(
            "InvalidParameter", "The listeners' Bandwidth exceeds that of the load balancer."
        )


def _names(setting: str, value: str) -> Callable[[Listener], bool]:
    return lambda listener: bool(listener.settings.get(setting) == value)


def _listeners_with(state: View, region: str, test: Callable[[Listener], bool]) -> list[Listener]:
    return [listener for listener in listeners_in(state, region) if test(listener)]
