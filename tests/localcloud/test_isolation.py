"""Whatever an account has, another account cannot read, change or delete by its ID, nor list.

Data-driven: a walk through every action (the one that the SDKs walk) is shadowed by a stranger, who
sends each request that names something of ours just before us, and each listing. What the walk
itself finds afterwards shows that the stranger changed nothing.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.walk import Walk, everything
from tests.localcloud.client import Client, Refused
from tests.localcloud.process import LocalCloud

OTHER = ("otherKeyId", "otherSecret", "2000000000000002")
# Of everybody, or of nobody's making.
SHARED = ("RegionId", "ZoneId", "RequestId", "ResourceGroupId", "AccountId", "UserId", "OwnerId")
READING = ("Describe", "List")


class Shadowed:
    """Calls as the owner, after a stranger has tried the same."""

    def __init__(self, owner: Client, stranger: Client) -> None:
        self._owner = owner
        self._stranger = stranger
        self.ours: set[str] = set()
        self.tried: list[str] = []
        self.leaks: list[str] = []

    def call(self, action: str, product: str = "slb", **params: Any) -> dict[str, Any]:
        wire = dict(_flat(params))
        named = any(one in text for text in wire.values() for one in self.ours)
        if product != "sts" and (named or action.startswith(READING)):
            self._try(action, product, wire, named)
        answer = self._owner.call(action, product=product, **wire)
        self.ours |= set(_ids(answer))
        return answer

    def _try(self, action: str, product: str, wire: dict[str, str], named: bool) -> None:
        self.tried.append(action)
        try:
            answer = self._stranger.call(action, product=product, **wire)
        except Refused as refused:
            if refused.status >= 500:
                self.leaks.append(f"{action} fails: {refused}")
            return
        if named and not action.startswith(READING):
            self.leaks.append(f"{action} is carried out for a stranger: {wire}")
        seen = sorted(self.ours & set(_ids(answer)))
        if seen:
            self.leaks.append(f"{action} shows a stranger {seen}")


def _flat(params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Parameters as they travel: lists as Name.1 and Name.1.Key."""
    for name, value in params.items():
        if not isinstance(value, list):
            yield name, value if isinstance(value, str) else json.dumps(value)
            continue
        for number, entry in enumerate(value, 1):
            if isinstance(entry, dict):
                yield from ((f"{name}.{number}.{key}", str(one)) for key, one in entry.items())
            else:
                yield f"{name}.{number}", str(entry)


def _ids(answer: object, name: str = "") -> Iterator[str]:
    """The IDs in an answer, but for those that everybody has."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            yield from _ids(value, key)
    elif isinstance(answer, list):
        for entry in answer:
            yield from _ids(entry, name)
    elif isinstance(answer, str) and answer and name.endswith("Id") and name not in SHARED:
        yield answer


@pytest.fixture(scope="module")
def shadowed(tmp_path_factory):
    env = {"LOCALCLOUD_MORE_ACCESS_KEYS": ":".join(OTHER)}
    with LocalCloud(tmp_path_factory.mktemp("isolated"), env=env) as cloud:
        both = Shadowed(Client(cloud), Client(cloud, *OTHER[:2]))
        everything(Walk(both, "cn-hangzhou"))
        yield both


def test_no_action_answers_a_stranger(shadowed):
    assert shadowed.leaks == []


def test_the_stranger_tried_every_family(shadowed):
    tried = set(shadowed.tried)
    assert len(tried) > 80
    for family in ("VServerGroup", "MasterSlaveServerGroup", "AccessControlList", "Rule", "Tags"):
        assert any(family in action for action in tried), family
    assert len(shadowed.ours) > 30
