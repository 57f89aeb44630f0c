"""What a person gets wrong, in a real browser: a word beside the field, and nothing lost."""

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.runtime.console_process import ConsoleProcess

from .console import REGION, SHOP, sign_in


@pytest.fixture
def groups_url(console: ConsoleProcess) -> str:
    return f"{console.url}/regions/{REGION}/balancers/{SHOP}/groups/"


def open_dialog(page: Page, url: str, *servers: str) -> Locator:
    """The create dialog with these servers selected."""
    page.goto(url)
    page.get_by_role("link", name="Create VServer Group").click()
    dialog = page.get_by_role("dialog")
    for server in servers:
        dialog.get_by_role("checkbox", name=server).check()
    if servers:
        dialog.get_by_role("button", name="Add", exact=True).click()
        expect(dialog.get_by_role("spinbutton", name="Port")).to_have_count(len(servers))
    return dialog


@pytest.mark.parametrize(
    ("label", "typed", "sentence"),
    [
        ("Port", "0", "port, a whole number from 1 to 65535"),
        ("Port", "65536", "port, a whole number from 1 to 65535"),
        ("Port", "", "port, a whole number from 1 to 65535"),
        ("Weight", "-1", "weight, a whole number from 0 to 100"),
        ("Weight", "101", "weight, a whole number from 0 to 100"),
        ("Weight", "", "weight, a whole number from 0 to 100"),
    ],
)
def test_a_bad_number_is_said_beside_its_field(page, groups_url, label, typed, sentence):
    dialog = open_dialog(page, groups_url, "web-01")
    dialog.get_by_role("textbox", name="Group Name").fill("kept-name")
    dialog.get_by_role("spinbutton", name="Port").fill("8080")
    field = dialog.get_by_role("spinbutton", name=label)
    field.fill(typed)
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog.get_by_text(sentence)).to_be_visible()
    expect(field).to_have_value(typed)
    expect(field).to_be_focused()
    # Room for all five digits: no mark may take it.
    expect(field).to_have_css("padding-right", "10px")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(sentence))
    expect(dialog.get_by_role("textbox", name="Group Name")).to_have_value("kept-name")


@pytest.mark.parametrize("name", ["", "x" * 81, "no spaces", "<script>"])
def test_a_bad_name_is_said_beside_its_field(page, groups_url, name):
    dialog = open_dialog(page, groups_url, "web-01")
    dialog.get_by_role("spinbutton", name="Port").fill("8080")
    field = dialog.get_by_role("textbox", name="Group Name")
    # A paste is not cut at the field's length.
    field.evaluate(
        "(input, text) => { input.removeAttribute('maxlength'); input.value = text; }", name
    )
    dialog.get_by_role("button", name="Confirm").click()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value(name)
    expect(dialog.get_by_role("spinbutton", name="Port")).to_have_value("8080")


def test_a_chinese_name_and_a_second_port_are_fine(page, groups_url):
    dialog = open_dialog(page, groups_url, "web-01")
    dialog.get_by_role("textbox", name="Group Name").fill("商城-前端")
    dialog.get_by_role("spinbutton", name="Port").fill("8080")
    dialog.get_by_role("button", name="Add port").click()
    expect(dialog.get_by_role("spinbutton", name="Port")).to_have_count(2)
    dialog.get_by_role("spinbutton", name="Port").nth(1).fill("8080")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog.get_by_text("in the list with this port already")).to_be_visible()
    dialog.get_by_role("spinbutton", name="Port").nth(1).fill("8081")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("row", name="商城-前端")).to_contain_text("2 ports")


def test_a_selection_survives_search_and_pages(page, groups_url):
    dialog = open_dialog(page, groups_url)
    available = dialog.get_by_role("region", name="Available Servers")
    available.get_by_role("checkbox", name="web-01").check()
    available.get_by_role("searchbox", name="Search servers").press_sequentially("web-05")
    expect(available.get_by_role("checkbox", name="web-01")).to_have_count(0)
    available.get_by_role("checkbox", name="web-05").check()
    available.get_by_role("searchbox", name="Search servers").fill("")
    expect(available.get_by_role("checkbox", name="web-01")).to_be_checked()
    expect(available.get_by_role("checkbox", name="web-05")).to_be_checked()
    stopped = available.get_by_role("row", name="web-08")
    expect(stopped.get_by_role("checkbox")).to_be_disabled()
    expect(stopped).to_contain_text("Only running servers can be added")
    available.get_by_role("button", name="Add", exact=True).click()
    selected = dialog.get_by_role("region", name="Selected Servers")
    expect(selected.get_by_role("spinbutton", name="Port")).to_have_count(2)
    expect(selected.get_by_role("spinbutton", name="Port").first).to_be_focused()


def test_shares_follow_the_weights_while_they_are_typed(page, groups_url):
    dialog = open_dialog(page, groups_url, "web-01", "web-02")
    weights = dialog.get_by_role("spinbutton", name="Weight")
    weights.nth(0).fill("10")
    weights.nth(1).fill("30")
    selected = dialog.get_by_role("region", name="Selected Servers")
    expect(selected.get_by_role("row", name="web-01")).to_contain_text("25.0 %")
    expect(selected.get_by_role("row", name="web-02")).to_contain_text("75.0 %")
    row = selected.get_by_role("row", name="web-01")
    row.get_by_text("Fill others").click()
    tools = row.get_by_role("group", name="Copy this row's weight")
    tools.get_by_role("button", name="Apply to all").click()
    expect(weights.nth(1)).to_have_value("10")


