"""Who gets a request by the mirror's word, beside who answers it in truth.

Rules are made through the API of a local cloud with HAProxy, mirrored over HTTP as ever, and real
requests are sent.
"""

import http.client
import itertools
import shutil
import time
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck as Concern
from hypothesis import given, settings
from hypothesis import strategies as st

from console.accounts.models import User
from console.audit.models import AuditEntry
from tests.cloud import (  # noqa: F401 - fixtures of this module
    balancer,
    cloud,
    connect,
    mirror,
    new_balancer,
    outsider,
    web,
)
from tests.dataplane.documented import ASKED_OFTEN, Pairs
from tests.localcloud.client import Client
from vservers.models import Listener, LoadBalancer
from vservers.pages.who_gets.levels import split_of
from vservers.selectors.routing import Outcome, Routing, routing_of, who_gets
from vservers.selectors.samples import Fit
from vservers.services.sampling import send_requests

pytestmark = [
    pytest.mark.dataplane,
    pytest.mark.xdist_group("served"),
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="HAProxy is not installed"),
]
PORT = 80
GROUPS = 12
FIRST_GROUP_PORT = 9000
POOL_PORT = 9100
MARK_PORT = 9200
ROWS_PER_CALL = 10
SERVED_SECONDS = 30
_numbers = itertools.count()


class Shop:
    """A balancer with a running HTTP listener, and a group for each server port.

    A server answers with the port that it was asked on, so each answer names one group.
    """

    def __init__(self, client: Client, row: LoadBalancer) -> None:
        self.client = client
        self.balancer = row
        self.where = {"LoadBalancerId": row.pk, "RegionId": row.region_id}
        self.at = {**self.where, "ListenerPort": PORT}
        self.call("AddBackendServers", BackendServers=[{"ServerId": web(1)}], **self.where)
        self.call(
            "CreateLoadBalancerHTTPListener",
            HealthCheck="off",
            BackendServerPort=POOL_PORT,
            **self.at,
        )
        self.call("StartLoadBalancerListener", **self.at)
        self.groups = [self.group([(1 + n % 7, FIRST_GROUP_PORT + n, 100)]) for n in range(GROUPS)]
        self.mark = self.group([(1, MARK_PORT, 100)])
        self.rules: list[str] = []

    def call(self, action: str, **params: Any) -> dict[str, Any]:
        return self.client.call(action, **params)

    def group(self, rows: list[tuple[int, int, int]]) -> str:
        """A group of (number of a web server, port, weight)."""
        servers = [{"ServerId": web(n), "Port": port, "Weight": w} for n, port, w in rows]
        return self.call("CreateVServerGroup", BackendServers=servers, **self.where)[
            "VServerGroupId"
        ]

    def set_group(self, group: str) -> None:
        """Give the listener a group; "" for the default server pool."""
        chosen = (
            {"VServerGroup": "on", "VServerGroupId": group} if group else {"VServerGroup": "off"}
        )
        self.call("SetLoadBalancerHTTPListenerAttribute", **chosen, **self.at)

    def set_rules(self, pairs: Pairs) -> None:
        """These rules and no others, over the groups in turn; waits until they are served.

        The last one made has a host of its own: once that one is served, so are all others.
        """
        for some in itertools.batched(self.rules, ROWS_PER_CALL):
            self.call("DeleteRules", RegionId=self.where["RegionId"], RuleIds=list(some))
        host = f"made-{next(_numbers)}.mark.test"
        rows = [
            {"RuleName": f"rule-{n}", "VServerGroupId": self.groups[n % GROUPS]}
            | ({"Domain": domain} if domain else {})
            | ({"Url": url} if url else {})
            for n, (domain, url) in enumerate(pairs)
        ]
        rows.append({"RuleName": "mark", "VServerGroupId": self.mark, "Domain": host})
        self.rules = []
        for some in itertools.batched(rows, ROWS_PER_CALL):
            made = self.call("CreateRules", RuleList=list(some), **self.at)
            self.rules += [rule["RuleId"] for rule in made["Rules"]["Rule"]]
        self.until_served_by(MARK_PORT, host)

    def until_served_by(self, port: int, host: str) -> None:
        deadline = time.monotonic() + SERVED_SECONDS
        answer: object = None
        while answer != (200, web(1), port):
            assert time.monotonic() < deadline, answer
            time.sleep(0.02)
            # The listener itself may not be bound yet.
            try:
                answer = self.ask(host, "/")
            except ConnectionRefusedError as error:
                answer = error

    def ask(self, host: str, target: str) -> tuple[int, str, int]:
        """Status, and the server and its port that answered."""
        connection = http.client.HTTPConnection(self.served_at, timeout=10)
        try:
            connection.request("GET", target, headers={"Host": host})
            answer = connection.getresponse()
            lines = answer.read().decode().splitlines()
        finally:
            connection.close()
        if answer.status != http.client.OK:
            return answer.status, "", 0
        return answer.status, lines[0], int(lines[1].rpartition(":")[2])

    @property
    def served_at(self) -> str:
        return str(self.listener().served_at)

    def listener(self) -> Listener:
        return self.balancer.listeners.get(port=PORT)

    def mirrored(self) -> Routing:
        mirror(self.balancer.pk)
        return routing_of(self.listener())


