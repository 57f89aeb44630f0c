"""Associating groups: listeners, forwarding rules and the default pool, against a live cloud."""

from dataclasses import replace

import pytest

from console.accounts.permissions import NotAllowed
from console.audit.models import AuditEntry
from tests.cloud import pay, web
from vservers.cloud.settings import HTTPSettings
from vservers.cloud.types import BackendServer
from vservers.models import Listener, PoolServer, Rule
from vservers.selectors.fingerprints import listener_fingerprint, pool_fingerprint, rule_fingerprint
from vservers.services import pool, rules
from vservers.services.errors import CallFailed, Gone, InvalidMembers, Stale
from vservers.services.groups import create_group
from vservers.services.listeners import (
    ListenerSpec,
    change_listener,
    create_listener,
    delete_listener,
    start_listener,
    stop_listener,
)

SETTINGS = HTTPSettings(health_check="off")


@pytest.fixture
def actor(operator):
    return operator.as_actor()


@pytest.fixture
def group(actor, balancer):
    members = [BackendServer(web(1), 80, 100)]
    return create_group(actor=actor, load_balancer=balancer, name="g", members=members)


@pytest.fixture
def listener(actor, balancer, group):
    return create_listener(
        actor=actor,
        load_balancer=balancer,
        protocol="http",
        port=80,
        spec=ListenerSpec(
            settings=SETTINGS,
            vserver_group=group,
            backend_server_port=None,
            description="shop",
        ),
        start=True,
    )


def test_a_listener_is_created_with_its_group_and_started(listener, group):
    assert (listener.status, listener.vserver_group, listener.description) == (
        "running",
        group,
        "shop",
    )
    entry = AuditEntry.objects.get(verb="create listener")
    assert [call["action"] for call in entry.calls] == [
        "CreateLoadBalancerHTTPListener",
        "StartLoadBalancerListener",
    ]


def test_a_listener_on_a_taken_port_is_refused_in_the_clouds_words(actor, listener, balancer):
    with pytest.raises(CallFailed) as caught:
        create_listener(
            actor=actor,
            load_balancer=balancer,
            protocol="http",
            port=80,
            spec=ListenerSpec(
                settings=SETTINGS,
                vserver_group=None,
                backend_server_port=8080,
                description="",
            ),
            start=False,
        )
    assert caught.value.code == "ListenerAlreadyExists"
    assert caught.value.request_id


def test_a_listener_changes_its_settings_and_its_group(actor, listener, balancer):
    other = create_group(actor=actor, load_balancer=balancer, name="h", members=[])
    wanted = replace(HTTPSettings(**listener.settings), idle_timeout=30, scheduler="rr")
    assert change_listener(
        actor=actor,
        listener=listener,
        spec=ListenerSpec(
            settings=wanted,
            vserver_group=other,
            description="shop",
        ),
        seen=listener_fingerprint(listener),
    )
    now = Listener.objects.get(pk=listener.pk)
    assert (now.vserver_group, now.settings["idle_timeout"], now.scheduler) == (other, 30, "rr")
    assert not change_listener(
        actor=actor,
        listener=now,
        spec=ListenerSpec(
            settings=HTTPSettings(**now.settings),
            vserver_group=other,
            description="shop",
        ),
        seen=listener_fingerprint(now),
    )


def test_a_listener_that_somebody_changed_is_not_overwritten(actor, listener, group, outsider):
    seen = listener_fingerprint(listener)
    outsider.call(
        "SetLoadBalancerHTTPListenerAttribute",
        LoadBalancerId=listener.load_balancer_id,
        ListenerPort=80,
        IdleTimeout=44,
    )
    with pytest.raises(Stale):
        change_listener(
            actor=actor,
            listener=listener,
            spec=ListenerSpec(
                settings=SETTINGS,
                vserver_group=group,
                description="mine",
            ),
            seen=seen,
        )
    assert Listener.objects.get(pk=listener.pk).settings["idle_timeout"] == 44


