"""Copies of groups, and users that move from one group to another."""

import pytest

from console.accounts.permissions import NotAllowed
from tests.cloud import REGION, mirror, web
from vservers.cloud.types import BackendServer
from vservers.models import Listener, Operation, Rule, VServerGroup
from vservers.services.errors import CallFailed, CannotUndo, NotPossible
from vservers.services.group_moves import copy_group, copyable, plan_group_copy, replace_group
from vservers.services.groups import create_group
from vservers.services.undo import retry_rest, undo


@pytest.fixture
def actor(operator):
    return operator.as_actor()


@pytest.fixture
def groups(actor, balancer):
    return [
        create_group(
            actor=actor,
            load_balancer=balancer,
            name=name,
            members=[BackendServer(web(1), 80, 10), BackendServer(web(2), 81, 0)],
        )
        for name in ("blue", "green")
    ]


@pytest.fixture
def used(groups, balancer, outsider):
    """blue, used by HTTP:80, by a rule of it, and by TCP:90."""
    blue = groups[0].pk
    place = {"LoadBalancerId": balancer.pk, "ListenerPort": 80}
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        HealthCheck="off",
        StickySession="on",
        StickySessionType="insert",
        CookieTimeout=60,
        VServerGroupId=blue,
        **place,
    )
    outsider.call(
        "CreateRules",
        RegionId=REGION,
        RuleList=[{"RuleName": "r", "Domain": "a.example.com", "VServerGroupId": blue}],
        **place,
    )
    outsider.call(
        "CreateLoadBalancerTCPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=90,
        Bandwidth=-1,
        VServerGroupId=blue,
    )
    mirror(balancer.pk)
    return groups


def targets(balancer):
    """{user: group} as the cloud has it now."""
    mirror(balancer.pk)
    found = {
        str(one): one.vserver_group_id for one in Listener.objects.filter(load_balancer=balancer)
    }
    rules = Rule.objects.filter(listener__load_balancer=balancer)
    return found | {str(one): one.vserver_group_id for one in rules}


def rows(group_id):
    group = VServerGroup.objects.get(pk=group_id)
    return [(one.server_id, one.port, one.weight) for one in group.members.all()]


def test_a_copy_has_the_same_servers_and_a_name_of_its_own(actor, balancer, groups):
    made = copy_group(actor=actor, group=groups[0], load_balancer=balancer, name="blue-2")
    assert rows(made) == [(web(1), 80, 10), (web(2), 81, 0)]
    assert Operation.objects.get(resource_id=made).verb == "copy group"


def test_a_copy_takes_another_weight_for_all(actor, balancer, groups):
    made = copy_group(actor=actor, group=groups[0], load_balancer=balancer, name="x", weight=0)
    assert {weight for *_, weight in rows(made)} == {0}


def test_rows_that_cannot_go_to_another_instance_are_named_and_left(
    actor, balancer, vpc_balancer, groups
):
    seen = copyable(groups[0], vpc_balancer)
    assert seen.members == []
    assert [row.server_id for row, _ in seen.refused] == [web(1), web(2)]
    assert all("VPC" in why for _, why in seen.refused)
    made = copy_group(actor=actor, group=groups[0], load_balancer=vpc_balancer, name="copy")
    assert rows(made) == []
    assert VServerGroup.objects.get(pk=made).load_balancer_id == vpc_balancer.pk


def test_a_copy_to_an_instance_of_the_same_network_takes_all(actor, balancer, new_balancer, groups):
    other = new_balancer(LoadBalancerName="other")
    made = copy_group(actor=actor, group=groups[0], load_balancer=other, name="blue")
    assert rows(made) == rows(groups[0].pk)


@pytest.mark.parametrize("which", ["HTTP:80", "TCP:90", "a.example.com"])
def test_one_user_is_switched_to_the_copy_and_the_others_stay(actor, balancer, used, which):
    users = [*Listener.objects.filter(load_balancer=balancer), *Rule.objects.all()]
    user = next(one for one in users if str(one) == which)
    before = Listener.objects.get(load_balancer=balancer, port=80).settings
    made = copy_group(actor=actor, group=used[0], load_balancer=balancer, name="copy", user=user)
    now = targets(balancer)
    assert now.pop(which) == made
    assert set(now.values()) == {used[0].pk}
    assert Listener.objects.get(load_balancer=balancer, port=80).settings == before


