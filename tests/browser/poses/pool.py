"""The default server pool."""

from collections.abc import Iterator

from playwright.sync_api import Page

from tests.runtime.console_process import ConsoleProcess

from . import SHOP_PAGES, Pose, opened, planned


def poses(page: Page, console: ConsoleProcess) -> Iterator[Pose]:
    yield Pose("backend-servers", f"{SHOP_PAGES}servers/", key=True)
    yield Pose("backend-servers-add", f"{SHOP_PAGES}servers/", opened("servers/add/"))
    yield Pose("backend-servers-plan", f"{SHOP_PAGES}servers/", _planned)


def _planned(page: Page) -> None:
    page.locator("#pool [name^=weight]").first.fill("7")
    page.locator("#pool button[value=plan]").click()
    planned(page)
