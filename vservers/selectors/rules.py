"""Forwarding rules in the order in which the cloud tries them, and what follows from it.

Source: exact domains go before wildcards and longer wildcards before shorter ones; of one domain
the longest URL prefix wins, and the rule without URL takes the rest.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

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


@dataclass(frozen=True, slots=True)
class Block:
    """The rules of one domain, "" for any, each with its place in the order of all.

    has_rest: whether one of them takes the URLs that the others leave; without it they get 404.
    """

    domain: str
    rules: list[tuple[int, Rule]]

    @property
    def has_rest(self) -> bool:
        return not self.domain or any(not rule.url for _place, rule in self.rules)

    @property
    def last_group_id(self) -> str:
        """The group that a rule for the rest would most likely have."""
        return self.rules[-1][1].vserver_group_id or ""


def blocks_of(ordered: Iterable[Rule]) -> list[Block]:
    """Rules in match order, by domain; in that order those of one domain stand together."""
    numbered = enumerate(ordered, start=1)
    return [
        Block(domain, list(some))
        for domain, some in groupby(numbered, key=lambda one: one[1].domain.lower())
    ]
