"""Forwarding rules as the documentation's sentences have them: an oracle, and rules to ask it."""

from collections.abc import Sequence

from hypothesis import strategies as st

from vservers.localcloud.dataplane import Route

DEFAULT = "rsp-default"
DOMAINS = ["", "a.com", "*.a.com", "market.a.com", "*.market.a.com", "x.market.a.com", "b.a.com"]
URLS = ["", "/abc", "/abcd", "/abcde", "/abc/", "/ABC", "/abc?x=1", "/abc?x=", "/a%20b", "/b&c"]
HOSTS = [
    "a.com",
    "A.COM:8088",
    "market.a.com",
    "x.market.a.com",
    "y.market.a.com:80",
    "y.x.market.a.com",
    "b.a.com",
    "xa.com",
    "other.org",
]
TARGETS = ["/", "/ab", "/abc", "/abcde", "/abcdef", "/abc/d", "/ABC", "/abc?x=1", "/abc?x=2"]
TARGETS += ["/abcd?x=1", "/a%20b/c", "/b&c", "/b?y=/abc"]


def documented(rules: Sequence[Route], host: str, target: str) -> str:
    """The backend that the documentation names. Written apart from the code under test."""
    name = host.partition(":")[0].lower()
    domains = [name]
    domains += ["*" + name[at:] for at in range(1, len(name)) if name[at] == "."]  # longest first
    for domain in [*domains, ""]:
        fitting = [
            rule
            for rule in rules
            if rule.domain == domain
            and (target if "?" in rule.url else target.partition("?")[0]).startswith(rule.url)
        ]
        if fitting:
            return max(fitting, key=lambda rule: len(rule.url)).backend_key
    return DEFAULT


PAIRS = st.lists(
    st.tuples(st.sampled_from(DOMAINS), st.sampled_from(URLS)).filter(any),
    unique=True,
    max_size=40,
)

# Names, domains and paths that meet each other often.
_LABELS = st.sampled_from(["a", "b", "x", "market", "com"])
_NAMES = st.lists(_LABELS, min_size=2, max_size=4).map(".".join)
_PATHS = st.lists(st.sampled_from(["a", "ab", "abc", "ABC", "a%20b", ""]), min_size=1, max_size=3)
_TARGETS = st.builds(
    lambda parts, query: f"/{'/'.join(parts)}{query}", _PATHS, st.sampled_from(["", "?x", "?x&y"])
)
_ANY_DOMAIN = st.one_of(st.just(""), _NAMES, _NAMES.map("*.".__add__), st.sampled_from(DOMAINS))
# What the API takes as a rule's URL.
_ANY_URL = st.one_of(st.just(""), _TARGETS, st.sampled_from(URLS)).filter(
    lambda url: url != "/" and "=" not in url
)
_ANY_PAIRS = st.lists(st.tuples(_ANY_DOMAIN, _ANY_URL).filter(any), unique=True, max_size=39)
_ANY_HOST = st.one_of(_NAMES, _NAMES.map(str.upper), st.sampled_from(HOSTS))
_ANY_TARGET = st.one_of(_TARGETS, st.sampled_from(TARGETS))

Pairs = list[tuple[str, str]]


def requests(pairs: Pairs) -> st.SearchStrategy[tuple[str, str]]:
    """(host, target) that often meet one of the rules, or miss it narrowly."""
    names = [domain.removeprefix("*.") for domain, _ in pairs if domain]
    urls = [url for _, url in pairs if url]
    near_host = st.builds(
        str.__add__, st.sampled_from(["", "y.", "y"]), st.sampled_from(names or [""])
    )
    near_target = st.builds(
        str.__add__, st.sampled_from(urls or ["/"]), st.sampled_from(["", "x", "?x"])
    )
    return st.tuples(
        st.one_of(near_host if names else _ANY_HOST, _ANY_HOST),
        st.one_of(near_target, _ANY_TARGET),
    )


# Rules with one request, and with many.
ASKED = _ANY_PAIRS.flatmap(lambda pairs: st.tuples(st.just(pairs), requests(pairs)))
ASKED_OFTEN = _ANY_PAIRS.flatmap(
    lambda pairs: st.tuples(
        st.just(pairs), st.lists(requests(pairs), min_size=20, max_size=40, unique=True)
    )
)
