"""What the pictures show and the sweep of all pages judges: one module an area.

A module has one function, found by its name:

    def poses(page: Page, console: ConsoleProcess) -> Iterator[Pose]:

page: of a signed-in administrator, on which a module makes what its poses need before it yields
them. It is called once; each pose is then taken in several languages, themes and widths, so `act`
finds things by ID, name or address (`opened`, `named`), never by a word.
"""

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from playwright.sync_api import Locator, Page, expect

from tests.browser.console import PAY, REGION, SHOP
from tests.runtime.console_process import ConsoleProcess

Act = Callable[[Page], None]

BALANCERS = f"/regions/{REGION}/balancers/"
SHOP_PAGES = f"{BALANCERS}{SHOP}/"
PAY_PAGES = f"{BALANCERS}{PAY}/"


@dataclass(frozen=True)
class Pose:
    """A picture: where to go, and what to do there.

    path: below the console's address, or the whole address. status: of the answer. signed_in: False
    for the pages of somebody who has not. key: one of the few that are also judged in Chinese.
    """

    name: str
    path: str
    act: Act | None = None
    status: int = 200
    signed_in: bool = True
    key: bool = False

    def take(self, page: Page, url: str) -> None:
        answer = page.goto(self.path if self.path.startswith("http") else url + self.path)
        assert answer and answer.status == self.status, f"{self.name}: {answer and answer.status}"
        if self.act:
            self.act(page)
        settled(page)


def settled(page: Page) -> None:
    """Wait for what the page fetches by itself, as the health of a group."""
    page.evaluate(
        """async () => {
            const busy = ".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added";
            do {
                // What is fetched once it is in view is asked for after a frame.
                for (let frame = 0; frame < 2; frame += 1) {
                    await new Promise(requestAnimationFrame);
                }
                await new Promise((done) => setTimeout(done));
            } while (document.readyState !== "complete" || document.querySelector(busy));
        }"""
    )


def all_poses(page: Page, console: ConsoleProcess) -> list[Pose]:
    """Those of every module of this package, in the order of their names."""
    found: list[Pose] = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        found += import_module(f"{__name__}.{module.name}").poses(page, console)
    names = [pose.name for pose in found]
    assert len(names) == len(set(names)), "two poses of one name"
    return found


def the_dialog(page: Page) -> Locator:
    return page.locator("dialog[data-dialog]")


def named(page: Page, name: str) -> Locator:
    """The fields of the open dialog whose name ends so."""
    return the_dialog(page).locator(f'[name$="{name}"]:not([type=hidden])')


def in_rows(page: Page, name: str) -> Locator:
    """The fields of a name in the rows of the servers that are selected."""
    return the_dialog(page).locator(f'#selected tbody [name$="-{name}"]')


def opened(path: str, *then: Act) -> Act:
    """Press the link that opens the dialog of this address, which may be its end; then do more.

    Where it is in the menu of a row, that is opened first.
    """

    def act(page: Page) -> None:
        link = page.locator(f'a[hx-get$="{path}"], a[hx-get*="{path}?"]').first
        menu = page.locator("[popover].pop-menu").filter(has=link)
        if menu.count():
            page.locator(f'[popovertarget="{menu.first.get_attribute("id")}"]').click()
        link.click()
        expect(the_dialog(page)).to_be_visible()
        for step in then:
            step(page)

    return act


def pressed(intent: str) -> Act:
    """Press the dialog's button of an intent, "" for the one that sends the form."""

    def act(page: Page) -> None:
        buttons = the_dialog(page).locator(".dialog-foot")
        button = buttons.locator(
            f'button[type=submit][value="{intent}"]' if intent else ".btn-primary, .btn-danger"
        )
        button.last.click()

    return act


def refused(page: Page) -> None:
    """Wait for a form that came back with errors."""
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()


def planned(page: Page) -> None:
    """Wait for what would be sent."""
    expect(page.locator("#plan-title")).to_be_visible()


def make_group(page: Page, groups: str, name: str, rows: dict[str, tuple[str, str]]) -> str:
    """Create a VServer group of {server name: (port, weight)}; the address of its page.

    groups: the whole address of the list.
    """
    page.goto(groups)
    opened("groups/new/")(page)
    named(page, "name").first.fill(name)
    for server in rows:
        the_dialog(page).get_by_role("checkbox", name=server).check()
    if rows:
        page.locator("#add-servers").click()
        expect(in_rows(page, "port")).to_have_count(len(rows))
    for number, (port, weight) in enumerate(rows.values()):
        in_rows(page, "port").nth(number).fill(port)
        in_rows(page, "weight").nth(number).fill(weight)
    pressed("confirm")(page)
    expect(the_dialog(page)).to_be_hidden()
    link = page.get_by_role("link", name=name, exact=True)
    return str(link.evaluate("link => link.href"))
