"""Starting a maintenance, a drain and a shift; their list and pages; what may be asked of them."""

import json

import pytest
from django.urls import reverse

from tests.cloud import REGION, mirror, web
from tests.pages.addresses import HTMX, address
from vservers.models import Procedure, Server
from vservers.pages.procedures.shown import progress_of
from vservers.services import maintenance, procedures


@pytest.fixture
def shop(balancer, outsider):
    """A group with web-01 (100) and web-02 (0) that a listener uses, mirrored."""
    group = outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=balancer.pk,
        VServerGroupName="blue",
        BackendServers=[
            {"ServerId": web(1), "Port": 80, "Weight": 100},
            {"ServerId": web(2), "Port": 80, "Weight": 0},
        ],
    )["VServerGroupId"]
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        HealthCheck="off",
        VServerGroupId=group,
    )
    mirror(balancer.pk)
    return balancer.vserver_groups.get(pk=group)


@pytest.fixture
def browser(client_of, operator):
    return client_of(operator)


MAINTENANCE = reverse("servers-maintenance", args=[REGION, web(1)])


def group_url(name, group):
    return address(name, group.load_balancer, group.pk)


def side(group, number):
    return f"side|{group.pk}|{web(number)}|80"


def shift(group, **more):
    return {
        "count": "2",
        "pause_seconds": "60",
        "percent": "100",
        side(group, 1): "from",
        side(group, 2): "to",
        **more,
    }


