"""The frame that is drawn once: what differs between persons and pages still does."""

import pytest
from django.test import RequestFactory

from console.accounts.actor import Actor
from console.shell import frame
from console.shell.context import Shell

pytestmark = pytest.mark.django_db


def shell(path: str, *, name: str = "ann", role: str = "operator") -> Shell:
    request = RequestFactory().get(path)
    request.actor = Actor(name=name, role=role)
    request.session = {}
    request.resolver_match = None
    return Shell(request)


def test_the_bar_comes_back_to_its_own_page_with_its_own_token():
    first = frame.top_bar(shell("/groups/?q=<a>"), csrf_token="one")
    second = frame.top_bar(shell("/balancers/"), csrf_token="two")
    assert 'value="/groups/?q=%3Ca%3E"' in first
    assert 'value="one"' in first
    assert 'value="/balancers/"' in second
    assert 'value="two"' in second
    assert "/groups/" not in second
    assert 'value="one"' not in second


def test_the_bar_and_the_menu_are_those_of_the_person():
    bar = frame.top_bar(shell("/", name="<bob>", role="viewer"), csrf_token="t")
    assert "&lt;bob&gt;" in bar
    assert "ann" not in bar
    viewer, administrator = (
        frame.global_menu(shell("/", role=role), region="cn-hangzhou", page="")
        for role in ("viewer", "administrator")
    )
    assert "People" in administrator
    assert "People" not in viewer
