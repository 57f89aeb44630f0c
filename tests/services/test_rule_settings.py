"""Forwarding rules with settings of their own: made, changed, deleted and brought back."""

from dataclasses import replace

import pytest

from tests.cloud import REGION, connect, web
from vservers.cloud.settings import HTTPSettings, RuleSettings
from vservers.cloud.types import BackendServer
from vservers.localcloud.faultctl import ask
from vservers.models import Drift, Operation, Rule
from vservers.selectors.fingerprints import rule_fingerprint
from vservers.services import readings, rules, sync, undo
from vservers.services.errors import CallFailed
from vservers.services.groups import create_group
from vservers.services.listeners import ListenerSpec, create_listener
from vservers.services.reverting import revert_drift

OWN = RuleSettings(
    scheduler="wlc",
    sticky_session="on",
    sticky_session_type="insert",
    cookie_timeout=60,
    health_check="off",
)


@pytest.fixture
def actor(operator):
    return operator.as_actor()


@pytest.fixture
def group(actor, balancer):
    members = [BackendServer(web(1), 80, 100)]
    return create_group(actor=actor, load_balancer=balancer, name="g", members=members)


@pytest.fixture
def shop(actor, balancer, group):
    """An HTTP listener."""
    spec = ListenerSpec(settings=HTTPSettings(), vserver_group=group, description="d")
    return create_listener(
        actor=actor, load_balancer=balancer, protocol="http", port=80, spec=spec, start=False
    )


def test_a_rule_gets_settings_of_its_own_and_goes_back_to_its_listeners(actor, shop, group):
    rules.create_rules(
        actor=actor, listener=shop, rules=[rules.NewRule("r", "a.example.com", "", group)]
    )
    own = RuleSettings(
        scheduler="rr",
        sticky_session="on",
        sticky_session_type="server",
        cookie="SID",
        health_check_connect_port=8080,
        health_check_uri="/own",
        health_check_http_code="http_2xx",
        health_check_interval=9,
        health_check_timeout=9,
        healthy_threshold=2,
        unhealthy_threshold=2,
    )

    def set_to(settings, name="r"):
        rule = Rule.objects.get(listener=shop)
        return rules.change_rule(
            actor=actor,
            rule=rule,
            name=name,
            vserver_group=group,
            settings=settings,
            seen=rule_fingerprint(rule),
        )

    assert set_to(own)
    rule = Rule.objects.get(listener=shop)
    assert (RuleSettings.of(rule.settings).scheduler, rule.scheduler) == ("rr", "rr")
    assert rule.settings["health_check_connect_port"] == 8080
    assert not set_to(RuleSettings.of(rule.settings))
    without_port = replace(RuleSettings.of(rule.settings), health_check_connect_port=None)
    assert set_to(without_port)
    assert Rule.objects.get(pk=rule.pk).settings["health_check_connect_port"] is None
    assert set_to(None)
    assert not Drift.objects.exists(), "it is our own doing"
    assert (Rule.objects.get(pk=rule.pk).settings, Rule.objects.get().scheduler) == ({}, "")
    undo.undo(actor=actor, operation=Operation.objects.latest("pk"))
    assert Rule.objects.get(pk=rule.pk).settings["health_check_uri"] == "/own"


def new_rules(actor, listener, group):
    """One that follows its listener, one with settings of its own."""
    return rules.create_rules(
        actor=actor,
        listener=listener,
        rules=[
            rules.NewRule("plain", "a.example.com", "", group),
            rules.NewRule("own", "b.example.com", "", group, OWN),
        ],
    )


def test_rules_are_made_with_settings_of_their_own_by_one_operation(actor, shop, group):
    plain, own = new_rules(actor, shop, group)
    assert Rule.objects.get(pk=plain).settings == {}
    assert RuleSettings.of(Rule.objects.get(pk=own).settings) == OWN
    operation = Operation.objects.latest("pk")
    assert [call.action for call in operation.calls.all()] == ["CreateRules", "SetRule"]
    assert operation.after[1]["scheduler"] == "wlc"
    assert not Drift.objects.exists(), "it is our own doing"


def test_a_deleted_rule_comes_back_with_its_settings(actor, shop, group):
    own = new_rules(actor, shop, group)[1]
    rules.delete_rule(actor=actor, rule=Rule.objects.get(pk=own))
    undo.undo(actor=actor, operation=Operation.objects.latest("pk"))
    back = Rule.objects.get(name="own")
    assert back.pk != own
    assert RuleSettings.of(back.settings) == OWN


def test_a_rule_whose_settings_were_refused_takes_them_by_trying_the_rest(
    actor, shop, group, cloud
):
    fault = {"kind": "busy", "actions": ["SetRule"], "code": "ActionNotAllowed", "times": 1}
    assert ask(cloud.data_dir, "POST", "/faults", fault)[0] == 201
    with pytest.raises(CallFailed):
        new_rules(actor, shop, group)
    operation = Operation.objects.latest("pk")
    assert operation.status == Operation.Status.PARTLY_DONE
    undo.retry_rest(actor=actor, operation=operation)
    assert RuleSettings.of(Rule.objects.get(name="own").settings) == OWN


def test_a_rule_with_settings_that_somebody_deleted_is_brought_back(actor, shop, group, outsider):
    own = new_rules(actor, shop, group)[1]
    outsider.call("DeleteRules", RegionId=REGION, RuleIds=[own])
    sync.store(connect(REGION), shop.load_balancer_id, readings.listeners(shop.load_balancer_id))
    revert_drift(actor=actor, drift=Drift.objects.get(object_id=own))
    assert RuleSettings.of(Rule.objects.get(name="own").settings) == OWN
