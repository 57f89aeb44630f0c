"""New forwarding rules: several at once, by domain, with settings of their own."""

import pytest

from tests.pages.addresses import HTMX, address
from tests.pages.browserless import Visitor
from tests.pages.rules import KEY, errors_of, rows
from vservers.models import Operation, Rule


def test_the_warning_leads_to_a_form_with_the_domain(client_of, operator, balancer, shop):
    url = address("rules-new", balancer, *KEY)
    form = client_of(operator).get(url, {"domain": "api.example.com"}).context["form"]
    assert form.rows[0]["domain"].value() == "api.example.com"


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
        ("", "/", "", "url", "not / alone"),
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


def test_more_rules_than_a_listener_takes_are_refused(client_of, operator, balancer, blue, shop):
    Rule.objects.bulk_create(
        Rule(rule_id=f"rule-{n}", listener=shop, name=f"r{n}", url=f"/r{n}") for n in range(39)
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


def own(number, **values):
    return {f"rule-{number}-own-{name}": value for name, value in values.items()}


def test_a_new_rule_gets_settings_of_its_own_in_the_same_form(client_of, operator, balancer, blue):
    visitor = Visitor(client_of(operator), address("rules-new", balancer, *KEY))
    first = {"rule-0-domain": "a.example.com", "rule-0-vserver_group": blue.pk}
    visitor.press("", **first, **{"add-rule": "1"})
    visitor.press("", **{"rule-1-domain": "b.example.com"}, **{"own-rule": "1"})
    plain, row = visitor.answer.context["form"].rows
    assert plain.own is None
    assert row.own["health_check"].value() is False, "it begins with what its listener has"
    visitor.press("plan", **own(1, scheduler="wlc", session="insert", cookie_timeout="60"))
    assert [step.action for step in visitor.answer.context["preview"].steps] == [
        "CreateRules",
        "SetRule",
    ]
    visitor.press("")
    assert visitor.answer.status_code == 303, errors_of(visitor.answer)
    assert Rule.objects.get(domain="a.example.com").settings == {}
    made = Rule.objects.get(domain="b.example.com").settings
    assert (made["scheduler"], made["cookie_timeout"]) == ("wlc", 60)


def test_what_is_wrong_with_settings_of_its_own_stands_beside_them_and_stays(
    client_of, operator, balancer, blue
):
    visitor = Visitor(client_of(operator), address("rules-new", balancer, *KEY))
    first = {"rule-0-domain": "a.example.com", "rule-0-vserver_group": blue.pk}
    visitor.press("", **first, **{"own-rule": "0"})
    visitor.press("", **own(0, session="insert", cookie_timeout="", scheduler="rr"))
    assert visitor.answer.status_code == 422
    assert "needs it" in visitor.answer.content.decode()
    assert not Rule.objects.exists()
    # Other buttons keep what was typed there.
    visitor.press("", **{"add-rule": "1"})
    kept, _ = visitor.answer.context["form"].rows
    assert (kept.own["scheduler"].value(), kept.own["session"].value()) == ("rr", "insert")
    visitor.press("", **{"own-rule": "0"})
    assert visitor.answer.context["form"].rows[0].own is None
    visitor.press("", **{"drop-rule": "1"}).press("")
    assert Rule.objects.get().settings == {}
