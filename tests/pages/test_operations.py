"""The pages of operations: what is listed, what one shows, trying again and taking back."""

import pytest
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from tests.cloud import REGION, web
from tests.pages.addresses import HTMX, address
from tests.pages.test_group_dialog import form
from vservers.models import Operation, OperationCall
from vservers.services import locks, operations
from vservers.services.settling import settle


@pytest.fixture
def browser(client_of, operator):
    return client_of(operator)


@pytest.fixture
def group(browser, balancer):
    url = address("groups-new", balancer)
    browser.post(url, form((web(1), "80", "10"), (web(2), "80", "30"), name="first"))
    return balancer.vserver_groups.get()


def change(browser, balancer, group, *rows, name="first"):
    url = address("groups-edit", balancer, group.pk)
    seen = dict(browser.get(url).context["seen"].fields)
    return browser.post(url, form(*rows, name=name, **seen), headers=HTMX)


@pytest.fixture
def half_done(browser, balancer, group, flaky_cloud):
    """A change whose second call of three was refused."""
    flaky_cloud.refuse("SetVServerGroupAttribute", "ActionNotAllowed", 1)
    answer = change(browser, balancer, group, (web(1), "80", "0"), (web(3), "80", "100"))
    assert answer.status_code == 422
    return Operation.objects.first()


def detail(operation):
    return reverse("operations-detail", args=[operation.pk])


def members(group):
    return {(m.server_id, m.port): m.weight for m in group.members.all()}


def test_the_refusal_leads_to_the_operation_and_so_does_the_activity(
    browser, balancer, group, flaky_cloud
):
    flaky_cloud.refuse("SetVServerGroupAttribute", "ActionNotAllowed", 1)
    answer = change(browser, balancer, group, (web(1), "80", "0"), (web(3), "80", "100"))
    link = f'href="{detail(Operation.objects.first())}"'
    assert link in answer.content.decode()
    assert link in browser.get(reverse("audit-list")).content.decode()


def test_the_page_tells_each_call_with_its_rows_in_words(browser, half_done):
    page = browser.get(detail(half_done)).content.decode()
    for words in (
        "Partly done",
        "AddVServerGroupBackendServers",
        "web-03:80",
        "not in the group",
        "weight 10",
        "weight 0",
        "ActionNotAllowed",
        "RequestId",
        "Not sent",
        half_done.calls.all()[1].request_id,
        "Retry the rest",
        "Undo",
    ):
        assert words in page


def test_an_operation_that_is_over_is_not_asked_for_again(browser, half_done):
    url = detail(half_done)
    assert 'hx-trigger="every' not in browser.get(url).content.decode()
    answer = browser.get(url, headers=HTMX)
    assert answer.status_code == 286, "the polling stops"
    assert "<html" not in answer.content.decode()


def test_a_waiting_operation_is_live_and_says_for_what(browser, half_done):
    half_done.status = Operation.Status.WAITING
    half_done.waiting_code, half_done.waiting_message = "ServiceIsConfiguring", "Not now."
    half_done.next_try_at = timezone.now()
    half_done.save()
    page = browser.get(detail(half_done)).content.decode()
    assert 'hx-trigger="every 2s"' in page
    for words in ("It waits for the cloud: Not now.", "ServiceIsConfiguring", "next try"):
        assert words in page
    assert "Retry the rest" not in page
    assert browser.get(detail(half_done), headers=HTMX).status_code == 200


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_busy_cloud_leads_to_the_operation_that_goes_on(
    browser, balancer, group, flaky_cloud, monkeypatch, headers
):
    monkeypatch.setattr(operations, "FOREGROUND_SECONDS", 0)
    flaky_cloud.refuse("DeleteVServerGroup", "OperationBusy", 3)
    answer = browser.post(address("groups-delete", balancer, group.pk), headers=headers)
    operation = Operation.objects.first()
    to = answer["HX-Redirect"] if headers else answer["Location"]
    assert to == detail(operation)
    page = browser.get(to).content.decode()
    assert "goes on by itself" in page
    assert operation.status == "waiting"
    flaky_cloud.be_well()
    assert settle(operation.pk)
    operation.refresh_from_db()
    assert operation.status == "done"
    assert not balancer.vserver_groups.exists()


