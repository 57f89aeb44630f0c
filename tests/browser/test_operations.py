"""What a person sees of what is sent: before, meanwhile, afterwards."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.runtime.console_process import ConsoleProcess

from .console import REGION, SHOP, begin_fault, end_faults, sign_in
from .test_main_flow import create_group

# A busy cloud is waited for while the person waits; a slow machine needs longer for it.
LONG = 60_000


@pytest.fixture
def groups_url(console: ConsoleProcess) -> str:
    return f"{console.url}/regions/{REGION}/balancers/{SHOP}/groups/"


@pytest.fixture(autouse=True)
def well(console: ConsoleProcess) -> Iterator[None]:
    yield
    end_faults(console)


def edit(page: Page, groups_url: str, name: str) -> None:
    page.goto(groups_url)
    page.get_by_role("row", name=name).get_by_role("link", name="Edit").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_plan_is_read_as_rows_and_as_code_and_then_confirmed(page: Page, groups_url: str) -> None:
    page.goto(groups_url)
    page.get_by_role("link", name="Create VServer Group").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Group Name").fill("planned")
    dialog.get_by_role("checkbox", name="web-01").check()
    dialog.get_by_role("button", name="Add", exact=True).click()
    dialog.get_by_role("spinbutton", name="Port").fill("8080")
    dialog.get_by_role("button", name="Show what will be sent").click()
    plan = dialog.get_by_role("region", name="What will be sent")
    expect(plan.get_by_role("heading", name="What will be sent")).to_be_focused()
    row = plan.get_by_role("row", name="web-01:8080")
    expect(row).to_contain_text("not in the group")
    expect(row).to_contain_text("weight 100")
    expect(plan.get_by_text("aliyun slb CreateVServerGroup")).to_be_visible()
    plan.get_by_text("Python", exact=True).click()
    expect(plan.get_by_text("models.CreateVServerGroupRequest(")).to_be_visible()
    expect(plan.get_by_text("aliyun slb CreateVServerGroup")).to_be_hidden()
    plan.get_by_role("radio", name="Python").press("ArrowRight")
    expect(plan.get_by_text('resource "alicloud_slb_server_group" "planned"')).to_be_visible()
    plan.get_by_role("button", name="Copy Terraform").click()
    expect(page.get_by_text("Copied", exact=True)).to_be_visible()
    expect(dialog.get_by_role("spinbutton", name="Port")).to_have_value("8080")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("row", name="planned")).to_be_visible()


def test_after_a_refused_call_the_rest_is_tried_again(
    page: Page, console: ConsoleProcess, groups_url: str
) -> None:
    page.goto(groups_url)
    create_group(page, "midway", {"web-01": ("8080", "10"), "web-02": ("8080", "20")})
    edit(page, groups_url, "midway")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("checkbox", name="web-03").check()
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_role("spinbutton", name="Port")).to_have_count(3)
    dialog.get_by_role("spinbutton", name="Port").nth(2).fill("8080")
    dialog.get_by_role("spinbutton", name="Weight").nth(0).fill("77")
    fault = {"status": 400, "code": "ActionNotAllowed", "times": 1}
    begin_fault(console, "error", "SetVServerGroupAttribute", **fault)
    dialog.get_by_role("button", name="Confirm").click()
    panel = dialog.get_by_role("alert")
    expect(panel).to_contain_text("Only a part was done")
    panel.get_by_role("link", name="See what was done").click()
    expect(page.get_by_role("heading", name="Change group midway")).to_be_visible()
    expect(page.get_by_text("Partly done")).to_be_visible()
    expect(page.get_by_text("ActionNotAllowed", exact=True)).to_be_visible()
    page.get_by_role("link", name="Retry the rest").click()
    row = dialog.get_by_role("row", name="web-01:8080")
    expect(row).to_contain_text("weight 10")
    expect(row).to_contain_text("weight 77")
    dialog.get_by_role("button", name="Retry the rest").click()
    expect(page.get_by_role("region", name="Summary").get_by_text("Done")).to_be_visible()
    expect(page.get_by_text("Retries")).to_be_visible()
    edit(page, groups_url, "midway")
    expect(dialog.get_by_role("spinbutton", name="Weight").nth(0)).to_have_value("77")


def test_a_busy_cloud_is_waited_for_in_sight_of_the_person(
    page: Page, console: ConsoleProcess, groups_url: str
) -> None:
    page.goto(groups_url)
    create_group(page, "waited-for", {"web-01": ("8080", "10")})
    begin_fault(console, "busy", "DeleteVServerGroup")
    page.get_by_role("row", name="waited-for").get_by_role("link", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog").get_by_text("Waiting for the cloud…")).to_be_visible()
    expect(page.get_by_text("It waits for the cloud")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("The next try is due")).to_be_visible()
    end_faults(console)
    settle = "from vservers.services.settling import settle, unsettled; [*map(settle, unsettled())]"
    console.manage("shell", "-c", settle)
    # The page asks by itself until it is over.
    expect(page.get_by_role("status").get_by_text("Done")).to_be_visible(timeout=LONG)
    expect(page.get_by_text("It waits for the cloud")).to_be_hidden()
    page.goto(groups_url)
    expect(page.get_by_role("row", name="waited-for")).to_have_count(0)


def test_planning_and_choosing_work_without_script(
    page: Page, browser: Browser, console: ConsoleProcess, groups_url: str
) -> None:
    page.goto(groups_url)
    create_group(page, "plain", {"web-01": ("8080", "10")})
    context = browser.new_context(java_script_enabled=False)
    plain = sign_in(context, console.url)
    plain.goto(groups_url)
    plain.get_by_role("row", name="plain").get_by_role("link", name="Edit").click()
    plain.get_by_role("spinbutton", name="Weight").fill("11")
    plain.get_by_role("button", name="Show what will be sent").click()
    plan = plain.get_by_role("region", name="What will be sent")
    expect(plan.get_by_role("row", name="web-01:8080")).to_contain_text("weight 11")
    expect(plan.get_by_text("aliyun slb SetVServerGroupAttribute")).to_be_visible()
    plan.get_by_text("Terraform", exact=True).click()
    expect(plan.get_by_text('resource "alicloud_slb_server_group" "plain"')).to_be_visible()

    edit(page, groups_url, "plain")
    theirs = page.get_by_role("dialog")
    theirs.get_by_role("spinbutton", name="Weight").fill("77")
    theirs.get_by_role("button", name="Confirm").click()
    expect(theirs).to_be_hidden()

    plain.get_by_role("button", name="Confirm").click()
    row = plain.get_by_role("alert").get_by_role("row", name="web-01:8080")
    row.get_by_role("radio", name="theirs").check()
    plain.get_by_role("textbox", name="Group Name").fill("plain-too")
    plain.get_by_role("button", name="Confirm").click()
    plain.get_by_role("row", name="plain-too").get_by_role("link", name="Edit").click()
    expect(plain.get_by_role("spinbutton", name="Weight")).to_have_value("77")
    context.close()
