"""Listeners and forwarding rules."""

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.runtime.console_process import ConsoleProcess

from . import PAY_PAGES, SHOP_PAGES, Pose, named, opened, planned, pressed, refused

RULES = f"{PAY_PAGES}listeners/http/80/rules/"


def poses(page: Page, console: ConsoleProcess) -> Iterator[Pose]:
    yield Pose("listeners", f"{PAY_PAGES}listeners/", key=True)
    yield Pose("listener-add", f"{SHOP_PAGES}listeners/", opened("listeners/new/"))
    yield Pose(
        "listener-add-refused",
        f"{SHOP_PAGES}listeners/",
        opened("listeners/new/", pressed("next"), refused),
    )
    yield Pose("listener-review", f"{SHOP_PAGES}listeners/", opened("listeners/new/", _reviewed))
    yield Pose(
        "listener-plan",
        f"{SHOP_PAGES}listeners/",
        opened("listeners/new/", _reviewed, pressed("plan"), planned),
    )
    yield Pose("listener-edit", f"{PAY_PAGES}listeners/", opened("http/80/edit/"))
    yield Pose("listener-delete", f"{PAY_PAGES}listeners/", opened("http/80/delete/"))
    yield Pose("rules", RULES, key=True)
    yield Pose("rules-add", RULES, opened("rules/new/"))
    yield Pose("rule-edit", RULES, opened("/edit/"))
    yield Pose("rule-delete", RULES, opened("/delete/"))


def _reviewed(page: Page) -> None:
    """Go through the wizard to its end."""
    fills = {1: ("listening_port", "8088"), 2: ("backend_port", "8080")}
    for step in range(1, 4):
        expect(page.locator("[aria-current=step] .step-number")).to_have_text(str(step))
        if step in fills:
            name, value = fills[step]
            named(page, name).fill(value)
        pressed("next")(page)
    expect(page.locator("section.review").first).to_be_visible()