def test_maintenance_that_would_fail_requests_is_asked_about_and_then_begun(browser, shop):
    assert "blue" in browser.get(MAINTENANCE).content.decode()
    answer = browser.post(MAINTENANCE, {"reason": "disk"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Requests would fail" in page
    assert "blue (test)" in page
    assert 'value="disk"' in page, "what was typed stays"
    assert not Procedure.objects.exists()
    answer = browser.post(MAINTENANCE, {"reason": "disk", "may_empty": "on"})
    begun = Procedure.objects.get()
    assert answer.status_code == 303
    assert answer["Location"] == reverse("procedures-detail", args=[begun.pk])
    assert (begun.kind, begun.reason, begun.actor_name) == ("maintenance", "disk", "operator")


def test_what_a_maintenance_sends_is_shown_first(browser, shop):
    answer = browser.post(MAINTENANCE, {"intent": "plan", "may_empty": "on"}, headers=HTMX)
    page = answer.content.decode()
    assert "SetVServerGroupAttribute" in page
    assert "weight 100" in page
    assert "weight 0" in page
    assert not Procedure.objects.exists()


def test_a_server_in_maintenance_says_so_wherever_it_is_shown(browser, shop, operator):
    maintenance.start_maintenance(
        actor=operator.as_actor(), server=Server.objects.get(pk=web(1)), reason="", may_empty=True
    )
    procedures.advance(Procedure.objects.get().pk)
    for url in (
        group_url("groups-detail", shop),
        reverse("servers-list", args=[REGION]) + "?q=web-01",
    ):
        assert "in maintenance" in browser.get(url).content.decode()
    page = browser.get(reverse("servers-detail", args=[REGION, web(1)])).content.decode()
    assert "End maintenance" in page
    assert "Start maintenance" not in page
    answer = browser.post(MAINTENANCE, {"may_empty": "on"})
    assert answer.status_code == 422
    assert "in maintenance already" in answer.content.decode()


def test_a_drain_is_begun_for_the_servers_that_were_ticked(browser, shop):
    url = group_url("groups-drain", shop)
    page = browser.get(url, {"member": f"{web(2)}:80"}).content.decode()
    assert page.count("checked") == 1
    assert browser.post(url, {"minutes": "5"}).status_code == 422
    assert browser.post(url, {"minutes": "x", "member": f"{web(2)}:80"}).status_code == 422
    asked = browser.post(url, {"minutes": "5", "member": f"{web(1)}:80"})
    assert "Requests would fail" in asked.content.decode()
    browser.post(url, {"minutes": "5", "member": f"{web(2)}:80"})
    begun = Procedure.objects.get()
    assert begun.kind == "drain"
    assert [str(one) for one in begun.members.all()] == ["web-02:80"]
    assert (
        "Drain, then remove: blue" in browser.get(group_url("groups-detail", shop)).content.decode()
    )
    again = browser.post(url, {"minutes": "5", "member": f"{web(2)}:80"})
    assert "is about web-02:80 already" in again.content.decode()


def test_the_steps_of_a_shift_are_shown_and_then_begun(browser, shop):
    url = group_url("groups-shift", shop)
    assert "gives" in browser.get(url).content.decode()
    shown = browser.post(url, shift(shop, intent="steps"))
    assert [step.moving for step in shown.context["steps"]] == [[100, 0], [50, 50], [0, 100]]
    assert "50.0 %" in shown.content.decode()
    assert not Procedure.objects.exists()
    plan = browser.post(url, shift(shop, intent="plan"), headers=HTMX).content.decode()
    assert "SetVServerGroupAttribute" in plan
    browser.post(url, shift(shop, seen=shown.context["seen"]))
    begun = Procedure.objects.get()
    assert (begun.kind, len(begun.steps), begun.pause_seconds) == ("shift", 3, 60)
    page = browser.get(reverse("procedures-detail", args=[begun.pk])).content.decode()
    assert "Step 0 of 2 done" in page


def test_a_shift_does_not_start_before_its_steps_were_shown_or_from_others(browser, shop):
    url = group_url("groups-shift", shop)
    browser.post(url, shift(shop))
    assert not Procedure.objects.exists()
    other = browser.post(url, shift(shop, seen=json.dumps([[10, 90], [0, 100]])))
    assert "changed meanwhile" in other.content.decode()
    assert not Procedure.objects.exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"count": "0"}, "from 1 to 20"),
        ({"pause_seconds": "1"}, "at least"),
        ({"percent": ""}, "from 1 to 100"),
    ],
)
def test_what_is_wrong_with_a_shift_is_said_beside_the_field(browser, shop, typed, words):
    answer = browser.post(group_url("groups-shift", shop), shift(shop, intent="steps", **typed))
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_group_of_the_instance_is_added_to_a_shift(browser, shop, outsider):
    made = outsider.call(
        "CreateVServerGroup",
        RegionId=REGION,
        LoadBalancerId=shop.load_balancer_id,
        VServerGroupName="green",
        BackendServers=[{"ServerId": web(3), "Port": 80, "Weight": 5}],
    )["VServerGroupId"]
    mirror(shop.load_balancer_id)
    answer = browser.post(group_url("groups-shift", shop), shift(shop, intent="add", add=made))
    assert [str(group) for group in answer.context["groups"]] == ["blue", "green"]
    assert "web-03" in answer.content.decode()


@pytest.fixture
def begun(browser, shop, operator):
    """A shift that has done its first step."""
    url = group_url("groups-shift", shop)
    shown = browser.post(url, shift(shop, intent="steps"))
    browser.post(url, shift(shop, seen=shown.context["seen"]))
    made = Procedure.objects.get()
    procedures.advance(made.pk)
    made.refresh_from_db()
    return made


def test_a_maintenance_says_what_pauses_meanwhile(browser, begun):
    page = browser.get(MAINTENANCE).content.decode()
    assert reverse("procedures-detail", args=[begun.pk]) in page


def test_its_page_is_live_as_long_as_a_worker_is_at_it(browser, begun):
    url = reverse("procedures-detail", args=[begun.pk])
    part = browser.get(url, headers=HTMX)
    assert part.status_code == 200
    assert "every 2s" in part.content.decode()
    assert "Step 1 of 2 done" in part.content.decode()
    Procedure.objects.update(status="paused", next_at=None)
    part = browser.get(url, headers=HTMX)
    assert part.status_code == 286
    assert "every 2s" not in part.content.decode()


