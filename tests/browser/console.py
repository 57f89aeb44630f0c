"""The running console as a browser test or a picture needs it: its processes, and Chromium."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.runtime.console_process import ConsoleProcess
from vservers.localcloud.faultctl import ask

PASSWORD = "browser-test-password"
REGION = "cn-hangzhou"
SHOP = "lb-bp1shopinternet0001"
PAY = "lb-bp1payintranet00001"


@contextmanager
def running_console(folder: Path, network: str) -> Iterator[ConsoleProcess]:
    """`manage.py up` on a folder and a loopback network of its own."""
    console = ConsoleProcess(folder / "data", network)
    console.environment["CONSOLE_ADMIN_PASSWORD"] = PASSWORD
    console.start()
    console.wait_for("Load balancers")
    try:
        yield console
    finally:
        console.clean_up()


def begin_fault(console: ConsoleProcess, kind: str, action: str, **how: str | int) -> None:
    """Ask the console's local cloud for a fault of an action; see vservers.localcloud.faults."""
    wanted = {"kind": kind, "actions": [action], **how}
    status, answer = ask(console.data_dir / "localcloud", "POST", "/faults", wanted)
    assert status < 400, answer


def end_faults(console: ConsoleProcess) -> None:
    ask(console.data_dir / "localcloud", "DELETE", "/faults")


@contextmanager
def chromium() -> Iterator[Browser]:
    """The distribution's Chromium, headless."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        try:
            yield browser
        finally:
            browser.close()


def sign_in(context: BrowserContext, url: str, username: str = "admin") -> Page:
    """A page on which the person has signed in."""
    page = context.new_page()
    page.goto(url)
    # By names, not by words: the page speaks the language of the browser.
    page.locator("input[name=login]").fill(username)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button.btn-primary[type=submit]").click()
    page.locator("#balancers").wait_for()
    return page


class Watch:
    """What a page must never do: log an error, or ask another host for something."""

    def __init__(self, page: Page, url: str) -> None:
        self._host = urlsplit(url).netloc
        self.complaints: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._request)

    def _console(self, message) -> None:  # type: ignore[no-untyped-def]
        # The browser itself logs a refused form's 422.
        if message.type == "error" and "status of 422" not in message.text:
            self.complaints.append(message.text)

    def _request(self, request) -> None:  # type: ignore[no-untyped-def]
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.netloc != self._host:
            self.complaints.append(f"request to {request.url}")


def who_answers(address: str, count: int, *, host: str = "") -> Counter[str]:
    """How often each ECS instance answers: its ID is the first line of the body.

    address: "ip:port". An answer other than 200 is counted by its status, none at all as "none".
    """
    served: Counter[str] = Counter()
    with requests.Session() as session:
        for _ in range(count):
            try:
                answer = session.get(
                    f"http://{address}/", headers={"Host": host} if host else {}, timeout=10
                )
            except requests.ConnectionError:
                served["none"] += 1
                continue
            good = answer.status_code == 200
            served[answer.text.splitlines()[0] if good else str(answer.status_code)] += 1
    return served
