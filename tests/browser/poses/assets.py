"""Certificates, access control lists, primary/secondary groups, domain extensions."""

from collections.abc import Iterator

from playwright.sync_api import Page, expect

from tests.browser.console import REGION
from tests.browser.https import new_https_listener, outsider
from tests.localcloud.certificates import made, upload
from tests.runtime.console_process import ConsoleProcess

from . import (
    BALANCERS,
    SHOP_PAGES,
    Pose,
    named,
    opened,
    planned,
    pressed,
    refused,
    the_dialog,
)

CERTIFICATES = f"/regions/{REGION}/certificates/"
LISTS = f"/regions/{REGION}/access-lists/"
PAIRS = f"{SHOP_PAGES}primary-secondary/"
NETWORKS = "10.20.0.0/16|Hangzhou office\n192.0.2.7|bastion\n198.51.100.0/24|partner"


def poses(page: Page, console: ConsoleProcess) -> Iterator[Pose]:
    cloud = outsider(console)
    own = upload(cloud, made("www.poses.example.com"), ServerCertificateName="poses-www")
    wild = upload(cloud, made("*.poses.example.com"), ServerCertificateName="poses-wildcard")
    balancer_id, _, _ = new_https_listener(cloud, "poses-https", 8444, own)
    cloud.call(
        "CreateDomainExtension",
        RegionId=REGION,
        LoadBalancerId=balancer_id,
        ListenerPort=8444,
        Domain="shop.poses.example.com",
        ServerCertificateId=wild,
    )
    for place in (CERTIFICATES, BALANCERS):
        page.goto(console.url + place)
        page.locator("#refresh button").click()
    guard = _list(page, console, "poses-office", NETWORKS)
    empty = _list(page, console, "poses-empty", "")
    _pair(page, console)
    cloud.call(
        "CreateLoadBalancerTCPListener",
        RegionId=REGION,
        LoadBalancerId=balancer_id,
        ListenerPort=7001,
        BackendServerPort=80,
        Bandwidth=-1,
        AclId=empty.rstrip("/").rsplit("/", 1)[1],
        AclStatus="on",
        AclType="white",
    )
    page.goto(console.url + BALANCERS)
    page.locator("#refresh button").click()

    yield Pose("certificates", CERTIFICATES, key=True)
    yield Pose("certificate", f"{CERTIFICATES}{own}/")
    yield Pose("certificates-ca", f"{CERTIFICATES}ca/")
    yield Pose("certificate-upload", CERTIFICATES, opened("certificates/new/"))
    yield Pose("certificate-plan", CERTIFICATES, opened("certificates/new/", _filled, planned))
    yield Pose("certificate-in-use", CERTIFICATES, opened(f"{own}/delete/"))
    yield Pose("access-lists", LISTS, key=True)
    yield Pose("access-list", guard, key=True)
    yield Pose("access-list-empty-whitelist", empty)
    yield Pose("access-list-bad-lines", guard, opened("/add-many/", _bad_lines, refused))
    domains = f"{BALANCERS}{balancer_id}/listeners/https/8444/domains/"
    yield Pose("domain-extensions", domains, key=True)
    yield Pose("domain-extension-add", domains, opened("domains/new/"))
    yield Pose("primary-secondary", PAIRS)
    yield Pose("primary-secondary-create", PAIRS, opened("primary-secondary/new/", _two))


def _list(page: Page, console: ConsoleProcess, name: str, networks: str) -> str:
    """Create an access control list; the address of its page."""
    page.goto(console.url + LISTS)
    opened("access-lists/new/")(page)
    named(page, "name").fill(name)
    named(page, "entries_text").fill(networks)
    pressed("")(page)
    expect(the_dialog(page)).to_be_hidden()
    link = page.get_by_role("link", name=name, exact=True)
    return str(link.get_attribute("href"))


def _pair(page: Page, console: ConsoleProcess) -> None:
    page.goto(console.url + PAIRS)
    opened("primary-secondary/new/", _two)(page)
    named(page, "name").first.fill("poses-dns")
    pressed("confirm")(page)
    expect(the_dialog(page)).to_be_hidden()


def _two(page: Page) -> None:
    for server in ("web-01", "web-02"):
        the_dialog(page).get_by_role("checkbox", name=server).check()
    page.locator("#add-servers").click()
    expect(named(page, "-port")).to_have_count(2)
    for number in range(2):
        named(page, "-port").nth(number).fill("53")


def _filled(page: Page) -> None:
    certificate, key = made("new.poses.example.com", "www.new.poses.example.com")
    named(page, "name").fill("poses-new")
    named(page, "certificate").fill(certificate)
    named(page, "private_key").fill(key)
    pressed("plan")(page)


def _bad_lines(page: Page) -> None:
    named(page, "entries_text").fill("10.0.0.5/24|slip\n172.16.0.0/12|fine\nnonsense")
    pressed("")(page)
