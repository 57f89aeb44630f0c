"""Creating, changing and deleting groups, against a live cloud."""

import pytest

from console.accounts.permissions import NotAllowed
from console.audit.models import AuditEntry
from tests.cloud import pay, report, web
from vservers.cloud.types import BackendServer
from vservers.models import VServerGroup
from vservers.selectors.fingerprints import fingerprint
from vservers.services.errors import CallFailed, Gone, InUse, InvalidMembers, Stale
from vservers.services.groups import change_group, create_group, delete_group
from vservers.services.observing import held_members
from vservers.services.pairs import create_pair


def rows(*members):
    """(server_id, port, weight) as the service's values."""
    return [BackendServer(server_id, port, weight) for server_id, port, weight in members]


def many(count, *, start=8000):
    """`count` rows of one server on as many ports."""
    return rows(*[(web(1), start + i, i % 101) for i in range(count)])


def in_cloud(outsider, group):
    """What the cloud itself says: {(server, port): weight}."""
    answer = outsider.call(
        "DescribeVServerGroupAttribute", RegionId="cn-hangzhou", VServerGroupId=group.pk
    )
    return {
        (row["ServerId"], row["Port"]): row["Weight"]
        for row in answer["BackendServers"]["BackendServer"]
    }


def in_mirror(group):
    return {(m.server_id, m.port): m.weight for m in group.members.all()}


@pytest.fixture
def actor(operator):
    return operator.as_actor(request_id="request-1234")


@pytest.fixture
def group(actor, balancer):
    return create_group(
        actor=actor,
        load_balancer=balancer,
        name="first",
        members=rows((web(1), 80, 10), (web(2), 80, 30)),
    )


