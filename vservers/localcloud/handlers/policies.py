"""TLS cipher policies of one's own, beside the cloud's."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from vservers.localcloud.assets import CipherPolicy
from vservers.localcloud.ciphers import fits
from vservers.localcloud.errors import ApiError
from vservers.localcloud.handlers.attachments import users_of_policy
from vservers.localcloud.handlers.lookup import token_start
from vservers.localcloud.quotas import exceeded
from vservers.localcloud.registry import Answer, Call, Reading, Writing, new_id, reads, writes
from vservers.localcloud.store import View

_DEFAULT_PAGE = 20


@writes("slb", "CreateTLSCipherPolicy")
def create_policy(call: Writing) -> Answer:
    """A new policy.

    Raises ParamDuplicateError.TlsVersions and .Ciphers, TLSPolicyNoSupportCipher (unknown, or of a
    version that the policy leaves out), TLSCipherPolicyOverLimit.
    """
    versions, ciphers = _checked(call)
    if exceeded(call.state.count(CipherPolicy, call.region) + 1, call.quotas.tls_policies):
        raise ApiError("TLSCipherPolicyOverLimit")
    policy = CipherPolicy(
        id=new_id("tls"),
        region=call.region,
        name=call.params["Name"],
        created=call.now,
        versions=versions,
        ciphers=ciphers,
    )
    call.state.put(policy)
    return {"TLSCipherPolicyId": policy.id}


@writes("slb", "SetTLSCipherPolicyAttribute")
def set_policy(call: Writing) -> Answer:
    """Replace name, versions and ciphers. Raises TLSPolicyUnchanged when nothing differs."""
    policy = _the_policy(call)
    versions, ciphers = _checked(call)
    changed = replace(policy, name=call.params["Name"], versions=versions, ciphers=ciphers)
    if changed == policy:
        raise ApiError("TLSPolicyUnchanged")
    call.state.put(changed)
    return {"TaskId": new_id("task")}


@writes("slb", "DeleteTLSCipherPolicy")
def delete_policy(call: Writing) -> Answer:
    """Delete one that no listener uses. Raises TLSPolicyBeingUsed."""
    policy = _the_policy(call)
    if users_of_policy(call.state, policy.region, policy.id):
        raise ApiError("TLSPolicyBeingUsed")
    call.state.delete(policy)
    return {}


@reads("slb", "ListTLSCipherPolicies")
def list_policies(call: Reading) -> Answer:
    """The region's policies by token pages; lists have no inner wrapper here."""
    params = call.params
    found = [
        policy
        for policy in call.state.children(CipherPolicy, call.region)
        if policy.id == params.get("TLSCipherPolicyId", policy.id)
        and policy.name == params.get("Name", policy.name)
    ]
    size = params.get("MaxItems", _DEFAULT_PAGE)
    start = token_start(params.get("NextToken", ""), "QueryTokenInvalid")
    more = start + size < len(found)
    answer: Answer = {
        "TLSCipherPolicies": [_wire(call, policy) for policy in found[start : start + size]],
        "IsTruncated": more,
        "TotalCount": len(found),
    }
    if more:
        answer["NextToken"] = str(start + size)
    return answer


def _the_policy[V: View](call: Call[V]) -> CipherPolicy:
    policy = call.state.get(CipherPolicy, call.params["TLSCipherPolicyId"])
    if policy is None or not call.in_region(policy.region):
        raise ApiError("InvalidTLSPolicyId.NotExist")
    return policy


def _checked(call: Writing) -> tuple[tuple[str, ...], tuple[str, ...]]:
    versions, ciphers = call.params["TLSVersions"], call.params["Ciphers"]
    _refuse_repeated(versions, "ParamDuplicateError.TlsVersions")
    _refuse_repeated(ciphers, "ParamDuplicateError.Ciphers")
    if not all(fits(cipher, versions) for cipher in ciphers):
        raise ApiError("TLSPolicyNoSupportCipher")
    return versions, ciphers


def _refuse_repeated(words: Sequence[str], code: str) -> None:
    if len(set(words)) < len(words):
        raise ApiError(code)


def _wire(call: Reading, policy: CipherPolicy) -> dict[str, Any]:
    users = (
        users_of_policy(call.state, policy.region, policy.id)
        if call.params["IncludeListener"]
        else []
    )
    return {
        "InstanceId": policy.id,
        "Name": policy.name,
        "Status": "normal",
        "CreateTime": policy.created,
        "TLSVersions": list(policy.versions),
        "Ciphers": list(policy.ciphers),
        "RelateListeners": [
            {"LoadBalancerId": one.balancer_id, "Port": one.port, "Protocol": one.protocol}
            for one in users
        ],
    }
