"""Who gets a request, against the documentation's sentences, and why the others do not."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dataplane.documented import ASKED, DEFAULT, Pairs, documented
from tests.dataplane.world import routes
from vservers.models import Listener, LoadBalancer, Rule
from vservers.selectors.routing import Backend, Outcome, Reason, Routing, who_gets

Asked = tuple[Pairs, tuple[str, str]]


def listener(**columns: object) -> Listener:
    """A running HTTP listener with a group; nothing is read or written."""
    balancer = LoadBalancer(load_balancer_id="lb-1", status="active", address="127.64.0.1")
    values = {
        "load_balancer": balancer,
        "protocol": "http",
        "port": 80,
        "status": "running",
        "scheduler": "wrr",
        "vserver_group_id": DEFAULT,
    }
    return Listener(**values | columns)


def rules_of(pairs: Sequence[tuple[str, str]]) -> list[Rule]:
    return [
        Rule(rule_id=f"rule-{n}", domain=domain, url=url, vserver_group_id=f"rsp-{n}")
        for n, (domain, url) in enumerate(pairs)
    ]


def routing(pairs: Sequence[tuple[str, str]] = (), **columns: object) -> Routing:
    """Each rule has a group of its own with one server in it."""
    groups = {f"rsp-{n}": [Backend(f"i-{n}", 80, 100)] for n in range(len(pairs))}
    groups[DEFAULT] = [Backend("i-default", 80, 100)]
    return Routing(listener(**columns), rules_of(pairs), groups, [Backend("i-pool", 8080, 100)])


@given(ASKED)
def test_the_documented_group_takes_the_request(asked: Asked) -> None:
    pairs, (host, path) = asked
    answer = who_gets(routing(pairs), host=host, path=path)
    oracle = documented(
        routes(*((domain, url, f"rsp-{n}") for n, (domain, url) in enumerate(pairs))), host, path
    )
    assert answer.taken is not None
    assert answer.taken.vserver_group_id == oracle
    assert [one.backend.server_id for one in answer.servers] == [f"i-{oracle[4:]}"]


@given(ASKED, st.randoms(use_true_random=False))
def test_the_order_in_which_rules_are_given_does_not_matter(
    asked: Asked, chance: random.Random
) -> None:
    pairs, (host, path) = asked
    whole = routing(pairs)
    shuffled = replace(whole, rules=chance.sample(whole.rules, len(whole.rules)))
    assert who_gets(whole, host=host, path=path) == who_gets(shuffled, host=host, path=path)


@given(ASKED, st.data())
def test_only_the_rule_that_takes_the_request_is_missed(asked: Asked, data: st.DataObject) -> None:
    """Without any other rule the answer is the same; without it, another one's."""
    pairs, (host, path) = asked
    whole = routing(pairs)
    before = who_gets(whole, host=host, path=path)
    if not whole.rules:
        return
    gone = data.draw(st.sampled_from(whole.rules))
    after = who_gets(
        replace(whole, rules=[rule for rule in whole.rules if rule is not gone]),
        host=host,
        path=path,
    )
    assert before.taken is not None
    if before.taken.rule is gone:
        assert after.taken is not None
        assert after.taken.vserver_group_id != before.taken.vserver_group_id
    else:
        assert (after.taken, after.servers) == (before.taken, before.servers)


@given(ASKED)
def test_every_candidate_is_judged_once_and_at_most_one_takes(asked: Asked) -> None:
    pairs, (host, path) = asked
    answer = who_gets(routing(pairs), host=host, path=path)
    assert {one.rule.pk for one in answer.candidates if one.rule} == {
        f"rule-{n}" for n in range(len(pairs))
    }
    assert [one.vserver_group_id for one in answer.candidates if not one.rule] == [DEFAULT, ""]
    assert [one for one in answer.candidates if one.reason is Reason.TAKES] == [answer.taken]
    assert all(one.why for one in answer.candidates)