def test_the_switch_to_a_copy_is_undone_whole(actor, balancer, used):
    listener = Listener.objects.get(load_balancer=balancer, port=80)
    made = copy_group(
        actor=actor, group=used[0], load_balancer=balancer, name="copy", user=listener
    )
    undo(actor=actor, operation=Operation.objects.get(resource_id=made))
    assert set(targets(balancer).values()) == {used[0].pk}
    assert not VServerGroup.objects.filter(pk=made).exists()


def test_a_copy_that_others_use_since_is_not_taken_back(actor, balancer, used, outsider):
    listener = Listener.objects.get(load_balancer=balancer, port=80)
    made = copy_group(
        actor=actor, group=used[0], load_balancer=balancer, name="copy", user=listener
    )
    outsider.call(
        "SetLoadBalancerTCPListenerAttribute",
        LoadBalancerId=balancer.pk,
        ListenerPort=90,
        VServerGroup="on",
        VServerGroupId=made,
    )
    with pytest.raises(CannotUndo):
        undo(actor=actor, operation=Operation.objects.get(resource_id=made))


def test_after_a_refused_copy_all_of_it_is_tried_again_and_the_mirror_follows(
    actor, balancer, used, flaky_cloud
):
    listener = Listener.objects.get(load_balancer=balancer, port=80)
    flaky_cloud.refuse("CreateVServerGroup", "ActionNotAllowed", 1)
    group = VServerGroup.objects.get(pk=used[0].pk)
    with pytest.raises(CallFailed):
        copy_group(
            actor=actor, group=group, load_balancer=group.load_balancer, name="copy", user=listener
        )
    again = retry_rest(actor=actor, operation=Operation.objects.latest("pk"))
    assert Listener.objects.get(pk=listener.pk).vserver_group_id == again.resource_id


def test_after_a_refused_switch_the_rest_is_tried_again(actor, balancer, used, flaky_cloud):
    listener = Listener.objects.get(load_balancer=balancer, port=80)
    flaky_cloud.refuse("SetLoadBalancerHTTPListenerAttribute", "ActionNotAllowed", 1)
    group = VServerGroup.objects.get(pk=used[0].pk)
    with pytest.raises(CallFailed) as failed:
        copy_group(
            actor=actor, group=group, load_balancer=group.load_balancer, name="copy", user=listener
        )
    made = failed.value.resource_id
    assert targets(balancer)["HTTP:80"] == used[0].pk
    retry_rest(actor=actor, operation=failed.value.operation)
    assert targets(balancer)["HTTP:80"] == made


def test_all_users_take_another_group_and_the_old_one_goes(actor, balancer, used):
    blue, green = used
    operation = replace_group(actor=actor, group=blue, by=green, delete=True)
    assert set(targets(balancer).values()) == {green.pk}
    assert not VServerGroup.objects.filter(pk=blue.pk).exists()
    calls = [call.action for call in operation.calls.all()]
    assert calls[-1] == "DeleteVServerGroup", "it goes after its users have let go"


def test_a_replaced_and_deleted_group_comes_back_with_its_users(actor, balancer, used):
    blue, green = used
    operation = replace_group(actor=actor, group=blue, by=green, delete=True)
    undo(actor=actor, operation=operation)
    [back] = set(targets(balancer).values())
    assert back not in {blue.pk, green.pk}, "the cloud gives an ID of its own"
    assert rows(back) == [(web(1), 80, 10), (web(2), 81, 0)]


def test_users_move_and_the_group_stays_where_it_is_not_to_be_deleted(actor, balancer, used):
    blue, green = used
    replace_group(actor=actor, group=blue, by=green, delete=False)
    assert set(targets(balancer).values()) == {green.pk}
    assert VServerGroup.objects.filter(pk=blue.pk).exists()


def test_a_group_of_another_instance_takes_nothing_over(actor, balancer, new_balancer, used):
    other = new_balancer(LoadBalancerName="other")
    foreign = create_group(actor=actor, load_balancer=other, name="foreign", members=[])
    for by in (foreign, used[0]):
        with pytest.raises(NotPossible):
            replace_group(actor=actor, group=used[0], by=by, delete=True)


def test_a_reader_copies_and_replaces_nothing(reader, balancer, used):
    with pytest.raises(NotAllowed):
        plan_group_copy(actor=reader.as_actor(), group=used[0], load_balancer=balancer, name="copy")
    with pytest.raises(NotAllowed):
        replace_group(actor=reader.as_actor(), group=used[0], by=used[1], delete=True)
