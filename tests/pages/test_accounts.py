"""The Accounts page: administrators add, test, change and delete; no secret ever comes back."""

import re

import pytest
from django.urls import reverse

from console.audit.models import AuditEntry
from console.shell import sealing
from tests.cloud import REGION, the_account
from tests.pages.addresses import HTMX
from vservers.models import CloudAccount, LoadBalancer
from vservers.services import accounts, schedule

PAGE = "/cloud-accounts/"
NEW = "/cloud-accounts/new/"
SECRET = "The-secret-of-this-test"


def typed(cloud, **changes):
    return {
        "name": "Second",
        "endpoint": cloud.endpoint,
        "access_key_id": cloud.access_key_id,
        "secret": SECRET,
        "reads": "",
        "writes": "",
        "creates": "",
        **changes,
    }


@pytest.fixture
def browser(client_of, administrator):
    return client_of(administrator)


@pytest.fixture
def second(administrator):
    return accounts.add_account(
        actor=administrator.as_actor(),
        name="Second",
        endpoint="https://{product}.{region}.example",
        access_key_id="LTAIexample",
        secret=SECRET,
    )


@pytest.mark.parametrize(("who", "status"), [("operator", 403), ("reader", 403), ("stranger", 404)])
def test_only_administrators_see_it(client_of, request, cloud, who, status):
    client = client_of(request.getfixturevalue(who))
    for url in (PAGE, NEW, reverse("cloud-accounts-edit", args=[the_account().pk])):
        assert client.get(url).status_code == status
    assert client.post(NEW, typed(cloud)).status_code == status
    assert CloudAccount.objects.count() == 1


def test_an_account_is_added(browser, cloud):
    answer = browser.post(NEW, typed(cloud, reads="5"), follow=True)
    assert "Second was added" in answer.content.decode()
    account = CloudAccount.objects.get(name="Second")
    assert sealing.unseal(account.sealed_secret) == SECRET
    assert account.paces == {"read": 5.0}
    assert account.enabled
    assert AuditEntry.objects.filter(verb="add account").exists()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("endpoint", "slb.aliyuncs.com", "Enter a URL"),
        ("endpoint", "https://{zone}.example", "Only {product} and {region}"),
        ("endpoint", "https://{product.example", "braces"),
        ("endpoint", "ftp://x.example", "Enter a URL"),
        ("endpoint", "https://user:pw@x.example", "Enter a URL"),
        ("endpoint", "https://[x.example", "Enter a URL"),
        ("endpoint", "https://x.example:99999", "Enter a URL"),
        ("endpoint", "https://x\n.example", "Enter a URL"),
        ("endpoint", "https://{product.real}.example", "braces"),
        ("access_key_id", "LTAI\nx-acs-action: x", "without blanks"),
        ("name", "", "Enter a name for the account."),
        ("name", "\u202eabc", "Leave out control characters."),
        ("name", "environment", "Another account has this name"),
        ("secret", "", "Enter the secret of its access key."),
        ("reads", "-1", "greater than or equal to 0"),
        ("reads", "many", "Enter a number"),
    ],
)
def test_a_mistake_is_said_beside_its_field(browser, cloud, field, value, words):
    answer = browser.post(NEW, typed(cloud, **{field: value}))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert SECRET not in page
    if field != "access_key_id":
        assert cloud.access_key_id in page, "what was typed stays"


def test_an_account_whose_regions_cannot_be_read_says_why_and_is_tried_seldom(
    browser, cloud, flaky_cloud
):
    browser.post(NEW, typed(cloud, endpoint=flaky_cloud.endpoint, secret="wrong"))
    asked: list[str] = []
    flaky_cloud.watch(asked.append)
    for _round in range(2):
        list(schedule.places_to_sync())
    assert asked.count("DescribeRegions") == 1, "others do not wait for it in each round"
    page = browser.get(PAGE).content.decode()
    assert "Last read failed" in page
    assert "SignatureDoesNotMatch" in page
    account = CloudAccount.objects.get(name="Second")
    right = typed(
        cloud, endpoint=flaky_cloud.endpoint, secret=cloud.access_key_secret, enabled="on"
    )
    browser.post(reverse("cloud-accounts-edit", args=[account.pk]), right)
    list(schedule.places_to_sync())
    assert "Last read failed" not in browser.get(PAGE).content.decode()


def test_the_connection_is_tried_before_it_is_saved(browser, cloud):
    right = {"secret": cloud.access_key_secret, "intent": "test"}
    answer = browser.post(NEW, typed(cloud, **right), headers=HTMX)
    assert "The cloud answers" in answer.content.decode()
    assert cloud.access_key_secret not in answer.content.decode()
    wrong = browser.post(NEW, typed(cloud, intent="test"), headers=HTMX)
    assert wrong.status_code == 422
    page = wrong.content.decode()
    assert "SignatureDoesNotMatch" in page
    assert "RequestId" in page
    assert SECRET not in page
    assert CloudAccount.objects.count() == 1, "nothing was saved"


def test_the_secret_is_never_shown_again(browser, second):
    for url in (PAGE, reverse("cloud-accounts-edit", args=[second.pk])):
        page = browser.get(url).content.decode()
        assert SECRET not in page
        assert second.sealed_secret not in page


def test_an_edit_without_a_new_secret_keeps_the_old_one(browser, second, cloud):
    url = reverse("cloud-accounts-edit", args=[second.pk])
    form = typed(cloud, secret="", name="Renamed")
    browser.post(url, form)
    second.refresh_from_db()
    assert (second.name, second.enabled) == ("Renamed", False)
    assert sealing.unseal(second.sealed_secret) == SECRET


def test_deleting_asks_and_says_what_goes(browser, second, cloud):
    LoadBalancer.objects.create(load_balancer_id="lb-a", account=second, region_id=REGION)
    url = reverse("cloud-accounts-delete", args=[second.pk])
    assert "1 instance leave" in browser.get(url).content.decode().replace("\n", " ")
    browser.post(url)
    assert not CloudAccount.objects.filter(pk=second.pk).exists()


def test_the_account_of_the_environment_can_be_renamed_and_no_more(browser, cloud):
    account = the_account()
    page = browser.get(reverse("cloud-accounts-edit", args=[account.pk])).content.decode()
    assert "The environment names this account" in page
    form = {"name": "Production", "endpoint": "http://evil.example", "enabled": "on"}
    browser.post(reverse("cloud-accounts-edit", args=[account.pk]), form)
    account.refresh_from_db()
    assert (account.name, account.endpoint) == ("Production", cloud.endpoint)
    answer = browser.post(reverse("cloud-accounts-delete", args=[account.pk]))
    assert answer.status_code == 422
    assert CloudAccount.objects.filter(pk=account.pk).exists()


def test_the_instances_name_their_account_when_there_are_several(client_of, reader, cloud, second):
    LoadBalancer.objects.create(load_balancer_id="lb-a", account=second, region_id=REGION)
    page = client_of(reader).get("/regions/cn-hangzhou/balancers/").content.decode()
    assert re.search(r'data-label="Account">\s*Second\s*<', page)
    second.delete()
    page = client_of(reader).get("/regions/cn-hangzhou/balancers/").content.decode()
    assert 'data-label="Account"' not in page
