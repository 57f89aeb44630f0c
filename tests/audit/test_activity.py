"""The activity page."""

import pytest

from console.accounts.actor import Actor
from console.audit.models import AuditEntry
from console.audit.record import record


@pytest.fixture(autouse=True)
def shell_addresses(settings):
    settings.ROOT_URLCONF = "tests.shell.urls"


@pytest.fixture
def entries(db):
    def enter(name: str, verb: str, outcome: str, resource: str, **more):
        return record(
            actor=Actor(name=name, role="operator", request_id=f"web-{resource}"),
            verb=verb,
            outcome=AuditEntry.Outcome(outcome),
            resource_type="group",
            resource_id=resource,
            resource_name=f"name-of-{resource}",
            region_id="cn-hangzhou",
            load_balancer_id="lb-1",
            **more,
        )

    return [
        enter("li", "create group", "done", "rsp-a", after={"name": "分组"}),
        enter("li", "delete group", "refused", "rsp-b", reason="It is used."),
        enter(
            "wang",
            "create group",
            "failed",
            "rsp-c",
            calls=[
                {
                    "action": "CreateVServerGroup",
                    "request_id": "365F4154",
                    "outcome": "refused",
                    "code": "OperationBusy",
                    "message": "Busy.",
                }
            ],
        ),
    ]


def shown(client, query: str) -> set[str]:
    html = client.get(f"/activity/?{query}", headers={"HX-Request": "true"}).content.decode()
    return {name for name in ("rsp-a", "rsp-b", "rsp-c") if f"name-of-{name}" in html}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"rsp-a", "rsp-b", "rsp-c"}),
        ("actor=li", {"rsp-a", "rsp-b"}),
        ("verb=create+group", {"rsp-a", "rsp-c"}),
        ("outcome=refused", {"rsp-b"}),
        ("resource=rsp-c", {"rsp-c"}),
        ("resource=lb-1", {"rsp-a", "rsp-b", "rsp-c"}),
        ("text=USED", {"rsp-b"}),
        ("text=365F4154", {"rsp-c"}),
        ("text=web-rsp-a", {"rsp-a"}),
        ("actor=li&outcome=failed", set()),
        ("page=x", {"rsp-a", "rsp-b", "rsp-c"}),
    ],
)
def test_each_filter_narrows_the_list(client_of, operator, entries, query, expected):
    assert shown(client_of(operator), query) == expected


def test_an_entry_tells_before_after_reason_and_calls(client_of, operator, entries):
    html = client_of(operator).get("/activity/").content.decode()
    for words in ("分组", "It is used.", "OperationBusy", "365F4154", "web-rsp-a"):
        assert words in html


@pytest.mark.parametrize(("who", "status"), [("reader", 403), ("stranger", 404)])
def test_the_trail_is_for_operators_and_administrators(request, client_of, who, status):
    assert client_of(request.getfixturevalue(who)).get("/activity/").status_code == status


def test_it_cannot_be_changed(client_of, administrator):
    assert client_of(administrator).post("/activity/").status_code == 405


def test_queries_do_not_grow_with_the_entries(
    client_of, operator, entries, django_assert_max_num_queries
):
    AuditEntry.objects.bulk_create(
        AuditEntry(actor_name="li", verb="sync", outcome="done", resource_type="group")
        for _ in range(120)
    )
    client = client_of(operator)
    with django_assert_max_num_queries(8):
        html = client.get("/activity/").content.decode()
    assert "of 123 entries" in html