def test_its_operations_are_said_in_the_language_of_the_reader(browser, begun):
    url = reverse("procedures-detail", args=[begun.pk])
    verb = begun.operations.get().verb
    said = f">{verb[0].upper()}{verb[1:]}</td>"
    assert said in browser.get(url).content.decode()
    chinese = browser.get(url, headers={"accept-language": "zh-CN"}).content.decode()
    assert verb not in chinese.lower()


def test_what_is_asked_is_asked_about_first_and_then_seen_to(browser, begun):
    url = reverse("procedures-ask", args=[begun.pk, "pause"])
    assert "No further step" in browser.get(url, headers=HTMX).content.decode()
    assert browser.post(url).status_code == 303
    begun.refresh_from_db()
    assert begun.asked == "pause"
    procedures.advance(begun.pk)
    begun.refresh_from_db()
    assert (begun.status, begun.asked) == ("paused", "")
    answer = browser.post(url, headers=HTMX)
    assert answer.status_code == 422
    assert "cannot be done now" in answer.content.decode()
    assert browser.get(reverse("procedures-ask", args=[begun.pk, "dance"])).status_code == 404


@pytest.mark.parametrize(
    ("kind", "phase", "status", "words"),
    [
        ("maintenance", "restoring", "running", "Restoring weights"),
        ("maintenance", "restoring", "done", "Weights restored"),
        ("drain", "removing", "done", "Servers removed"),
        ("drain", "watching", "stopped", ""),
    ],
)
def test_what_is_over_is_not_said_to_be_going_on(kind, phase, status, words):
    over = Procedure(kind=kind, phase=phase, status=status)
    assert progress_of(over).words == words


def test_the_list_is_filtered(browser, begun):
    url = reverse("procedures-list")
    for query, count in (
        ({}, 1),
        ({"kind": "shift"}, 1),
        ({"kind": "drain"}, 0),
        ({"status": "unfinished"}, 1),
        ({"status": "done"}, 0),
        ({"text": "blue"}, 1),
        ({"text": web(1)}, 1),
        ({"text": "nobody"}, 0),
    ):
        assert len(browser.get(url, query).context["rows"]) == count, query


def test_readers_see_and_may_not_and_strangers_find_nothing(
    client_of, reader, stranger, shop, begun
):
    seen = [reverse("procedures-list"), reverse("procedures-detail", args=[begun.pk])]
    kept = [
        MAINTENANCE,
        group_url("groups-drain", shop),
        group_url("groups-shift", shop),
        reverse("procedures-ask", args=[begun.pk, "pause"]),
    ]
    looking, strange = client_of(reader), client_of(stranger)
    for url in seen:
        assert looking.get(url).status_code == 200
        assert "wish-" not in looking.get(url).content.decode()
        assert looking.post(url).status_code == 405
        assert strange.get(url).status_code == 404
    for url in kept:
        assert looking.get(url).status_code == 403
        assert looking.post(url).status_code == 403
        assert strange.get(url).status_code == 404
        assert looking.put(url).status_code in {403, 405}


def test_the_queries_do_not_grow_with_rows(browser, begun, django_assert_max_num_queries):
    member = begun.members.first()
    for number in range(30):
        member.pk, member.server_id = None, f"i-{number}"
        member.save()
    Procedure.objects.update(steps=[])
    with django_assert_max_num_queries(12):
        browser.get(reverse("procedures-detail", args=[begun.pk]))
    with django_assert_max_num_queries(10):
        browser.get(reverse("procedures-list"))


def test_the_steps_are_shown_beside_a_shift_that_runs_but_not_begun(browser, shop, begun):
    mirror(shop.load_balancer_id)
    url = group_url("groups-shift", shop)
    shown = browser.post(url, shift(shop, intent="steps"), headers=HTMX)
    assert [step.moving for step in shown.context["steps"]] == [[50, 50], [25, 75], [0, 100]]
    answer = browser.post(url, shift(shop, seen=shown.context["seen"]), headers=HTMX)
    assert answer.status_code == 422
    assert "is not over" in answer.content.decode()
    assert Procedure.objects.count() == 1
