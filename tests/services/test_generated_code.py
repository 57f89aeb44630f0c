"""The code that a plan is shown as does what the console would do, run by real interpreters."""

import ast
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import hcl2
import pytest

from tests.cloud import REGION, mirror, web
from vservers.cloud.calls import Call
from vservers.cloud.settings import HTTPSettings, RuleSettings
from vservers.cloud.types import BackendServer
from vservers.models import LoadBalancer
from vservers.selectors.fingerprints import fingerprint, listener_fingerprint, pool_fingerprint
from vservers.services import groups, listeners, pool, rules
from vservers.services.changes import NEW, new_rule_name
from vservers.services.code import command_line, python_sdk
from vservers.services.desired import desired
from vservers.services.hcl import escape
from vservers.services.terraform import terraform

pytestmark = pytest.mark.contract

RUN_SECONDS = 60
NASTY = "a'b\"c$(id)`id`\\d ${e} %{ f } \n-é 商"

# Of every call, as the program that is called aliyun here gives it.
ANSWER = {
    "RequestId": "r",
    "VServerGroupId": "rsp-made",
    "Rules": {"Rule": [{"RuleId": f"rule-{n}", "RuleName": f"r{n}"} for n in range(12)]},
}


@pytest.fixture
def actor(operator):
    return operator.as_actor()


