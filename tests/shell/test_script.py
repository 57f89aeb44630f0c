"""What the shell's script does, in a real browser: dialogs, toasts, ticks, theme, region."""

import re
import shutil

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from console.runtime.packages import WANTED
from console.shell import regions
from console.shell.regions import Overview, RegionOption

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GROUPS = "/regions/cn-hangzhou/lb-1/groups/"
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="module")
def browser():
    program = next(filter(None, map(shutil.which, WANTED["chromium"].commands)), None)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop runs in this thread; Django takes it for a sign of async code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, live_server, client_of, operator, monkeypatch):
    """A page of a signed-in operator; a blocked script or style and an exception fail the test."""
    options = [RegionOption("cn-hangzhou", "Hangzhou", 2), RegionOption("cn-shanghai", "Shanghai")]
    monkeypatch.setattr(regions, "_sources", [lambda actor: Overview(options)])
    session = client_of(operator).cookies["sessionid"].value
    context = browser.new_context(base_url=live_server.url)
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda message: wrong.append(message.text) if "Security Policy" in message.text else None,
    )
    yield page
    context.close()
    assert not wrong


def open_dialog(page: Page):
    page.goto(GROUPS)
    page.locator("#create").click()
    dialog = page.get_by_role("dialog", name="Create VServer Group")
    expect(dialog).to_be_visible()
    return dialog


def test_a_dialog_takes_the_focus_and_gives_it_back(page):
    dialog = open_dialog(page)
    expect(dialog.get_by_label("Group Name")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#create")).to_be_focused()


def test_leaving_with_unsaved_changes_asks_first(page):
    dialog = open_dialog(page)
    dialog.get_by_label("Group Name").fill("web-a")
    for _ in range(2):
        page.keyboard.press("Escape")
        question = page.get_by_role("dialog", name="Discard your changes?")
        question.get_by_role("button", name="Keep editing").click()
        expect(dialog.get_by_label("Group Name")).to_have_value("web-a")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Discard").click()
    expect(dialog).to_be_hidden()
    page.locator("#create").click()
    expect(dialog.get_by_label("Group Name")).to_have_value("")


def test_a_refused_form_keeps_its_fields_and_shows_the_error(page):
    dialog = open_dialog(page)
    dialog.get_by_label("Group Name").fill("web-a")
    dialog.get_by_label("Weight").fill("101")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog.get_by_text("less than or equal to 100")).to_be_visible()
    expect(dialog.get_by_label("Group Name")).to_have_value("web-a")
    expect(dialog.get_by_label("Weight")).to_be_focused()


def test_a_form_carried_out_closes_the_dialog_and_says_so(page):
    dialog = open_dialog(page)
    dialog.get_by_label("Group Name").fill("web-a")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("web-a was created.")).to_be_visible()


def test_a_failed_request_shows_the_request_id(page):
    page.goto(GROUPS)
    page.route(
        "**/groups/new/",
        lambda route: route.fulfill(
            status=500,
            headers={"X-Request-ID": "request-0815", "Content-Type": "text/plain"},
            body="The console could not finish this.",
        ),
    )
    page.locator("#create").click()
    toast = page.get_by_role("alert").filter(has_text="could not finish this")
    expect(toast).to_contain_text("request-0815")
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_be_hidden()


def test_ticks_are_counted_and_enable_the_button(page):
    page.goto("/regions/cn-hangzhou/")
    remove = page.get_by_role("button", name="Remove")
    expect(remove).to_be_disabled()
    page.get_by_label("Tick all on this page").check()
    expect(page.get_by_text("10 selected")).to_be_visible()
    expect(remove).to_be_enabled()
    page.get_by_label("Tick row 4", exact=True).uncheck()
    expect(page.get_by_text("9 selected")).to_be_visible()


def test_search_and_pages_change_the_part_and_the_address(page):
    page.goto("/regions/cn-hangzhou/")
    page.get_by_label("Page 2", exact=True).click()
    expect(page.get_by_role("link", name="web-front-11")).to_be_visible()
    expect(page).to_have_url(re.compile(r"page=2"))
    page.get_by_role("searchbox", name="Search instances").fill("0007")
    expect(page.get_by_text("1 instance", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(r"q=0007"))
    page.go_back()
    expect(page.get_by_role("link", name="web-front-11")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def test_choosing_a_region_goes_there(page):
    page.goto(GROUPS)
    page.get_by_label("Region").select_option("cn-shanghai")
    expect(page).to_have_url(re.compile(r"/regions/cn-shanghai/$"))


def test_the_theme_changes_at_once_and_stays(page):
    page.goto(GROUPS)
    page.get_by_role("button", name="Theme").click()
    with page.expect_response("**/-/theme"):
        page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme-choice", "dark")


def test_on_a_phone_the_menu_opens_without_script(browser, page, live_server):
    context = browser.new_context(
        java_script_enabled=False,
        viewport={"width": 390, "height": 844},
        storage_state=page.context.storage_state(),
    )
    phone = context.new_page()
    phone.goto(live_server.url + GROUPS)
    link = phone.get_by_role("link", name="Backend Servers")
    expect(link).to_be_hidden()
    phone.get_by_role("button", name="Menu").click()
    expect(link).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
