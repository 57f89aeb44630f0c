"""Every action with wrong types and sizes: refused, never with a 5xx, and nothing is changed.

Seeded and bounded, in this process: what the endpoint would turn into a 500 fails the test.
"""

import json
import random
from typing import Any

import pytest

from vservers.localcloud import demo
from vservers.localcloud.assets import AccessList
from vservers.localcloud.cloud import PRODUCTS, Cloud
from vservers.localcloud.errors import ApiError
from vservers.localcloud.keys import DEFAULT_ACCOUNT, AccessKey
from vservers.localcloud.metrics import Metrics
from vservers.localcloud.model import Listener, MasterSlaveGroup, Member
from vservers.localcloud.plane import NoPlane
from vservers.localcloud.registry import ACTIONS
from vservers.localcloud.signatures import Caller
from vservers.localcloud.store import Store
from vservers.localcloud.validate import table

ROUNDS = 100
KEY = AccessKey("key", "secret", DEFAULT_ACCOUNT)
SHOP = demo.SHOP_BALANCER
# Objects that are there, so that the fuzz gets past the first look-up.
THERE = {
    "RegionId": "cn-hangzhou",
    "LoadBalancerId": SHOP,
    "ListenerPort": "80",
    "VServerGroupId": "rsp-bp1payblue0000001",
    "MasterSlaveServerGroupId": "rsp-bp1fuzzpair00001",
    "RuleId": "rule-bp1payapi0000001",
    "AclId": "acl-bp1fuzz",
    "RoleArn": f"acs:ram::{DEFAULT_ACCOUNT}:role/fuzz",
    "RoleSessionName": "fuzz",
}
# Nothing that an integer, a word of an enumeration or a name may be.
WRONG = ["x y\n", "\x00", "'; drop", "-1e9", "9" * 400, "[]", "{}", "é" * 3000, "%s%n", "\u2028"]
JSON_TEXTS: list[Any] = [
    None,
    True,
    -1,
    1e308,
    "text",
    {},
    [],
    [[]],
    [None],
    [{}],
    [{"ServerId": None}],
    [{"ServerId": ["i-1"], "Port": {}}],
    [{"ServerId": "i-1", "Port": -1, "Weight": 1e9}],
    [{"RuleName": "r", "Domain": {"a": 1}, "Url": 7, "VServerGroupId": []}],
    [{"TagKey": 1, "TagValue": [2]}],
    [{"entry": {"x": 1}}],
    [{"entry": "10.0.0.0/8"}] * 60,
    [{"ServerId": "i-bp1web01000000000000", "Port": 80}] * 2,
]


@pytest.fixture
async def cloud(tmp_path):
    store = Store(tmp_path / "state.sqlite3")
    metrics = Metrics(tmp_path / "metrics.sqlite3")
    made = Cloud(store, NoPlane("fuzz"), "127.90.0.0/16", metrics)
    pair = (
        Member(f"i-bp1web{n:02d}".ljust(22, "0"), 80, role=r)
        for n, r in ((1, "Master"), (2, "Slave"))
    )
    more = [
        AccessList(THERE["AclId"], "cn-hangzhou", "fuzz", 1),
        MasterSlaveGroup(
            THERE["MasterSlaveServerGroupId"], SHOP, "cn-hangzhou", "", 1, tuple(pair)
        ),
        Listener(SHOP, "tcp", 81, "cn-hangzhou", 1, settings={"Scheduler": "wrr"}),
    ]
    changes = {
        (DEFAULT_ACCOUNT, entity.kind, entity.id): entity
        for entity in [*demo.entities(made.addresses), *more]
    }
    store.write(changes)
    store.publish(changes)
    await made.start()
    yield made
    await made.stop()


def everything(cloud):
    return dict(cloud.store._objects)


def plausible(name, spec, rng):
    """A text that may pass: an object that is there, a word of the table, a number in bounds."""
    if name in THERE:
        return THERE[name]
    if "enum" in spec:
        return rng.choice(spec["enum"])
    if spec["type"] == "integer":
        low, high = spec.get("bounds", (1, 100))
        return str(rng.choice([low, high if high is not None else low + 1]))
    if spec["type"] == "boolean":
        return rng.choice(["true", "False"])
    if spec["type"] == "json":
        return json.dumps(rng.choice(JSON_TEXTS))
    return "fuzz" * max(1, spec.get("length", [1])[0] // 4)


def wire(name, spec, text):
    if spec["type"] != "list":
        return {name: text}
    return {f"{name}.1": text} if spec["items"] == "string" else {f"{name}.1.Key": text}


def is_wrong_for_sure(spec, text):
    """Whether the table must refuse a text: nothing of WRONG is a number, flag or word."""
    return spec["type"] in ("integer", "boolean") or ("enum" in spec and text not in spec["enum"])


@pytest.mark.parametrize("product", PRODUCTS.values())
async def test_wrong_types_and_sizes_change_nothing_and_are_never_our_fault(cloud, product):
    rng = random.Random(f"fuzz {product}")
    refusals = 0
    for action, specs in table(product).actions.items():
        caller = Caller(KEY, None, action, table(product).version)
        for _ in range(ROUNDS):
            given: dict[str, str] = {}
            for name, spec in specs.items():
                if spec.get("required") or rng.random() < 0.4:
                    given |= wire(name, spec, plausible(name, spec, rng))
            must_fail = False
            # The other half goes further: odd, but nothing that the table alone must refuse.
            if specs and rng.random() < 0.5:
                name, spec = rng.choice(list(specs.items()))
                text = rng.choice(WRONG)
                given |= wire(name, spec, text)
                must_fail = is_wrong_for_sure(spec, text)
            before = everything(cloud)
            try:
                await cloud.carry_out(caller, given, "127.0.0.1:1")
            except ApiError as error:
                refusals += 1
                assert 400 <= error.status < 500, (action, given, error)
                assert error.message
                unchanged = True
            else:
                assert not must_fail, (action, given)
                unchanged = not ACTIONS[product, action].writes
            now = everything(cloud)
            if unchanged:
                assert now == before, (action, given)
            # The next round meets the same objects; what is on disk is not looked at.
            cloud.store.publish({key: before.get(key) for key in now.keys() | before.keys()})
    assert refusals
