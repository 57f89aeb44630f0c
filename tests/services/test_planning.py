"""From one set of members to another, on random ones: no cloud, no database."""

import json

from hypothesis import given
from hypothesis import strategies as st

from vservers.cloud.calls import MAX_SERVERS_PER_CALL
from vservers.cloud.types import BackendServer
from vservers.services.changes import Change, Kind, backend_server, member_changes
from vservers.services.members import identity
from vservers.services.planning import PlannedCall, plan_calls

GROUP = "rsp-1"

members = st.builds(
    BackendServer,
    server_id=st.sampled_from(["i-a", "i-b", "i-c", "eni-a"]),
    port=st.integers(80, 100),
    type=st.just("ecs"),
    weight=st.integers(0, 100),
    server_ip=st.sampled_from(["", "10.0.0.1"]),
    description=st.sampled_from(["", "canary"]),
)
groups = st.lists(members, max_size=60, unique_by=identity)


def planned(now: list[BackendServer], wanted: list[BackendServer]) -> list[PlannedCall]:
    return plan_calls("lb-1", member_changes(GROUP, now, wanted))


def states(now: list[BackendServer], calls: list[PlannedCall]) -> list[set[BackendServer]]:
    """What the group holds after each call, as the cloud carries them out."""
    held = {identity(server): server for server in now}
    after = []
    for one in calls:
        for item in json.loads(str(one.call.params["BackendServers"])):
            server = BackendServer.from_api(item)
            if one.call.action.startswith("Remove"):
                held.pop(identity(server))
            else:
                assert (identity(server) in held) == one.call.action.startswith("Set")
                held[identity(server)] = server
        after.append(set(held.values()))
    return after


@given(groups, groups)
def test_the_calls_lead_from_one_set_to_the_other(now, wanted):
    assert [set(now), *states(now, planned(now, wanted))][-1] == set(wanted)


@given(groups, groups)
def test_a_group_is_never_empty_on_the_way(now, wanted):
    between = states(now, planned(now, wanted))
    assert all(between) or not (now and wanted)


@given(groups, groups)
def test_the_order_is_add_then_set_then_remove(now, wanted):
    verbs = [one.call.action[:3] for one in planned(now, wanted)]
    assert verbs == sorted(verbs, key=["Add", "Set", "Rem"].index)


@given(groups)
def test_nothing_is_sent_where_nothing_differs(now):
    assert planned(now, list(reversed(now))) == []


@given(groups, groups)
def test_every_row_is_in_one_call_and_no_call_has_too_many(now, wanted):
    calls = planned(now, wanted)
    rows = [change for one in calls for change in one.changes]
    assert sorted(map(repr, rows)) == sorted(map(repr, member_changes(GROUP, now, wanted)))
    for one in calls:
        sent = json.loads(str(one.call.params["BackendServers"]))
        assert 0 < len(sent) <= MAX_SERVERS_PER_CALL
        assert [BackendServer.from_api(item) for item in sent] == [
            backend_server(change.key, change.after or change.before or {})
            for change in one.changes
        ]


@given(groups, groups)
def test_the_opposite_leads_back(now, wanted):
    there = member_changes(GROUP, now, wanted)
    back = plan_calls("lb-1", [change.inverse for change in there])
    assert [set(wanted), *states(wanted, back)][-1] == set(now)


@given(groups, groups)
def test_a_change_survives_the_record(now, wanted):
    for change in member_changes(GROUP, now, wanted):
        assert Change.from_json(json.loads(json.dumps(change.as_json()))) == change


def test_a_new_name_goes_with_the_first_weights():
    renamed = Change(Kind.GROUP, (GROUP,), {"name": "a"}, {"name": "b"})
    now = [BackendServer("i-a", port, 1) for port in range(1, 31)]
    wanted = [BackendServer("i-a", port, 2) for port in range(1, 31)]
    calls = plan_calls("lb-1", [renamed, *member_changes(GROUP, now, wanted)])
    assert [one.call.params.get("VServerGroupName") for one in calls] == ["b", None]
    (alone,) = plan_calls("lb-1", [renamed])
    assert alone.call.params == {"VServerGroupId": GROUP, "VServerGroupName": "b"}
