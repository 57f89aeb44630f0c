"""Forwarding rules: the list in match order, several new ones, edit, delete."""

import pytest

from tests.cloud import REGION, mirror, web
from tests.pages.addresses import HTMX, address
from tests.pages.browserless import Visitor, form_of
from vservers.models import Listener, Operation, Rule

KEY = ("http", 80)


@pytest.fixture
def listener(balancer, outsider):
    """An HTTP listener on port 80 for the pool, and two groups, blue and green, mirrored."""
    for name in ("blue", "green"):
        outsider.call(
            "CreateVServerGroup",
            RegionId=REGION,
            LoadBalancerId=balancer.pk,
            VServerGroupName=name,
            BackendServers=[{"ServerId": web(1), "Port": 80}],
        )
    outsider.call(
        "CreateLoadBalancerHTTPListener",
        LoadBalancerId=balancer.pk,
        ListenerPort=80,
        BackendServerPort=8080,
        HealthCheck="off",
    )
    mirror(balancer.pk)
    return balancer.listeners.get()


@pytest.fixture
def blue(balancer, listener):
    return balancer.vserver_groups.get(name="blue")


@pytest.fixture
def green(balancer, listener):
    return balancer.vserver_groups.get(name="green")


@pytest.fixture
def make(balancer, blue, outsider):
    """`make(("name", "domain", "url"), …)`: rules to the blue group, mirrored."""

    def made(*rules):
        outsider.call(
            "CreateRules",
            RegionId=REGION,
            LoadBalancerId=balancer.pk,
            ListenerPort=80,
            RuleList=[
                {"RuleName": name, "Domain": domain, "Url": url, "VServerGroupId": blue.pk}
                for name, domain, url in rules
            ],
        )
        mirror(balancer.pk)
        return [Rule.objects.get(name=name) for name, _, _ in rules]

    return made


def rows(*rules):
    """What the form sends for rows of (domain, URL, group, name)."""
    typed = {"rows": str(len(rules))}
    for number, values in enumerate(rules):
        for name, value in zip(("domain", "url", "vserver_group", "name"), values, strict=True):
            typed[f"rule-{number}-{name}"] = value
    return typed


def errors_of(answer):
    return [row.errors for row in answer.context["form"].rows]


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


def test_the_warning_leads_to_a_form_with_the_domain(client_of, operator, balancer, listener):
    url = address("rules-new", balancer, *KEY)
    form = client_of(operator).get(url, {"domain": "api.example.com"}).context["form"]
    assert form.rows[0]["domain"].value() == "api.example.com"


def test_without_groups_the_list_says_what_is_missing(client_of, operator, balancer, outsider):
    Listener.objects.create(load_balancer=balancer, protocol="http", port=80, status="running")
    page = client_of(operator).get(address("rules-list", balancer, *KEY)).content.decode()
    assert "This instance has no VServer group yet" in page


def test_under_htmx_only_the_part_is_answered(client_of, reader, balancer, listener):
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


def test_several_rules_are_made_at_once(client_of, operator, balancer, blue, green, outsider):
    typed = rows(
        ("Shop.Example.com", "", blue.pk, "shop"),
        ("", "", "", ""),
        ("*.example.com", "/api?v=2#x", green.pk, ""),
    )
    answer = client_of(operator).post(address("rules-new", balancer, *KEY), typed, headers=HTMX)
    assert answer.status_code == 422, "= is no character of a URL"
    typed["rule-2-url"] = "/api?v-2#x&y%20"
    answer = client_of(operator).post(address("rules-new", balancer, *KEY), typed, headers=HTMX)
    assert answer.status_code == 204
    assert "rules-changed" in answer["HX-Trigger"]
    made = {(rule.domain, rule.url): rule for rule in Rule.objects.all()}
    assert made["shop.example.com", ""].name == "shop"
    other = made["*.example.com", "/api?v-2#x&y%20"]
    assert other.vserver_group == green
    assert other.name == ".example.com/api-v-2-x-y-20", "an empty name becomes domain and URL"


