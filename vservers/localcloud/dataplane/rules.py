"""In which order the forwarding rules of a listener are tried."""

from collections.abc import Iterable

from vservers.localcloud.dataplane.topology import Route

_EXACT, _WILDCARD, _ANY = range(3)


def match_order(routes: Iterable[Route]) -> list[Route]:
    """The routes, strongest first: the first one that fits a request takes it.

    Exact domains, then wildcards with the longer one first, then rules without domain; within one
    domain the longest url prefix first and the domain-only rule last. Trying them in this order
    also gives the documented way on: no rule of the best domain fits the path, so the next weaker
    domain has its turn.
    """
    return sorted(routes, key=_rank)


def _rank(route: Route) -> tuple[int, int, str, int, str]:
    domain = route.domain.lower()
    kind = _ANY if not domain else _WILDCARD if domain.startswith("*.") else _EXACT
    return kind, -len(domain), domain, -len(route.url), route.url