def test_a_listener_stops_starts_and_goes(actor, listener):
    stop_listener(actor=actor, listener=listener)
    assert Listener.objects.get(pk=listener.pk).status == "stopped"
    start_listener(actor=actor, listener=listener)
    assert Listener.objects.get(pk=listener.pk).status == "running"
    delete_listener(actor=actor, listener=listener)
    assert not Listener.objects.filter(pk=listener.pk).exists()


def test_rules_are_created_changed_and_deleted(actor, listener, balancer, group):
    other = create_group(actor=actor, load_balancer=balancer, name="h", members=[])
    wanted = [rules.NewRule(f"rule-{i}", "www.example.com", f"/{i}", group) for i in range(12)]
    made = rules.create_rules(actor=actor, listener=listener, rules=wanted)
    assert len(made) == 12
    assert Rule.objects.filter(listener=listener).count() == 12
    rule = Rule.objects.get(pk=made[0])
    assert (rule.domain, rule.url, rule.vserver_group) == ("www.example.com", "/0", group)
    assert rules.change_rule(
        actor=actor,
        rule=rule,
        name="renamed",
        vserver_group=other,
        settings=None,
        seen=rule_fingerprint(rule),
    )
    now = Rule.objects.get(pk=rule.pk)
    assert (now.name, now.vserver_group) == ("renamed", other)
    with pytest.raises(Stale):
        rules.change_rule(
            actor=actor,
            rule=now,
            name="x",
            vserver_group=group,
            settings=None,
            seen=rule_fingerprint(rule),
        )
    rules.delete_rule(actor=actor, rule=now)
    assert not Rule.objects.filter(pk=now.pk).exists()
    with pytest.raises(Gone):
        rules.change_rule(
            actor=actor, rule=now, name="x", vserver_group=group, settings=None, seen=""
        )


def test_a_rule_that_exists_is_refused(actor, listener, group):
    rule = rules.NewRule("one", "a.example.com", "", group)
    rules.create_rules(actor=actor, listener=listener, rules=[rule])
    with pytest.raises(CallFailed) as caught:
        rules.create_rules(actor=actor, listener=listener, rules=[replace(rule, name="two")])
    assert caught.value.code == "DomainExist"


def test_the_pool_gains_loses_and_weighs_servers(actor, balancer):
    pool.add_pool_servers(actor=actor, load_balancer=balancer, weights={web(1): 100, web(2): 0})
    held = {s.server_id: s.weight for s in PoolServer.objects.filter(load_balancer=balancer)}
    assert held == {web(1): 100, web(2): 0}

    def set_weight(weight, seen):
        return pool.set_pool_weights(
            actor=actor, load_balancer=balancer, weights={web(1): weight}, seen=seen
        )

    first = pool_fingerprint(balancer)
    assert set_weight(40, first)
    assert not set_weight(40, pool_fingerprint(balancer))
    with pytest.raises(Stale):
        set_weight(50, first)
    pool.remove_pool_servers(actor=actor, load_balancer=balancer, server_ids=[web(2)])
    assert PoolServer.objects.get(load_balancer=balancer).weight == 40


def test_the_pool_refuses_servers_of_another_network_and_stopped_ones(actor, vpc_balancer):
    for server_id in (web(1), web(8)):
        with pytest.raises(InvalidMembers):
            pool.add_pool_servers(actor=actor, load_balancer=vpc_balancer, weights={server_id: 100})
    pool.add_pool_servers(actor=actor, load_balancer=vpc_balancer, weights={pay(1): 100})


def test_a_reader_changes_nothing(reader, listener, balancer, group):
    reading = reader.as_actor()
    with pytest.raises(NotAllowed):
        stop_listener(actor=reading, listener=listener)
    with pytest.raises(NotAllowed):
        pool.add_pool_servers(actor=reading, load_balancer=balancer, weights={web(1): 1})
    with pytest.raises(NotAllowed):
        rules.create_rules(
            actor=reading, listener=listener, rules=[rules.NewRule("r", "a.b", "", group)]
        )
    assert AuditEntry.objects.filter(outcome="refused").count() == 3
