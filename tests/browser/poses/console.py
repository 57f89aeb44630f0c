"""What every page shares, and what is of the whole console: drift, sync, people, errors."""

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.runtime.console_process import ConsoleProcess

from . import Pose, opened


def poses(page: Page, console: ConsoleProcess) -> Iterator[Pose]:
    yield Pose("sign-in", "/accounts/login/", signed_in=False, key=True)
    yield Pose("drift", "/drift/?status=")
    yield Pose("sync", "/sync/", key=True)
    yield Pose("accounts", "/cloud-accounts/")
    yield Pose("account-add", "/cloud-accounts/", opened("cloud-accounts/new/"))
    yield Pose("account-edit", "/cloud-accounts/", opened("/edit/"))
    yield Pose("activity", "/activity/", _entry_opened, key=True)
    yield Pose("people", "/people/")
    yield Pose("people-add", "/people/", opened("people/new/"))
    yield Pose("password", "/accounts/password/change/")
    yield Pose("security", "/accounts/2fa/")
    yield Pose("preferences", "/preferences/")
    yield Pose("account-menu", "/sync/", _account_menu_opened)
    yield Pose("sign-in-refused", "/accounts/login/", _signed_in_wrongly, signed_in=False)
    yield Pose("not-found", "/regions/nowhere/balancers/", status=404)


def _entry_opened(page: Page) -> None:
    page.locator(".log summary").first.click()


def _account_menu_opened(page: Page) -> None:
    page.locator('[popovertarget="account-menu"]').click()


def _signed_in_wrongly(page: Page) -> None:
    page.locator("input[name=login]").fill("nobody")
    page.locator("input[name=password]").fill("wrong")
    page.locator("button.btn-primary[type=submit]").click()
    expect(page.locator(".panel-error")).to_be_visible()
