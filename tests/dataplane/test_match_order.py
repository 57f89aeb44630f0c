"""The order of forwarding rules, against a matcher written from the documentation's sentences."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck as Concern
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dataplane.documented import DEFAULT, HOSTS, PAIRS, TARGETS, documented
from tests.dataplane.world import Network, connected, routes, serve
from vservers.localcloud.dataplane import DataPlane, Route
from vservers.localcloud.dataplane.rules import match_order

pytestmark = pytest.mark.dataplane


def tried_in_order(rules: Sequence[Route], host: str, target: str) -> str:
    """The first rule of our order that fits."""
    name = host.partition(":")[0].lower()
    for rule in match_order(rules):
        wildcard = rule.domain.startswith("*.")
        if rule.domain and not (
            name.endswith(rule.domain[1:]) if wildcard else name == rule.domain
        ):
            continue
        if (target if "?" in rule.url else target.partition("?")[0]).startswith(rule.url):
            return rule.backend_key
    return DEFAULT


def _rules(pairs: Sequence[tuple[str, str]], backends: int = 40) -> tuple[Route, ...]:
    return routes(*((domain, url, f"rsp-{n % backends}") for n, (domain, url) in enumerate(pairs)))


@given(PAIRS, st.sampled_from(HOSTS), st.sampled_from(TARGETS))
def test_the_order_is_the_documented_one(
    pairs: list[tuple[str, str]], host: str, target: str
) -> None:
    rules = _rules(pairs)
    assert tried_in_order(rules, host, target) == documented(rules, host, target)


@settings(max_examples=12, deadline=None, suppress_health_check=[Concern.function_scoped_fixture])
@given(data=st.data())
async def test_traffic_goes_where_it_is_documented(
    plane: DataPlane, network: Network, data: st.DataObject
) -> None:
    rules = _rules(data.draw(PAIRS.filter(lambda pairs: len(pairs) > 5)))
    keys = [DEFAULT, *(rule.backend_key for rule in rules)]
    backends = [network.backend(key, [100], first=n) for n, key in enumerate(keys)]
    await serve(plane, network.listener(*backends, routes=rules))
    async with connected(network.balancer) as client:
        for host in HOSTS:
            for target in TARGETS:
                answer = await client.ask(target, host=host)
                expected = keys.index(documented(rules, host, target))
                assert answer.server == f"i-{expected}", (host, target)


@pytest.mark.parametrize(
    ("host", "target", "expected"),
    [
        ("info.market.a.com", "/", "long"),
        ("info.a.com", "/", "short"),
        ("deep.er.a.com", "/", "short"),
        ("market.a.com", "/", "short"),
        ("a.com", "/", DEFAULT),
        ("shop.a.com", "/cart", "cart"),
        ("shop.a.com", "/else", "shop"),
        ("pay.a.com", "/v2", "short"),
        ("pay.a.com", "/v1/x", "pay"),
        ("nowhere.org", "/v1/x", DEFAULT),
        ("nowhere.org", "/static/x", "static"),
        ("info.market.a.com", "/static/x", "long"),
    ],
)
def test_examples(host: str, target: str, expected: str) -> None:
    rules = routes(
        ("", "/static", "static"),
        ("*.a.com", "", "short"),
        ("pay.a.com", "/v1", "pay"),
        ("shop.a.com", "", "shop"),
        ("*.market.a.com", "", "long"),
        ("shop.a.com", "/cart", "cart"),
    )
    assert documented(rules, host, target) == expected
    assert tried_in_order(rules, host, target) == expected
