"""Where traffic goes, in the browser: who gets a request, maintenance and shifts, with traffic."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.runtime.console_process import ConsoleProcess

from .console import REGION, SHOP, sign_in
from .poses import make_group

LISTENER = f"/regions/{REGION}/balancers/{SHOP}/listeners/http/80/"
# A worker looks every few seconds.
LONG = 60_000


@pytest.fixture(scope="module")
def group(console: ConsoleProcess, browser: Browser) -> str:
    """The address of a group with web-06 (100) and web-07 (0)."""
    context = browser.new_context()
    page = sign_in(context, console.url)
    groups = f"{console.url}/regions/{REGION}/balancers/{SHOP}/groups/"
    made = make_group(page, groups, "moving", {"web-06": ("8080", "100"), "web-07": ("8080", "0")})
    context.close()
    return made


def press(page: Page, name: str) -> None:
    """A link that asks first, and the yes."""
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


def status(page: Page, word: str) -> None:
    shown = page.get_by_role("region", name="Summary").get_by_role("status")
    expect(shown.get_by_text(word, exact=True).first).to_be_visible(timeout=LONG)


def test_the_way_of_a_request_is_shown_while_it_is_typed_and_real_ones_follow_it(
    page: Page, console: ConsoleProcess
) -> None:
    page.goto(f"{console.url}{LISTENER}rules/")
    page.get_by_role("link", name="Who gets this request?").click()
    page.get_by_label("Host").fill("http://shop.example.com/cart?x=1")
    expect(page.get_by_text("GET http://shop.example.com/cart?x=1")).to_be_visible()
    expect(page).to_have_url(re.compile("host=http"))
    expect(page.get_by_text("takes the request", exact=True)).to_be_visible()
    page.get_by_role("button", name="Send 100 requests").click()
    expect(page.get_by_text("The split fits the expected shares")).to_be_visible()
    answers = page.get_by_role("table", name="Answers of each server").locator("tbody tr")
    counts = [int(row.locator("td").nth(2).inner_text()) for row in answers.all()]
    assert sum(counts) == 100


def test_it_all_works_without_script(console: ConsoleProcess, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = sign_in(context, console.url)
    page.goto(f"{console.url}{LISTENER}who-gets/")
    page.get_by_label("Host").fill("shop.example.com")
    page.get_by_role("button", name="Show the way").click()
    expect(page.get_by_text("GET http://shop.example.com/")).to_be_visible()
    page.get_by_role("button", name="Send 100 requests").click()
    expect(page.get_by_text("The split fits the expected shares")).to_be_visible()
    context.close()


def test_a_server_goes_into_maintenance_and_comes_back(
    page: Page, console: ConsoleProcess, group: str
) -> None:
    page.goto(group)
    page.get_by_role("link", name="web-06", exact=True).click()
    page.get_by_role("link", name="Start maintenance").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("row", name="moving")).to_contain_text("100")
    dialog.get_by_label("Reason").fill("new disk")
    dialog.get_by_role("button", name="Start maintenance").click()
    page.wait_for_url("**/procedures/*/")
    status(page, "In maintenance")
    page.goto(group)
    row = page.get_by_role("row", name="web-06")
    expect(row).to_contain_text("in maintenance")
    expect(row).to_contain_text("drained")
    row.get_by_role("link", name="web-06").click()
    press(page, "End maintenance")
    page.wait_for_url("**/procedures/*/")
    status(page, "Done")
    expect(page.get_by_role("row", name="web-06:8080")).to_contain_text("Weight restored")


def test_traffic_is_shifted_paused_and_rolled_back(page: Page, group: str) -> None:
    page.goto(group)
    page.get_by_role("link", name="Shift traffic").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("row", name="web-06").get_by_label("gives").check()
    dialog.get_by_role("row", name="web-07").get_by_label("takes").check()
    dialog.get_by_role("button", name="Show the steps").last.click()
    expect(dialog.get_by_role("heading", name="The steps")).to_be_focused()
    dialog.get_by_label("Pause between steps in seconds").fill("3600")
    dialog.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/procedures/*/")
    expect(page.get_by_text("Step 1 of 4 done")).to_be_visible(timeout=LONG)
    press(page, "Pause")
    status(page, "Paused")
    press(page, "Roll back")
    status(page, "Rolled back")
    page.goto(group)
    expect(page.get_by_role("row", name="web-06")).to_contain_text("100.0 %")
