"""The daily work by keyboard alone: no pointer, nothing found but by Tab, focus always in sight."""

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.runtime.console_process import ConsoleProcess

from .console import PAY, REGION, SHOP

NAMES = """() => {
    const one = document.activeElement;
    const words = one.labels && one.labels.length ? one.labels[0].textContent : one.textContent;
    return (one.getAttribute("aria-label") || words || "").trim().replace(/\\s+/g, " ");
}"""
# Whether what has the focus is marked: an outline, as of the kit.
MARKED = """() => {
    const one = document.activeElement;
    const looks = getComputedStyle(one);
    const box = one.getBoundingClientRect();
    const shown = box.width && box.height && box.bottom > 0 && box.top < innerHeight;
    return Boolean(shown && looks.outlineStyle !== "none" && parseFloat(looks.outlineWidth));
}"""
MOST_STEPS = 150


def tab_to(page: Page, wanted: str | Callable[[], bool]) -> None:
    """Press Tab until what has the focus is called so; whatever is passed shows that it has it."""
    for _ in range(MOST_STEPS):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement === document.body"):
            continue  # round by way of the browser's own
        name = page.evaluate(NAMES)
        assert page.evaluate(MARKED), f"“{name}” has the focus and does not show it"
        if wanted() if callable(wanted) else name.startswith(wanted):
            return
    raise AssertionError(f"Tab does not lead to {wanted}")


def focused(locator: Locator) -> Callable[[], bool]:
    return lambda: bool(locator.evaluate("one => one === document.activeElement"))


def inside(page: Page) -> bool:
    """Whether the focus is in the open dialog."""
    return bool(page.evaluate("() => Boolean(document.activeElement.closest('dialog[open]'))"))


def test_a_group_is_created_and_deleted(page: Page, console: ConsoleProcess) -> None:
    page.goto(f"{console.url}/regions/{REGION}/balancers/{SHOP}/groups/")
    page.keyboard.press("Tab")
    assert page.evaluate(NAMES) == "Skip to content"
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    tab_to(page, "Create VServer Group")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Group Name")).to_be_focused()
    page.keyboard.type("by-keys")
    tab_to(page, focused(dialog.get_by_role("searchbox", name="Search servers")))
    page.keyboard.type("web-06")
    available = dialog.get_by_role("region", name="Available Servers")
    expect(available.locator("tbody tr")).to_have_count(1)
    expect(dialog.get_by_role("searchbox", name="Search servers")).to_be_focused()
    tab_to(page, "web-06")
    page.keyboard.press("Space")
    tab_to(page, "Add")
    page.keyboard.press("Enter")
    selected = dialog.get_by_role("region", name="Selected Servers")
    port = selected.locator("tbody .cell").first
    expect(port).to_be_visible()
    assert inside(page), "adding servers loses the focus"
    tab_to(page, focused(port))
    page.keyboard.type("8080")
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type("40")
    tab_to(page, "Confirm")
    # The dialog is modal: Tab goes round in it.
    for _ in range(12):
        page.keyboard.press("Tab")
        assert inside(page) or page.evaluate("() => document.activeElement === document.body")
    tab_to(page, "Confirm")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#create-group")).to_be_focused()

    row = page.get_by_role("row", name="by-keys")
    expect(row).to_be_visible()
    tab_to(page, focused(row.get_by_role("link", name="Delete")))
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Delete")).to_be_visible()
    assert inside(page)
    tab_to(page, "Delete")
    page.keyboard.press("Enter")
    expect(row).to_have_count(0)
    # The link that was pressed is gone with its row: the list has the focus.
    expect(page.locator("#groups")).to_be_focused()


def test_escape_asks_before_it_throws_away_and_gives_the_focus_back(
    page: Page, console: ConsoleProcess
) -> None:
    page.goto(f"{console.url}/regions/{REGION}/balancers/{SHOP}/groups/")
    page.locator("#create-group").focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[data-dialog]")
    question = page.locator("dialog[data-discard]")
    expect(dialog.get_by_label("Group Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#create-group")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Group Name")).to_be_focused()
    page.keyboard.type("typed")
    page.keyboard.press("Escape")
    expect(question).to_be_visible()
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    expect(dialog.get_by_label("Group Name")).to_have_value("typed")
    page.keyboard.press("Escape")
    expect(question).to_be_visible()
    tab_to(page, focused(question.locator("[data-discard-yes]")))
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#create-group")).to_be_focused()


def test_the_menu_of_a_row_opens_closes_and_gets_the_focus_back(
    page: Page, console: ConsoleProcess
) -> None:
    page.goto(f"{console.url}/regions/{REGION}/balancers/{PAY}/listeners/")
    more = page.get_by_role("row", name="HTTP:80").get_by_role("button", name="More")
    menu = page.locator(".pop-menu:popover-open")
    tab_to(page, focused(more))
    page.keyboard.press("Enter")
    expect(menu).to_be_visible()
    box, button = menu.bounding_box(), more.bounding_box()
    assert box and button
    assert 0 <= box["y"] - button["y"] - button["height"] < 12, "the menu is not at its button"
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    expect(more).to_be_focused()
    page.keyboard.press("Enter")
    tab_to(page, "Delete")
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[data-dialog]")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(more).to_be_focused()


def test_groups_are_selected_and_everything_is_found(page: Page, console: ConsoleProcess) -> None:
    page.goto(f"{console.url}/regions/{REGION}/balancers/{PAY}/groups/")
    tab_to(page, "Tick every group")
    page.keyboard.press("Space")
    bar = page.get_by_role("group", name="Ticked groups")
    expect(bar.get_by_role("button", name="Set weights…")).to_be_enabled()
    tab_to(page, "Set weights…")
    tab_to(page, "Clear selection")
    page.keyboard.press("Enter")
    expect(bar.get_by_role("button", name="Set weights…")).to_be_disabled()

    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Search everything")
    expect(box).to_be_focused()
    page.keyboard.type("pay-blue")
    expect(page.get_by_role("option", name=re.compile("pay-blue")).first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="pay-blue", level=1)).to_be_visible()
