"""`make screenshots`: every page and dialog, light and dark, wide and narrow, into screenshots/.

It starts the console on a folder of its own, makes what the pictures need through the pages
themselves, and stops it again.
"""

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import django
from playwright.sync_api import Browser, Locator, Page, expect

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
django.setup()

from tests.browser.console import (  # noqa: E402 - needs the settings
    PAY,
    REGION,
    SHOP,
    begin_fault,
    chromium,
    running_console,
    sign_in,
)
from tests.browser.test_main_flow import create_group  # noqa: E402
from tests.runtime.console_process import ConsoleProcess  # noqa: E402

FOLDER = Path(__file__).resolve().parents[2] / "screenshots"
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
THEMES = ("light", "dark")
NETWORK = "127.250.0.0/16"

Pose = Callable[[Page], None]


@dataclass(frozen=True)
class Made:
    """Addresses of what was made for the pictures."""

    half_done: str
    waiting: str


def poses(url: str, made: Made) -> Iterator[tuple[str, Pose]]:
    """(name, what to do on a signed-in page) of each picture."""
    region = f"{url}/regions/{REGION}/balancers/"
    shop, pay = f"{region}{SHOP}/", f"{region}{PAY}/"

    def at(address: str) -> Pose:
        return lambda page: page.goto(address) and None

    def dialog(address: str, opener: Callable[[Page], Locator], fill: Pose | None = None) -> Pose:
        def pose(page: Page) -> None:
            page.goto(address)
            opener(page).click()
            expect(page.get_by_role("dialog")).to_be_visible()
            if fill:
                fill(page)

        return pose

    def link(name: str) -> Callable[[Page], Locator]:
        return lambda page: page.get_by_role("link", name=name).first

    def in_row(row: str, name: str) -> Callable[[Page], Locator]:
        return lambda page: page.get_by_role("row", name=row).get_by_role("link", name=name).first

    yield "instances", at(region)
    yield "instances-search", at(f"{region}?q=nothing-like-this")
    yield "details", at(shop)
    yield "listeners", at(f"{pay}listeners/")
    yield "listener-add", dialog(f"{shop}listeners/", link("Add Listener"))
    yield (
        "listener-add-refused",
        dialog(f"{shop}listeners/", link("Add Listener"), _refused("Next")),
    )
    yield "listener-edit", dialog(f"{pay}listeners/", in_row("HTTP:80", "Edit"))
    yield "listener-delete", dialog(f"{pay}listeners/", in_row("HTTP:80", "Delete"))
    yield "rules", at(f"{pay}listeners/http/80/rules/")
    yield "rules-add", dialog(f"{pay}listeners/http/80/rules/", link("Add Forwarding Rules"))
    yield "rule-edit", dialog(f"{pay}listeners/http/80/rules/", in_row("api.pay", "Edit"))
    yield "rule-delete", dialog(f"{pay}listeners/http/80/rules/", in_row("api.pay", "Delete"))
    yield "backend-servers", at(f"{shop}servers/")
    yield "backend-servers-add", dialog(f"{shop}servers/", link("Add"))
    yield "drift", at(f"{url}/drift/?status=")
    yield "sync", at(f"{url}/sync/")
    yield "accounts", at(f"{url}/cloud-accounts/")
    yield "account-add", dialog(f"{url}/cloud-accounts/", link("Add account"))
    yield "account-edit", dialog(f"{url}/cloud-accounts/", in_row("Environment", "Edit"))
    yield "groups-empty", at(f"{url}/regions/cn-shanghai/balancers/lb-uf6orders0000000000/groups/")
    yield "groups", at(f"{pay}groups/")
    yield "group", at(f"{pay}groups/rsp-bp1payblue0000001/")
    yield "group-create", dialog(f"{pay}groups/", link("Create VServer Group"), _selected)
    yield (
        "group-create-refused",
        dialog(f"{pay}groups/", link("Create VServer Group"), _selected_and_refused),
    )
    yield "group-edit", dialog(f"{pay}groups/", in_row("pay-blue", "Edit"))
    yield "group-delete-blocked", at(f"{pay}groups/rsp-bp1payblue0000001/delete/")
    yield "group-create-without-script", at(f"{pay}groups/new/")
    yield "group-plan", dialog(f"{pay}groups/", in_row("pay-blue", "Edit"), _planned)
    yield (
        "group-plan-terraform",
        dialog(f"{pay}groups/", in_row("pay-blue", "Edit"), _planned_as("Terraform")),
    )
    yield "group-conflict", dialog(f"{shop}groups/", in_row("shared", "Edit"), _overtaken)
    yield (
        "group-conflict-unchosen",
        dialog(f"{shop}groups/", in_row("shared", "Edit"), _overtaken_and_unchosen),
    )
    yield "listener-plan", dialog(f"{shop}listeners/", link("Add Listener"), _listener_planned)
    yield "backend-servers-plan", _pool_planned(f"{shop}servers/")
    yield "operations", at(f"{url}/operations/")
    yield "operations-of", at(f"{shop}operations/")
    yield "operations-none", at(f"{url}/operations/?text=nothing-like-this")
    yield "operation", at(made.half_done)
    yield "operation-waiting", at(made.waiting)
    yield "operation-retry", dialog(made.half_done, link("Retry the rest"))
    yield "operation-undo", dialog(made.half_done, link("Undo"))
    yield "operation-undo-without-script", at(f"{made.half_done}undo/")
    yield "activity", at(f"{url}/activity/")
    yield "people", at(f"{url}/people/")
    yield "people-add", dialog(f"{url}/people/", link("Add"))
    yield "security", at(f"{url}/accounts/2fa/")
    yield "not-found", at(f"{url}/regions/nowhere/balancers/")


