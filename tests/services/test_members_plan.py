"""The difference between two sets of members, on random ones: no cloud, no database."""

from hypothesis import given
from hypothesis import strategies as st

from vservers.cloud.types import BackendServer
from vservers.services.members import MemberPlan, identity, plan_members

members = st.builds(
    BackendServer,
    server_id=st.sampled_from(["i-a", "i-b", "i-c", "eni-a"]),
    port=st.sampled_from([80, 81, 443, 8080]),
    weight=st.integers(0, 100),
    server_ip=st.sampled_from(["", "10.0.0.1"]),
    description=st.sampled_from(["", "canary"]),
)
groups = st.lists(members, max_size=30, unique_by=identity)


def states(now: list[BackendServer], plan: MemberPlan) -> list[set[BackendServer]]:
    """What the group holds after each of the three steps, as the cloud carries them out."""
    held = {identity(server): server for server in now}
    after = []
    for step in ("add", "set", "remove"):
        for server in getattr(plan, step):
            if step == "remove":
                held.pop(identity(server))
            else:
                assert (identity(server) in held) == (step == "set")
                held[identity(server)] = server
        after.append(set(held.values()))
    return after


@given(groups, groups)
def test_the_plan_leads_from_one_set_to_the_other(now, wanted):
    assert states(now, plan_members(now, wanted))[-1] == set(wanted)


@given(groups, groups)
def test_a_group_is_never_empty_on_the_way(now, wanted):
    between = states(now, plan_members(now, wanted))
    assert all(between) or not (now and wanted)


@given(groups, groups)
def test_a_second_plan_has_nothing_to_do(now, wanted):
    end = states(now, plan_members(now, wanted))[-1]
    assert plan_members(end, wanted).is_empty
    assert plan_members(now, now).is_empty


@given(groups, groups)
def test_no_member_is_in_two_steps_and_none_is_sent_without_need(now, wanted):
    plan = plan_members(now, wanted)
    sent = [identity(server) for step in (plan.add, plan.set, plan.remove) for server in step]
    assert len(sent) == len(set(sent))
    assert not set(now) & set(wanted) & {*plan.add, *plan.set, *plan.remove}
