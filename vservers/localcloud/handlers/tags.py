"""Tags of all kinds of resources, in the new form and the old one, and resource groups."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from vservers.localcloud.assets import AccessList, CaCertificate, ServerCertificate
from vservers.localcloud.errors import ApiError
from vservers.localcloud.formats import FORMATS
from vservers.localcloud.handlers.lookup import (
    given_tags,
    has_tags,
    listeners_in,
    the_balancer,
    token_start,
)
from vservers.localcloud.model import Balancer, Group, Listener, MasterSlaveGroup, Tags
from vservers.localcloud.quotas import exceeded
from vservers.localcloud.registry import Answer, Call, Reading, Writing, reads, writes
from vservers.localcloud.store import View

Tagged = (
    Balancer | ServerCertificate | CaCertificate | AccessList | Listener | Group | MasterSlaveGroup
)
_CLASSES: dict[str, tuple[type[Tagged], ...]] = {
    "instance": (Balancer,),
    "loadbalancer": (Balancer,),
    "certificate": (ServerCertificate, CaCertificate),
    "acl": (AccessList,),
    "listener": (Listener,),
    "vservergroup": (Group,),
    "masterslaveservergroup": (MasterSlaveGroup,),
}
_PAGE = 50
_MAX_KEY, _MAX_VALUE = 64, 128


@writes("slb", "TagResources")
def tag_resources(call: Writing) -> Answer:
    """Add tags to resources, all or none; a key that is there takes the new value.

    Raises ResourceNotExist, Duplicate.TagKey, QuotaLimitExceeds.
    """
    new = given_tags(call.params)
    if len(new) < len(call.params["Tag"]):
        raise ApiError("Duplicate.TagKey")
    for resource in _the_resources(call):
        _put_tags(call, resource, dict(resource.tags) | dict(new), "QuotaLimitExceeds")
    return {}


@writes("slb", "UntagResources")
def untag_resources(call: Writing) -> Answer:
    """Take tags off resources: the keys named, or all of them; unknown keys are ignored."""
    keys = call.params.get("TagKey", ())
    everything = call.params["All"] and not keys
    for resource in _the_resources(call):
        kept = {} if everything else {k: v for k, v in resource.tags if k not in keys}
        _put_tags(call, resource, kept, "")
    return {}


@reads("slb", "ListTagResources")
def list_tag_resources(call: Reading) -> Answer:
    """Tags of the resources named, or of those that have the tags named; 50 a page."""
    params = call.params
    wanted = params.get("ResourceId", ())
    if not wanted and not params.get("Tag"):
        raise ApiError("MissingParam.TagOrResourceId")
    resources = _the_resources(call) if wanted else _all(call, params["ResourceType"])
    asked = {tag["Key"] for tag in params.get("Tag", ())}
    found = [
        {
            "ResourceId": resource.id,
            "ResourceType": params["ResourceType"],
            "TagKey": key,
            "TagValue": value,
        }
        for resource in resources
        if has_tags(resource.tags, params.get("Tag", ()))
        for key, value in resource.tags
        if not asked or key in asked
    ]
    start = token_start(params.get("NextToken", ""), "InvalidParam.NextToken")
    answer: Answer = {"TagResources": {"TagResource": found[start : start + _PAGE]}}
    if start + _PAGE < len(found):
        answer["NextToken"] = str(start + _PAGE)
    return answer


@writes("slb", "AddTags")
def add_tags(call: Writing) -> Answer:
    """The old form, of load balancers only.

    Raises InvalidParameter.TagKey and .TagValue, Duplicate.TagKey, QuotaExceed.TagsPerResource.
    """
    balancer = the_balancer(call)
    new = _old_tags(call)
    if not new:
        raise ApiError("MissingParameter.Tags", "The parameter Tags is required.")
    _put_tags(call, balancer, dict(balancer.tags) | new, "QuotaExceed.TagsPerResource")
    return {}


@writes("slb", "RemoveTags")
def remove_tags(call: Writing) -> Answer:
    """Take tags off a load balancer; a value that is given must be the tag's."""
    balancer = the_balancer(call)
    gone = {tag["TagKey"]: tag.get("TagValue") for tag in call.params["Tags"]}
    kept = {
        key: value
        for key, value in balancer.tags
        if key not in gone or gone[key] not in (None, "", value)
    }
    _put_tags(call, balancer, kept, "")
    return {}