def test_add_rule_adds_a_row_and_judges_nothing_yet(client_of, operator, balancer, blue):
    typed = rows(("not/a/domain", "", blue.pk, "one")) | {"add-rule": "1"}
    answer = client_of(operator).post(address("rules-new", balancer, *KEY), typed)
    assert answer.status_code == 200
    first, second = answer.context["form"].rows
    assert first["domain"].value() == "not/a/domain"
    assert first["vserver_group"].value() == blue.pk
    assert not first.errors
    assert second["domain"].value() is None
    assert not Rule.objects.exists()


def test_as_many_rows_as_a_listener_takes_are_made_in_calls_of_ten(
    client_of, operator, balancer, blue
):
    typed = rows(*[("", f"/{n}", blue.pk, "") for n in range(40)]) | {"add-rule": "1"}
    answer = client_of(operator).post(address("rules-new", balancer, *KEY), typed)
    assert len(answer.context["form"].rows) == 40
    assert 'name="add-rule"' not in answer.content.decode()
    del typed["add-rule"]
    assert client_of(operator).post(address("rules-new", balancer, *KEY), typed).status_code == 303
    assert Rule.objects.count() == 40
    assert [call.action for call in Operation.objects.get().calls.all()] == ["CreateRules"] * 4


def test_urls_are_added_under_their_domain(client_of, operator, balancer, blue, green):
    visitor = Visitor(client_of(operator), address("rules-new", balancer, *KEY))
    first = {"rule-0-domain": "A.example.com", "rule-0-vserver_group": blue.pk}
    visitor.press("", **first, **{"add-rule": "1"})
    visitor.press("", **{"rule-1-domain": "b.example.com"}, **{"add-url": "0"})
    blocks = visitor.answer.context["form"].blocks
    assert [[row["domain"].value() for _number, row in block] for block in blocks] == [
        ["A.example.com", "A.example.com"],
        ["b.example.com"],
    ]
    # The domain of the block changes, and with it that of all its URLs.
    changed = {"rule-0-domain": "c.example.com", "rule-1-url": "/api"}
    visitor.press("", **changed, **{"rule-1-vserver_group": green.pk})
    assert visitor.answer.status_code == 303, errors_of(visitor.answer)
    made = {(rule.domain, rule.url): rule.vserver_group for rule in Rule.objects.all()}
    assert made == {
        ("c.example.com", ""): blue,
        ("c.example.com", "/api"): green,
        ("b.example.com", ""): blue,
    }


def test_a_url_that_was_asked_for_is_not_left_empty(client_of, operator, balancer, blue):
    visitor = Visitor(client_of(operator), address("rules-new", balancer, *KEY))
    first = {"rule-0-domain": "a.example.com", "rule-0-vserver_group": blue.pk}
    visitor.press("", **first, **{"add-url": "0"}).press("")
    assert visitor.answer.status_code == 422
    assert "same domain and URL" in " ".join(errors_of(visitor.answer)[1]["url"])
    visitor.press("", **{"drop-rule": "0"})
    (row,) = visitor.answer.context["form"].rows
    assert (row["domain"].value(), row.is_same) == ("a.example.com", False)
    visitor.press("", **{"drop-rule": "0"})
    assert len(visitor.answer.context["form"].rows) == 1, "the last row stays"


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


@pytest.mark.parametrize("count", ["0", "-1", "41", "99999", "x", "²"])
def test_a_number_of_rows_that_no_form_has_is_brought_into_range(
    client_of, operator, balancer, blue, count
):
    typed = rows(("", "", "", "")) | {"rows": count}
    answer = client_of(operator).post(address("rules-new", balancer, *KEY), typed)
    assert answer.status_code == 422
    assert 1 <= len(answer.context["form"].rows) <= 40


