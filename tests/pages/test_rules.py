"""Forwarding rules: the list in match order, edit, delete."""

import pytest

from tests.cloud import REGION
from tests.pages.addresses import HTMX, address
from tests.pages.browserless import Visitor, form_of
from tests.pages.rules import KEY
from vservers.models import Listener, Operation, Rule


def test_the_list_has_match_order_and_ends_with_everything_else(client_of, reader, balancer, make):
    make(
        ("any", "", "/img"),
        ("wide", "*.example.com", ""),
        ("narrow", "*.shop.example.com", ""),
        ("exact", "www.shop.example.com", ""),
        ("deep", "www.shop.example.com", "/a/b"),
    )
    answer = client_of(reader).get(address("rules-list", balancer, *KEY))
    names = [rule.name for rule in answer.context["rules"]]
    assert names == ["deep", "exact", "narrow", "wide", "any"]
    page = answer.content.decode()
    assert "everything else" in page
    assert "Backend Servers" in page
    assert "Add Forwarding Rules" not in page, "a reader is not offered what they may not do"


def test_a_domain_with_urls_only_is_warned_of(client_of, operator, balancer, make):
    make(("u", "api.example.com", "/v1"), ("whole", "www.example.com", ""))
    page = client_of(operator).get(address("rules-list", balancer, *KEY)).content.decode()
    assert "has rules for some URLs and none for the others" in page
    assert "?domain=api.example.com&amp;group=" in page
    assert "?domain=www.example.com&amp;group=" not in page


def test_without_groups_the_list_says_what_is_missing(client_of, operator, balancer, outsider):
    Listener.objects.create(load_balancer=balancer, protocol="http", port=80, status="running")
    page = client_of(operator).get(address("rules-list", balancer, *KEY)).content.decode()
    assert "This instance has no VServer group yet" in page


def test_under_htmx_only_the_part_is_answered(client_of, reader, balancer, shop):
    part = client_of(reader).get(address("rules-list", balancer, *KEY), headers=HTMX)
    assert "<html" not in part.content.decode()


def test_listeners_of_layer_4_have_no_rules(client_of, operator, balancer):
    Listener.objects.create(load_balancer=balancer, protocol="tcp", port=90, status="running")
    for name in ("rules-list", "rules-new"):
        assert client_of(operator).get(address(name, balancer, "tcp", 90)).status_code == 404


@pytest.mark.parametrize("count", [1, 10])
def test_the_number_of_queries_does_not_grow_with_the_rules(
    client_of, operator, balancer, make, django_assert_max_num_queries, count
):
    make(*[(f"r{n}", "", f"/r{n}") for n in range(count)])
    client = client_of(operator)
    for name in ("rules-list", "rules-new"):
        client.get(address(name, balancer, *KEY))
        with django_assert_max_num_queries(8):
            client.get(address(name, balancer, *KEY))


def test_ticked_rules_are_deleted_at_once(client_of, operator, reader, balancer, make):
    wanted = [(f"r{n}", "", f"/r{n}") for n in range(12)]
    made = [*make(*wanted[:10]), *make(*wanted[10:])]
    url = address("rules-delete-some", balancer, *KEY)
    ticked = {"rule": [rule.pk for rule in made[:11]]}
    assert client_of(reader).post(url, ticked).status_code == 403
    client = client_of(operator)
    question = client.post(url, ticked, headers=HTMX).content.decode()
    assert "Delete 11 rules?" in question
    assert Rule.objects.count() == 12, "a question deletes nothing"
    assert client.post(url, form_of(question) | {"intent": ""}, headers=HTMX).status_code == 204
    assert [rule.name for rule in Rule.objects.all()] == ["r11"]
    assert "None of these rules" in client.get(url, follow=True).content.decode()


def test_a_rule_gets_settings_of_its_own_and_goes_back(client_of, operator, balancer, make):
    (rule,) = make(("own", "a.example.com", ""))
    url = address("rules-edit", balancer, *KEY, rule.pk)
    visitor = Visitor(client_of(operator), url)
    visitor.press("", listener_sync="off", health_check="on", session="insert")
    assert visitor.answer.status_code == 422
    assert "cookie_timeout" in visitor.answer.context["form"].errors
    visitor.press("", cookie_timeout="60", health_check_uri="/own", scheduler="wlc")
    assert visitor.answer.status_code == 303, visitor.answer.context["form"].errors
    rule.refresh_from_db()
    assert (rule.scheduler, rule.settings["health_check_uri"]) == ("wlc", "/own")
    page = client_of(operator).get(address("rules-list", balancer, *KEY)).content.decode()
    assert "its own" in page
    before = Operation.objects.count()
    Visitor(client_of(operator), url).press("")
    assert Operation.objects.count() == before, "saved as it was, it needs no call"
    Visitor(client_of(operator), url).press("", listener_sync="on")
    rule.refresh_from_db()
    assert rule.settings == {}


