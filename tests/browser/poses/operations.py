"""What was sent: the list, one operation, its rest and its undoing."""

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.browser.console import begin_fault
from tests.runtime.console_process import ConsoleProcess

from . import PAY_PAGES, SHOP_PAGES, Pose, in_rows, make_group, opened, pressed, the_dialog


def poses(page: Page, console: ConsoleProcess) -> Iterator[Pose]:
    half_done = _half_done(page, console)
    waiting = _waiting(page, console)
    yield Pose("operations", "/operations/", key=True)
    yield Pose("operations-of", f"{SHOP_PAGES}operations/")
    yield Pose("operations-none", "/operations/?text=nothing-like-this")
    yield Pose("operation", half_done, key=True)
    yield Pose("operation-waiting", waiting)
    yield Pose("operation-retry", half_done, opened("/retry/"))
    yield Pose("operation-undo", half_done, opened("/undo/"))
    yield Pose("operation-undo-without-script", f"{half_done}undo/")


def _half_done(page: Page, console: ConsoleProcess) -> str:
    """The address of an operation of which a part was refused."""
    rows = {"web-01": ("8080", "10"), "web-02": ("8080", "20")}
    make_group(page, f"{console.url}{SHOP_PAGES}groups/", "half-done", rows)
    page.get_by_role("row", name="half-done").locator("a[id^=edit-]").click()
    dialog = the_dialog(page)
    dialog.get_by_role("checkbox", name="web-03").check()
    page.locator("#add-servers").click()
    expect(in_rows(page, "port")).to_have_count(3)
    in_rows(page, "port").nth(2).fill("8080")
    in_rows(page, "weight").nth(0).fill("77")
    fault = {"status": 400, "code": "ActionNotAllowed", "times": 1}
    begin_fault(console, "error", "SetVServerGroupAttribute", **fault)
    pressed("confirm")(page)
    dialog.locator(".panel-error a").click()
    page.wait_for_url("**/operations/*/")
    return page.url


def _waiting(page: Page, console: ConsoleProcess) -> str:
    """The address of one that waits for the cloud.

    Of another instance: nothing else can be changed of the one that is waited for.
    """
    make_group(page, f"{console.url}{PAY_PAGES}groups/", "waited-for", {})
    begin_fault(console, "busy", "DeleteVServerGroup")
    page.get_by_role("row", name="waited-for").locator("a[id^=delete-]").click()
    pressed("")(page)
    page.wait_for_url("**/operations/*/", timeout=60_000)
    return page.url
