"""What somebody else changed in the cloud, brought back by an operation of ours."""

import pytest

from tests.cloud import REGION, mirror, web
from vservers.cloud.settings import HTTPSettings
from vservers.models import Drift, LoadBalancer, Operation
from vservers.services.errors import CannotUndo
from vservers.services.groups import create_group
from vservers.services.listeners import ListenerSpec, create_listener
from vservers.services.pool import add_pool_servers
from vservers.services.reverting import revert_drift, why_not_revertible
from vservers.services.rules import NewRule, create_rules
from vservers.services.undo import undo

from .test_groups import in_mirror, rows


@pytest.fixture
def actor(operator):
    return operator.as_actor()


@pytest.fixture
def group(actor, balancer):
    members = rows((web(1), 80, 10), (web(2), 80, 30))
    return create_group(actor=actor, load_balancer=balancer, name="g", members=members)


@pytest.fixture
def listener(actor, balancer, group):
    return create_listener(
        actor=actor,
        load_balancer=balancer,
        protocol="http",
        port=80,
        spec=ListenerSpec(
            settings=HTTPSettings(health_check="off"),
            vserver_group=group,
            backend_server_port=None,
            description="shop",
        ),
        start=True,
    )


@pytest.fixture
def rule(actor, listener, group):
    wanted = NewRule("r", "www.example.com", "/a", group)
    create_rules(actor=actor, listener=listener, rules=[wanted])
    return listener.rules.get()


def theirs(outsider, action, **parameters):
    outsider.call(action, RegionId=REGION, **parameters)


def picture(balancer: LoadBalancer):
    """All that counts of a load balancer, in the mirror."""
    return {
        "groups": {g.name: in_mirror(g) for g in balancer.vserver_groups.all()},
        "pool": {s.server_id: s.weight for s in balancer.pool_servers.all()},
        "listeners": {
            str(one): (one.status, one.description, one.settings, str(one.vserver_group))
            for one in balancer.listeners.all()
        },
        "rules": {
            str(r): (r.name, str(r.vserver_group))
            for one in balancer.listeners.all()
            for r in one.rules.all()
        },
    }


def set_listener(outsider, balancer, **settings):
    theirs(
        outsider,
        "SetLoadBalancerHTTPListenerAttribute",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        **settings,
    )


