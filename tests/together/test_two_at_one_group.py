"""Two people and a script change one group at the same time: no change is lost silently.

Each change stands in the cloud, or its author was told, or who overwrote it had seen it. The API
has no compare-and-swap, which leaves one window: what a script changes after our last reading and
before our call of the same row is overwritten unseen. The machine lets the other party act at a
chosen HTTP call of a save, so also there, and holds that this is the only place.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from console.accounts.actor import Actor
from tests.cloud import REGION, connect, mirror, web
from tests.flaky import FlakyCloud
from tests.localcloud.client import Client
from vservers.cloud.types import BackendServer
from vservers.models import Operation, VServerGroup
from vservers.selectors.fingerprints import fingerprint
from vservers.services import groups, locks, readings, running, sync
from vservers.services.changes import Change, Kind
from vservers.services.errors import Busy, CallFailed, Overtaken, Stale

INTERLEAVINGS = 200
NAME = "name"
PORT = 80
# The group as {server or NAME: weight or name}; None in an edit takes the server out.
State = dict[str, int | str]
Edit = dict[str, int | str | None]

servers = st.sampled_from([web(n) for n in range(1, 5)])
edits = st.dictionaries(servers, st.one_of(st.none(), st.integers(0, 100)), min_size=1, max_size=4)
renames = st.sampled_from(["", "", "", "alpha", "beta", "gamma"])


@dataclass
class Seen:
    """What a person has before them."""

    state: State
    mark: str


class Party:
    """Somebody who comes in between at one HTTP call of another's save."""

    def __init__(self, at: int, act: Callable[[], Edit]) -> None:
        self._left = at
        self._act = act
        self.at = ""
        self.changed: Edit = {}

    def tell(self, action: str) -> None:
        self._left -= 1
        if self._left == 0:
            self.at = action
            self.changed = self._act()


