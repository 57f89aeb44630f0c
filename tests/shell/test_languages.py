"""English and Simplified Chinese: whole catalogues, and the language and zone of each person."""

import re
from collections import Counter

import pytest
from django.conf import settings
from django.test import Client

from console.shell import catalogue

CHINESE = settings.BASE_DIR / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def placeholders(text: str) -> Counter[str]:
    """What code or a browser looks for in a message: values, elements with their attributes."""
    return Counter(re.findall(r"%\(\w+\)[a-z]|%%|\{\w+\}|</?[a-z][^>]*>", text))


def test_every_word_of_pages_and_code_has_a_translation():
    known = {
        message.id if isinstance(message.id, str) else message.id[0]: message.string
        for message in catalogue.read(CHINESE)
    }
    missing = [
        one
        for one, _ in catalogue.messages(settings.BASE_DIR)
        if not (known.get(one) and all(known[one]))
    ]
    assert not missing, f"`make words`, then translate in {CHINESE}: {missing}"


def test_no_translation_loses_a_value_or_an_element():
    lost = []
    for message in catalogue.read(CHINESE):
        ids = [message.id] if isinstance(message.id, str) else message.id
        strings = [message.string] if isinstance(message.string, str) else message.string
        for string in filter(None, strings or ()):
            if ids[0] and placeholders(string) not in [placeholders(one) for one in ids]:
                lost.append((ids[0], string))
    assert not lost


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('{% translate "Save" %}', ("Save", "")),
        ("{% blocktranslate with n=a.b %}{{ n }} left{% endblocktranslate %}", ("%(n)s left", "")),
        (
            "{% blocktranslate count n=x %}{{ n }} row{% plural %}{{ n }} rows{% endblocktrans %}",
            ("%(n)s row", "%(n)s rows"),
        ),
        ('{% include "x.html" with word=_("Gone") %}', ("Gone", "")),
        ('{{ name|default:_("None") }}', ("None", "")),
        ('{% pager page "entry" plural="entries" %}', ("%(number)s entry", "%(number)s entries")),
    ],
)
def test_the_words_of_a_template_are_found(source: str, found: catalogue.Message):
    assert list(catalogue.in_template(source)) == [found]


def test_the_words_of_code_are_found():
    source = '_("a" "b"); ngettext("%(n)s x", "%(n)s xs", n); _(name); other("no")'
    assert list(catalogue.in_python(source)) == [("ab", ""), ("%(n)s x", "%(n)s xs")]


@pytest.mark.django_db
def test_before_sign_in_the_browser_says_the_language():
    page = Client().get("/accounts/login/", headers={"accept-language": "zh-CN,zh;q=0.9"})
    assert '<html lang="zh-Hans"' in page.text


@pytest.mark.django_db
def test_before_sign_in_a_choice_goes_before_the_browser():
    client = Client(headers={"accept-language": "zh-CN"})
    client.post("/-/language", {"language": "en", "next": "/accounts/login/"})
    assert '<html lang="en"' in client.get("/accounts/login/").text


def test_a_person_keeps_the_language_in_every_browser(client_of, reader):
    client = client_of(reader)
    answer = client.post("/-/language", {"language": "zh-hans", "next": "/preferences/"})
    assert answer.url == "/preferences/"
    reader.refresh_from_db()
    assert reader.language == "zh-hans"
    assert '<html lang="zh-Hans"' in client_of(reader).get("/preferences/").text


def test_an_unknown_language_changes_nothing(client_of, reader):
    client_of(reader).post("/-/language", {"language": "xx"})
    reader.refresh_from_db()
    assert reader.language == ""


def test_it_comes_back_to_our_own_pages_only(client_of, reader):
    answer = client_of(reader).post("/-/language", {"language": "en", "next": "//evil.example/"})
    assert answer.url == "/"


def test_choosing_takes_a_post(client_of, reader):
    assert client_of(reader).get("/-/language").status_code == 405


def test_times_are_in_the_zone_of_the_browser(client_of, operator):
    client = client_of(operator)
    client.cookies["timezone"] = "Asia/Shanghai"
    assert "Times are Asia/Shanghai." in client.get("/activity/").text


def test_the_zone_of_the_person_goes_before_the_browser(client_of, operator):
    client = client_of(operator)
    client.cookies["timezone"] = "Asia/Shanghai"
    client.post("/preferences/", {"language": "", "time_zone": "Europe/Berlin"})
    assert "Times are Europe/Berlin." in client.get("/activity/").text


@pytest.mark.parametrize("zone", ["../../etc/passwd", "Nowhere/City", ""])
def test_a_zone_that_does_not_exist_is_utc(client_of, operator, zone: str):
    client = client_of(operator)
    client.cookies["timezone"] = zone
    assert "Times are UTC." in client.get("/activity/").text


def test_a_wrong_preference_is_refused_beside_its_field(client_of, reader):
    answer = client_of(reader).post("/preferences/", {"language": "xx", "time_zone": "UTC"})
    assert answer.status_code == 422
    assert "Select a valid choice" in answer.text


def test_preferences_are_for_people_who_signed_in():
    assert Client().get("/preferences/").status_code == 302


def test_a_refusal_is_recorded_in_english_whoever_asks(client_of, reader):
    from console.audit.models import AuditEntry

    client = client_of(reader)
    client.post("/-/language", {"language": "zh-hans"})
    client.post("/people/new/", {})
    entry = AuditEntry.objects.latest("pk")
    assert entry.reason.startswith("Your role does not allow you to")


@pytest.mark.django_db
def test_the_sign_in_page_is_in_chinese():
    assert "登录" in Client(headers={"accept-language": "zh-CN"}).get("/accounts/login/").text