@reads("slb", "DescribeTags")
def describe_tags(call: Reading) -> Answer:
    """The tags of the region's load balancers and how many have each; or only the keys."""
    params = call.params
    if "LoadBalancerId" in params:
        balancers: Iterable[Balancer] = [the_balancer(call)]
    else:
        balancers = call.state.children(Balancer, call.region)
    asked = {tag["TagKey"]: tag.get("TagValue") for tag in params.get("Tags", ())}
    counts: Counter[tuple[str, str]] = Counter()
    for balancer in balancers:
        for key, value in balancer.tags:
            if not asked or (key in asked and asked[key] in (None, "", value)):
                counts[key, "" if params["DistinctKey"] else value] += 1
    number, size = params["PageNumber"], params["PageSize"]
    page = list(counts.items())[(number - 1) * size : number * size]
    return {
        "TagSets": {
            "TagSet": [
                {"TagKey": key, "TagValue": value, "InstanceCount": count}
                for (key, value), count in page
            ]
        },
        "PageNumber": number,
        "PageSize": size,
        "TotalCount": len(counts),
    }


@writes("slb", "MoveResourceGroup")
def move_resource_group(call: Writing) -> Answer:
    """Move a load balancer, certificate or access list; every resource group exists here."""
    kind, resource_id = call.params["ResourceType"], call.params["ResourceId"]
    resource = _find(call, kind, resource_id)
    if resource is None or not isinstance(
        resource, (Balancer, ServerCertificate, CaCertificate, AccessList)
    ):
        raise ApiError("ResourceNotExist")
    call.state.put(replace(resource, resource_group_id=call.params["NewResourceGroupId"]))
    return {}


def _put_tags(call: Writing, resource: Tagged, tags: dict[str, str], code: str) -> None:
    """code: what to raise when the resource would have too many."""
    if code and exceeded(len(tags), call.quotas.tags):
        raise ApiError(code)
    pairs: Tags = tuple(tags.items())
    call.state.put(replace(resource, tags=pairs))


def _the_resources[V: View](call: Call[V]) -> list[Tagged]:
    found = []
    for resource_id in dict.fromkeys(call.params["ResourceId"]):
        resource = _find(call, call.params["ResourceType"], resource_id)
        if resource is None:
            raise ApiError("ResourceNotExist")
        found.append(resource)
    return found


def _find[V: View](call: Call[V], kind: str, resource_id: str) -> Tagged | None:
    for cls in _CLASSES[kind]:
        found = call.state.get(cls, resource_id)
        if found is not None and call.in_region(found.region):
            return found
    return None


def _all(call: Reading, kind: str) -> Iterator[Tagged]:
    if kind == "listener":
        yield from listeners_in(call.state, call.region)
        return
    for cls in _CLASSES[kind]:
        if cls in (Group, MasterSlaveGroup):
            for balancer in call.state.children(Balancer, call.region):
                yield from call.state.children(cls, balancer.id)
        else:
            yield from call.state.children(cls, call.region)


def _old_tags(call: Writing) -> dict[str, str]:
    new: dict[str, Any] = {}
    for tag in call.params["Tags"]:
        key, value = tag["TagKey"], tag.get("TagValue", "")
        if len(key) > _MAX_KEY or not FORMATS["tag"](key):
            raise ApiError("InvalidParameter.TagKey", "The specified TagKey is invalid.")
        if len(value) > _MAX_VALUE or not FORMATS["tag"](value):
            raise ApiError("InvalidParameter.TagValue", "The specified TagValue is invalid.")
        if key in new:
            raise ApiError("Duplicate.TagKey")
        new[key] = value
    return new
