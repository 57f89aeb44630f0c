"""Primary/secondary groups, domain extensions, certificates and access lists, as Terraform's.

Source of the arguments: the provider's documentation of slb_master_slave_server_group,
slb_domain_extension, slb_server_certificate, slb_ca_certificate, slb_acl, slb_acl_entry_attachment.
"""

from collections.abc import Iterator, Mapping

from .changes import Kind, Values
from .code import KEY_FILE
from .desired import Desired
from .hcl import Labels, Raw, block, escape, import_block, quote

_PAIR = "alicloud_slb_master_slave_server_group"
_EXTENSION = "alicloud_slb_domain_extension"
_SERVER_CERTIFICATE = "alicloud_slb_server_certificate"
_CA_CERTIFICATE = "alicloud_slb_ca_certificate"
_LIST = "alicloud_slb_acl"
_ENTRY = "alicloud_slb_acl_entry_attachment"
# Where the text expects what the cloud does not tell.
_CA_FILE = "ca-certificate.pem"


def pairs(state: Desired, labels: Labels) -> Iterator[str]:
    """Primary/secondary groups."""
    for (group_id,), values in state.of(Kind.PAIR).items():
        label = labels.take(values["name"], "pair")
        servers = [
            {
                "server_id": server["server_id"],
                "port": server["port"],
                "weight": server["weight"],
                "type": server["type"],
                "server_type": server["role"],
            }
            for server in values["servers"]
        ]
        if any(server["server_ip"] for server in values["servers"]):
            yield f"# {label}: the provider has no argument for the IP address of a server."
        if state.exists(Kind.PAIR, (group_id,)):
            yield import_block(f"{_PAIR}.{label}", quote(group_id))
        yield block(
            f'resource "{_PAIR}" "{label}"',
            {"load_balancer_id": state.load_balancer_id, "name": values["name"]},
            [("servers", server) for server in servers],
        )


def extensions(state: Desired, labels: Labels) -> Iterator[str]:
    """Domain extensions."""
    for (_protocol, port, domain), values in state.of(Kind.EXTENSION).items():
        label = labels.take(domain, "extension")
        if extension_id := values.get("domain_extension_id"):
            yield import_block(f"{_EXTENSION}.{label}", quote(extension_id))
        yield block(
            f'resource "{_EXTENSION}" "{label}"',
            {
                "load_balancer_id": state.load_balancer_id,
                "frontend_port": port,
                "domain": domain,
                "server_certificate_id": values["server_certificate_id"],
            },
        )


def regional(state: Desired, labels: Labels) -> Iterator[str]:
    """Certificates and access control lists."""
    for (certificate_id,), values in state.of(Kind.SERVER_CERTIFICATE).items():
        yield from _server_certificate(state, str(certificate_id), values, labels)
    for (certificate_id,), values in state.of(Kind.CA_CERTIFICATE).items():
        yield from _ca_certificate(state, str(certificate_id), values, labels)
    for (acl_id,), values in state.of(Kind.ACCESS_LIST).items():
        yield from _access_list(state, str(acl_id), values, labels)


def _server_certificate(
    state: Desired, certificate_id: str, values: Values, labels: Labels
) -> Iterator[str]:
    label = labels.take(values["name"], "certificate")
    arguments = {"name": values["name"]}
    if state.exists(Kind.SERVER_CERTIFICATE, (certificate_id,)):
        # Neither is required, and to give them now would replace the certificate.
        yield f"# {label}: the cloud tells neither the certificate nor its key; they stay."
        yield import_block(f"{_SERVER_CERTIFICATE}.{label}", quote(certificate_id))
    else:
        arguments["server_certificate"] = values["pem"]
        arguments["private_key"] = _file(KEY_FILE)
    yield block(f'resource "{_SERVER_CERTIFICATE}" "{label}"', arguments)


def _ca_certificate(
    state: Desired, certificate_id: str, values: Values, labels: Labels
) -> Iterator[str]:
    label = labels.take(values["name"], "certificate")
    arguments = {"ca_certificate_name": values["name"]}
    if not state.exists(Kind.CA_CERTIFICATE, (certificate_id,)):
        arguments["ca_certificate"] = values["pem"]
        yield block(f'resource "{_CA_CERTIFICATE}" "{label}"', arguments)
        return
    yield f"# {label}: the cloud does not tell the certificate; whatever the file holds, it stays."
    yield import_block(f"{_CA_CERTIFICATE}.{label}", quote(certificate_id))
    arguments["ca_certificate"] = _file(_CA_FILE)
    kept = ("lifecycle", {"ignore_changes": Raw("[ca_certificate]")})
    yield block(f'resource "{_CA_CERTIFICATE}" "{label}"', arguments, [kept])


def _access_list(state: Desired, acl_id: str, values: Values, labels: Labels) -> Iterator[str]:
    label = labels.take(values["name"], "acl")
    place = f"{_LIST}.{label}"
    entries = {
        str(key[1]): str(entry["comment"])
        for key, entry in state.of(Kind.ACCESS_ENTRY).items()
        if key[0] == acl_id
    }
    # The resource of one network takes its ID apart at the colons.
    inside = values["ip_version"] == "ipv6"
    if state.exists(Kind.ACCESS_LIST, (acl_id,)):
        yield import_block(place, quote(acl_id))
    rows = [("entry_list", {"entry": net, "comment": words}) for net, words in entries.items()]
    yield block(
        f'resource "{_LIST}" "{label}"',
        {"name": values["name"], "ip_version": values["ip_version"]},
        rows if inside else (),
    )
    if entries and not inside:
        yield from _entries(state, acl_id, entries, label)


def _entries(state: Desired, acl_id: str, entries: Mapping[str, str], label: str) -> Iterator[str]:
    held = [network for network in entries if state.exists(Kind.ACCESS_ENTRY, (acl_id, network))]
    if held:
        yield block(
            "import",
            {
                "for_each": Raw(f"toset([{', '.join(map(quote, held))}])"),
                "to": Raw(f"{_ENTRY}.{label}[each.key]"),
                "id": Raw(f'"{escape(acl_id)}:${{each.key}}"'),
            },
        )
    rows = "".join(f"    {quote(net)} = {quote(comment)}\n" for net, comment in entries.items())
    yield block(
        f'resource "{_ENTRY}" "{label}"',
        {
            "for_each": Raw(f"{{\n{rows}  }}"),
            "acl_id": Raw(f"{_LIST}.{label}.id"),
            "entry": Raw("each.key"),
            "comment": Raw("each.value"),
        },
    )


def farewell(state: Desired) -> list[str]:
    """What has no resource any more."""
    gone = [
        f"{resource} {quote(key[0])}"
        for kind, resource in (
            (Kind.PAIR, _PAIR),
            (Kind.SERVER_CERTIFICATE, _SERVER_CERTIFICATE),
            (Kind.CA_CERTIFICATE, _CA_CERTIFICATE),
            (Kind.ACCESS_LIST, _LIST),
        )
        for key in state.removed(kind)
    ]
    return gone + [
        f"{_EXTENSION} {quote(values['domain_extension_id'])}"
        for values in state.removed(Kind.EXTENSION).values()
    ]


def _file(name: str) -> Raw:
    return Raw(f'file("${{path.module}}/{name}")')
