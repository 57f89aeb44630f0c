"""Certificates: both lists, uploading, renaming, deleting; and where a private key must not be."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from tests.cloud import REGION, mirror, place
from tests.localcloud.certificates import made as new_pair
from tests.localcloud.certificates import pair, upload
from tests.localcloud.client import Refused
from tests.pages.addresses import HTMX
from vservers.models import CACertificate, Operation, OperationCall, ServerCertificate
from vservers.services import readings, sync
from vservers.services.connection import connect

NAMES = ("shop.example.com", "www.shop.example.com")


def url(name, *more):
    return reverse(f"certificates-{name}", args=[REGION, *more])


def read():
    here = place()
    sync.store_region(connect(here), here, readings.certificates(here))


@pytest.fixture
def shop(cloud, outsider):
    """A server certificate that nothing uses, mirrored."""
    certificate_id = upload(outsider, pair(*NAMES), ServerCertificateName="shop")
    read()
    yield ServerCertificate.objects.get(pk=certificate_id)
    with suppress(Refused):
        outsider.call(
            "DeleteServerCertificate", RegionId=REGION, ServerCertificateId=certificate_id
        )


@pytest.fixture
def shown(balancer, outsider, shop):
    """An HTTPS listener of the balancer that shows the certificate."""
    outsider.call(
        "CreateLoadBalancerHTTPSListener",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        ListenerPort=443,
        BackendServerPort=80,
        Bandwidth=-1,
        HealthCheck="off",
        StickySession="off",
        ServerCertificateId=shop.pk,
    )
    mirror(balancer.pk)
    yield balancer
    outsider.call("DeleteLoadBalancer", RegionId=REGION, LoadBalancerId=balancer.pk)


@pytest.fixture
def browser(client_of, operator):
    return client_of(operator)


def form(material, **more):
    return {"name": "new-one", "certificate": material[0], "private_key": material[1], **more}


def delete_all(outsider):
    for one in ServerCertificate.objects.filter(name="new-one"):
        outsider.call("DeleteServerCertificate", RegionId=REGION, ServerCertificateId=one.pk)


def test_the_list_shows_domains_days_left_and_users(browser, shown, shop):
    page = browser.get(url("list")).content.decode()
    for words in ("shop", shop.pk, *NAMES, "2035-01-02", "days left", "HTTPS:443", "as of"):
        assert words in page
    page = browser.get(url("detail", shop.pk)).content.decode()
    assert shop.fingerprint in page and "HTTPS:443" in page


def test_the_list_is_searched_and_filtered_by_validity_and_use(browser, shop):
    ServerCertificate.objects.filter(pk=shop.pk).update(
        expires_at=timezone.now() + timedelta(days=5)
    )

    def found(**query):
        page = browser.get(url("list"), query, headers=HTMX).content.decode()
        assert "<html" not in page, "the part alone"
        return shop.pk in page

    assert found(q="www.shop") and found(q=shop.fingerprint) and not found(q="elsewhere")
    assert found(state="expiring") and not found(state="valid") and not found(state="expired")
    assert found(use="unused") and not found(use="used")
    assert found(sort="-expires")


def test_a_certificate_is_uploaded_and_its_key_is_nowhere(browser, cloud, outsider, caplog):
    material = new_pair(*NAMES)
    answer = browser.post(url("new"), form(material), headers=HTMX)
    assert answer.status_code == 204
    made = ServerCertificate.objects.get(name="new-one")
    assert made.names == list(NAMES)
    operation = Operation.objects.get()
    assert (operation.status, operation.resource_id) == ("done", made.pk)
    call = operation.calls.get()
    assert (call.params["PrivateKey"], call.sealed) == ("$secret", "")
    middle = material[1].splitlines()[1]
    held = [call.params, call.changes, operation.before, operation.after]
    entry = AuditEntry.objects.get()
    held += [entry.before, entry.after, entry.calls, entry.reason, caplog.text]
    for page in (
        browser.get(reverse("operations-detail", args=[operation.pk])),
        browser.get(url("detail", made.pk)),
    ):
        held.append(page.content.decode())
    assert not any(middle in str(one) for one in held)
    delete_all(outsider)


def test_what_will_be_sent_shows_stars_and_the_form_carries_the_key_sealed(
    browser, cloud, outsider, client_of, administrator
):
    material = new_pair(*NAMES)
    answer = browser.post(url("new"), form(material, intent="plan"), headers=HTMX)
    page = answer.content.decode()
    middle = material[1].splitlines()[1]
    assert "UploadServerCertificate" in page and "********" in page and middle not in page
    assert "private-key.pem" in page, "the script says where it looks for the key"
    kept = answer.context["form"].sealed_key
    again = form(material) | {"private_key": "", "kept": kept}
    theirs = client_of(administrator).post(url("new"), again, headers=HTMX)
    assert theirs.status_code == 422, "another person cannot use what was sealed for this one"
    assert browser.post(url("new"), again, headers=HTMX).status_code == 204
    assert ServerCertificate.objects.filter(name="new-one").exists()
    delete_all(outsider)


def test_a_refused_upload_keeps_what_was_typed_but_the_key(browser, cloud, flaky_cloud):
    flaky_cloud.refuse("UploadServerCertificate", "EccCertificateNotSupport", 1)
    material = new_pair(*NAMES)
    answer = browser.post(url("new"), form(material), headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "EccCertificateNotSupport" in page and 'value="new-one"' in page
    assert material[0].splitlines()[1] in page
    assert material[1].splitlines()[1] not in page
    assert not OperationCall.objects.exclude(sealed="").exists()


def test_a_key_of_another_certificate_is_refused_beside_its_field(browser, cloud):
    typed = form((new_pair("a.example.com")[0], new_pair("b.example.com")[1]))
    answer = browser.post(url("new"), typed, headers=HTMX)
    assert answer.status_code == 422
    assert "belongs to another certificate than a.example.com" in answer.content.decode()
    assert typed["private_key"].splitlines()[1] not in answer.content.decode()
    assert not Operation.objects.exists()


def test_a_certificate_in_use_is_not_deleted_and_its_users_are_named(browser, shown, shop):
    page = browser.get(url("delete", shop.pk)).content.decode()
    assert "HTTPS:443 of test" in page and "disabled" in page
    answer = browser.post(url("delete", shop.pk), headers=HTMX)
    assert answer.status_code == 422
    assert ServerCertificate.objects.filter(pk=shop.pk).exists()


def test_a_certificate_is_renamed_and_deleted(browser, shop):
    answer = browser.post(url("rename", shop.pk), {"name": "store"}, headers=HTMX)
    assert answer.status_code == 204
    shop.refresh_from_db()
    assert shop.name == "store"
    page = browser.post(url("delete", shop.pk), follow=True).content.decode()
    assert "store was deleted." in page
    assert not ServerCertificate.objects.filter(pk=shop.pk).exists()


def test_a_ca_certificate_has_a_tab_of_its_own(browser, cloud, outsider):
    typed = {"name": "clients", "certificate": new_pair("clients.example.com", ca=True)[0]}
    assert browser.post(url("new-ca"), typed, headers=HTMX).status_code == 204
    made = CACertificate.objects.get(name="clients")
    assert made.pk in browser.get(url("ca")).content.decode()
    assert made.pk not in browser.get(url("list")).content.decode()
    browser.post(url("delete", made.pk))
    assert not CACertificate.objects.exists()


def test_a_servers_certificate_is_no_ca_certificate(browser, cloud):
    typed = {"name": "clients", "certificate": pair(*NAMES)[0]}
    answer = browser.post(url("new-ca"), typed, headers=HTMX)
    assert answer.status_code == 422
    assert "not of a certificate authority" in answer.content.decode()


def test_refresh_reads_what_others_changed(browser, cloud, outsider, shop):
    outsider.call(
        "SetServerCertificateName",
        RegionId=REGION,
        ServerCertificateId=shop.pk,
        ServerCertificateName="theirs",
    )
    browser.post(url("refresh"))
    shop.refresh_from_db()
    assert shop.name == "theirs"


def test_who_may_see_and_who_may_change(client_of, reader, stranger, shop):
    def address(name):
        return url(name, shop.pk) if name in {"detail", "rename", "delete"} else url(name)

    for name in ("list", "ca", "detail"):
        assert client_of(reader).get(address(name)).status_code == 200
        assert client_of(stranger).get(address(name)).status_code == 404
        assert client_of(reader).post(address(name)).status_code == 405
    for name in ("new", "new-ca", "rename", "delete"):
        assert client_of(reader).get(address(name)).status_code == 403
        assert client_of(stranger).get(address(name)).status_code == 404
        assert client_of(reader).put(address(name)).status_code == 405
    page = client_of(reader).get(url("list")).content.decode()
    assert "Upload server certificate" not in page and "Rename" not in page


def test_a_list_page_asks_the_database_as_often_for_many(
    browser, cloud, django_assert_max_num_queries
):
    here = place()
    ServerCertificate.objects.bulk_create(
        ServerCertificate(
            certificate_id=f"cert-{n}", account=here.account, region=here.region, name=f"c{n}"
        )
        for n in range(50)
    )
    browser.get(url("list"))
    with django_assert_max_num_queries(12):
        browser.get(url("list"))
