"""Many groups at once: the list of a region, weights, tags, files, batches, housekeeping."""

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.browser.console import REGION
from tests.runtime.console_process import ConsoleProcess

from . import PAY_PAGES, SHOP_PAGES, Act, Pose, make_group, opened, pressed, the_dialog

ALL = f"/regions/{REGION}/groups/"
BLUE_EDIT = "rsp-bp1payblue0000001/edit/"


def poses(page: Page, console: ConsoleProcess) -> Iterator[Pose]:
    rows = {"web-01": ("8080", "10"), "web-02": ("8080", "0")}
    made = make_group(page, f"{console.url}{SHOP_PAGES}groups/", "bulk-pose", rows)
    group_id = made.rstrip("/").rsplit("/", 1)[1]
    page.goto(f"{console.url}{ALL}?q=bulk-pose")
    _drafted("0")(page)
    draft = page.url
    page.locator('form[action$="/start/"] button').click()
    expect(page.locator("progress")).to_have_attribute("value", "1", timeout=60_000)
    done = page.url
    page.goto(f"{console.url}{ALL}?q=bulk-pose")
    _drafted("50")(page)
    draft = page.url

    yield Pose("groups-of-region", ALL, _opened_and_ticked, key=True)
    yield Pose("groups-weights-refused", ALL, _weights_refused)
    yield Pose("groups-tags", f"{ALL}tags/?group={group_id}")
    yield Pose("groups-import-mistakes", f"{ALL}import/", _mistakes)
    yield Pose("group-copy", f"{PAY_PAGES}groups/", opened("rsp-bp1payblue0000001/copy/"))
    yield Pose(
        "group-delete-in-use", f"{PAY_PAGES}groups/", opened("rsp-bp1payblue0000001/delete/")
    )
    yield Pose("group-edit-starving", f"{PAY_PAGES}groups/", opened(BLUE_EDIT, _starving))
    yield Pose("group-edit-pasted", f"{PAY_PAGES}groups/", opened(BLUE_EDIT, _pasted))
    yield Pose("batch-draft", draft, key=True)
    yield Pose("batch-done", done)
    yield Pose("batches", "/batches/")
    for kind in ("unused", "zero", "lost", "empty", "idle"):
        yield Pose(f"housekeeping-{kind}", f"/regions/{REGION}/housekeeping/?kind={kind}")


def _opened_and_ticked(page: Page) -> None:
    page.locator("[data-expander]").first.click()
    expect(page.locator("tr.below table").first).to_be_visible()
    page.locator("[data-tick]").first.check()


def _weights(page: Page) -> None:
    page.locator("[data-tick]").first.check()
    page.locator('[formaction$="/groups/weights/"]').click()
    expect(page.locator("#id_weight")).to_be_visible()


def _weights_refused(page: Page) -> None:
    _weights(page)
    page.locator("#id_weight").fill("101")
    page.locator("#id_servers").fill("nobody")
    page.locator('button[value="preview"]').click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()


def _drafted(weight: str) -> Act:
    def act(page: Page) -> None:
        _weights(page)
        page.locator("#id_weight").fill(weight)
        page.locator('button[value="preview"]').click()
        expect(page.locator('form[action$="/start/"]')).to_be_visible()

    return act


def _mistakes(page: Page) -> None:
    text = "instance_id,group_name,server_id,port,weight\nlb-none,a b,i-1,0,\n,,i-2,80,101\n"
    file = {"name": "groups.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.locator("#id_file").set_input_files(files=[file])
    page.locator('.dialog-foot button[type="submit"]').click()
    expect(page.locator(".import-mistakes")).to_be_visible()


def _starving(page: Page) -> None:
    dialog = the_dialog(page)
    dialog.locator("#selected [data-tick-all]").check()
    dialog.locator('button[value="remove-ticked"]').click()
    expect(dialog.locator('button[value="undo"]')).to_be_visible()
    pressed("confirm")(page)
    expect(dialog.locator('button[value="weight-0-first"]')).to_be_visible()


def _pasted(page: Page) -> None:
    dialog = the_dialog(page)
    dialog.locator(".paste summary").click()
    dialog.locator("#paste").fill("api-01 9001 20\nnobody 80 1\n")
    dialog.locator('button[value="paste"]').click()
    expect(dialog.locator("#paste-errors")).to_be_visible()
    dialog.locator("#paste").scroll_into_view_if_needed()
