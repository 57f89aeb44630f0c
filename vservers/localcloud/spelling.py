"""Names as clients spell them: the cloud takes more spellings than its documents write.

Kubernetes' controller sends members as {"serverId": ..., "serverIp": "", ...}, Ansible's module
{"server_id": ...}, the older Go SDK LoadBalancerID, and many clients HealthCheckInterval where the
TCP listener's document says healthCheckInterval. All of them work on the real service, whose JSON
reader is known for taking names without regard to case, underscore and hyphen.
"""

from collections.abc import Mapping
from typing import Any

Specs = Mapping[str, Mapping[str, Any]]


def known_parameters(given: Mapping[str, str], specs: Specs) -> Mapping[str, str]:
    """Parameters under the table's names where only the case differs; the exact name wins.

    given: names and texts as on the wire; of Name.N.Key the first part counts.
    """
    unknown = given.keys() - specs.keys()
    if not unknown:
        return given
    by_fold = {name.lower(): name for name in specs}
    found = dict(given)
    for wire_name in unknown:
        base, dot, rest = wire_name.partition(".")
        name = by_fold.get(base.lower(), base)
        if name != base:
            found.setdefault(f"{name}{dot}{rest}", given[wire_name])
    return found


def known_fields(entry: Mapping[str, Any], shape: Specs) -> Mapping[str, Any]:
    """A JSON object's fields under the shape's names, without the empty texts that mean absence.

    A Go struct has a text for each field, "" for one that nobody set.
    """
    unknown = entry.keys() - shape.keys()
    found = dict(entry)
    if unknown:
        by_fold = {_fold(field): field for field in shape}
        for field in unknown:
            name = by_fold.get(_fold(field))
            if name is not None:
                found.setdefault(name, entry[field])
    for field, part in shape.items():
        if found.get(field) == "" and _may_not_be_empty(part):
            del found[field]
    return found


def _fold(field: str) -> str:
    return field.lower().replace("_", "").replace("-", "")


def _may_not_be_empty(part: Mapping[str, Any]) -> bool:
    """Whether "" cannot be the value of an optional text; a required one is refused elsewhere."""
    optional_text = part["type"] == "string" and not part.get("required")
    return optional_text and ("enum" in part or part.get("length", (0,))[0] > 0)
