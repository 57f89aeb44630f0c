"""Instances, one of them, and what is done to them."""

import re
from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.browser.console import PAY, SHOP
from tests.runtime.console_process import ConsoleProcess

from . import BALANCERS, SHOP_PAGES, Act, Pose, named, opened, planned, pressed, refused, the_dialog


def _actions(*then: Act) -> Act:
    return opened(f"{SHOP}/actions/", *then)


def _next(act: str) -> Act:
    """The dialog that a link of the actions leads to."""

    def follow(page: Page) -> None:
        the_dialog(page).locator(f'a[href$="/{act}/"]').click()
        expect(the_dialog(page).locator("form")).to_have_attribute(
            "action", re.compile(f"/{act}/$")
        )

    return follow


def _typed(name: str, text: str) -> Act:
    def fill(page: Page) -> None:
        named(page, name).first.fill(text)

    return fill


def _ticked(act: str) -> Act:
    def tick(page: Page) -> None:
        for one in (SHOP, PAY):
            page.locator(f'input[name="on"][value="{one}"]').check()
        page.locator(f"#bulk-{act}").click()
        expect(the_dialog(page)).to_be_visible()

    return tick


def _columns(page: Page) -> None:
    page.locator(".columns-drop > summary").click()


def poses(page: Page, console: ConsoleProcess) -> Iterator[Pose]:
    yield Pose("instances", BALANCERS, key=True)
    yield Pose("instances-search", f"{BALANCERS}?q=nothing-like-this")
    filters = "?status=active&tag_key=env&tag_value=demo&name=" + ",".join("abcdefghijk")
    yield Pose("instances-filters", BALANCERS + filters, key=True)
    yield Pose("instances-columns", BALANCERS, _columns)
    yield Pose("instances-none-here", "/regions/ap-southeast-1/balancers/?type=intranet")
    yield Pose("instance-new", BALANCERS, opened("balancers/new/"), key=True)
    bad = opened("balancers/new/", _typed("name", "1"), pressed(""), refused)
    yield Pose("instance-new-refused", BALANCERS, bad)
    plan = opened("balancers/new/", _typed("name", "fresh"), pressed("plan"), planned)
    yield Pose("instance-new-plan", BALANCERS, plan)
    yield Pose("instance-actions", BALANCERS, _actions(), key=True)
    for act in ("stop", "rename", "tags", "protection", "spec", "bandwidth", "release"):
        yield Pose(f"instance-{act}", BALANCERS, _actions(_next(act)))
    yield Pose(
        "instance-release-refused", BALANCERS, _actions(_next("release"), pressed(""), refused)
    )
    for act in ("stop", "tags", "release"):
        yield Pose(f"instances-{act}", BALANCERS, _ticked(act))
    yield Pose("details", SHOP_PAGES, key=True)
