"""Listeners and forwarding rules."""

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.runtime.console_process import ConsoleProcess

from . import PAY_PAGES, SHOP_PAGES, Pose, named, opened, planned, pressed, refused

RULES = f"{PAY_PAGES}listeners/http/80/rules/"


def poses(page: Page, console: ConsoleProcess) -> Iterator[Pose]:
    yield Pose("listeners", f"{PAY_PAGES}listeners/", key=True)
    yield Pose("listener-menu", f"{PAY_PAGES}listeners/", _menu)
    yield Pose("listener-add", f"{SHOP_PAGES}listeners/", opened("listeners/new/"))
    yield Pose(
        "listener-add-refused",
        f"{SHOP_PAGES}listeners/",
        opened("listeners/new/", pressed("next"), refused),
    )
    yield Pose("listener-add-udp", f"{SHOP_PAGES}listeners/", opened("listeners/new/", _udp))
    yield Pose("listener-servers", f"{PAY_PAGES}listeners/", opened("listeners/new/", _servers))
    yield Pose("listener-new-group", f"{PAY_PAGES}listeners/", opened("listeners/new/", _new_group))
    yield Pose("listener-check", f"{PAY_PAGES}listeners/", opened("listeners/new/", _check))
    yield Pose("listener-access", f"{PAY_PAGES}listeners/", opened("http/80/access/"))
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
    yield Pose("rules-add-urls", RULES, opened("rules/new/", _urls))
    yield Pose("rules-add-own", RULES, opened("rules/new/", _new_own))
    yield Pose("rule-edit-own", RULES, opened("/edit/", _own))
    yield Pose("rule-edit", RULES, opened("/edit/"))
    yield Pose("rule-delete", RULES, opened("/delete/"))


def _menu(page: Page) -> None:
    page.locator("[popovertarget^=menu-]").first.click()
    expect(page.locator(".pop-menu:popover-open")).to_be_visible()


def _udp(page: Page) -> None:
    page.locator("#protocol-udp").check(force=True)
    expect(page.locator("input[name=former]")).to_have_value("udp")
    page.locator("details.fold summary").click()


def _servers(page: Page) -> None:
    """The second step, with the servers of a group."""
    named(page, "listening_port").fill("8088")
    pressed("next")(page)
    expect(named(page, "target")).to_be_visible()
    # htmx listens to what it swapped in once that has settled.
    expect(page.locator(".htmx-settling")).to_have_count(0)
    named(page, "target").select_option(label="pay-blue")
    expect(page.locator("#members")).to_contain_text("pay-blue")


def _new_group(page: Page) -> None:
    _servers(page)
    page.locator("#group-open").click()
    expect(named(page, "group_name")).to_be_visible()


def _check(page: Page) -> None:
    _servers(page)
    pressed("next")(page)
    expect(named(page, "health_check_interval")).to_be_visible()


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


def _urls(page: Page) -> None:
    """Two URLs under one domain, and a second domain."""
    page.locator("[name=rule-0-domain]").fill("www.example.com")
    page.locator("button[name=add-url]").click()
    expect(page.locator("[name=rule-1-url]")).to_be_visible()
    page.locator("button[name=add-rule]").click()
    expect(page.locator("[name=rule-2-domain]")).to_be_visible()


def _new_own(page: Page) -> None:
    """A rule with settings of its own under one that follows its listener."""
    _urls(page)
    page.locator("button[name=own-rule][value='1']").click()
    expect(page.locator("[name=rule-1-own-scheduler]")).to_be_visible()


def _own(page: Page) -> None:
    page.locator("details.fold summary").click()
    expect(named(page, "health_check_interval")).to_be_visible()
