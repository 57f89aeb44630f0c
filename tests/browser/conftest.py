"""Chromium and the console's own processes, for every test in this folder."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from tests.runtime.console_process import ConsoleProcess

from .console import Watch, chromium, running_console, sign_in


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs them all, in order: they share a console."""
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.xdist_group("browser"))
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    network = f"127.{190 + int(worker) % 50}.0.0/16"
    with running_console(tmp_path_factory.mktemp("browser"), network) as running:
        yield running


# Package scope, not session: while Playwright runs, Django takes the thread for an event loop's
# and refuses the database to the tests that come after.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=10_000)
    with chromium() as running:
        yield running


@pytest.fixture(scope="package")
def signed_in(console: ConsoleProcess, browser: Browser) -> StorageState:
    """The cookies of an administrator: signing in takes longer than most tests."""
    context = browser.new_context()
    sign_in(context, console.url)
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def page(console: ConsoleProcess, browser: Browser, signed_in: StorageState) -> Iterator[Page]:
    """A signed-in administrator's page, which may log no error and ask no other host."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, storage_state=signed_in)
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(console.url)
    watch = Watch(page, console.url)
    yield page
    context.close()
    assert not watch.complaints
