"""Search, health, monitoring and history."""

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.browser.console import PAY, REGION
from tests.measured import busy_hour
from tests.runtime.console_process import ConsoleProcess

from . import PAY_PAGES, SHOP_PAGES, Pose, opened


def poses(page: Page, console: ConsoleProcess) -> Iterator[Pose]:
    busy_hour(console.data_dir / "localcloud", PAY, "http", 80)
    yield Pose("search-box", SHOP_PAGES, _typed, key=True)
    yield Pose("search", "/search/?q=pay", key=True)
    yield Pose("search-kind", "/search/?q=web&kind=servers")
    yield Pose("search-nothing", "/search/?q=nothing-like-this")
    yield Pose("health", f"{PAY_PAGES}health/?now=1", key=True)
    yield Pose("health-filtered", f"{PAY_PAGES}health/?state=stopped")
    yield Pose("health-region", f"/regions/{REGION}/health/")
    yield Pose("monitoring", f"{PAY_PAGES}monitoring/", _drawn, key=True)
    yield Pose("monitoring-split", f"{PAY_PAGES}monitoring/?split=group", _drawn)
    yield Pose("monitoring-table", f"{PAY_PAGES}monitoring/?view=table")
    yield Pose("api-calls", f"{PAY_PAGES}listeners/http/80/rules/", opened("/api-calls/"))
    yield Pose("history", f"{SHOP_PAGES}history/")
    yield Pose("history-none", f"{PAY_PAGES}listeners/http/80/history/")
    yield Pose(
        "monitoring-refused",
        f"{PAY_PAGES}monitoring/?range=custom&start=2020-01-01T00:00",
        status=422,
    )


def _typed(page: Page) -> None:
    if page.locator("#finder").is_hidden():
        return  # a narrow page has a link to the page of results instead
    page.locator("#finder").press_sequentially("pay")
    expect(page.locator(".finder-hit").first).to_be_visible()
    page.keyboard.press("ArrowDown")


def _drawn(page: Page) -> None:
    expect(page.locator("#numbers canvas").first).to_be_visible(timeout=30_000)
