"""Many groups at once, as a person does it: ticks over pages, weights, an undo, a copy, files."""

from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.runtime.console_process import ConsoleProcess

from .console import REGION, SHOP, sign_in
from .test_main_flow import create_group

LONG = 60_000


def groups_of_region(console: ConsoleProcess, query: str = "") -> str:
    return f"{console.url}/regions/{REGION}/groups/?{query}"


def make(page: Page, console: ConsoleProcess, *names: str) -> None:
    page.goto(f"{console.url}/regions/{REGION}/balancers/{SHOP}/groups/")
    for name in names:
        create_group(page, name, {"web-01": ("8080", "10"), "web-02": ("8080", "20")})


def test_weights_of_ticked_groups_are_previewed_and_set(
    page: Page, console: ConsoleProcess
) -> None:
    make(page, console, "once-a", "once-b")
    page.goto(groups_of_region(console, "q=once-"))
    page.get_by_role("row", name="once-a").get_by_role("checkbox").check()
    # A search takes the row away; its tick stays.
    page.get_by_label("Search groups").fill("once-b")
    expect(page.get_by_role("row", name="once-a")).to_have_count(0)
    expect(page.get_by_role("group", name="Ticked groups")).to_contain_text("1 selected")
    page.get_by_role("row", name="once-b").get_by_role("checkbox").check()
    page.get_by_role("button", name="Set weights").click()
    expect(page.get_by_text("2 groups are ticked")).to_be_visible()
    page.get_by_label("Weight").fill("0")
    page.get_by_label("Only these servers").fill("web-02")
    page.get_by_role("button", name="Preview every row").click()
    rows = page.get_by_role("row", name="web-02:8080")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("weight 20")
    expect(rows.first).to_contain_text("weight 0")
    page.get_by_role("button", name="Carry out").click()
    # The page asks by itself until it is over.
    expect(page.get_by_text("2 of 2")).to_be_visible(timeout=LONG)
    page.goto(groups_of_region(console, "q=once-a"))
    page.get_by_role("link", name="Servers of once-a").click()
    expect(page.get_by_role("row", name="web-02")).to_contain_text("drained")


def test_the_same_works_without_script(
    page: Page, browser: Browser, console: ConsoleProcess
) -> None:
    make(page, console, "scriptless")
    context = browser.new_context(java_script_enabled=False)
    plain = sign_in(context, console.url)
    plain.goto(groups_of_region(console, "q=scriptless"))
    plain.get_by_role("row", name="scriptless").get_by_role("checkbox").check()
    plain.get_by_role("button", name="Set weights").click()
    plain.get_by_label("Weight").fill("7")
    plain.get_by_role("button", name="Preview every row").click()
    plain.get_by_role("button", name="Carry out").click()
    expect(plain.get_by_role("link", name="Show how far it is now")).to_be_visible()
    context.close()


def test_rows_are_set_together_undone_and_pasted(page: Page, console: ConsoleProcess) -> None:
    make(page, console, "tools")
    page.get_by_role("row", name="tools").get_by_role("link", name="Edit").click()
    dialog = page.get_by_role("dialog")
    selected = dialog.get_by_role("region", name="Selected Servers")
    weights = selected.get_by_role("spinbutton", name="Weight")
    selected.get_by_role("checkbox", name="Tick every row").check()
    tools = selected.get_by_role("group", name="For ticked rows")
    tools.get_by_label("Weight").fill("33")
    tools.get_by_role("button", name="Set").click()
    expect(weights.nth(0)).to_have_value("33")
    expect(weights.nth(1)).to_have_value("33")
    selected.get_by_role("button", name="Undo the last step").click()
    expect(weights.nth(1)).to_have_value("20")
    selected.get_by_text("Paste lines").click()
    selected.get_by_label("One line each").fill("web-03 8081 5")
    selected.get_by_role("button", name="Take over").click()
    expect(weights).to_have_count(3)
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("row", name="tools")).to_contain_text("3 servers")


def test_a_file_goes_out_and_comes_back_changed(
    page: Page, console: ConsoleProcess, tmp_path: Path
) -> None:
    make(page, console, "filed")
    page.goto(groups_of_region(console, "q=filed"))
    page.get_by_role("row", name="filed").get_by_role("checkbox").check()
    with page.expect_download() as begun:
        page.get_by_role("button", name="CSV").click()
    text = Path(begun.value.path()).read_text()
    assert ",8080,10," in text
    changed = tmp_path / "groups.csv"
    changed.write_text(text.replace(",8080,10,", ",8080,44,"))
    page.get_by_text("Export / import").click()
    page.get_by_role("link", name="Import").click()
    page.get_by_label("File").set_input_files(changed)
    page.get_by_role("button", name="Check and preview").click()
    expect(page.get_by_role("row", name="web-01:8080")).to_contain_text("weight 44")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Nothing was changed.")).to_be_visible()
