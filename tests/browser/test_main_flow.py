"""The flow that the product is for: from the region to a group that really receives traffic."""

import re
import time

from playwright.sync_api import Page, expect

from tests.cloud import web
from tests.runtime.console_process import ConsoleProcess

from .console import REGION, SHOP, who_answers

WEIGHTS = {web(1): 10, web(2): 30, web(3): 60}


def open_balancer(page: Page, console: ConsoleProcess) -> None:
    """Instances, the region, the instance."""
    page.goto(console.url)
    expect(page.get_by_role("heading", name="Instances")).to_be_visible()
    page.get_by_label("Region").select_option(REGION)
    page.wait_for_url(f"**/regions/{REGION}/balancers/")
    page.get_by_role("link", name=SHOP).click()


def choose(page: Page, name: str) -> None:
    """A page of the instance, by the navigation on the left."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def create_group(page: Page, name: str, rows: dict[str, tuple[str, str]]) -> None:
    """rows: {server name: (port, weight)}."""
    page.get_by_role("link", name="Create VServer Group").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Group Name").fill(name)
    expect(dialog.get_by_role("radio", name="Classic network")).to_be_checked()
    expect(dialog.get_by_role("radio", name="VPC")).to_be_disabled()
    available = dialog.get_by_role("region", name="Available Servers")
    for server in rows:
        available.get_by_role("checkbox", name=server).check()
    available.get_by_role("button", name="Add", exact=True).click()
    selected = dialog.get_by_role("region", name="Selected Servers")
    for number, (port, weight) in enumerate(rows.values()):
        selected.get_by_role("spinbutton", name="Port").nth(number).fill(port)
        selected.get_by_role("spinbutton", name="Weight").nth(number).fill(weight)
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("row", name=name)).to_be_visible()


def add_listener(page: Page, port: int, *, group: str = "", backend_port: str = "") -> str:
    """A listener with a group, or on the default pool; the address that serves it."""
    choose(page, "Listeners")
    page.get_by_role("link", name="Add Listener").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="HTTP", exact=True).check(force=True)
    expect(dialog.get_by_label("Gzip compression")).to_be_attached()
    dialog.get_by_label("Listening port").fill(str(port))
    dialog.get_by_role("button", name="Next").click()
    if group:
        dialog.get_by_label("Servers").select_option(label=group)
        expect(dialog.get_by_role("table", name=f"Servers of {group}")).to_be_visible()
    else:
        dialog.get_by_label("Backend port").fill(backend_port)
    dialog.get_by_role("button", name="Create now").click()
    expect(dialog).to_be_hidden()
    row = page.get_by_role("row", name=f"HTTP:{port}")
    expect(row).to_contain_text("Running")
    served = re.search(r"127\.[\d.]+:\d+", row.inner_text())
    assert served, "the page does not say where the listener answers"
    return served.group()


def until(check, seconds: float = 1.0) -> None:  # type: ignore[no-untyped-def]
    """A confirmed change serves traffic within a second."""
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "the change did not reach the data plane in time"
        time.sleep(0.02)


def shares(address: str, count: int = 1000, *, host: str = "") -> dict[str, float]:
    """Each server's share of the answers in percent."""
    served = who_answers(address, count, host=host)
    return {server: number * 100 / count for server, number in served.items()}


def test_from_the_region_to_a_group_that_receives_traffic(
    page: Page, console: ConsoleProcess
) -> None:
    open_balancer(page, console)
    choose(page, "VServer Group")
    create_group(
        page,
        "flow-web",
        {"web-01": ("8080", "10"), "web-02": ("8080", "30"), "web-03": ("8080", "60")},
    )
    address = add_listener(page, 18080, group="flow-web")

    # 1,000 requests, each server within two points of its weight.
    until(lambda: who_answers(address, 1).keys() <= WEIGHTS.keys())
    measured = shares(address)
    assert measured.keys() == WEIGHTS.keys()
    for server, weight in WEIGHTS.items():
        assert abs(measured[server] - weight) <= 2, measured

    # A rule for a domain, to a second group.
    choose(page, "VServer Group")
    create_group(page, "flow-api", {"web-04": ("9090", "100")})
    choose(page, "Listeners")
    page.get_by_role("row", name="HTTP:18080").get_by_role("link", name="Forwarding rules").click()
    page.get_by_role("link", name="Add Forwarding Rules").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Domain").fill("api.flow.example.com")
    dialog.get_by_label("VServer Group").select_option(label="flow-api")
    dialog.get_by_label("Rule name").fill("api")
    dialog.get_by_role("button", name="Submit").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("row", name="Tick api.flow.example.com")).to_be_visible()

    # All three levels: the rule's group, the listener's group, the default pool.
    until(lambda: web(4) in who_answers(address, 1, host="api.flow.example.com"))
    assert shares(address, 50, host="api.flow.example.com") == {web(4): 100}
    assert web(4) not in shares(address, 50, host="www.flow.example.com")
    pool_address = add_listener(page, 18081, backend_port="8080")
    until(lambda: who_answers(pool_address, 1).keys() <= WEIGHTS.keys())
    assert shares(pool_address, 300) == dict.fromkeys(WEIGHTS, 100 / 3)

    # Weight 0: its share falls to none.
    choose(page, "VServer Group")
    page.get_by_role("row", name="flow-web").get_by_role("link", name="Edit").click()
    selected = dialog.get_by_role("region", name="Selected Servers")
    row = selected.get_by_role("row", name="web-03")
    row.get_by_role("spinbutton", name="Weight").fill("0")
    expect(row).to_contain_text("0.0 %")
    dialog.get_by_role("button", name="Confirm").click()
    expect(dialog).to_be_hidden()
    until(lambda: web(3) not in who_answers(address, 20))
    drained = shares(address, 400)
    assert drained.keys() == {web(1), web(2)}
    assert abs(drained[web(1)] - 25) <= 2
