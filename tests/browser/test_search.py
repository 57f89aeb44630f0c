"""The search box by keyboard, and what screen readers are told of it."""

import re

from playwright.sync_api import Page, expect

from tests.runtime.console_process import ConsoleProcess

from .console import PAY, REGION


def test_the_box_is_reached_chosen_from_and_left_by_keyboard(page: Page, console: ConsoleProcess):
    box = page.get_by_role("combobox", name="Search everything")
    options = page.get_by_role("listbox", name="Found").get_by_role("option")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    box.press_sequentially("pay-bl")
    expect(options).to_have_count(1)
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("search").get_by_role("status")).to_have_text("1 result")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    chosen = options.first.get_attribute("id") or "none"
    expect(box).to_have_attribute("aria-activedescendant", chosen)

    page.keyboard.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_be_focused()
    expect(box).not_to_have_attribute("aria-activedescendant", chosen)
    page.keyboard.press("ArrowDown")
    expect(options.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="pay-blue", level=1)).to_be_visible()

    page.keyboard.press("Control+k")
    expect(box).to_be_focused()
    box.press_sequentially(PAY)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{console.url}/regions/{REGION}/balancers/{PAY}/")

    page.keyboard.press("/")
    box.press_sequentially("pay")
    expect(options.first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{console.url}/search/?q=pay")
    page.get_by_role("link", name=re.compile("^All 6")).click()
    expect(page.get_by_role("main").get_by_role("listitem").filter(has_text="pay-0")).to_have_count(
        6
    )


def test_a_slash_that_is_typed_into_a_field_stays_there(page: Page):
    field = page.get_by_role("searchbox", name="Search instances")
    field.press_sequentially("a/b")
    expect(field).to_be_focused()
    expect(field).to_have_value("a/b")