def test_both_lists_are_whole_at_every_width(page, groups_url):
    open_dialog(page, groups_url, "web-01", "web-02")
    wide = page.viewport_size
    try:
        for width in (1024, 1152, 1280, 1440, 1920):
            page.set_viewport_size({"width": width, "height": 900})
            cut = page.evaluate(
                "[...document.querySelectorAll('.pane .table-wrap')]"
                ".filter((pane) => pane.scrollWidth > pane.clientWidth).length"
            )
            assert not cut, width
    finally:
        page.set_viewport_size(wide)


def test_escape_asks_before_typed_things_are_lost(page, groups_url):
    dialog = open_dialog(page, groups_url)
    dialog.get_by_role("textbox", name="Group Name").fill("half-typed")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=re.compile("discard|leave", re.I)).first).to_be_visible()
    expect(dialog.first.get_by_role("textbox", name="Group Name")).to_have_value("half-typed")


def test_the_browser_asks_before_a_reload_takes_what_was_typed(page, groups_url):
    dialog = open_dialog(page, groups_url)
    dialog.get_by_role("textbox", name="Group Name").fill("half-typed")
    with page.expect_event("dialog") as asked:
        page.evaluate("setTimeout(() => location.reload())")
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    expect(dialog.get_by_role("textbox", name="Group Name")).to_have_value("half-typed")


def test_what_was_typed_outlives_the_session(browser, console: ConsoleProcess, groups_url):
    context = browser.new_context(locale="en-GB")
    page = sign_in(context, console.url)
    dialog = open_dialog(page, groups_url, "web-01")
    dialog.get_by_role("textbox", name="Group Name").fill("outlives")
    dialog.get_by_role("spinbutton", name="Port").fill("8080")
    context.clear_cookies(name="sessionid")
    dialog.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("You are signed out, and nothing was changed")).to_be_visible()
    sign_in(context, console.url).close()
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("row", name="outlives")).to_be_visible()
    context.close()


def test_two_people_edit_one_group_and_nothing_is_overwritten_silently(
    page: Page, browser: Browser, console: ConsoleProcess, groups_url: str
) -> None:
    dialog = open_dialog(page, groups_url, "web-01", "web-02")
    dialog.get_by_role("textbox", name="Group Name").fill("both")
    for number in (0, 1):
        dialog.get_by_role("spinbutton", name="Port").nth(number).fill("8080")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()

    def edit(who: Page, weight: str) -> Locator:
        who.goto(groups_url)
        who.get_by_role("row", name="both").get_by_role("link", name="Edit").click()
        opened = who.get_by_role("dialog")
        opened.get_by_role("spinbutton", name="Weight").first.fill(weight)
        return opened

    context = browser.new_context(viewport={"width": 1440, "height": 900})
    other = sign_in(context, console.url)
    mine, theirs = edit(page, "11"), edit(other, "77")
    theirs.get_by_role("button", name="Confirm").click()
    expect(theirs).to_be_hidden()
    context.close()
    mine.get_by_role("button", name="Confirm").click()
    alert = mine.get_by_role("alert")
    expect(alert).to_contain_text("changed by somebody else")
    row = alert.get_by_role("row", name="web-01:8080")
    for words in ("weight 100", "weight 77", "weight 11"):
        expect(row).to_contain_text(words)
    expect(mine.get_by_role("spinbutton", name="Weight").first).to_have_value("11")
    # Both changed it, so the person has to choose.
    mine.get_by_role("button", name="Confirm").click()
    expect(row.get_by_role("radio").first).to_have_attribute("aria-invalid", "true")
    expect(row.get_by_role("radio").first).to_be_focused()
    row.get_by_role("radio", name="yours").check()
    mine.get_by_role("button", name="Confirm").click()
    expect(mine).to_be_hidden()
    expect(page.get_by_text("both was changed.")).to_be_visible()


def test_a_group_in_use_is_deleted_only_with_another_for_its_users(page, console):
    page.goto(f"{console.url}/regions/{REGION}/balancers/lb-bp1payintranet00001/groups/")
    row = page.get_by_role("row", name="pay-blue")
    row.get_by_role("link", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("link", name="HTTP:80")).to_be_visible()
    dialog.get_by_role("button", name="Switch over and delete").click()
    expect(dialog.get_by_label("Switch them to")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_role("button", name="Cancel").click()
    expect(row).to_be_visible()


def test_the_whole_dialog_works_without_script(browser, console, groups_url):
    context = browser.new_context(java_script_enabled=False)
    page = sign_in(context, console.url)
    page.goto(groups_url)
    page.get_by_role("link", name="Create VServer Group").click()
    page.get_by_role("textbox", name="Group Name").fill("no-script")
    page.get_by_role("searchbox", name="Search servers").fill("web-02")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("checkbox", name="web-02").check()
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("spinbutton", name="Port").fill("8080")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("row", name="no-script")).to_be_visible()
    context.close()


def test_who_has_gone_on_to_another_field_is_left_there(page, groups_url):
    dialog = open_dialog(page, groups_url)
    # As on a slow machine: the swap is settled long after the person saw it.
    page.evaluate("htmx.config.defaultSettleDelay = 1000")
    dialog.get_by_role("checkbox", name="web-01").check()
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_role("spinbutton", name="Port")).to_have_count(1)
    name = dialog.get_by_role("textbox", name="Group Name")
    name.focus()
    expect(dialog.locator(".htmx-added, .htmx-settling")).to_have_count(0)
    expect(name).to_be_focused()