@pytest.mark.parametrize("count", [0, 1, 20, 21, 40, 45])
def test_it_creates_a_group_in_as_many_calls_as_it_needs(actor, balancer, outsider, count):
    group = create_group(actor=actor, load_balancer=balancer, name="许多", members=many(count))
    assert in_cloud(outsider, group) == in_mirror(group)
    assert len(in_mirror(group)) == count
    calls = [call["action"] for call in AuditEntry.objects.get(verb="create group").calls]
    more = max(0, -(-(count - 20) // 20))
    assert calls == ["CreateVServerGroup"] + ["AddVServerGroupBackendServers"] * more


def test_the_audit_trail_tells_who_did_what_with_the_request_id(actor, group):
    entry = AuditEntry.objects.get()
    assert (entry.actor_name, entry.outcome, entry.verb) == ("operator", "done", "create group")
    assert entry.web_request_id == "request-1234"
    assert entry.resource_id == group.pk
    assert entry.after["servers"][0] == {"server_id": web(1), "port": 80, "weight": 10}
    assert entry.before is None
    assert entry.calls[0]["request_id"]


def test_it_changes_name_weights_and_ports_in_the_safe_order(actor, group, outsider):
    wanted = rows((web(1), 80, 0), (web(2), 8080, 30), (web(3), 80, 100))
    assert change_group(
        actor=actor, group=group, name="second", members=wanted, seen=fingerprint(group)
    )
    expected = {(web(1), 80): 0, (web(2), 8080): 30, (web(3), 80): 100}
    assert in_cloud(outsider, group) == in_mirror(group) == expected
    assert VServerGroup.objects.get(pk=group.pk).name == "second"
    entry = AuditEntry.objects.get(verb="change group")
    assert [call["action"] for call in entry.calls] == [
        "AddVServerGroupBackendServers",
        "SetVServerGroupAttribute",
        "RemoveVServerGroupBackendServers",
    ]
    assert entry.before["name"] == "first"


@pytest.mark.parametrize("count", [0, 1, 20, 21, 40])
def test_it_replaces_all_rows_in_batches(actor, balancer, outsider, count):
    group = create_group(actor=actor, load_balancer=balancer, name="g", members=many(count))
    wanted = many(count, start=9000)
    changed = change_group(
        actor=actor, group=group, name="g", members=wanted, seen=fingerprint(group)
    )
    assert changed == bool(count)
    assert in_cloud(outsider, group) == in_mirror(group)
    assert set(in_mirror(group)) == {(row.server_id, row.port) for row in wanted}


def test_nothing_is_sent_when_nothing_differs(actor, group):
    same = rows((web(2), 80, 30), (web(1), 80, 10))
    assert not change_group(
        actor=actor, group=group, name="first", members=same, seen=fingerprint(group)
    )
    assert not AuditEntry.objects.filter(verb="change group").exists()


def test_an_edit_of_an_outdated_picture_is_refused_and_the_mirror_shows_theirs(
    actor, group, outsider
):
    seen = fingerprint(group)
    outsider.call(
        "SetVServerGroupAttribute",
        RegionId="cn-hangzhou",
        VServerGroupId=group.pk,
        BackendServers=[{"ServerId": web(1), "Port": 80, "Weight": 77}],
    )
    mine = rows((web(1), 80, 11), (web(2), 80, 30))
    with pytest.raises(Stale):
        change_group(actor=actor, group=group, name="first", members=mine, seen=seen)
    assert in_cloud(outsider, group) == in_mirror(group) == {(web(1), 80): 77, (web(2), 80): 30}
    # Having seen it, the person may insist.
    assert change_group(
        actor=actor, group=group, name="first", members=mine, seen=fingerprint(group)
    )
    assert in_mirror(group)[web(1), 80] == 11


@pytest.mark.parametrize(
    ("member", "sentence"),
    [
        ((web(8), 80, 100), "running"),
        (("i-bp1nosuchserver00000", 80, 100), "not a server of cn-hangzhou"),
        ((web(1), 0, 100), "port from 1 to 65535"),
        ((web(1), 65536, 100), "port from 1 to 65535"),
        ((web(1), None, 100), "port from 1 to 65535"),
        ((web(1), 80, 101), "weight from 0 to 100"),
        ((web(1), 80, -1), "weight from 0 to 100"),
    ],
)
def test_it_refuses_a_member_before_anything_is_sent(actor, balancer, member, sentence):
    with pytest.raises(InvalidMembers, match=sentence):
        create_group(actor=actor, load_balancer=balancer, name="g", members=rows(member))
    assert not VServerGroup.objects.filter(load_balancer=balancer).exists()


def test_it_refuses_the_same_server_and_port_twice(actor, balancer):
    twice = rows((web(1), 80, 1), (web(1), 80, 2))
    with pytest.raises(InvalidMembers, match="already"):
        create_group(actor=actor, load_balancer=balancer, name="g", members=twice)


def test_it_refuses_a_server_of_another_region(actor, balancer, outsider):
    answer = outsider.call("DescribeInstances", product="ecs", RegionId="cn-shanghai")
    elsewhere = answer["Instances"]["Instance"][0]["InstanceId"]
    with pytest.raises(InvalidMembers, match="not a server of cn-hangzhou"):
        create_group(
            actor=actor, load_balancer=balancer, name="g", members=rows((elsewhere, 80, 1))
        )


def test_an_intranet_vpc_balancer_takes_servers_of_its_vpc_only(actor, vpc_balancer):
    create_group(actor=actor, load_balancer=vpc_balancer, name="g", members=rows((pay(1), 80, 1)))
    for stranger in (web(1), report(1)):
        with pytest.raises(InvalidMembers):
            create_group(
                actor=actor, load_balancer=vpc_balancer, name="h", members=rows((stranger, 80, 1))
            )


def test_an_internet_balancer_mixes_no_networks(actor, balancer):
    with pytest.raises(InvalidMembers, match="mixed"):
        create_group(
            actor=actor,
            load_balancer=balancer,
            name="g",
            members=rows((web(1), 80, 1), (pay(1), 80, 1)),
        )


def test_servers_of_a_primary_secondary_group_count_among_those_that_are_there(actor, balancer):
    create_pair(
        actor=actor,
        load_balancer=balancer,
        name="pair",
        primary=BackendServer(pay(1), 80, 100),
        secondary=BackendServer(pay(2), 80, 100),
    )
    with pytest.raises(InvalidMembers, match="cannot be mixed"):
        create_group(
            actor=actor,
            load_balancer=balancer,
            name="classic",
            members=[BackendServer(web(1), 80, 100)],
        )


def test_a_group_in_use_is_not_deleted_and_its_users_are_named(actor, balancer, group, outsider):
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        HealthCheck="off",
        VServerGroupId=group.pk,
    )
    with pytest.raises(InUse) as caught:
        delete_group(actor=actor, group=group)
    assert [str(listener) for listener in caught.value.listeners] == ["HTTP:80"]
    assert VServerGroup.objects.filter(pk=group.pk).exists()


def test_a_free_group_is_deleted(actor, group):
    delete_group(actor=actor, group=group)
    assert not VServerGroup.objects.filter(pk=group.pk).exists()
    with pytest.raises(Gone):
        delete_group(actor=actor, group=group)


def test_a_reader_is_refused_and_the_refusal_is_recorded(reader, balancer):
    with pytest.raises(NotAllowed):
        create_group(actor=reader.as_actor(), load_balancer=balancer, name="g", members=[])
    entry = AuditEntry.objects.get()
    assert (entry.outcome, entry.actor_name, entry.calls) == ("refused", "reader", [])


def test_a_refusal_in_the_middle_says_what_was_done(actor, balancer, outsider):
    """A group takes 200 servers: the calls before the one that is too many stand."""
    with pytest.raises(CallFailed) as caught:
        create_group(actor=actor, load_balancer=balancer, name="over", members=many(210))
    failure = caught.value
    assert failure.code == "InstanceBackendServerNumberOverLimit"
    assert failure.request_id
    assert "CreateVServerGroup" in failure.done[0]
    made = VServerGroup.objects.get(pk=failure.resource_id)
    assert in_cloud(outsider, made) == in_mirror(made)
    assert len(in_mirror(made)) == 200
    assert AuditEntry.objects.get().outcome == "partly done"


def test_a_create_whose_answer_was_lost_is_found_not_repeated(
    actor, balancer, flaky_cloud, outsider
):
    flaky_cloud.drop_answers("CreateVServerGroup", 1)
    group = create_group(actor=actor, load_balancer=balancer, name="lost", members=many(25))
    assert len(in_cloud(outsider, group)) == 25
    listed = outsider.call(
        "DescribeVServerGroups", RegionId="cn-hangzhou", LoadBalancerId=balancer.pk
    )
    assert len(listed["VServerGroups"]["VServerGroup"]) == 1
    entry = AuditEntry.objects.get()
    assert [call["outcome"] for call in entry.calls] == ["done", "done"]
    assert "reading the cloud showed" in entry.calls[0]["message"]


def test_a_change_whose_answer_was_lost_is_found_done_by_reading(
    actor, group, flaky_cloud, outsider
):
    flaky_cloud.drop_answers("SetVServerGroupAttribute", 1)
    wanted = rows((web(1), 80, 99), (web(2), 80, 30))
    assert change_group(
        actor=actor, group=group, name="first", members=wanted, seen=fingerprint(group)
    )
    assert in_cloud(outsider, group) == in_mirror(group) == {(web(1), 80): 99, (web(2), 80): 30}
    assert AuditEntry.objects.get(verb="change group").outcome == "done"


@pytest.mark.parametrize("code", ["VServerGroupProcessing", "Throttling.User"])
def test_busy_and_throttled_calls_are_repeated(actor, group, flaky_cloud, code):
    flaky_cloud.refuse("SetVServerGroupAttribute", code, 2)
    wanted = rows((web(1), 80, 99), (web(2), 80, 30))
    assert change_group(
        actor=actor, group=group, name="first", members=wanted, seen=fingerprint(group)
    )
    assert in_mirror(group)[web(1), 80] == 99


def test_other_refusals_are_never_repeated(actor, group, flaky_cloud):
    flaky_cloud.refuse("SetVServerGroupAttribute", "ActionNotAllowed", 1)
    wanted = rows((web(1), 80, 99), (web(2), 80, 30))
    with pytest.raises(CallFailed, match="ActionNotAllowed"):
        change_group(
            actor=actor, group=group, name="first", members=wanted, seen=fingerprint(group)
        )
    assert in_mirror(group)[web(1), 80] == 10


def test_the_description_of_a_server_outlives_an_edit(actor, balancer, outsider):
    answer = outsider.call(
        "CreateVServerGroup",
        RegionId="cn-hangzhou",
        LoadBalancerId=balancer.pk,
        VServerGroupName="described",
        BackendServers=[
            {"ServerId": web(1), "Port": 80, "Weight": 5, "Description": "canary"},
        ],
    )
    from tests.cloud import mirror

    mirror(balancer.pk)
    group = VServerGroup.objects.get(pk=answer["VServerGroupId"])
    members = [*held_members(group), *rows((web(2), 80, 5))]
    change_group(
        actor=actor, group=group, name="described", members=members, seen=fingerprint(group)
    )
    assert group.members.get(server=web(1)).description == "canary"