CASES = {
    "a weight": lambda o, b, g, r: theirs(
        o,
        "SetVServerGroupAttribute",
        VServerGroupId=g.pk,
        BackendServers=[{"ServerId": web(1), "Port": 80, "Weight": 77}],
    ),
    "a name": lambda o, b, g, r: theirs(
        o, "SetVServerGroupAttribute", VServerGroupId=g.pk, VServerGroupName="theirs"
    ),
    "a new member": lambda o, b, g, r: theirs(
        o,
        "AddVServerGroupBackendServers",
        VServerGroupId=g.pk,
        BackendServers=[{"ServerId": web(3), "Port": 80, "Weight": 1}],
    ),
    "a removed member": lambda o, b, g, r: theirs(
        o,
        "RemoveVServerGroupBackendServers",
        VServerGroupId=g.pk,
        BackendServers=[{"ServerId": web(1), "Port": 80}],
    ),
    "a new group": lambda o, b, g, r: theirs(
        o, "CreateVServerGroup", LoadBalancerId=b.pk, VServerGroupName="theirs"
    ),
    "a weight of the pool": lambda o, b, g, r: theirs(
        o,
        "SetBackendServers",
        LoadBalancerId=b.pk,
        BackendServers=[{"ServerId": web(4), "Weight": 3}],
    ),
    "a removed server of the pool": lambda o, b, g, r: theirs(
        o, "RemoveBackendServers", LoadBalancerId=b.pk, BackendServers=[{"ServerId": web(4)}]
    ),
    "a stopped listener": lambda o, b, g, r: theirs(
        o, "StopLoadBalancerListener", LoadBalancerId=b.pk, ListenerPort=80
    ),
    "a setting of a listener": lambda o, b, g, r: theirs(
        o,
        "SetLoadBalancerHTTPListenerAttribute",
        LoadBalancerId=b.pk,
        ListenerPort=80,
        IdleTimeout=44,
    ),
    "session persistence": lambda o, b, g, r: set_listener(
        o, b, StickySession="on", StickySessionType="insert", CookieTimeout=100
    ),
    "a new name of a rule": lambda o, b, g, r: theirs(o, "SetRule", RuleId=r.pk, RuleName="theirs"),
    "a deleted rule": lambda o, b, g, r: theirs(o, "DeleteRules", RuleIds=[r.pk]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_others_changed_is_brought_back(actor, balancer, group, rule, outsider, case):
    add_pool_servers(actor=actor, load_balancer=balancer, weights={web(4): 50})
    mirror(balancer.pk)
    before = picture(balancer)
    CASES[case](outsider, balancer, group, rule)
    mirror(balancer.pk)
    assert picture(balancer) != before
    drift = Drift.objects.get(status="open")
    assert not why_not_revertible(drift)
    assert revert_drift(actor=actor, drift=drift).status == "done"
    mirror(balancer.pk)
    assert picture(balancer) == before
    assert not Drift.objects.filter(status="open").exists()


def test_a_health_check_is_one_thing_that_is_switched_off_and_on_again_as_it_was(
    actor, balancer, rule, outsider
):
    set_listener(outsider, balancer, HealthCheck="on", HealthCheckURI="/a", HealthCheckInterval=7)
    mirror(balancer.pk)
    checked = picture(balancer)
    Drift.objects.all().delete()
    set_listener(outsider, balancer, HealthCheck="off")
    mirror(balancer.pk)
    off = Drift.objects.get()
    assert (off.field, off.after) == ("health_check", {"health_check": "off"})
    assert revert_drift(actor=actor, drift=off).status == "done"
    mirror(balancer.pk)
    assert picture(balancer) == checked
    assert Drift.objects.get().status == "reverted"


def test_a_deleted_group_is_made_again_with_its_servers(actor, balancer, group, outsider):
    held = in_mirror(group)
    mirror(balancer.pk)
    theirs(outsider, "DeleteVServerGroup", VServerGroupId=group.pk)
    mirror(balancer.pk)
    revert_drift(actor=actor, drift=Drift.objects.get(status="open"))
    assert not Drift.objects.filter(status="open").exists()
    made = balancer.vserver_groups.get()
    assert made.pk != group.pk
    assert in_mirror(made) == held


def test_what_moved_on_is_left_alone(actor, balancer, group, outsider):
    mirror(balancer.pk)
    CASES["a weight"](outsider, balancer, group, None)
    mirror(balancer.pk)
    drift = Drift.objects.get(status="open")
    theirs(
        outsider,
        "SetVServerGroupAttribute",
        VServerGroupId=group.pk,
        BackendServers=[{"ServerId": web(1), "Port": 80, "Weight": 78}],
    )
    with pytest.raises(CannotUndo, match="Changed again"):
        revert_drift(actor=actor, drift=drift)
    assert in_mirror(group)[web(1), 80] == 78


def test_what_came_goes_with_all_that_it_has_by_now_and_each_part_is_told(
    actor, balancer, group, outsider
):
    mirror(balancer.pk)
    theirs(outsider, "CreateVServerGroup", LoadBalancerId=balancer.pk, VServerGroupName="theirs")
    mirror(balancer.pk)
    came = balancer.vserver_groups.get(name="theirs")
    servers = [{"ServerId": web(3), "Port": 80, "Weight": 1}]
    theirs(
        outsider, "AddVServerGroupBackendServers", VServerGroupId=came.pk, BackendServers=servers
    )
    operation = revert_drift(actor=actor, drift=Drift.objects.get(field="exists"))
    (call,) = operation.calls.all()
    assert [change["key"] for change in call.changes] == [[came.pk], [came.pk, web(3), "", 80]]
    assert not balancer.vserver_groups.filter(name="theirs").exists()


def test_the_creation_of_a_group_that_others_gave_a_server_since_is_not_undone(
    actor, balancer, group, outsider
):
    CASES["a new member"](outsider, balancer, group, None)
    with pytest.raises(CannotUndo, match=f"member.*{web(3)}"):
        undo(actor=actor, operation=Operation.objects.get(verb="create group"))
    assert in_mirror(group)[web(3), 80] == 1


def test_the_creation_of_a_listener_that_has_rules_by_now_is_not_undone(
    actor, balancer, group, listener, rule
):
    with pytest.raises(CannotUndo, match=r"www\.example\.com"):
        undo(actor=actor, operation=Operation.objects.get(verb="create listener"))
    undo(actor=actor, operation=Operation.objects.get(verb="create rules"))
    undo(actor=actor, operation=Operation.objects.get(verb="create listener"))
    assert not balancer.listeners.exists()
