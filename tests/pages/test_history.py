"""History: what happened to each kind of object, in one list, for those who may read it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from tests.cloud import REGION, mirror, web
from tests.pages.addresses import HTMX, address
from vservers.models import Drift, Operation, OperationCall

RULE = {"RuleName": "api", "Domain": "api.example.com", "Url": "/v1"}


@pytest.fixture
def rule(listener, group, outsider):
    outsider.call(
        "CreateRules",
        RegionId=REGION,
        LoadBalancerId=listener.load_balancer_id,
        ListenerPort=80,
        RuleList=[{**RULE, "VServerGroupId": group.pk}],
    )
    mirror(listener.load_balancer_id)
    return listener.rules.get()


def operation(balancer, verb: str, *keys: tuple[str, list[object]], resource: str = "") -> int:
    """An operation whose one call touched these (kind, key)."""
    made = Operation.objects.create(
        status=Operation.Status.DONE,
        actor_name="anna",
        permission="CHANGE_GROUPS",
        verb=verb,
        region_id=balancer.region_id,
        load_balancer_id=balancer.pk,
        resource_type="group",
        resource_id=resource,
    )
    rows = [{"kind": kind, "key": key, "before": None, "after": {}} for kind, key in keys]
    params = {"VServerGroupId": "rsp-1", "VServerGroupName": "it's new"}
    OperationCall.objects.create(
        operation=made, position=0, action="SetVServerGroupAttribute", params=params, changes=rows
    )
    return made.pk


def told(client, url: str) -> list[str]:
    """The verbs of the operations, the reasons of the entries, the items of the drift."""
    return [
        event.operation.verb
        if event.operation
        else (event.entry.reason if event.entry else event.drift.item)
        for event, _level, _drift in client.get(url).context["rows"]
    ]


def test_each_object_has_what_touched_it(client_of, operator, rule, group, balancer):
    Drift.objects.all().delete()  # what an outsider made for this test
    server, listener = web(1), rule.listener
    member = ("member", [group.pk, server, "", 80])
    operation(balancer, "weights", member)
    operation(balancer, "rename", resource=group.pk)
    operation(balancer, "start", ("listener", ["http", 80]))
    operation(balancer, "other listener", ("listener", ["http", 8080]))
    operation(balancer, "route", ("rule", ["http", 80, RULE["Domain"], RULE["Url"]]))
    operation(balancer, "other rule", ("rule", ["http", 80, RULE["Domain"], "/v2"]))
    client = client_of(operator)
    assert told(client, address("history-group", balancer, group.pk)) == ["rename", "weights"]
    assert told(client, reverse("history-server", args=[REGION, server])) == ["weights"]
    with_rules = ["other rule", "route", "start"]
    assert told(client, address("history-listener", balancer, "http", 80)) == with_rules
    of_rule = address("history-rule", balancer, listener.protocol, listener.port, rule.pk)
    assert told(client, of_rule) == ["route"]
    assert len(told(client, address("history-balancer", balancer))) == 6


def test_refusals_and_what_others_changed_are_told_too(client_of, operator, group, balancer):
    Drift.objects.all().delete()
    AuditEntry.objects.create(
        actor_name="ron",
        verb="edit group",
        resource_type="group",
        resource_id=group.pk,
        load_balancer_id=balancer.pk,
        outcome="refused",
        reason="not allowed",
    )
    AuditEntry.objects.create(
        actor_name="anna", verb="x", resource_type="group", resource_id=group.pk, operation_id=1
    )
    now = timezone.now()
    Drift.objects.create(
        object_type=Drift.Kind.GROUP,
        object_id=group.pk,
        region_id=REGION,
        load_balancer_id=balancer.pk,
        field="server",
        item=f"{web(1)}:80",
        before={"weight": 1, "type": "ecs"},
        first_seen_at=now,
        last_seen_at=now,
    )
    client = client_of(operator)
    both = [f"{web(1)}:80", "not allowed"]
    assert told(client, address("history-group", balancer, group.pk)) == both
    assert told(client, address("history-balancer", balancer)) == both
    assert told(client, reverse("history-server", args=[REGION, web(1)])) == both[:1]


def test_an_objects_own_page_has_the_newest_and_a_link(client_of, operator, reader, group):
    Drift.objects.all().delete()
    balancer = group.load_balancer
    url = address("history-group", balancer, group.pk)
    page = client_of(operator).get(address("groups-detail", balancer, group.pk)).content.decode()
    assert f'hx-get="{url}?few"' in page
    for n in range(12):
        operation(balancer, f"act {n}", resource=group.pk)
    part = client_of(operator).get(url, {"few": ""}, headers=HTMX)
    assert "<html" not in part.content.decode()
    assert len(part.context["rows"]) == 8
    assert "Whole history (12)" in part.content.decode()
    unseen = client_of(reader).get(address("groups-detail", balancer, group.pk)).content.decode()
    assert url not in unseen


def test_all_of_it_is_there_page_by_page_however_much(client_of, operator, balancer):
    rows = Operation.objects.bulk_create(
        Operation(
            status=Operation.Status.DONE,
            actor_name="anna",
            permission="CHANGE_GROUPS",
            verb=f"act {n}",
            region_id=balancer.region_id,
            load_balancer_id=balancer.pk,
            resource_type="group",
        )
        for n in range(400)
    )
    for n, row in enumerate(rows):
        row.created_at = balancer.synced_at - timedelta(minutes=400 - n)
    Operation.objects.bulk_update(rows, ["created_at"])
    entry = {"actor_name": "ron", "load_balancer_id": balancer.pk, "outcome": "refused"}
    AuditEntry.objects.create(verb="edit", resource_type="group", reason="newest", **entry)
    client, url = client_of(operator), address("history-balancer", balancer)
    assert "401 entries" in client.get(url).content.decode()
    newest, oldest = told(client, url), told(client, f"{url}?page=14")
    assert newest[:2] == ["newest", "act 399"]
    assert oldest == [f"act {n}" for n in range(10, -1, -1)]


def test_a_reader_may_not_and_a_stranger_finds_nothing(client_of, reader, stranger, group):
    url = address("history-group", group.load_balancer, group.pk)
    assert client_of(reader).get(url).status_code == 403
    assert client_of(stranger).get(url).status_code == 404


def test_history_answers_reads_only(client_of, operator, group):
    url = address("history-group", group.load_balancer, group.pk)
    assert client_of(operator).post(url).status_code == 405
    assert client_of(operator).get(url.replace(group.pk, "rsp-none")).status_code == 404


@pytest.mark.parametrize("count", [1, 50])
def test_few_queries_however_much_happened(
    client_of, operator, balancer, django_assert_max_num_queries, count
):
    for n in range(count):
        operation(balancer, f"act {n}")
    client, url = client_of(operator), address("history-balancer", balancer)
    client.get(url)
    with django_assert_max_num_queries(15):
        client.get(url)


def test_an_operation_shows_its_calls_as_code(client_of, operator, balancer):
    number = operation(balancer, "rename")
    page = client_of(operator).get(reverse("operations-detail", args=[number]))
    texts = {one.key: one.text for one in page.context["programs"]}
    assert "aliyun slb SetVServerGroupAttribute --region cn-hangzhou" in texts["cli"]
    assert "client.set_vserver_group_attribute(" in texts["python"]
    assert 'id="sent-code-cli"' in page.content.decode()