def test_edit_changes_group_and_name_and_says_why_not_the_rest(
    client_of, operator, balancer, green, make
):
    (rule,) = make(("one", "a.com", "/x"))
    client, url = client_of(operator), address("rules-edit", balancer, *KEY, rule.pk)
    answer = client.get(url)
    assert "never changes the domain or the URL" in answer.content.decode()
    typed = {
        "name": "two",
        "vserver_group": green.pk,
        "domain": "evil.com",
        **dict(answer.context["seen"].fields),
    }
    assert client.post(url, typed).status_code == 303
    rule.refresh_from_db()
    assert (rule.name, rule.vserver_group, rule.domain) == ("two", green, "a.com")


def test_edit_refuses_a_name_that_another_rule_has(client_of, operator, balancer, blue, make):
    _, rule = make(("one", "a.com", ""), ("two", "b.com", ""))
    url = address("rules-edit", balancer, *KEY, rule.pk)
    answer = client_of(operator).post(url, {"name": "one", "vserver_group": blue.pk, "seen": "x"})
    assert answer.status_code == 422
    assert "is called one" in answer.content.decode()


def test_two_people_see_both_versions_and_the_second_chooses(
    client_of, operator, balancer, blue, green, make, outsider
):
    (rule,) = make(("one", "a.com", ""))
    client, url = client_of(operator), address("rules-edit", balancer, *KEY, rule.pk)
    seen = dict(client.get(url).context["seen"].fields)
    outsider.call("SetRule", RegionId=REGION, RuleId=rule.pk, VServerGroupId=green.pk)
    typed = {"name": "mine", "vserver_group": blue.pk} | seen
    answer = client.post(url, typed, headers=HTMX)
    assert answer.status_code == 422
    assert [(one.label, one.before, one.theirs, one.mine) for one in answer.context["lines"]] == [
        ("Rule name", "one", "one", "mine"),
        ("VServer group", "blue", "green", "blue"),
    ]
    # Nothing is open: each of them has changed another thing, and both are kept.
    assert client.post(url, typed | dict(answer.context["seen"].fields)).status_code == 303
    rule.refresh_from_db()
    assert (rule.name, rule.vserver_group) == ("mine", green)


def test_delete_says_where_the_requests_go_then(client_of, operator, balancer, make):
    deep, whole = make(("deep", "a.com", "/x"), ("whole", "a.com", ""))
    client = client_of(operator)
    page = client.get(address("rules-delete", balancer, *KEY, deep.pk)).content.decode()
    assert "go to blue, by the rule a.com." in page
    page = client.get(address("rules-delete", balancer, *KEY, whole.pk)).content.decode()
    assert "go to Backend Servers on port 8080." in page
    assert client.post(address("rules-delete", balancer, *KEY, whole.pk)).status_code == 303
    assert [rule.name for rule in Rule.objects.all()] == ["deep"]


def test_a_failed_delete_says_code_and_request_id(client_of, operator, balancer, make, flaky_cloud):
    (rule,) = make(("one", "a.com", ""))
    flaky_cloud.refuse("DeleteRules", "Operation.NotAllowed", 1)
    answer = client_of(operator).post(address("rules-delete", balancer, *KEY, rule.pk))
    assert answer.status_code == 422
    assert "Operation.NotAllowed" in answer.content.decode()
    assert Rule.objects.exists()


def test_a_reader_may_not_and_a_stranger_finds_nothing(client_of, reader, stranger, balancer, make):
    (rule,) = make(("one", "a.com", ""))
    for url in (
        address("rules-new", balancer, *KEY),
        address("rules-edit", balancer, *KEY, rule.pk),
        address("rules-delete", balancer, *KEY, rule.pk),
    ):
        assert client_of(reader).post(url).status_code == 403
        assert client_of(stranger).post(url).status_code == 404
    assert client_of(stranger).get(address("rules-list", balancer, *KEY)).status_code == 404
    assert client_of(reader).post(address("rules-list", balancer, *KEY)).status_code == 405
    assert Rule.objects.exists()


def test_a_rule_is_found_only_under_its_own_listener(client_of, operator, balancer, make):
    (rule,) = make(("one", "a.com", ""))
    Listener.objects.create(load_balancer=balancer, protocol="http", port=81, status="running")
    url = address("rules-edit", balancer, "http", 81, rule.pk)
    assert client_of(operator).get(url).status_code == 404
