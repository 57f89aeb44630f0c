"""VServer groups: the list, one group, the dialog with its two lists."""

import itertools
from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.runtime.console_process import ConsoleProcess

from . import (
    PAY_PAGES,
    SHOP_PAGES,
    Act,
    Pose,
    in_rows,
    make_group,
    named,
    opened,
    planned,
    pressed,
    refused,
    the_dialog,
)

GROUPS = f"{PAY_PAGES}groups/"
BLUE = f"{GROUPS}rsp-bp1payblue0000001/"
EMPTY = "/regions/cn-shanghai/balancers/lb-uf6orders0000000000/groups/"
_numbers = itertools.cycle(range(1, 100))


def poses(page: Page, console: ConsoleProcess) -> Iterator[Pose]:
    shop_groups = f"{SHOP_PAGES}groups/"
    rows = {"web-01": ("8080", "10"), "web-02": ("8080", "20")}
    address = make_group(page, console.url + shop_groups, "shared", rows)
    shared = f"{address.rstrip('/').rsplit('/', 1)[1]}/edit/"

    yield Pose("groups-empty", EMPTY)
    yield Pose("groups", GROUPS, key=True)
    yield Pose("group", BLUE, key=True)
    yield Pose("group-create", GROUPS, opened("groups/new/", _selected), key=True)
    yield Pose("group-create-refused", GROUPS, opened("groups/new/", _selected, _spoilt, refused))
    yield Pose("group-create-without-script", f"{GROUPS}new/")
    yield Pose("group-edit", GROUPS, opened("rsp-bp1payblue0000001/edit/"))
    yield Pose("group-delete-blocked", f"{BLUE}delete/")
    yield Pose("group-plan", GROUPS, opened("rsp-bp1payblue0000001/edit/", _planned))
    yield Pose(
        "group-plan-terraform",
        GROUPS,
        opened("rsp-bp1payblue0000001/edit/", _planned, _as_code("terraform")),
    )
    yield Pose("group-conflict", shop_groups, opened(shared, _overtaken(shared)))
    yield Pose(
        "group-conflict-unchosen", shop_groups, opened(shared, _overtaken(shared), _unchosen)
    )


def _selected(page: Page) -> None:
    named(page, "name").first.fill("pay-green")
    for name in ("api-01", "api-02", "pay-01"):
        the_dialog(page).get_by_role("checkbox", name=name).check()
    page.locator("#add-servers").click()
    ports = in_rows(page, "port")
    expect(ports).to_have_count(3)
    for number, weight in enumerate(("10", "30", "60")):
        ports.nth(number).fill("8080")
        in_rows(page, "weight").nth(number).fill(weight)


def _spoilt(page: Page) -> None:
    in_rows(page, "port").first.fill("65536")
    in_rows(page, "weight").last.fill("")
    pressed("confirm")(page)


def _planned(page: Page) -> None:
    in_rows(page, "weight").first.fill(str(next(_numbers)))
    named(page, "name").first.fill("pay-blue-2")
    pressed("plan")(page)
    planned(page)


def _as_code(key: str) -> Act:
    def act(page: Page) -> None:
        page.locator(f'label[for="program-{key}"]').click()
        page.locator(f'[data-copy-from="code-{key}"]').scroll_into_view_if_needed()

    return act


def _overtaken(edit: str) -> Act:
    """Somebody else changes what the dialog shows, then the first one confirms."""

    def act(page: Page) -> None:
        weight = str(next(_numbers))
        other = page.context.new_page()
        other.goto(page.url)
        opened(edit)(other)
        in_rows(other, "weight").nth(0).fill(weight)
        in_rows(other, "weight").nth(1).fill(weight)
        pressed("confirm")(other)
        expect(the_dialog(other)).to_be_hidden()
        other.close()
        in_rows(page, "weight").nth(0).fill("100")
        named(page, "name").first.fill("shared-too")
        pressed("confirm")(page)
        expect(page.locator("#conflict-title")).to_be_visible()

    return act


def _unchosen(page: Page) -> None:
    pressed("confirm")(page)
    refused(page)