def _refused(button: str) -> Pose:
    def pose(page: Page) -> None:
        page.get_by_role("dialog").get_by_role("button", name=button).click()
        expect(page.locator("[aria-invalid=true]").first).to_be_visible()

    return pose


def _selected(page: Page) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Group Name").fill("pay-green")
    for name in ("api-01", "api-02", "pay-01"):
        dialog.get_by_role("checkbox", name=name).check()
    dialog.get_by_role("button", name="Add", exact=True).click()
    ports = dialog.get_by_role("spinbutton", name="Port")
    expect(ports).to_have_count(3)
    for number, weight in enumerate(("10", "30", "60")):
        ports.nth(number).fill("8080")
        dialog.get_by_role("spinbutton", name="Weight").nth(number).fill(weight)


def _selected_and_refused(page: Page) -> None:
    _selected(page)
    page.get_by_role("spinbutton", name="Port").first.fill("65536")
    page.get_by_role("spinbutton", name="Weight").last.fill("")
    _refused("Confirm")(page)


_numbers = itertools.cycle(range(1, 100))


def _planned(page: Page) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("spinbutton", name="Weight").first.fill(str(next(_numbers)))
    dialog.get_by_role("textbox", name="Group Name").fill("pay-blue-2")
    dialog.get_by_role("button", name="Show what will be sent").click()
    expect(dialog.get_by_role("heading", name="What will be sent")).to_be_focused()


def _planned_as(language: str) -> Pose:
    def pose(page: Page) -> None:
        _planned(page)
        page.get_by_text(language, exact=True).click()
        page.get_by_role("button", name=f"Copy {language}").scroll_into_view_if_needed()

    return pose


def _listener_planned(page: Page) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Listening port").fill("8088")
    dialog.get_by_role("button", name="Next").click()
    dialog.get_by_label("Backend port").fill("8080")
    dialog.get_by_role("button", name="Next").click()
    dialog.get_by_label("Check interval").wait_for()
    dialog.get_by_role("button", name="Next").click()
    dialog.get_by_role("button", name="Show what will be sent").click()
    expect(dialog.get_by_role("heading", name="What will be sent")).to_be_focused()


