"""Secrets stay out of error pages, also of those that developers see."""

import html

import pytest
from django.test import Client
from django.urls import path

from console.shell import redaction
from console.shell.sealing import seal, unseal

SECRET = 'Zq8 "quoted" & <odd> secret'


def breaks(request):
    """Has the secret in a local variable, a container, an exception and a form."""
    opened = unseal(request.GET["sealed"])
    held = {"key": [opened]}
    raise RuntimeError(f"{opened} {held}")


urlpatterns = [path("breaks/", breaks)]


@pytest.fixture
def broken(settings):
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
def test_the_debug_page_has_stars_where_the_secret_was(broken, settings, accept):
    settings.DEBUG = True
    sealed = seal(SECRET)
    answer = broken.post(
        f"/breaks/?sealed={sealed}",
        {"secret": SECRET},
        headers={"Accept": accept},
    )
    assert answer.status_code == 500
    page = answer.content.decode()
    assert "RuntimeError" in page
    assert redaction.STARS in page
    for spelling in (SECRET, html.escape(SECRET), repr(SECRET)[1:-1], html.escape(repr(SECRET))):
        assert spelling not in page


def test_ordinary_words_are_left_alone():
    redaction.keep_out("short")
    assert redaction.redact("a short text") == "a short text"