class Together(RuleBasedStateMachine):
    """flaky, outsider, users and counts are given by the test."""

    flaky: FlakyCloud
    outsider: Client
    users: dict[str, dict[str, Any]]
    counts: Counter[str]

    @initialize()
    def start(self) -> None:
        call = self.outsider.call
        self.balancer_id = call("CreateLoadBalancer", RegionId=REGION)["LoadBalancerId"]
        self.group_id = call(
            "CreateVServerGroup",
            RegionId=REGION,
            LoadBalancerId=self.balancer_id,
            VServerGroupName="start",
            BackendServers=_rows({web(1): 10, web(2): 20}),
        )["VServerGroupId"]
        mirror(self.balancer_id)
        self.seen = {name: self.look(name) for name in self.users}

    @rule(
        name=st.sampled_from(["ann", "bob"]),
        looks=st.sampled_from([*["now"] * 8, "before the script", "not again"]),
        edit=edits,
        rename=renames,
        other=st.sampled_from(["script", "script", "script", "person"]),
        at=st.sampled_from([1, 2, 2, 3, 3, 4, 4, 5, 6]),
        theirs=edits,
        their_name=renames,
    )
    def save(
        self,
        name: str,
        looks: str,
        edit: Edit,
        rename: str,
        other: str,
        at: int,
        theirs: Edit,
        their_name: str,
    ) -> None:
        if looks != "not again":
            reader = readings.one_group(self.balancer_id, self.group_id)
            sync.store(connect(REGION), self.balancer_id, reader)
            self.seen[name] = self.look(name)
        if looks == "before the script":
            self.edit_from_outside({web(3): at}, their_name)
        seen = self.seen[name]
        wanted = _edited(seen.state, edit, rename)
        acts = {
            "script": lambda: self.edit_from_outside(theirs, their_name),
            "person": lambda: self.other_person_saves("bob" if name == "ann" else "ann"),
        }
        party = Party(at, acts[other])
        last = Operation.objects.order_by("pk").values_list("pk", flat=True).last() or 0
        self.flaky.watchers[:] = [party.tell]
        told: Exception | None = None
        try:
            self.change(name, wanted, seen.mark)
        except (Stale, CallFailed, Overtaken) as error:
            told = error
        finally:
            self.flaky.watchers.clear()
        operation = Operation.objects.filter(pk__gt=last).first()
        self.judge(seen.state, wanted, told, operation, party)
        self.counts[type(told).__name__ if told else "done"] += 1
        self.counts["interleaved"] += bool(party.at)

    def judge(
        self,
        before: State,
        wanted: State,
        told: Exception | None,
        operation: Operation | None,
        party: Party,
    ) -> None:
        """That neither party lost a change without a word."""
        cloud = self.cloud()
        mine = {
            key: wanted.get(key) for key in before | wanted if before.get(key) != wanted.get(key)
        }
        if isinstance(told, Stale):
            assert operation is None, "nothing may be sent on an outdated picture"
        for key, value in mine.items():
            if cloud.get(key) != value:
                assert told, f"{key} is not as it was saved, and nobody was told: {cloud}"
        for key, value in party.changed.items():
            # Who overwrites what was before them has seen it, also where it had been otherwise.
            if cloud.get(key) == value or value == before.get(key):
                continue
            assert operation is not None
            sent_with_it = {
                row
                for call in operation.calls.filter(action=party.at)
                for row in _names(call.changes)
            }
            assert key in sent_with_it, f"{key} of the script was lost at {party.at}: {cloud}"
            self.counts["lost in the window"] += 1

    # The parties

    def look(self, name: str) -> Seen:
        group = VServerGroup.objects.get(pk=self.group_id)
        state: State = {member.server_id or "": member.weight for member in group.members.all()}
        return Seen({**state, NAME: group.name}, fingerprint(group))

    def change(self, name: str, wanted: State, mark: str) -> bool:
        return groups.change_group(
            actor=Actor(**self.users[name]),
            group=VServerGroup.objects.get(pk=self.group_id),
            name=str(wanted[NAME]),
            members=[
                BackendServer(key, PORT, int(value)) for key, value in wanted.items() if key != NAME
            ],
            seen=mark,
        )

    def other_person_saves(self, name: str) -> Edit:
        """From a process of its own, as it were: another thread with another session."""
        seen = self.look(name)
        refused: list[Exception] = []

        def save() -> None:
            try:
                self.change(name, _edited(seen.state, {web(4): 44}, "theirs"), seen.mark)
            except Exception as error:
                refused.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=save)
        thread.start()
        thread.join()
        connection.close()
        assert isinstance(refused[0], Busy), refused
        self.counts["Busy"] += 1
        return {}

    def edit_from_outside(self, edit: Edit, rename: str) -> Edit:
        """What it changed. A script adds, sets and removes without asking what was there."""
        now = self.cloud()
        after = _edited(now, edit, rename)
        added = {key: after[key] for key in after if key not in now}
        changed = {key: after[key] for key in after if key in now and now[key] != after[key]}
        gone = {key: now[key] for key in now if key not in after}
        name = changed.pop(NAME, None)
        for action, rows in (
            ("AddVServerGroupBackendServers", added),
            ("SetVServerGroupAttribute", changed),
            ("RemoveVServerGroupBackendServers", gone),
        ):
            if rows:
                self.ask(action, BackendServers=_rows(rows))
        if name:
            self.ask("SetVServerGroupAttribute", VServerGroupName=name)
        return {key: after.get(key) for key in now | after if now.get(key) != after.get(key)}

    def ask(self, action: str, **parameters: Any) -> dict[str, Any]:
        return self.outsider.call(
            action, RegionId=REGION, VServerGroupId=self.group_id, **parameters
        )

    def cloud(self) -> State:
        answer = self.ask("DescribeVServerGroupAttribute")
        rows = answer["BackendServers"]["BackendServer"]
        assert len({row["ServerId"] for row in rows}) == len(rows)
        state: State = {row["ServerId"]: int(row["Weight"]) for row in rows}
        return {**state, NAME: answer["VServerGroupName"]}


def _edited(state: State, edit: Edit, rename: str) -> State:
    merged: Edit = {**state, **edit}
    after: State = {key: value for key, value in merged.items() if value is not None}
    return {**after, NAME: rename} if rename else after


def _rows(state: State) -> list[dict[str, Any]]:
    return [{"ServerId": key, "Port": PORT, "Weight": value} for key, value in state.items()]


def _names(changes: list[dict[str, Any]]) -> set[str]:
    found = [Change.from_json(change) for change in changes]
    return {NAME if one.kind is Kind.GROUP else str(one.key[1]) for one in found}


@pytest.mark.timeout(900)
def test_no_change_is_lost_silently(
    transactional_db, cloud, flaky_cloud, outsider, operator, administrator, monkeypatch
):
    monkeypatch.setattr(running, "CONFIRM_SECONDS", 0.2)
    monkeypatch.setattr(locks, "HOLD_SECONDS", 0.1)
    people = {"ann": operator, "bob": administrator}
    Together.flaky = flaky_cloud
    Together.outsider = outsider
    Together.users = {
        name: {"name": user.username, "role": user.role, "user_id": user.pk}
        for name, user in people.items()
    }
    Together.counts = counts = Counter()
    run_state_machine_as_test(
        Together,
        settings=settings(
            max_examples=42,
            stateful_step_count=9,
            derandomize=True,
            deadline=None,
            database=None,
            # To look for a smaller example would take longer than to read this one.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(dict(counts))
    assert counts["interleaved"] >= INTERLEAVINGS
    # Each way out was taken.
    assert all(counts[way] for way in ("done", "Stale", "OperationFailed", "Overtaken", "Busy"))


@pytest.fixture(autouse=True)
def _no_watchers(flaky_cloud):
    yield
    flaky_cloud.watchers.clear()