def _pool_planned(address: str) -> Pose:
    def pose(page: Page) -> None:
        page.goto(address)
        page.get_by_role("spinbutton").first.fill("7")
        page.get_by_role("button", name="Show what will be sent").click()
        expect(page.get_by_role("heading", name="What will be sent")).to_be_visible()

    return pose


def _overtaken(page: Page) -> None:
    """Somebody else changes what the dialog shows, then Confirm."""
    weight = str(next(_numbers))
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("row", name="shared").get_by_role("link", name="Edit").click()
    theirs = other.get_by_role("dialog")
    theirs.get_by_role("spinbutton", name="Weight").nth(0).fill(weight)
    theirs.get_by_role("spinbutton", name="Weight").nth(1).fill(weight)
    theirs.get_by_role("button", name="Confirm").click()
    expect(theirs).to_be_hidden()
    other.close()
    mine = page.get_by_role("dialog")
    mine.get_by_role("spinbutton", name="Weight").nth(0).fill("100")
    mine.get_by_role("textbox", name="Group Name").fill("shared-too")
    mine.get_by_role("button", name="Confirm").click()
    expect(mine.get_by_role("alert")).to_contain_text("changed by somebody else")


def _overtaken_and_unchosen(page: Page) -> None:
    _overtaken(page)
    page.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_focused()


def make(page: Page, console: ConsoleProcess) -> Made:
    """An operation of which a part was refused, and one that waits for the cloud."""
    groups = f"{console.url}/regions/{REGION}/balancers/{SHOP}/groups/"
    for name in ("half-done", "shared"):
        page.goto(groups)
        create_group(page, name, {"web-01": ("8080", "10"), "web-02": ("8080", "20")})
    page.goto(groups)
    page.get_by_role("row", name="half-done").get_by_role("link", name="Edit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("checkbox", name="web-03").check()
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_role("spinbutton", name="Port")).to_have_count(3)
    dialog.get_by_role("spinbutton", name="Port").nth(2).fill("8080")
    dialog.get_by_role("spinbutton", name="Weight").nth(0).fill("77")
    fault = {"status": 400, "code": "ActionNotAllowed", "times": 1}
    begin_fault(console, "error", "SetVServerGroupAttribute", **fault)
    dialog.get_by_role("button", name="Confirm").click()
    dialog.get_by_role("link", name="See what was done").click()
    page.wait_for_url("**/operations/*/")
    half_done = page.url
    # Of another instance: nothing else can be changed of the one that is waited for.
    page.goto(f"{console.url}/regions/{REGION}/balancers/{PAY}/groups/")
    page.get_by_role("link", name="Create VServer Group").click()
    dialog.get_by_role("textbox", name="Group Name").fill("waited-for")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()
    begin_fault(console, "busy", "DeleteVServerGroup")
    page.get_by_role("row", name="waited-for").get_by_role("link", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/operations/*/", timeout=60_000)
    return Made(half_done, page.url)


def take(browser: Browser, console: ConsoleProcess) -> int:
    """Take all pictures; how many."""
    FOLDER.mkdir(exist_ok=True)
    url = console.url
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    made = make(sign_in(context, url), console)
    context.close()
    count = 0
    for theme in THEMES:
        for size, (width, height) in SIZES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme
            )
            page = context.new_page()
            page.goto(url)
            _picture(page, f"sign-in-{theme}-{size}")
            page.close()
            page = sign_in(context, url)
            for name, pose in poses(url, made):
                pose(page)
                _picture(page, f"{name}-{theme}-{size}")
                count += 1
            context.close()
    return count


def _picture(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    # A hidden caret would need an inline style, which the content security policy forbids.
    page.screenshot(path=FOLDER / f"{name}.png", caret="initial")


def main() -> None:
    expect.set_options(timeout=10_000)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_console(Path(folder), NETWORK) as console,
        chromium() as browser,
    ):
        count = take(browser, console)
    print(f"{count} pictures in {FOLDER}")


if __name__ == "__main__":
    main()