@pytest.mark.parametrize(
    ("domain", "url", "name", "field", "sentence"),
    [
        ("", "", "", "domain", "Enter a domain, a URL, or both."),
        ("", "", "named", "domain", "Enter a domain, a URL, or both."),
        ("under_score.com", "", "", "domain", "Use letters, digits, hyphens"),
        ("a.*.com", "", "", "domain", "a wildcard is *. at the start"),
        ("*", "", "", "domain", "a wildcard is *. at the start"),
        ("-a.com", "", "", "domain", "Use letters, digits, hyphens"),
        ("", "/", "", "url", "at least 2"),
        ("", "img", "", "url", "Start with /"),
        ("", "/a b", "", "url", "Start with /"),
        ("", "/" + "a" * 80, "", "url", "at most 80"),
        ("a.com", "", "n" * 41, "name", "at most 40"),
        ("a.com", "", "two words", "name", "Use letters, Chinese characters"),
    ],
)
def test_bad_input_is_said_beside_the_field_and_kept(
    client_of, operator, balancer, blue, domain, url, name, field, sentence
):
    typed = rows(("good.example.com", "", blue.pk, "good"), (domain, url, blue.pk, name))
    if not name and not domain and not url:
        typed = rows((domain, url, blue.pk, name))
    answer = client_of(operator).post(address("rules-new", balancer, *KEY), typed, headers=HTMX)
    assert answer.status_code == 422
    row = answer.context["form"].rows[-1]
    assert sentence in " ".join(row.errors[field])
    assert row["url"].value() == url
    assert not Rule.objects.exists(), "all or none"


def test_a_group_must_be_chosen(client_of, operator, balancer, blue):
    typed = rows(("a.com", "", "", ""))
    answer = client_of(operator).post(address("rules-new", balancer, *KEY), typed)
    assert errors_of(answer)[0]["vserver_group"] == ["Choose a VServer group."]


def test_pairs_and_names_are_unique_in_the_listener_and_in_the_form(
    client_of, operator, balancer, blue, make
):
    make(("taken", "a.com", "/x"))
    typed = rows(
        ("A.com", "/x", blue.pk, "one"),
        ("b.com", "", blue.pk, "taken"),
        ("c.com", "", blue.pk, "same"),
        ("c.com", "", blue.pk, "other"),
        ("d.com", "", blue.pk, "same"),
    )
    answer = client_of(operator).post(address("rules-new", balancer, *KEY), typed)
    assert answer.status_code == 422
    first, second, third, fourth, fifth = errors_of(answer)
    assert "rule taken" in first["domain"][0]
    assert "is called taken" in second["name"][0]
    assert not third
    assert "row 3" in fourth["domain"][0]
    assert "is called same" in fifth["name"][0]


def test_more_rules_than_a_listener_takes_are_refused(
    client_of, operator, balancer, blue, listener
):
    Rule.objects.bulk_create(
        Rule(rule_id=f"rule-{n}", listener=listener, name=f"r{n}", url=f"/r{n}") for n in range(39)
    )
    typed = rows(("", "/one", blue.pk, ""), ("", "/two", blue.pk, ""))
    answer = client_of(operator).post(address("rules-new", balancer, *KEY), typed)
    assert answer.status_code == 422
    assert "this one can take 1 more" in answer.content.decode()


def test_a_refused_call_keeps_what_was_typed(client_of, operator, balancer, blue, flaky_cloud):
    flaky_cloud.refuse("CreateRules", "TooManyRules", 1)
    typed = rows(("kept.example.com", "", blue.pk, ""))
    answer = client_of(operator).post(address("rules-new", balancer, *KEY), typed, headers=HTMX)
    assert answer.status_code == 422
    page = answer.content.decode()
    for words in ("TooManyRules", "RequestId", "kept.example.com"):
        assert words in page


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


def test_a_group_that_has_gone_since_the_form_was_opened_is_said(
    client_of, operator, balancer, blue
):
    visitor = Visitor(client_of(operator), address("rules-new", balancer, *KEY))
    gone = blue.pk
    blue.delete()
    visitor.press("", **{"rule-0-url": "/late", "rule-0-vserver_group": gone})
    assert visitor.answer.status_code == 422
    assert "This group does not exist any more" in visitor.page
    assert 'value="/late"' in visitor.page
