"""Instances from their making to their release, in a real browser and with the keyboard alone."""

from playwright.sync_api import Locator, Page, expect

from tests.runtime.console_process import ConsoleProcess

from .console import REGION


def open_list(page: Page, console: ConsoleProcess, query: str = "") -> None:
    page.goto(f"{console.url}/regions/{REGION}/balancers/{query}")
    expect(page.get_by_role("heading", name="Instances")).to_be_visible()


def create(page: Page, name: str) -> None:
    page.get_by_role("link", name="Create Instance").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Instance name").fill(name)
    dialog.get_by_role("button", name="Create", exact=True).click()
    page.wait_for_url("**/balancers/lb-*/")
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def act(page: Page, instance: str, name: str) -> Locator:
    """The dialog of an act of a row."""
    page.get_by_role("link", name=f"Actions {instance}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name=name, exact=True).click()
    expect(dialog.get_by_role("button", name="Show what will be sent")).to_be_visible()
    return dialog


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


def test_an_instance_is_made_found_changed_and_released(
    page: Page, console: ConsoleProcess
) -> None:
    open_list(page, console)
    create(page, "life-one")
    open_list(page, console)

    page.get_by_role("searchbox", name="Search instances").press_sequentially("life")
    expect(page.get_by_role("link", name="shop-internet")).to_have_count(0)
    expect(page).to_have_url(f"{console.url}/regions/{REGION}/balancers/?q=life")

    # Stop and start: the list shows it, and keeps the search.
    dialog = act(page, "life-one", "Stop")
    dialog.get_by_role("button", name="Stop", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(row(page, "life-one")).to_contain_text("Stopped")
    expect(page.get_by_role("link", name="shop-internet")).to_have_count(0)
    expect(page.get_by_role("link", name="Actions life-one")).to_be_focused()

    # Tags, and the list of those that have one.
    dialog = act(page, "life-one", "Edit tags")
    dialog.get_by_label("Tag key").first.fill("stage")
    dialog.get_by_label("Tag value").first.fill("trial")
    dialog.get_by_role("button", name="Confirm").click()
    row(page, "life-one").get_by_role("link", name="stage: trial").click()
    expect(page.get_by_role("link", name="life-one", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="shop-internet")).to_have_count(0)

    # What was protected is not released, and says why.
    dialog = act(page, "life-one", "Protection")
    dialog.get_by_label("Deletion protection").check()
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name="Actions life-one").click()
    expect(dialog).to_contain_text("Deletion protection is on. Switch it off first.")
    dialog.get_by_role("link", name="Protection").click()
    dialog.get_by_label("Deletion protection").uncheck()
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()

    dialog = act(page, "life-one", "Release")
    dialog.get_by_role("button", name="Release").click()
    typed = dialog.get_by_label("Type “life-one” to confirm")
    expect(typed).to_be_focused()
    expect(typed).to_have_attribute("aria-invalid", "true")
    typed.fill("life-one")
    dialog.get_by_role("button", name="Release").click()
    expect(page.get_by_text("No instance of")).to_be_visible()


def test_several_are_made_tagged_and_released_at_once_with_the_keyboard(
    page: Page, console: ConsoleProcess
) -> None:
    open_list(page, console)
    page.get_by_role("link", name="Create Instance").click()
    making = page.get_by_role("dialog")
    making.get_by_label("Instance name").fill("many")
    making.get_by_label("Quantity").fill("2")
    making.get_by_role("button", name="Create", exact=True).dblclick()
    page.wait_for_url("**/batches/*/")
    expect(page.get_by_text("2 of 2")).to_be_visible(timeout=60_000)
    open_list(page, console, "?name=many")
    expect(page.get_by_role("checkbox", name="Tick many")).to_have_count(2)
    for name in ("many-1", "many-2"):
        page.get_by_role("checkbox", name=f"Tick {name}").focus()
        page.keyboard.press("Space")
    page.get_by_role("button", name="Edit tags").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Tag key").first).to_be_focused()
    page.keyboard.type("team")
    page.keyboard.press("Tab")
    page.keyboard.type("blue")
    page.keyboard.press("Enter")
    page.wait_for_url("**/batches/*/")
    expect(page.get_by_text("2 of 2")).to_be_visible(timeout=60_000)

    open_list(page, console, "?tag_key=team&tag_value=blue")
    page.get_by_role("checkbox", name="Tick all on this page").check()
    page.get_by_role("button", name="Release").click()
    expect(dialog).to_contain_text("Release 2 instances?")
    dialog.get_by_label("Type “2” to confirm").fill("2")
    dialog.get_by_role("button", name="Release").click()
    page.wait_for_url("**/batches/*/")
    expect(page.get_by_text("2 of 2")).to_be_visible(timeout=60_000)
    open_list(page, console, "?name=many")
    expect(page.get_by_text("matches these filters")).to_be_visible()


def test_columns_are_chosen_and_the_usual_ones_come_back(
    page: Page, console: ConsoleProcess
) -> None:
    open_list(page, console)
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("checkbox", name="Created").check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("columnheader", name="Created")).to_be_visible()
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("button", name="Usual columns").click()
    expect(page.get_by_role("columnheader", name="Created")).to_have_count(0)
