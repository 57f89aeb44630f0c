"""What holds for every action: from the tables, so that a new action is tested by being there."""

import pytest

from tests.localcloud.client import VERSIONS
from vservers.localcloud import handlers
from vservers.localcloud.registry import ACTIONS
from vservers.localcloud.validate import table

EVERY = [(product, action) for product in VERSIONS for action in table(product).actions]
assert handlers.__all__, "importing them fills the registry"
# A value that passes the table's own check, so that the next missing parameter is asked for.
WORDS = {"integer": "80", "boolean": "true", "json": "[]", "string": "x"}


def required(product, action):
    return [
        (name, spec)
        for name, spec in table(product).actions[action].items()
        if spec.get("required")
    ]


def wire(name, spec):
    if spec["type"] != "list":
        return name
    return f"{name}.1" if spec["items"] == "string" else f"{name}.1.Key"


@pytest.mark.parametrize(
    ("product", "action"), [one for one in EVERY if required(*one)], ids=lambda value: value
)
def test_each_required_parameter_is_asked_for_by_its_name(client, refused, product, action):
    given = {}
    for name, spec in required(product, action):
        with refused(spec.get("missing", "MissingParameter"), words=f'"{name}"'):
            client.call(action, product=product, **given)
        given[wire(name, spec)] = WORDS.get(spec["type"], "x")


@pytest.mark.parametrize(
    ("product", "action"),
    [one for one in EVERY if "RegionId" in table(one[0]).actions[one[1]]],
    ids=lambda value: value,
)
def test_an_unknown_region_is_refused(client, refused, product, action):
    if ACTIONS[product, action].any_region:
        return
    given = {"RegionId": "cn-nowhere"}
    for name, spec in required(product, action):
        given.setdefault(wire(name, spec), spec.get("enum", [valid(spec)])[0])
    with refused("InvalidRegionId.NotFound", 404):
        client.call(action, product=product, **given)


def valid(spec):
    """A text that the table lets through."""
    if spec["type"] == "list":
        return "valid"
    shortest = max(3, spec.get("length", [1, 1])[0])
    return WORDS.get(spec["type"], "x") if spec["type"] != "string" else "v" * shortest


@pytest.mark.parametrize("product", ["slb", "ecs"])
def test_regions_take_a_language_that_there_is(client, refused, product):
    with refused("InvalidParameter"):
        client.call("DescribeRegions", product=product, AcceptLanguage="tlh")