@pytest.fixture
def shop(outsider: Client, balancer: LoadBalancer) -> Shop:  # noqa: F811 - a fixture
    made = Shop(outsider, balancer)
    made.mirrored()
    return made


def named(routing: Routing, host: str, target: str) -> tuple[int, str, int]:
    """The only server that the answer leaves."""
    answer = who_gets(routing, host=host, path=target)
    assert answer.outcome is Outcome.SERVED
    (chance,) = (one for one in answer.servers if one.share)
    return 200, chance.backend.server_id, chance.backend.port


@settings(max_examples=15, deadline=None, suppress_health_check=list(Concern))
@given(asked=ASKED_OFTEN, by_group=st.booleans())
def test_the_server_that_answers_is_the_one_that_was_named(
    shop: Shop, asked: tuple[Pairs, list[tuple[str, str]]], by_group: bool
) -> None:
    pairs, requests = asked
    shop.set_group(shop.groups[0] if by_group else "")
    shop.set_rules(pairs)
    routing = shop.mirrored()
    assert len(routing.rules) == len(pairs) + 1
    answers = {request: shop.ask(*request) for request in requests}
    assert answers == {request: named(routing, *request) for request in requests}


@pytest.mark.parametrize("scheduler", ["wrr", "rr"])
def test_servers_answer_in_the_shares_that_were_named(shop: Shop, scheduler: str) -> None:
    shop.call("SetLoadBalancerHTTPListenerAttribute", Scheduler=scheduler, **shop.at)
    shop.set_group(shop.group([(1, 9300, 60), (2, 9300, 30), (3, 9300, 10), (4, 9300, 0)]))
    shop.set_rules([])
    answer = who_gets(shop.mirrored(), host="a.com", path="/")
    seen = Counter(shop.ask("a.com", "/")[1] for _ in range(200))
    for one in answer.servers:
        assert seen[one.backend.server_id] == pytest.approx(2 * one.share, abs=3)


def test_a_group_without_weight_or_servers_answers_with_an_error(shop: Shop) -> None:
    shop.groups[:2] = [shop.group([(1, 9300, 0)]), shop.group([])]
    shop.set_rules([("drained.com", ""), ("empty.com", "")])
    routing = shop.mirrored()
    for host in ("drained.com", "empty.com"):
        assert who_gets(routing, host=host, path="/").outcome is Outcome.NOBODY
        assert shop.ask(host, "/")[0] == http.client.SERVICE_UNAVAILABLE


def test_a_hundred_real_requests_are_split_as_expected_and_noted(
    shop: Shop, operator: User
) -> None:
    shop.set_group(shop.group([(1, 9300, 60), (2, 9300, 30), (3, 9300, 10), (4, 9300, 0)]))
    shop.set_rules([])
    shop.mirrored()
    shop.until_served_by(MARK_PORT, f"made-{next(_numbers) - 1}.mark.test")
    sample = send_requests(
        actor=operator.as_actor(), listener=shop.listener(), host="a.com", path="/"
    )
    assert (sample.sent, sum(sample.servers.values()), sample.cut) == (100, 100, False)
    split = split_of(routing_of(shop.listener()), sample)
    assert split.verdict.fit is Fit.FITS
    assert {row.weight: row.count for row in split.rows} == pytest.approx(
        {60: 60, 30: 30, 10: 10, 0: 0}, abs=3
    )
    entry = AuditEntry.objects.get(verb="send sample requests")
    assert (entry.actor_name, entry.after["sent"]) == ("operator", 100)


def test_a_sample_of_a_drained_group_is_answered_by_nobody(shop: Shop, operator: User) -> None:
    shop.groups[0] = shop.group([(1, 9300, 0)])
    shop.set_rules([("drained.com", "")])
    shop.mirrored()
    sample = send_requests(
        actor=operator.as_actor(), listener=shop.listener(), host="drained.com", path="/", count=5
    )
    assert sample.others == {"503": 5}
    split = split_of(routing_of(shop.listener()), sample)
    assert (split.level, split.words) == ("ok", "No server answered, as expected.")


def test_open_connections_are_told_by_server(shop: Shop) -> None:
    shop.set_group(shop.group([(1, 9300, 100)]))
    shop.set_rules([])
    shop.mirrored()
    told = {
        (one.server_id, one.port): one.connections
        for one in connect().slb.describe_health_status(shop.balancer.pk)
    }
    assert told[web(1), 9300] == 0
