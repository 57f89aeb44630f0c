"""Instances, and one of them."""

from collections.abc import Iterator

from playwright.sync_api import Page

from tests.runtime.console_process import ConsoleProcess

from . import BALANCERS, SHOP_PAGES, Pose


def poses(page: Page, console: ConsoleProcess) -> Iterator[Pose]:
    yield Pose("instances", BALANCERS, key=True)
    yield Pose("instances-search", f"{BALANCERS}?q=nothing-like-this")
    yield Pose("details", SHOP_PAGES, key=True)
