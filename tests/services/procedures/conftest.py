"""Procedures that wait for nothing."""

import pytest


@pytest.fixture
def actor(operator):
    return operator.as_actor()


@pytest.fixture(autouse=True)
def at_once(settings):
    settings.PROCEDURE_POLL_SECONDS = 0
    settings.DRAIN_QUIET_SECONDS = 0
