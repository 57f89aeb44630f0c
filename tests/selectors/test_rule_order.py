"""In which order forwarding rules are tried, and who takes over from whom."""

from vservers.models import Rule
from vservers.selectors.rules import blocks_of, match_order, successor


def rules(*pairs):
    return [Rule(rule_id=f"{domain}{url}", domain=domain, url=url) for domain, url in pairs]


def test_exact_before_wildcards_before_no_domain_and_longer_urls_first():
    ordered = [
        ("www.a.com", "/abcd"),
        ("www.a.com", "/abc"),
        ("www.a.com", ""),
        ("*.market.a.com", ""),
        ("*.a.com", "/x"),
        ("", "/abcd"),
        ("", "/a"),
    ]
    found = match_order(rules(*reversed(ordered)))
    assert [(rule.domain, rule.url) for rule in found] == ordered


def test_the_successor_takes_every_request_of_the_rule():
    ordered = match_order(
        rules(
            ("www.a.com", "/abc"),
            ("www.a.com", "/ab"),
            ("www.a.com", "/x"),
            ("*.a.com", "/abc"),
            ("*.com", ""),
            ("", "/a"),
        )
    )
    heirs = {str(rule): str(heir) if (heir := successor(rule, ordered)) else "" for rule in ordered}
    assert heirs == {
        "www.a.com/abc": "www.a.com/ab",
        "www.a.com/ab": "*.com",
        "www.a.com/x": "*.com",
        "*.a.com/abc": "*.com",
        "*.com": "",
        "/a": "",
    }


def test_a_wildcard_does_not_take_over_from_the_bare_domain():
    ordered = match_order(rules(("a.com", ""), ("*.a.com", "")))
    assert successor(ordered[0], ordered) is None


def test_rules_of_one_domain_are_one_block_that_knows_whether_it_takes_the_rest():
    ordered = match_order(
        rules(("b.com", "/x"), ("b.com", "/y"), ("a.com", "/x"), ("a.com", ""), ("", "/z"))
    )
    found = [(block.domain, block.has_rest) for block in blocks_of(ordered)]
    assert found == [("a.com", True), ("b.com", False), ("", True)]
    places = [place for block in blocks_of(ordered) for place, _rule in block.rules]
    assert places == [1, 2, 3, 4, 5]
