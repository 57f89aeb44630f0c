"""Domain extensions of an HTTPS listener: list, add, change, delete."""

import pytest

from tests.cloud import REGION, mirror, place
from tests.localcloud.certificates import pair, upload
from tests.pages.addresses import HTMX, address
from vservers.models import DomainExtension, Operation
from vservers.services import readings, sync
from vservers.services.connection import connect
from vservers.services.undo import undo

PORT = 443


@pytest.fixture
def browser(client_of, operator):
    return client_of(operator)


@pytest.fixture
def ids(cloud, outsider):
    """{first letter: certificate ID} of a.example.com and *.b.example.com, mirrored."""
    found = {
        "a": upload(outsider, pair("a.example.com"), ServerCertificateName="a"),
        "b": upload(outsider, pair("*.b.example.com"), ServerCertificateName="b"),
    }
    here = place()
    sync.store_region(connect(here), here, readings.certificates(here))
    yield found
    for one in found.values():
        outsider.call("DeleteServerCertificate", RegionId=REGION, ServerCertificateId=one)


@pytest.fixture
def secure(balancer, outsider, ids):
    """The balancer with an HTTPS listener that shows certificate a; deleted afterwards."""
    outsider.call(
        "CreateLoadBalancerHTTPSListener",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=PORT,
        BackendServerPort=80,
        Bandwidth=-1,
        HealthCheck="off",
        StickySession="off",
        ServerCertificateId=ids["a"],
    )
    mirror(balancer.pk)
    yield balancer
    outsider.call("DeleteLoadBalancer", RegionId=REGION, LoadBalancerId=balancer.pk)


@pytest.fixture
def extension(browser, secure, ids):
    form = {"domain": "Shop.B.example.com", "certificate": ids["b"]}
    answer = browser.post(address("extensions-new", secure, PORT), form, headers=HTMX)
    assert answer.status_code == 204
    return DomainExtension.objects.get()


def in_cloud(outsider, balancer):
    answer = outsider.call(
        "DescribeDomainExtensions",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=PORT,
    )
    rows = answer["DomainExtensions"]["DomainExtension"]
    return {row["Domain"]: row["ServerCertificateId"] for row in rows}


def test_a_domain_is_added_and_listed_with_its_certificate(
    browser, extension, secure, ids, outsider
):
    assert in_cloud(outsider, secure) == {"shop.b.example.com": ids["b"]}
    assert (extension.domain, extension.server_certificate_id) == ("shop.b.example.com", ids["b"])
    page = browser.get(address("extensions-list", secure, PORT)).content.decode()
    for words in ("Any other domain", "a.example.com", "shop.b.example.com", "days left"):
        assert words in page
    assert "not valid for this domain" not in page
    part = browser.get(address("extensions-list", secure, PORT), {"q": "zzz"}, headers=HTMX)
    assert "shop.b" not in part.content.decode() and "<html" not in part.content.decode()


def test_a_certificate_that_does_not_fit_the_domain_is_warned_of(
    browser, extension, secure, ids, outsider
):
    edit = address("extensions-edit", secure, PORT, extension.pk)
    answer = browser.post(edit, {"certificate": ids["a"]}, follow=True)
    assert "not valid for shop.b.example.com" in answer.content.decode()
    assert in_cloud(outsider, secure) == {"shop.b.example.com": ids["a"]}
    page = browser.get(address("extensions-list", secure, PORT)).content.decode()
    assert "not valid for this domain" in page


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("shop.b.example.com", "has the domain already"),
        ("no domain", "Enter a domain of letters"),
        ("", "Enter a domain."),
    ],
)
def test_a_domain_that_cannot_be_is_refused_beside_its_field(
    browser, extension, secure, ids, domain, words
):
    form = {"domain": domain, "certificate": ids["b"]}
    answer = browser.post(address("extensions-new", secure, PORT), form, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page and f'value="{ids["b"]}" selected' in page


def test_a_domain_is_deleted_and_brought_back(browser, extension, secure, ids, outsider, operator):
    delete = address("extensions-delete", secure, PORT, extension.pk)
    assert "own certificate" in browser.get(delete).content.decode()
    assert browser.post(delete, headers=HTMX).status_code == 204
    assert in_cloud(outsider, secure) == {}
    undo(actor=operator.as_actor(), operation=Operation.objects.first())
    assert in_cloud(outsider, secure) == {"shop.b.example.com": ids["b"]}


def test_a_domain_that_rules_name_is_not_deleted(browser, extension, secure, outsider):
    group_id = outsider.call(
        "CreateVServerGroup", RegionId=REGION, LoadBalancerId=secure.pk, VServerGroupName="g"
    )["VServerGroupId"]
    outsider.call(
        "CreateRules",
        RegionId=REGION,
        LoadBalancerId=secure.pk,
        ListenerPort=PORT,
        ListenerProtocol="https",
        RuleList=[{"RuleName": "r", "Domain": extension.domain, "VServerGroupId": group_id}],
    )
    mirror(secure.pk)
    delete = address("extensions-delete", secure, PORT, extension.pk)
    page = browser.get(delete).content.decode()
    assert "Forwarding rules name this domain" in page and "disabled" in page


def test_a_certificate_that_a_domain_shows_is_in_use(browser, extension, secure, ids):
    page = browser.get(f"/regions/{REGION}/certificates/{ids['b']}/delete/").content.decode()
    assert "shop.b.example.com on HTTPS:443 of test" in page


def test_a_plan_sends_nothing(browser, secure, ids, outsider):
    form = {"domain": "x.b.example.com", "certificate": ids["b"], "intent": "plan"}
    page = browser.post(address("extensions-new", secure, PORT), form).content.decode()
    assert "CreateDomainExtension" in page
    assert in_cloud(outsider, secure) == {}


def test_who_may_see_and_who_may_change(client_of, reader, stranger, extension, secure):
    listing = address("extensions-list", secure, PORT)
    assert client_of(reader).get(listing).status_code == 200
    assert client_of(stranger).get(listing).status_code == 404
    assert client_of(reader).post(listing).status_code == 405
    assert client_of(reader).get(address("extensions-list", secure, 444)).status_code == 404
    for changing in (
        address("extensions-new", secure, PORT),
        address("extensions-edit", secure, PORT, extension.pk),
        address("extensions-delete", secure, PORT, extension.pk),
    ):
        assert client_of(reader).get(changing).status_code == 403
        assert client_of(stranger).get(changing).status_code == 404
        assert client_of(reader).put(changing).status_code == 405
