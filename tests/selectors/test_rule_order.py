"""In which order forwarding rules are tried, and who takes over from whom."""

from vservers.models import Rule
from vservers.selectors.rules import domains_without_rest, match_order, successor


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


def test_domains_with_urls_only():
    found = domains_without_rest(
        rules(("b.com", "/x"), ("b.com", "/y"), ("a.com", "/x"), ("a.com", ""), ("", "/z"))
    )
    assert found == ["b.com"]
