"""Where traffic goes: who gets a request, servers, maintenance, drains and shifts."""

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.browser.console import REGION
from tests.runtime.console_process import ConsoleProcess

from . import SHOP_PAGES, Pose, make_group, named, opened, planned, pressed, refused, the_dialog

WHO_GETS = f"{SHOP_PAGES}listeners/http/80/who-gets/"
SERVERS = f"/regions/{REGION}/servers/"
# Servers that no other pose is about.
CACHE = [f"i-bp1cache{number:02d}".ljust(22, "0") for number in (1, 2)]
# A worker looks every few seconds.
LONG = 60_000


def poses(page: Page, console: ConsoleProcess) -> Iterator[Pose]:
    group = make_group(
        page,
        f"{console.url}{SHOP_PAGES}groups/",
        "traffic",
        {"cache-01": ("8080", "100"), "cache-02": ("8080", "0")},
    )
    page.goto(group)
    opened("/shift/", _choose_sides, pressed("steps"), _steps_shown, pressed(""))(page)
    page.wait_for_url("**/procedures/*/")
    shift = page.url
    expect(page.locator(".shift-steps .chip-accent")).to_be_visible()
    page.goto(f"{console.url}{SERVERS}{CACHE[0]}/")
    opened("/maintenance/", lambda page: named(page, "reason").fill("new disk"), pressed(""))(page)
    page.wait_for_url("**/procedures/*/")
    maintenance = page.url
    expect(page.locator("#wish-stop")).to_be_visible(timeout=LONG)

    yield Pose("who-gets", f"{WHO_GETS}?host=shop.example.com&path=/cart", key=True)
    yield Pose("who-gets-sent", f"{WHO_GETS}?host=shop.example.com&path=/", _send)
    yield Pose("who-gets-refused", f"{WHO_GETS}?host=shop%20example", refused, status=422)
    yield Pose("servers", SERVERS, key=True)
    yield Pose("servers-none", f"{SERVERS}?q=nobody")
    yield Pose("server", f"{SERVERS}i-bp1web01000000000000/", key=True)
    yield Pose("server-in-maintenance", f"{SERVERS}{CACHE[0]}/")
    yield Pose("maintenance-new", f"{SERVERS}{CACHE[1]}/", opened("/maintenance/"))
    yield Pose(
        "maintenance-plan",
        f"{SERVERS}i-bp1web02000000000000/",
        opened("/maintenance/", pressed("plan"), planned),
    )
    yield Pose("maintenance", maintenance)
    yield Pose("maintenance-end", maintenance, opened("/restore/"))
    yield Pose("procedures", "/procedures/")
    yield Pose("procedures-none", "/procedures/?text=nobody")
    yield Pose("shift", shift, key=True)
    yield Pose("group-with-shift", group)
    yield Pose("drain-new", group, opened("/drain/"))
    yield Pose("shift-new", group, opened("/shift/", _choose_back, pressed("steps"), _steps_shown))


def _choose_back(page: Page) -> None:
    """The other way round: the one in maintenance has no weight to give."""
    _choose_sides(page, "to", "from")


def _choose_sides(page: Page, *sides: str) -> None:
    for server, side in zip(CACHE, sides or ("from", "to"), strict=True):
        the_dialog(page).locator(f'input[name*="{server}"][value={side}]').check()
    named(page, "pause_seconds").fill("3600")


def _steps_shown(page: Page) -> None:
    expect(the_dialog(page).locator(".shift-steps")).to_be_visible()


def _send(page: Page) -> None:
    page.locator(".sample button[type=submit]").click()
    expect(page.locator(".sample-words")).to_be_visible()
