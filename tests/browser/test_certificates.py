"""Certificates from the upload to what a client is shown, on the processes of `make run`."""

import socket
import ssl
import time

from playwright.sync_api import Page, expect

from tests.localcloud.certificates import made
from tests.runtime.console_process import ConsoleProcess

from .console import REGION
from .https import new_https_listener, outsider
from .poses import named, opened, planned, pressed, the_dialog

SECONDS = 30
PORT = 8443


def upload(page: Page, console: ConsoleProcess, name: str, *domains: str) -> str:
    """Upload a new certificate through the pages; its ID."""
    certificate, key = made(*domains)
    page.goto(f"{console.url}/regions/{REGION}/certificates/")
    opened("certificates/new/")(page)
    named(page, "name").fill(name)
    named(page, "certificate").fill(certificate)
    named(page, "private_key").fill(key)
    pressed("plan")(page)
    planned(page)
    expect(the_dialog(page)).to_contain_text("********")
    expect(named(page, "private_key")).to_have_value("")
    # The key that was pasted goes on with the form, sealed.
    pressed("")(page)
    expect(the_dialog(page)).to_be_hidden()
    link = page.get_by_role("link", name=name, exact=True)
    return str(link.get_attribute("href")).rstrip("/").rsplit("/", 1)[1]


def shown(address: str, port: int, domain: str) -> str:
    """The certificate that a client is shown which asks for a domain, "" for none."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address, port), timeout=2) as connection,
            context.wrap_socket(connection, server_hostname=domain) as secure,
        ):
            certificate = secure.getpeercert(binary_form=True) or b""
    except OSError:
        return ""
    return ssl.DER_cert_to_PEM_cert(certificate).strip()


def until_shown(address: str, port: int, domain: str, other_than: str = "") -> str:
    """What is shown once something is, and something else than before."""
    deadline = time.monotonic() + SECONDS
    while (found := shown(address, port, domain)) in ("", other_than):
        assert time.monotonic() < deadline, f"{domain} is shown nothing new"
        time.sleep(0.1)
    return found


def test_a_domain_extension_made_by_the_pages_serves_its_certificate_by_sni(
    page: Page, console: ConsoleProcess
):
    cloud = outsider(console)
    own = upload(page, console, "sni-own", "www.sni.example.com")
    balancer_id, address, port = new_https_listener(cloud, "sni", PORT, own)
    default = until_shown(address, port, "shop.sni.example.com")

    page.goto(f"{console.url}/regions/{REGION}/balancers/")
    page.locator("#refresh button").click()
    page.goto(f"{console.url}/regions/{REGION}/balancers/{balancer_id}/listeners/")
    upload(page, console, "sni-shop", "shop.sni.example.com")
    page.goto(f"{console.url}/regions/{REGION}/balancers/{balancer_id}/listeners/")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Domain extensions").click()
    opened("domains/new/")(page)
    named(page, "domain").fill("shop.sni.example.com")
    named(page, "certificate").select_option(label="sni-shop (shop.sni.example.com)")
    pressed("")(page)
    expect(the_dialog(page)).to_be_hidden()
    expect(page.locator("#extensions")).to_contain_text("shop.sni.example.com")

    for_shop = until_shown(address, port, "shop.sni.example.com", other_than=default)
    assert for_shop != default
    assert shown(address, port, "www.sni.example.com") == default
    assert shown(address, port, "shop.sni.example.com") == for_shop
    cloud.call("DeleteLoadBalancer", RegionId=REGION, LoadBalancerId=balancer_id)
