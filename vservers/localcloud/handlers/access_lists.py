"""Access control lists, and the older white list of a single listener."""

import ipaddress
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from vservers.localcloud.assets import AccessList
from vservers.localcloud.errors import ApiError, missing
from vservers.localcloud.formats import FORMATS
from vservers.localcloud.handlers.attachments import acl_ids, users_of_acl
from vservers.localcloud.handlers.lookup import (
    given_tags,
    has_tags,
    the_balancer,
    the_listener,
    wire_tags,
)
from vservers.localcloud.quotas import exceeded
from vservers.localcloud.registry import Answer, Call, Reading, Writing, new_id, reads, utc, writes
from vservers.localcloud.store import View

_MAX_COMMENT = 256
_MAX_NAME = 80


@writes("slb", "CreateAccessControlList")
def create_acl(call: Writing) -> Answer:
    """An empty list. Raises AclNumberOverLimit."""
    if exceeded(call.state.count(AccessList, call.region) + 1, call.quotas.acls):
        raise ApiError("AclNumberOverLimit")
    found = AccessList(
        id=new_id("acl"),
        region=call.region,
        name=call.params["AclName"],
        created=call.now,
        ip_version=call.params["AddressIPVersion"],
        resource_group_id=call.params.get("ResourceGroupId", "rg-default"),
        tags=given_tags(call.params),
    )
    call.state.put(found)
    return {"AclId": found.id}


@writes("slb", "SetAccessControlListAttribute")
def set_acl(call: Writing) -> Answer:
    """Rename a list."""
    call.state.put(replace(_the_acl(call), name=call.params["AclName"]))
    return {}


@writes("slb", "DeleteAccessControlList")
def delete_acl(call: Writing) -> Answer:
    """Delete a list that no listener uses. Raises OperationFailed.AclBindedWithVip."""
    found = _the_acl(call)
    if users_of_acl(call.state, found):
        raise ApiError("OperationFailed.AclBindedWithVip")
    call.state.delete(found)
    return {}


@writes("slb", "AddAccessControlListEntry")
def add_entries(call: Writing) -> Answer:
    """Add networks, all or none.

    Raises IllegalEntry (no network, or of the other IP version), InvalidParam.Comment,
    InvalidParam.AclEntryExists, AclEntryExceedLimit.
    """
    found = _the_acl(call)
    present = {_network(network, found.ip_version) for network, _ in found.entries}
    added = []
    for row in _rows(call):
        network, comment = row["entry"].strip(), row.get("comment", "")
        parsed = _network(network, found.ip_version)
        if len(comment) > _MAX_COMMENT or not FORMATS["text"](comment):
            raise ApiError("InvalidParam.Comment")
        if parsed in present:
            raise ApiError("InvalidParam.AclEntryExists")
        present.add(parsed)
        added.append((network, comment))
    found = replace(found, entries=found.entries + tuple(added))
    if exceeded(len(found.entries), call.quotas.acl_entries):
        raise ApiError("AclEntryExceedLimit")
    call.state.put(found)
    return {}


@writes("slb", "RemoveAccessControlListEntry")
def remove_entries(call: Writing) -> Answer:
    """Remove networks; unknown ones are ignored."""
    found = _the_acl(call)
    gone = {_network(row["entry"].strip(), found.ip_version) for row in _rows(call)}
    kept = tuple(
        entry for entry in found.entries if _network(entry[0], found.ip_version) not in gone
    )
    call.state.put(replace(found, entries=kept))
    return {}


@reads("slb", "DescribeAccessControlLists")
def describe_acls(call: Reading) -> Answer:
    """A page of the region's lists. The name is searched for, as the cloud does."""
    params = call.params
    found = [
        acl
        for acl in call.state.children(AccessList, call.region)
        if params.get("AclName", "") in acl.name
        and acl.ip_version == params.get("AddressIPVersion", acl.ip_version)
        and acl.resource_group_id == params.get("ResourceGroupId", acl.resource_group_id)
        and has_tags(acl.tags, params.get("Tag", ()))
    ]
    number, size = params["PageNumber"], params["PageSize"]
    page = found[(number - 1) * size : number * size]
    return {
        "Acls": {"Acl": [_wire(acl) for acl in page]},
        "Count": len(page),
        "PageNumber": number,
        "PageSize": size,
        "TotalCount": len(found),
    }