@pytest.mark.parametrize("name", ["groups-new", "groups-edit", "groups-delete", "pool-add"])
def test_another_change_that_runs_costs_nothing_that_was_typed(
    browser, balancer, group, other_session, monkeypatch, name
):
    monkeypatch.setattr(locks, "HOLD_SECONDS", 0)
    place = [group.pk] if name in ("groups-edit", "groups-delete") else []
    url = address(name, balancer, *place)
    typed = {"tick": web(1), "weight": "5", "intent": "add"}
    if name.startswith("groups"):
        typed = form((web(1), "80", "7"), name="typed-name")
    if name == "groups-edit":
        typed |= dict(browser.get(url).context["seen"].fields)
    with other_session.holding(balancer.pk):
        answer = browser.post(url, typed, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Another change of this instance is still running" in page
    if name in ("groups-new", "groups-edit"):
        assert "typed-name" in page
        assert 'value="7"' in page
    if name == "pool-add":
        assert 'value="5"' in page


def test_the_rest_is_shown_first_and_then_sent(browser, balancer, group, half_done):
    url = reverse("operations-retry", args=[half_done.pk])
    shown = browser.get(url)
    assert [step.action for step in shown.context["preview"].steps] == [
        "SetVServerGroupAttribute",
        "RemoveVServerGroupBackendServers",
    ]
    assert members(group) == {(web(1), 80): 10, (web(2), 80): 30, (web(3), 80): 100}
    answer = browser.post(url)
    retry = Operation.objects.first()
    assert answer["Location"] == detail(retry)
    assert (retry.status, retry.retry_of) == ("done", half_done)
    assert members(group) == {(web(1), 80): 0, (web(3), 80): 100}
    page = browser.get(detail(half_done)).content.decode()
    assert "Tried again by" in page
    assert "Retry the rest" not in page


def test_undo_is_shown_first_and_then_done(browser, balancer, group):
    change(browser, balancer, group, (web(1), "80", "0"), (web(3), "81", "1"), name="second")
    operation = Operation.objects.first()
    url = reverse("operations-undo", args=[operation.pk])
    page = browser.get(url, headers=HTMX).content.decode()
    for words in ("What will be sent", "aliyun slb", "weight 0", "weight 10", "second", "first"):
        assert words in page
    answer = browser.post(url, headers=HTMX)
    undo = Operation.objects.first()
    assert answer["HX-Redirect"] == detail(undo)
    assert undo.undo_of == operation
    assert members(group) == {(web(1), 80): 10, (web(2), 80): 30}
    page = browser.get(detail(operation)).content.decode()
    assert "Undone by" in page
    assert address("groups-detail", balancer, group.pk) in page


def test_what_others_changed_since_is_not_undone_and_it_is_said(browser, balancer, group, outsider):
    change(browser, balancer, group, (web(1), "80", "0"), (web(2), "80", "30"))
    operation = Operation.objects.first()
    servers = [{"ServerId": web(1), "Port": "80", "Weight": "55"}]
    outsider.call(
        "SetVServerGroupAttribute", RegionId=REGION, VServerGroupId=group.pk, BackendServers=servers
    )
    url = reverse("operations-undo", args=[operation.pk])
    for answer, status in ((browser.get(url), 200), (browser.post(url), 422)):
        assert answer.status_code == status
        assert "This was changed since: web-01:80." in answer.content.decode()
    assert Operation.objects.first() == operation


def test_a_cloud_that_cannot_be_read_is_said_in_the_dialog(browser, half_done, flaky_cloud):
    flaky_cloud.refuse("DescribeVServerGroupAttribute", "ActionNotAllowed", 9)
    for verb in ("operations-retry", "operations-undo"):
        answer = browser.get(reverse(verb, args=[half_done.pk]), headers=HTMX)
        assert answer.status_code == 422
        assert "ActionNotAllowed" in answer.content.decode()


@pytest.fixture
def many(db):
    """Operations of two instances and people, with a call each."""
    made = Operation.objects.bulk_create(
        Operation(
            status=["done", "failed", "waiting"][number % 3],
            actor_name=["li", "wang"][number % 2],
            permission="CHANGE_GROUPS",
            verb="change group",
            region_id="cn-hangzhou",
            load_balancer_id=["lb-a", "lb-b"][number % 2],
            resource_type="VServer group",
            resource_id=f"rsp-{number}",
            resource_name=f"name-{number}",
        )
        for number in range(60)
    )
    OperationCall.objects.bulk_create(
        OperationCall(
            operation=operation,
            position=0,
            action="DeleteVServerGroup",
            params={},
            changes=[],
            outcome="done",
            request_id=f"R-{number}",
        )
        for number, operation in enumerate(made)
    )
    return made


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, 60),
        ({"status": "failed"}, 20),
        ({"status": "unsettled"}, 20),
        ({"actor": "li"}, 30),
        ({"instance": "lb-a"}, 30),
        ({"text": "name-17"}, 1),
        ({"text": "rsp-17"}, 1),
        ({"text": "R-17"}, 1),
        ({"text": "nothing like it"}, 0),
        ({"actor": "li", "status": "done"}, 10),
    ],
)
def test_the_list_is_filtered(browser, many, query, count):
    answer = browser.get(reverse("operations-list"), query, headers=HTMX)
    assert answer.context["page"].paginator.count == count
    assert "<html" not in answer.content.decode()


def test_the_list_is_paged_and_its_queries_do_not_grow(
    browser, many, django_assert_max_num_queries
):
    with django_assert_max_num_queries(8):
        page = browser.get(reverse("operations-list")).content.decode()
    assert "30 of 60 operations" in page
    assert "1 of 1" in page


def test_the_list_of_an_instance_has_only_its_own(browser, balancer, group, many):
    answer = browser.get(address("operations-of", balancer))
    assert [one.resource_name for one in answer.context["page"]] == ["first"]


def test_the_queries_of_one_do_not_grow_with_its_rows(
    browser, balancer, django_assert_max_num_queries
):
    rows = [(web(1 + number % 5), str(8000 + number), "1") for number in range(60)]
    browser.post(address("groups-new", balancer), form(*rows))
    with django_assert_max_num_queries(14):
        page = browser.get(detail(Operation.objects.first())).content.decode()
    assert "web-05:8004" in page


def test_a_reader_may_not_and_a_stranger_finds_nothing(client_of, reader, stranger, half_done):
    urls = [
        detail(half_done),
        reverse("operations-list"),
        reverse("operations-of", args=[half_done.region_id, half_done.load_balancer_id]),
        reverse("operations-retry", args=[half_done.pk]),
        reverse("operations-undo", args=[half_done.pk]),
    ]
    for url in urls:
        assert client_of(reader).get(url).status_code == 403
        assert client_of(stranger).get(url).status_code == 404
    assert client_of(reader).post(urls[-1]).status_code == 403
    assert AuditEntry.objects.filter(outcome="refused").exists()


def test_what_is_not_there_is_404_and_wrong_methods_are_405(browser, half_done):
    assert browser.get(reverse("operations-detail", args=[999_999])).status_code == 404
    assert browser.post(detail(half_done)).status_code == 405
    assert browser.delete(reverse("operations-undo", args=[half_done.pk])).status_code == 405
