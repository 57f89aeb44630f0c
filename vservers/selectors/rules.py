"""Forwarding rules in the order in which the cloud tries them, and what follows from it.

Source: exact domains go before wildcards and longer wildcards before shorter ones; of one domain
the longest URL prefix wins, and the rule without URL takes the rest.
"""

from collections.abc import Iterable, Sequence

from vservers.models import Listener, Rule

MAX_RULES_PER_LISTENER = 40
_EXACT, _WILDCARD, _ANY = range(3)


def rules_in_match_order(listener: Listener) -> list[Rule]:
    """The rules of a listener, the one that is tried first in front; 40 at most."""
    return match_order(listener.rules.select_related("vserver_group"))


def match_order(rules: Iterable[Rule]) -> list[Rule]:
    return sorted(rules, key=_rank)


def _rank(rule: Rule) -> tuple[int, int, str, int, str]:
    domain = rule.domain.lower()
    kind = _ANY if not domain else _WILDCARD if domain.startswith("*.") else _EXACT
    return kind, -len(domain), domain, -len(rule.url), rule.url


def successor(rule: Rule, ordered: Sequence[Rule]) -> Rule | None:
    """The rule that takes the requests of `rule` once it is gone; None: the listener itself.

    ordered: all rules of the listener in match order, with `rule` among them.
    """
    after = ordered[[other.pk for other in ordered].index(rule.pk) + 1 :]
    return next((other for other in after if _takes_all_of(other, rule)), None)


def _takes_all_of(other: Rule, rule: Rule) -> bool:
    return domain_matches(other.domain, rule.domain.lower()) and rule.url.startswith(other.url)


def domain_matches(domain: str, name: str) -> bool:
    """Whether a rule's domain covers a name; a wildcard covers any depth, not the bare domain."""
    domain = domain.lower()
    if domain.startswith("*."):
        return name.endswith(domain[1:])
    return domain in ("", name)


def domains_without_rest(rules: Iterable[Rule]) -> list[str]:
    """Domains that have rules for some URLs and none for the others."""
    rules = list(rules)
    whole = {rule.domain for rule in rules if not rule.url}
    return sorted({rule.domain for rule in rules if rule.url and rule.domain} - whole)
