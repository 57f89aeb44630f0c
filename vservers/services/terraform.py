"""A desired state as Terraform's configuration for the provider aliyun/alicloud.

Pure functions of a Desired. Objects that exist are taken over by import blocks (Terraform 1.7), so
that applying the text makes no second one. Source of the arguments: the provider's documentation of
slb_server_group, slb_server_group_server_attachment, slb_backend_server, slb_listener, slb_rule,
and of the resources in terraform_balancers and terraform_assets.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from .changes import Key, Kind, Values
from .desired import Desired
from .hcl import Labels, Raw, block, escape, import_block, literal, quote
from .terraform_assets import extensions, farewell, pairs, regional
from .terraform_balancers import BALANCER, balancer_arguments

_GROUP = "alicloud_slb_server_group"
_ATTACHMENT = "alicloud_slb_server_group_server_attachment"
_POOL = "alicloud_slb_backend_server"
_LISTENER = "alicloud_slb_listener"
_RULE = "alicloud_slb_rule"

_CHECK_ARGUMENTS = (
    "health_check",
    "health_check_uri",
    "health_check_domain",
    "health_check_http_code",
    "health_check_connect_port",
    "health_check_interval",
    "health_check_timeout",
    "healthy_threshold",
    "unhealthy_threshold",
)
_SESSION_ARGUMENTS = ("sticky_session", "sticky_session_type", "cookie_timeout", "cookie")
# Settings of a listener that the provider calls as we do.
_LISTENER_ARGUMENTS = (
    "description",
    "master_slave_server_group_id",
    "scheduler",
    "bandwidth",
    "acl_status",
    "acl_type",
    "acl_id",
    *_SESSION_ARGUMENTS,
    "persistence_timeout",
    "established_timeout",
    "idle_timeout",
    "request_timeout",
    "server_certificate_id",
    "ca_certificate_id",
    "tls_cipher_policy",
    "enable_http2",
    "health_check_type",
    "health_check_method",
    *_CHECK_ARGUMENTS,
)
# What the API can set and no argument of the provider stands for.
_NO_ARGUMENT = {
    "connection_drain": "connection draining",
    "health_check_req": "the request of its check",
    "health_check_exp": "the expected result of its check",
    "proxy_protocol_v2": "the proxy protocol",
}
_RULE_ARGUMENTS = ("scheduler", *_SESSION_ARGUMENTS, *_CHECK_ARGUMENTS)
# The provider's own spelling of "retrieve".
_HEADERS = {
    "x_forwarded_for_slbip": "retrive_slb_ip",
    "x_forwarded_for_slbid": "retrive_slb_id",
    "x_forwarded_for_proto": "retrive_slb_proto",
}


def terraform(state: Desired) -> str:
    """The resources as they shall stand, those that exist with an import block each."""
    labels = Labels()
    groups = {key[0]: labels.take(values["name"], "group") for key, values in _groups(state)}
    blocks = list(_balancers(state, labels))
    for key, values in _groups(state):
        blocks += _group(state, str(key[0]), values, groups[key[0]])
    if pool := state.of(Kind.POOL_SERVER):
        blocks += _pool(state, pool)
    for key, values in state.of(Kind.LISTENER).items():
        blocks += _listener(state, key, values, groups)
    blocks += pairs(state, labels)
    blocks += extensions(state, labels)
    blocks += regional(state, labels)
    for key, values in state.of(Kind.RULE).items():
        blocks += _rule(state, key, values, groups, labels.take(values["name"], "rule"))
    blocks += _farewell(state)
    return "\n\n".join(blocks) + "\n"


def _balancers(state: Desired, labels: Labels) -> Iterable[str]:
    for balancer_id, arguments in balancer_arguments(state):
        label = labels.take(arguments["load_balancer_name"] or "", "balancer")
        if state.exists(Kind.BALANCER, (balancer_id,)):
            yield import_block(f"{BALANCER}.{label}", quote(balancer_id))
        yield block(f'resource "{BALANCER}" "{label}"', arguments)


def _groups(state: Desired) -> Iterable[tuple[Key, Values]]:
    return state.of(Kind.GROUP).items()


def _group(state: Desired, group_id: str, values: Values, label: str) -> list[str]:
    exists = state.exists(Kind.GROUP, (group_id,))
    place = f"{_GROUP}.{label}"
    arguments = {"load_balancer_id": state.load_balancer_id, "name": values["name"]}
    blocks = [import_block(place, quote(group_id))] if exists else []
    blocks.append(block(f'resource "{_GROUP}" "{label}"', arguments))
    members = {
        key: member for key, member in state.of(Kind.MEMBER).items() if str(key[0]) == group_id
    }
    if not members:
        return blocks
    held = [
        _member_name(key)
        for key in members
        # The provider's ID of an attachment has no room for a second IP of one server.
        if state.exists(Kind.MEMBER, key) and not key[2]
    ]
    if held:
        names = Raw(f"toset([{', '.join(map(quote, held))}])")
        arguments = {
            "for_each": names,
            "to": Raw(f"{_ATTACHMENT}.{label}[each.key]"),
            "id": Raw(f'"{escape(group_id)}:${{each.key}}"'),
        }
        blocks.append(block("import", arguments))
    columns = [
        name
        for name, usual in (("type", "ecs"), ("description", ""))
        if any(member.get(name) not in (usual, None) for member in members.values())
    ]
    rows = "".join(f"    {_member_row(key, row, columns)}\n" for key, row in members.items())
    arguments = {
        "for_each": Raw(f"{{\n{rows}  }}"),
        "server_group_id": Raw(f"{place}.id"),
        **{name: Raw(f"each.value.{name}") for name in ("server_id", "port", "weight", *columns)},
    }
    blocks.append(block(f'resource "{_ATTACHMENT}" "{label}"', arguments))
    return blocks


def _member_name(key: Key) -> str:
    _, server_id, server_ip, port = key
    return ":".join(str(part) for part in (server_id, port, server_ip) if part)


def _member_row(key: Key, member: Values, columns: Iterable[str]) -> str:
    fields = {
        "server_id": key[1],
        "port": key[3],
        "weight": member["weight"],
        **{name: member.get(name) or ("ecs" if name == "type" else "") for name in columns},
    }
    inside = ", ".join(f"{name} = {literal(value)}" for name, value in fields.items())
    return f"{quote(_member_name(key))} = {{ {inside} }}"


def _pool(state: Desired, pool: Mapping[Key, Values]) -> list[str]:
    place = f"{_POOL}.pool"
    servers = [
        {
            "server_id": server_id,
            "weight": values["weight"],
            "type": values.get("type") or "ecs",
            "server_ip": server_ip or None,
        }
        for (server_id, server_ip), values in pool.items()
    ]
    blocks = []
    if any(state.exists(Kind.POOL_SERVER, key) for key in pool):
        blocks.append(import_block(place, quote(state.load_balancer_id)))
    blocks.append(
        block(
            f'resource "{_POOL}" "pool"',
            {"load_balancer_id": state.load_balancer_id},
            [("backend_servers", server) for server in servers],
        )
    )
    return blocks


def _listener(state: Desired, key: Key, values: Values, groups: Mapping[Any, str]) -> list[str]:
    protocol, port = key
    label = f"{protocol}_{port}"
    if values.get("status") == "stopped":
        stopped = f"# {label}: Terraform starts every listener; none of its arguments stops one."
    else:
        stopped = ""
    left_out = [
        words
        for name, words in _NO_ARGUMENT.items()
        if values.get(name) not in (None, "", "off", "false")
    ]
    unsaid = f"# {label}: the provider has no argument for {', '.join(left_out)}."
    forward_port = values.get("forward_port")
    arguments = {
        "load_balancer_id": state.load_balancer_id,
        "protocol": protocol,
        "frontend_port": port,
        "backend_port": values.get("backend_server_port"),
        "server_group_id": _group_reference(values, groups),
        **{name: values.get(name) or None for name in _LISTENER_ARGUMENTS},
        "gzip": values["gzip"] == "on" if "gzip" in values else None,
        "listener_forward": "on" if forward_port else None,
        "forward_port": forward_port,
    }
    headers = {
        argument: values[name] == "on" for name, argument in _HEADERS.items() if name in values
    }
    blocks = [stopped] if stopped else []
    blocks += [unsaid] if left_out else []
    if state.exists(Kind.LISTENER, key):
        name = f"{state.load_balancer_id}:{protocol}:{port}"
        blocks.append(import_block(f"{_LISTENER}.{label}", quote(name)))
    inner = [("x_forwarded_for", headers)] if headers else []
    blocks.append(block(f'resource "{_LISTENER}" "{label}"', arguments, inner))
    return blocks


def _rule(
    state: Desired, key: Key, values: Values, groups: Mapping[Any, str], label: str
) -> list[str]:
    _, port, domain, url = key
    arguments = {
        "load_balancer_id": state.load_balancer_id,
        "frontend_port": port,
        "name": values["name"],
        "domain": domain or None,
        "url": url or None,
        "server_group_id": _group_reference(values, groups),
    }
    if values.get("listener_sync") == "off":
        arguments["listener_sync"] = "off"
        arguments |= {name: values.get(name) or None for name in _RULE_ARGUMENTS}
    blocks = []
    if rule_id := values.get("rule_id"):
        blocks.append(import_block(f"{_RULE}.{label}", quote(rule_id)))
    blocks.append(block(f'resource "{_RULE}" "{label}"', arguments))
    return blocks


def _group_reference(values: Values, groups: Mapping[Any, str]) -> str | None:
    """The group's resource where it is in the text, else its ID."""
    group_id = values.get("vserver_group_id")
    if label := groups.get(group_id):
        return Raw(f"{_GROUP}.{label}.id")
    return group_id or None


def _farewell(state: Desired) -> list[str]:
    """What has no resource any more: it leaves the configuration that has it."""
    gone = [f"{BALANCER} {quote(key[0])}" for key in state.removed(Kind.BALANCER)]
    gone += [f"{_GROUP} {quote(key[0])}" for key in state.removed(Kind.GROUP)]
    left = state.of(Kind.POOL_SERVER)
    if state.removed(Kind.POOL_SERVER) and not left:
        gone.append(f"{_POOL} {quote(state.load_balancer_id)}")
    gone += [
        f"{_LISTENER} {quote(f'{state.load_balancer_id}:{protocol}:{port}')}"
        for protocol, port in state.removed(Kind.LISTENER)
    ]
    gone += [f"{_RULE} {quote(values['rule_id'])}" for values in state.removed(Kind.RULE).values()]
    gone += farewell(state)
    if not gone:
        return []
    return ["# Take out of the configuration:\n" + "\n".join(f"#   {line}" for line in gone)]