def test_each_candidate_says_why() -> None:
    pairs = [("www.a.com", "/abc"), ("*.a.com", ""), ("www.a.com", "/x"), ("b.com", "")]
    answer = who_gets(routing(pairs), host="WWW.a.com:8080", path="/abcd?y")
    assert [(str(one.rule or one.vserver_group_id), one.reason) for one in answer.candidates] == [
        ("www.a.com/abc", Reason.TAKES),
        ("www.a.com/x", Reason.OTHER_URL),
        ("b.com", Reason.OTHER_DOMAIN),
        ("*.a.com", Reason.TRIED_LATER),
        (DEFAULT, Reason.TRIED_LATER),
        ("", Reason.TRIED_LATER),
    ]
    assert [one.why for one in answer.candidates][1:4] == [
        "/abcd?y does not begin with /x.",
        "www.a.com is not of b.com.",
        "It matches too, but www.a.com/abc goes first.",
    ]


def test_a_listener_with_a_group_never_uses_the_pool() -> None:
    answer = who_gets(routing(), host="a.com", path="/")
    assert [one.reason for one in answer.candidates] == [Reason.TAKES, Reason.LISTENER_HAS_GROUP]


def test_a_listener_without_group_uses_the_pool_on_its_port() -> None:
    without = routing(vserver_group_id=None, backend_server_port=8080)
    answer = who_gets(without, host="a.com", path="/")
    assert answer.outcome is Outcome.SERVED
    assert [one.backend.server_id for one in answer.servers] == ["i-pool"]


@pytest.mark.parametrize(
    ("columns", "pairs"),
    [({"vserver_group_id": None}, []), ({}, [("a.com", "")])],
    ids=["a primary/secondary group", "a group made a moment ago"],
)
def test_what_the_mirror_does_not_hold_is_said(columns: dict, pairs: Pairs) -> None:
    partial = routing(pairs, **columns)
    for rule in partial.rules:
        rule.vserver_group_id = None
    answer = who_gets(partial, host="a.com", path="/")
    assert (answer.outcome, answer.servers) == (Outcome.UNKNOWN, ())


@pytest.mark.parametrize(("port", "said"), [(443, "a.com"), (8443, "a.com:8443")])
def test_a_listener_that_forwards_to_https_serves_nobody(port: int, said: str) -> None:
    answer = who_gets(routing([("a.com", "")], forward_port=port), host="A.com:8080", path="/b?c")
    assert (answer.outcome, answer.taken, answer.servers) == (Outcome.REDIRECTED, None, ())
    assert answer.redirect_to == f"https://{said}/b?c"
    assert {one.reason for one in answer.candidates} == {Reason.REDIRECTED}


def test_a_stopped_listener_is_closed_but_says_who_would_serve() -> None:
    answer = who_gets(routing(status="stopped"), host="a.com", path="/")
    assert answer.outcome is Outcome.CLOSED
    assert [one.backend.server_id for one in answer.servers] == ["i-default"]


def with_backends(*rows: tuple[int, str], **columns: object) -> list[float]:
    """The shares of servers of (weight, health)."""
    backends = [Backend(f"i-{n}", 80, weight, health) for n, (weight, health) in enumerate(rows)]
    answer = who_gets(
        Routing(listener(**columns), [], {DEFAULT: backends}, []), host="a.com", path="/"
    )
    assert (answer.outcome is Outcome.SERVED) == any(one.share for one in answer.servers)
    return [one.share for one in answer.servers]


def test_shares_follow_weight_and_health() -> None:
    rows = ((60, "normal"), (20, "unavailable"), (50, "abnormal"), (0, "normal"), (20, ""))
    assert with_backends(*rows) == [60, 20, 0, 0, 20]
    assert with_backends(*rows, scheduler="rr") == pytest.approx([100 / 3, 100 / 3, 0, 0, 100 / 3])


def test_no_server_left_means_nobody_and_no_fall_through() -> None:
    assert with_backends((0, "normal"), (100, "abnormal")) == [0, 0]
    assert with_backends() == []


@given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from(["", "normal", "abnormal"]))))
def test_shares_sum_to_a_hundred_or_nothing(rows: list[tuple[int, str]]) -> None:
    total = sum(with_backends(*rows))
    takes = any(weight and health != "abnormal" for weight, health in rows)
    assert total == pytest.approx(100 if takes else 0)


def test_a_rule_with_a_scheduler_of_its_own_uses_that() -> None:
    whole = routing([("a.com", "")])
    whole.rules[0].scheduler = "rr"
    groups = {"rsp-0": [Backend("i-1", 80, 90), Backend("i-2", 80, 10)]}
    answer = who_gets(replace(whole, groups=groups), host="a.com", path="/")
    assert [one.share for one in answer.servers] == [50, 50]