def run_python(code, cloud, folder: Path):
    """As a person would: a file, the SDK, the keys in the environment."""
    program = folder / "change.py"
    program.write_text(code)
    ended = subprocess.run(
        [sys.executable, program],
        env=os.environ
        | {
            "ALIBABA_CLOUD_ACCESS_KEY_ID": cloud.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": cloud.access_key_secret,
            "SLB_ENDPOINT": cloud.host,
            "SLB_PROTOCOL": "HTTP",
        },
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def run_shell(code, folder: Path):
    """[(action, {parameter: value})] as bash hands them to a program called aliyun."""
    log = folder / "calls"
    stand_in = folder / "aliyun"
    stand_in.write_text(
        f"#!{sys.executable}\n"
        "import json, sys\n"
        f"open({str(log)!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\n"
        f"print({json.dumps(json.dumps(ANSWER, indent=2))})\n"
    )
    stand_in.chmod(0o755)
    subprocess.run(
        ["bash", "-c", code],
        env={"PATH": f"{folder}:{os.environ['PATH']}"},
        capture_output=True,
        timeout=RUN_SECONDS,
        check=True,
    )
    return [_parsed(json.loads(line)) for line in log.read_text().splitlines()]


def _parsed(words):
    assert words[0] == "slb"
    assert words[2:4] == ["--region", REGION]
    params, rest = {}, words[4:]
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        params[name.removeprefix("--")] = value if equals else rest.pop(0)
    return words[1], params


def world(balancer):
    """Everything of a load balancer but its IDs."""
    balancer = mirror(balancer.pk)
    names = {group.pk: group.name for group in balancer.vserver_groups.all()}
    return {
        "groups": sorted(
            (group.name, sorted(group.members.values_list("server_id", "port", "weight")))
            for group in balancer.vserver_groups.all()
        ),
        "pool": sorted(balancer.pool_servers.values_list("server_id", "weight")),
        "listeners": [
            (one.port, one.status, names.get(one.vserver_group_id), one.description, one.settings)
            for one in balancer.listeners.all()
        ],
        "rules": [
            (rule.domain, rule.url, rule.name, names.get(rule.vserver_group_id), rule.settings)
            for one in balancer.listeners.all()
            for rule in one.rules.all()
        ],
    }


def members(*rows):
    return [BackendServer(server_id=one, port=port, weight=weight) for one, port, weight in rows]


def _group(balancer, name="shop"):
    return balancer.vserver_groups.get(name=name)


MANY = members(*[(web(1), 8000 + number, 100) for number in range(41)])
OTHERS = members((web(2), 80, 30), (web(1), 8001, 0), (web(1), 8002, 100))
# Rules with settings of their own.
OWN = {1: RuleSettings(scheduler="wlc"), 10: RuleSettings(scheduler="rr", health_check="off")}

# (verb, plan, arguments of both), in the order of a load balancer's life.
LIFE = [
    (
        groups.create_group,
        groups.plan_new_group,
        lambda lb: {"load_balancer": lb, "name": "shop", "members": MANY},
    ),
    (
        groups.change_group,
        groups.plan_group_change,
        lambda lb: {
            "group": _group(lb),
            "name": "--shop/商",
            "members": OTHERS,
            "seen": fingerprint(_group(lb)),
        },
    ),
    (
        listeners.create_listener,
        listeners.plan_new_listener,
        lambda lb: {
            "load_balancer": lb,
            "protocol": "http",
            "port": 80,
            "spec": listeners.ListenerSpec(
                settings=HTTPSettings(),
                vserver_group=_group(lb, "--shop/商"),
                backend_server_port=8080,
                description="front",
            ),
            "start": True,
        },
    ),
    (
        listeners.change_listener,
        listeners.plan_listener_change,
        lambda lb: {
            "listener": lb.listeners.get(),
            "spec": listeners.ListenerSpec(
                settings=HTTPSettings(
                    scheduler="rr",
                    sticky_session="on",
                    sticky_session_type="insert",
                    cookie_timeout=60,
                    x_forwarded_for_slbid="on",
                    x_forwarded_for_proto="on",
                    health_check_uri="/up",
                    health_check_domain="a.example.com",
                ),
                description="front",
            ),
            "seen": listener_fingerprint(lb.listeners.get()),
        },
    ),
    (
        rules.create_rules,
        rules.plan_new_rules,
        lambda lb: {
            "listener": lb.listeners.get(),
            "rules": [
                rules.NewRule(
                    f"r{n}", "*.example.com", f"/a?b%{n}&c", _group(lb, "--shop/商"), OWN.get(n)
                )
                for n in range(11)
            ],
        },
    ),
    (
        pool.add_pool_servers,
        pool.plan_pool_addition,
        lambda lb: {"load_balancer": lb, "weights": {web(n): n for n in range(1, 5)}},
    ),
    (
        pool.set_pool_weights,
        pool.plan_pool_weights,
        lambda lb: {"load_balancer": lb, "weights": {web(1): 0}, "seen": pool_fingerprint(lb)},
    ),
    (
        pool.remove_pool_servers,
        pool.plan_pool_removal,
        lambda lb: {"load_balancer": lb, "server_ids": [web(2), web(3)]},
    ),
    (
        rules.delete_rule,
        rules.plan_rule_deletion,
        lambda lb: {"rule": lb.listeners.get().rules.get(name="r1")},
    ),
    (
        listeners.stop_listener,
        lambda **arguments: listeners.plan_listener_status(status="stopped", **arguments),
        lambda lb: {"listener": lb.listeners.get()},
    ),
    (
        listeners.delete_listener,
        listeners.plan_listener_deletion,
        lambda lb: {"listener": lb.listeners.get()},
    ),
    (
        groups.delete_group,
        groups.plan_group_deletion,
        lambda lb: {"group": _group(lb, "--shop/商")},
    ),
]


def test_the_python_program_does_what_the_console_does(actor, cloud, new_balancer, tmp_path):
    by_console, by_program = new_balancer(), new_balancer()
    for verb, plan, arguments in LIFE:
        made = plan(actor=actor, **arguments(by_program))
        run_python(python_sdk([c.call for c in made.calls], REGION), cloud, tmp_path)
        verb(actor=actor, **arguments(by_console))
        assert world(by_program) == world(by_console), verb.__name__
        by_console, by_program = (
            LoadBalancer.objects.get(pk=one.pk) for one in (by_console, by_program)
        )


def test_bash_hands_every_parameter_over_as_the_console_sends_it(
    actor, cloud, new_balancer, tmp_path
):
    balancer = new_balancer()
    for number, (verb, plan, arguments) in enumerate(LIFE):
        calls = [planned.call for planned in plan(actor=actor, **arguments(balancer)).calls]
        folder = tmp_path / str(number)
        folder.mkdir()
        made = run_shell(command_line(calls, REGION), folder)
        assert made == [
            (
                call.action,
                {
                    name: "rsp-made"
                    if value == NEW
                    else f"rule-{rule.removeprefix('r')}"
                    if (rule := new_rule_name(value))
                    else str(value)
                    for name, value in call.params.items()
                },
            )
            for call in calls
        ]
        verb(actor=actor, **arguments(balancer))


def test_nothing_that_was_typed_leaves_its_quotes(tmp_path):
    call = Call("SetVServerGroupAttribute", {"VServerGroupId": "-x", "VServerGroupName": NASTY})
    assert run_shell(command_line([call], REGION), tmp_path) == [(call.action, dict(call.params))]
    program = ast.parse(python_sdk([call], REGION))
    texts = {node.value for node in ast.walk(program) if isinstance(node, ast.Constant)}
    assert {"-x", NASTY} <= texts


def parsed(plan):
    """The configuration of a plan as a parser of HCL reads it."""
    plan_text = terraform(desired(plan.place, plan.changes))
    return hcl2.loads(plan_text), plan_text


def bare(value):
    """Without the quotes that the parser leaves around text."""
    return value.strip('"') if isinstance(value, str) else value


def resource(read, kind):
    """The arguments of the one resource of a kind."""
    found = [
        inner
        for block in read.get("resource", [])
        for its_kind, named in block.items()
        if bare(its_kind) == kind
        for inner in named.values()
    ]
    (one,) = found
    return {name: bare(value) for name, value in one.items() if name != "__is_block__"}


def test_terraform_has_the_whole_group_and_takes_over_what_exists(actor, balancer):
    new = groups.plan_new_group(
        actor=actor, load_balancer=balancer, name="shop", members=members((web(1), 80, 10))
    )
    read, text = parsed(new)
    assert "import" not in read
    assert NEW not in text
    assert resource(read, "alicloud_slb_server_group")["name"] == "shop"
    group = groups.create_group(
        actor=actor,
        load_balancer=balancer,
        name="shop",
        members=members((web(1), 80, 10), (web(2), 80, 20)),
    )
    # Only one row changes and one comes; the configuration has all three.
    change = groups.plan_group_change(
        actor=actor,
        group=group,
        name="shop",
        members=members((web(1), 80, 10), (web(2), 80, 0), (web(3), 81, 5)),
        seen=fingerprint(group),
    )
    read, text = parsed(change)
    attachment = resource(read, "alicloud_slb_server_group_server_attachment")
    rows = {
        bare(name): {bare(k): bare(v) for k, v in row.items()}
        for name, row in attachment["for_each"].items()
    }
    assert rows == {
        f"{web(1)}:80": {"server_id": web(1), "port": 80, "weight": 10},
        f"{web(2)}:80": {"server_id": web(2), "port": 80, "weight": 0},
        f"{web(3)}:81": {"server_id": web(3), "port": 81, "weight": 5},
    }
    assert bare(read["import"][0]["id"]) == group.pk
    assert f'for_each = toset(["{web(1)}:80", "{web(2)}:80"])' in text


def test_terraform_has_listeners_rules_and_the_pool(actor, cloud, balancer):
    for verb, plan, arguments in LIFE:
        read, text = parsed(plan(actor=actor, **arguments(balancer)))
        if verb is listeners.change_listener:
            one = resource(read, "alicloud_slb_listener")
            assert (one["frontend_port"], one["scheduler"], one["gzip"]) == (80, "rr", True)
            assert one["health_check_uri"] == "/up"
            assert bare(read["import"][0]["id"]) == f"{balancer.pk}:http:80"
        if verb is rules.create_rules:
            assert len(read["resource"]) == 11
        if verb is pool.set_pool_weights:
            rows = resource(read, "alicloud_slb_backend_server")["backend_servers"]
            assert [(bare(row["server_id"]), row["weight"]) for row in rows] == [
                (web(1), 0),
                (web(2), 2),
                (web(3), 3),
                (web(4), 4),
            ]
        if verb is listeners.stop_listener:
            assert "none of its arguments stops one" in text
        if verb is groups.delete_group:
            assert "resource" not in read
            assert "Take out of the configuration" in text
        verb(actor=actor, **arguments(balancer))


@pytest.mark.parametrize("text", ["${file(1)}", "%{ if true }", 'a" }', "a\nb", "a\\", "\x00é商"])
def test_text_stays_text_in_terraform(text):
    read = hcl2.loads(f'a = "{escape(text)}"\nb = 1\n')
    assert read["b"] == 1
    assert "\n" not in escape(text)


def test_the_shell_script_stops_at_the_first_refusal(tmp_path):
    call = Call("DeleteVServerGroup", {"VServerGroupId": "rsp-1"})
    script = command_line([call, call], REGION)
    log = tmp_path / "calls"
    stand_in = tmp_path / "aliyun"
    stand_in.write_text(f"#!/bin/sh\necho called >> {shlex.quote(str(log))}\nexit 1\n")
    stand_in.chmod(0o755)
    ended = subprocess.run(
        ["bash", "-c", script], env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, check=False
    )
    assert ended.returncode == 1
    assert log.read_text() == "called\n"
