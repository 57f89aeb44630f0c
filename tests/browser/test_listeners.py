"""Listeners made by the wizard serve: TCP to a group made on the way, HTTPS, and the way to it."""

import re

import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from tests.cloud import web
from tests.localcloud.certificates import pair
from tests.runtime.console_process import ConsoleProcess

from .console import REGION, SHOP, who_answers
from .test_main_flow import until

HTTPS_PORT, HTTP_PORT, TCP_PORT = 18443, 18085, 18086


def open_listeners(page: Page, console: ConsoleProcess) -> None:
    page.goto(f"{console.url}/regions/{REGION}/balancers/{SHOP}/listeners/")


def begin(page: Page, protocol: str, port: int) -> Locator:
    """The wizard at its first step, protocol and port filled in."""
    page.get_by_role("link", name="Add Listener").click()
    dialog = page.get_by_role("dialog")
    radio = dialog.get_by_role("radio", name=protocol, exact=True)
    radio.check(force=True)
    expect(dialog.locator("input[name=former]")).to_have_value(protocol.lower())
    dialog.get_by_label("Listening port").fill(str(port))
    return dialog


def press(dialog: Locator, name: str) -> None:
    dialog.get_by_role("button", name=name, exact=True).click()


def served_at(page: Page, name: str) -> str:
    """Where a listener answers, as its row says."""
    row = page.get_by_role("row", name=name)
    expect(row).to_contain_text("Running")
    found = re.search(r"127\.[\d.]+:\d+", row.inner_text())
    assert found, "the page does not say where the listener answers"
    return found.group()


def served_by(address: str, connections: int) -> set[str]:
    """Who answers; on layer 4 a connection stays with its server, so each request has its own."""
    return {who for _ in range(connections) for who in who_answers(address, 1)}


def upload_certificate(page: Page, console: ConsoleProcess, name: str) -> None:
    certificate, key = pair(name)
    page.goto(f"{console.url}/regions/{REGION}/certificates/new/")
    form = page.locator("#dialog-form")
    form.locator("[name=name]").fill(name)
    form.locator("[name=certificate]").fill(certificate)
    form.locator("[name=private_key]").fill(key)
    form.locator(".dialog-foot .btn-primary").click()
    expect(page.get_by_role("link", name=name).first).to_be_visible()


def test_a_tcp_listener_serves_the_group_that_was_made_on_the_way(
    page: Page, console: ConsoleProcess
) -> None:
    open_listeners(page, console)
    dialog = begin(page, "TCP", TCP_PORT)
    press(dialog, "Next")
    press(dialog, "Create VServer Group")
    dialog.get_by_label("Group Name").fill("wizard-made")
    dialog.get_by_label("Port", exact=True).fill("8080")
    for server in ("web-04", "web-05"):
        dialog.get_by_role("checkbox", name=server).check()
    press(dialog, "Create the group")
    expect(dialog.get_by_role("table", name="Servers of wizard-made")).to_contain_text("web-05")
    expect(dialog.get_by_label("Servers").locator("option:checked")).to_have_text("wizard-made")
    press(dialog, "Next")

    down = dialog.locator("[data-down]")
    expect(down).to_have_text("19")
    dialog.get_by_label("Response timeout").fill("10")
    expect(down).to_have_text("34")
    press(dialog, "Next")
    expect(dialog.get_by_role("heading", name="Health Check")).to_be_visible()
    press(dialog, "Modify Protocol & Listener")
    expect(dialog.get_by_label("Listening port")).to_have_value(str(TCP_PORT))
    press(dialog, "Review")
    press(dialog, "Submit")
    expect(dialog).to_be_hidden()
    address = served_at(page, f"TCP:{TCP_PORT}")
    until(lambda: sum(who_answers(address, 4).values()) == 4, seconds=5)
    until(lambda: served_by(address, 8) == {web(4), web(5)}, seconds=5)


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_https_serves_by_its_certificate_and_http_redirects_to_it(
    page: Page, console: ConsoleProcess
) -> None:
    upload_certificate(page, console, "wizard.example.com")
    open_listeners(page, console)
    dialog = begin(page, "HTTPS", HTTPS_PORT)
    press(dialog, "Next")
    press(dialog, "Next")
    expect(dialog.get_by_text("Choose the certificate that the listener shows.")).to_be_visible()
    dialog.get_by_label("Server certificate").select_option(label="wizard.example.com")
    press(dialog, "Next")
    dialog.get_by_label("Backend port").fill("8080")
    press(dialog, "Create now")
    expect(dialog).to_be_hidden()
    secure = served_at(page, f"HTTPS:{HTTPS_PORT}")

    dialog = begin(page, "HTTP", HTTP_PORT)
    dialog.get_by_label("Redirect to HTTPS").select_option(value=str(HTTPS_PORT))
    press(dialog, "Next")
    expect(dialog.locator(".wizard-steps li")).to_have_count(2)
    press(dialog, "Submit")
    expect(dialog).to_be_hidden()
    plain = served_at(page, f"HTTP:{HTTP_PORT}")
    expect(page.get_by_role("row", name=f"HTTP:{HTTP_PORT}")).to_contain_text("redirect to HTTPS")

    def redirected() -> bool:
        try:
            answer = requests.get(f"http://{plain}/a?b=c", allow_redirects=False, timeout=10)
        except requests.ConnectionError:
            return False  # the data plane has yet to listen
        return answer.headers.get("Location", "").startswith(f"https://{plain.split(':')[0]}")

    until(redirected, seconds=5)

    def answered() -> bool:
        # Self-signed: who serves is asked, not who vouches for it.
        answer = requests.get(f"https://{secure}/", verify=False, timeout=10)  # noqa: S501
        return answer.status_code == 200 and answer.text.startswith("i-bp1web")

    until(answered, seconds=5)


def test_a_listener_is_found_and_stopped_by_the_filters_and_its_row(
    page: Page, console: ConsoleProcess
) -> None:
    open_listeners(page, console)
    page.get_by_label("Protocol").select_option(label="TCP")
    expect(page).to_have_url(re.compile("protocol=tcp"))
    expect(page.get_by_role("row", name=f"HTTPS:{HTTPS_PORT}")).to_have_count(0)
    row = page.get_by_role("row", name=f"TCP:{TCP_PORT}")
    row.get_by_role("button", name="More").click()
    row.get_by_role("link", name="Stop").click()
    press(page.get_by_role("dialog"), "Stop")
    expect(row).to_contain_text("Stopped")
    page.get_by_label("Status").select_option(label="Running")
    expect(row).to_have_count(0)
