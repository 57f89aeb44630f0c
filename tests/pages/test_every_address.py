"""Every address of the console: who gets in, and what it answers to what no form of ours sends."""

from collections.abc import Iterator
from itertools import cycle, islice

import pytest
from django.db import transaction
from django.http import QueryDict
from django.urls import URLResolver, get_resolver, reverse

from console.accounts.models import User
from tests.cloud import REGION, place, the_account, web
from tests.pages.addresses import HTMX

# What somebody without a role may still do: sign out, their own security, what they prefer.
OWN = {"home", "preferences", "language-choose", "theme-choose"}
# What monitors ask, and what is needed before anybody is known.
OPEN = {"health-live", "health-ready", "language-choose", "theme-choose"}
# What a reader posts: readings of the cloud, and the columns they like to see.
READINGS = {"groups-export-csv", "groups-export-json", "balancers-columns"}
# No number of a form has so many digits; Python itself refuses to read them.
LONG = "9" * 5000
ODD = (LONG, "http://[", "a\x00b", "\u0663", "-1")


def _patterns(resolver: URLResolver, converters: frozenset[str]) -> Iterator[tuple[str, set[str]]]:
    for one in resolver.url_patterns:
        has = converters | one.pattern.converters.keys()
        if isinstance(one, URLResolver):
            yield from _patterns(one, has)
        elif one.name:
            yield one.name, has


def _is_allauths(name: str) -> bool:
    return name.startswith(("account_", "mfa_"))


@pytest.fixture
def urls(operator, balancer, group, listener) -> dict[str, str]:
    """{name: address} of every view of ours, of things that are there where that is easy."""
    things = {
        "region": REGION,
        "balancer_id": balancer.pk,
        "group_id": group.pk,
        "protocol": listener.protocol,
        "port": listener.port,
        "server_id": web(1),
        "account_id": the_account().pk,
        "place_id": place().pk,
        "person_id": operator.pk,
        "act": "start",
        "wish": "pause",
    }
    found = {}
    for name, converters in _patterns(get_resolver(), frozenset()):
        if not _is_allauths(name):
            found[name] = reverse(name, kwargs={key: things.get(key, 1) for key in converters})
    assert len(found) > 100
    return found


def test_nobody_gets_in_without_signing_in(client, urls):
    for name in urls.keys() - OPEN:
        for answer in (client.get(urls[name]), client.post(urls[name])):
            assert (answer.status_code, answer.url[:17]) == (302, "/accounts/login/?"), name


def test_somebody_without_a_role_finds_nothing(client_of, stranger, urls):
    client = client_of(stranger)
    for name in urls.keys() - OWN - OPEN:
        assert {client.get(urls[name]).status_code, client.post(urls[name]).status_code} <= {
            404,
            405,
        }, name


def test_a_reader_changes_nothing(client_of, reader, urls):
    client = client_of(reader)
    for name in urls.keys() - OWN - OPEN - READINGS:
        if not name.endswith(("-refresh", "-reread")):
            assert client.post(urls[name]).status_code in {403, 405}, name


@pytest.fixture
def names_read(monkeypatch) -> set[str]:
    """The parameters that views and forms have looked for so far."""
    names: set[str] = set()

    def watched(method):
        def watching(self, name, *rest):
            names.add(name)
            return method(self, name, *rest)

        return watching

    for method in ("__getitem__", "__contains__", "get", "getlist"):
        monkeypatch.setattr(QueryDict, method, watched(getattr(QueryDict, method)))
    return names


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_no_form_of_ours_sends_breaks_nothing(
    client_of, administrator: User, urls, names_read, method
):
    ask = getattr(client_of(administrator), method)
    broken = {}
    for turn, name in enumerate(sorted(urls.keys() - OPEN)):
        names_read.clear()
        assert ask(urls[name], headers=HTMX).status_code < 500, name
        # Each parameter meets another value at each address.
        odd = islice(cycle(ODD), turn, None)
        values = dict(zip(sorted(names_read - {"once"}), odd, strict=False))
        with transaction.atomic():
            answer = ask(urls[name], values, headers={**HTMX, "HX-Current-URL": "http://["})
            transaction.set_rollback(True)
        if answer.status_code >= 500:
            broken[name] = values
    assert broken == {}


def test_a_number_inside_of_a_value_may_be_of_any_length(client_of, operator, urls, group):
    client = client_of(operator)
    side = f"side|{group.pk}|{web(1)}|{LONG}"
    for name, given in {
        "groups-drain": {"member": f"{web(1)}:{LONG}", "minutes": "5"},
        "groups-new": {"intent": f"port-all:{LONG}", "rows-TOTAL_FORMS": LONG},
        "groups-shift": {side: "from", "count": "1", "pause_seconds": "60", "percent": "100"},
        "housekeeping-remove": {"member": LONG},
        "pairs-new": {"intent": f"add-port:{LONG}"},
        "rules-new": {"rows": LONG, "intent": f"remove:{LONG}"},
    }.items():
        assert client.post(urls[name], given, headers=HTMX).status_code < 500, name