@reads("slb", "DescribeAccessControlListAttribute")
def describe_acl(call: Reading) -> Answer:
    """One list with its networks and the listeners it is on; networks by pages where asked."""
    found = _the_acl(call)
    words = call.params.get("AclEntryComment", "")
    entries: Iterable[tuple[str, str]] = [one for one in found.entries if words in one[1]]
    total = len(list(entries))
    if "Page" in call.params:
        size = call.params["PageSize"]
        start = (call.params["Page"] - 1) * size
        entries = list(entries)[start : start + size]
    return {
        **_wire(found),
        "TotalAclEntry": total,
        "AclEntrys": {
            "AclEntry": [
                {"AclEntryIP": network, "AclEntryComment": comment} for network, comment in entries
            ]
        },
        "RelatedListeners": {
            "RelatedListener": [
                {
                    "LoadBalancerId": listener.balancer_id,
                    "ListenerPort": listener.port,
                    "Protocol": listener.protocol,
                    "AclType": listener.settings["AclType"],
                }
                for listener in users_of_acl(call.state, found)
            ]
        },
    }


@writes("slb", "SetListenerAccessControlStatus")
def set_white_list_status(call: Writing) -> Answer:
    """Open or close the older white list. Raises OperationFailed.ActionNotSupport under an ACL."""
    listener = the_listener(call, the_balancer(call))
    opened = call.params["AccessControlStatus"] == "open_white_list"
    if opened and acl_ids(listener.settings):
        raise ApiError("OperationFailed.ActionNotSupport")
    call.state.put(replace(listener, white_listed=opened))
    return {}


@writes("slb", "AddListenerWhiteListItem")
def add_white_list(call: Writing) -> Answer:
    """Add networks to the older white list; those that are there stay once."""
    listener = the_listener(call, the_balancer(call))
    items = dict.fromkeys((*listener.white_list, *_items(call)))
    if exceeded(len(items), call.quotas.acl_entries):
        raise ApiError("InvalidParameter.SourceItems", "Too many SourceItems.")
    call.state.put(replace(listener, white_list=tuple(items)))
    return {}


@writes("slb", "RemoveListenerWhiteListItem")
def remove_white_list(call: Writing) -> Answer:
    """Take networks off the older white list; unknown ones are ignored."""
    listener = the_listener(call, the_balancer(call))
    gone = set(_items(call))
    kept = tuple(item for item in listener.white_list if item not in gone)
    call.state.put(replace(listener, white_list=kept))
    return {}


@reads("slb", "DescribeListenerAccessControlAttribute")
def describe_white_list(call: Reading) -> Answer:
    """The older white list of a listener."""
    listener = the_listener(call, the_balancer(call))
    return {
        "AccessControlStatus": "open_white_list" if listener.white_listed else "close",
        "SourceItems": ",".join(listener.white_list),
    }


def _the_acl[V: View](call: Call[V]) -> AccessList:
    found = call.state.get(AccessList, call.params.get("AclId", ""))
    if not call.params.get("AclId"):
        raise missing("AclId")
    if found is None or not call.in_region(found.region):
        raise ApiError("AclNotExist")
    if len(call.params.get("AclName", "")) > _MAX_NAME:
        raise ApiError("InvalidParameter", "The specified AclName is invalid.")
    return found


def _rows(call: Writing) -> tuple[dict[str, Any], ...]:
    if not call.params.get("AclEntrys"):
        raise missing("AclEntrys")
    rows: tuple[dict[str, Any], ...] = call.params["AclEntrys"]
    return rows


def _network(text: str, ip_version: str) -> str:
    """The network that a text means, in one spelling. Raises IllegalEntry."""
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ApiError("IllegalEntry") from error
    if f"ipv{network.version}" != ip_version or "%" in text:
        raise ApiError("IllegalEntry")
    return str(network)


def _items(call: Writing) -> list[str]:
    items = [item.strip() for item in call.params["SourceItems"].split(",") if item.strip()]
    try:
        return [_plain(ipaddress.IPv4Network(item, strict=False)) for item in items]
    except ValueError as error:
        raise ApiError("InvalidAddress") from error


def _plain(network: ipaddress.IPv4Network) -> str:
    """A single address without its mask, as the older white list has them."""
    return str(network.network_address) if network.prefixlen == 32 else str(network)


def _wire(found: AccessList) -> dict[str, Any]:
    return {
        "AclId": found.id,
        "AclName": found.name,
        "AddressIPVersion": found.ip_version,
        "CreateTime": utc(found.created),
        "ResourceGroupId": found.resource_group_id,
        "Tags": {"Tag": wire_tags(found.tags)},
    }
