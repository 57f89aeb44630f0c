"""The shell's own addresses and example pages for the tests of this folder."""

from pathlib import Path

import pytest
from django.conf import settings as django_settings


@pytest.fixture(autouse=True)
def example_pages(settings):
    settings.ROOT_URLCONF = "tests.shell.urls"
    engine = dict(django_settings.TEMPLATES[0])
    engine["DIRS"] = [*engine["DIRS"], Path(__file__).parent / "templates"]
    settings.TEMPLATES = [engine, *django_settings.TEMPLATES[1:]]
