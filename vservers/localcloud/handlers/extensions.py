"""Domain extensions: the certificate that an HTTPS listener shows for another domain."""

from dataclasses import replace

from vservers.localcloud.errors import ApiError
from vservers.localcloud.formats import FORMATS
from vservers.localcloud.handlers.attachments import check_server_certificate
from vservers.localcloud.handlers.changes import refuse_changing
from vservers.localcloud.handlers.listeners import wire_extension
from vservers.localcloud.handlers.lookup import (
    refuse_locked,
    rules_of,
    the_balancer,
    the_listener,
)
from vservers.localcloud.model import DomainExtension, Listener, listener_id
from vservers.localcloud.quotas import exceeded
from vservers.localcloud.registry import Answer, Call, Reading, Writing, new_id, reads, writes
from vservers.localcloud.store import View

_MAX_DOMAIN = 253


@writes("slb", "CreateDomainExtension")
def create_extension(call: Writing) -> Answer:
    """A certificate for one more domain of an HTTPS listener.

    Raises DomainExtensionNotSupport (no HTTPS listener on the port), InvalidParameter.Domain (no
    domain name, or one that the listener has), DomainExtensionNumberOverLimit.
    """
    balancer = the_balancer(call)
    port = call.params["ListenerPort"]
    listener = call.state.get(Listener, listener_id(balancer.id, "https", port))
    if listener is None:
        the_listener(call, balancer)
        raise ApiError("DomainExtensionNotSupport")
    refuse_changing(call, listener, "DomainExtensionProcessing")
    domain = call.params["Domain"].lower()
    if len(domain) > _MAX_DOMAIN or not FORMATS["rule_domain"](domain):
        raise ApiError("InvalidParameter.Domain")
    present = list(call.state.children(DomainExtension, listener.id))
    if any(one.domain == domain for one in present):
        raise ApiError(
            "InvalidParameter.Domain", "The specified Domain already exists on the listener."
        )
    certificate_id = call.params.get("ServerCertificateId", "")
    check_server_certificate(call.state, balancer.region, certificate_id)
    if exceeded(len(present) + 1, call.quotas.domain_extensions):
        raise ApiError("DomainExtensionNumberOverLimit")
    extension = DomainExtension(
        id=new_id("de"),
        balancer_id=balancer.id,
        port=port,
        region=balancer.region,
        domain=domain,
        certificate_id=certificate_id,
        created=call.now,
    )
    call.state.put(extension)
    return {"DomainExtensionId": extension.id, "ListenerPort": port}


@writes("slb", "SetDomainExtensionAttribute")
def set_extension(call: Writing) -> Answer:
    """Show another certificate for the domain."""
    extension = _the_extension(call)
    certificate_id = call.params.get("ServerCertificateId", "")
    check_server_certificate(call.state, extension.region, certificate_id)
    call.state.put(replace(extension, certificate_id=certificate_id))
    return {}


@writes("slb", "DeleteDomainExtension")
def delete_extension(call: Writing) -> Answer:
    """Delete one whose domain no forwarding rule of the listener names."""
    extension = _the_extension(call)
    listener = call.state.get(Listener, extension.parent)
    if listener is not None and any(
        rule.domain == extension.domain for rule in rules_of(call.state, listener)
    ):
        raise ApiError("DomainExtensionRelatedRuleExist")
    call.state.delete(extension)
    return {}


@reads("slb", "DescribeDomainExtensions")
def describe_extensions(call: Reading) -> Answer:
    """The listener's extra domains."""
    balancer = the_balancer(call)
    listener = the_listener(call, balancer, protocol="https")
    wanted = call.params.get("DomainExtensionId", "")
    return {
        "DomainExtensions": {
            "DomainExtension": [
                wire_extension(one)
                for one in call.state.children(DomainExtension, listener.id)
                if wanted in ("", one.id)
            ]
        }
    }


@reads("slb", "DescribeDomainExtensionAttribute")
def describe_extension(call: Reading) -> Answer:
    """One extra domain."""
    extension = _the_extension(call)
    return {
        **wire_extension(extension),
        "LoadBalancerId": extension.balancer_id,
        "ListenerPort": extension.port,
    }


def _the_extension[V: View](call: Call[V]) -> DomainExtension:
    extension = call.state.get(DomainExtension, call.params["DomainExtensionId"])
    if extension is None or not call.in_region(extension.region):
        raise ApiError("InvalidParameter.DomainExtensionId")
    refuse_locked(call, extension.balancer_id)
    return extension
