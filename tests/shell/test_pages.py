"""The frame around every page: start, region, theme, navigation, errors, health."""

import gzip
import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from console.audit.models import AuditEntry
from console.shell import regions
from console.shell.regions import Overview, RegionOption

GROUPS = "/regions/cn-shanghai/lb-1/groups/"


@pytest.fixture(autouse=True)
def two_regions(monkeypatch):
    options = [RegionOption("cn-hangzhou", "Hangzhou", 2), RegionOption("cn-shanghai", "Shanghai")]
    monkeypatch.setattr(regions, "_sources", [lambda actor: Overview(options)])


def test_the_start_is_the_default_region_then_the_last_one(client_of, reader):
    client = client_of(reader)
    assert client.get("/")["Location"] == "/regions/cn-hangzhou/"
    client.get("/regions/cn-shanghai/")
    assert client.get("/")["Location"] == "/regions/cn-shanghai/"


def test_a_region_that_is_not_there_is_not_remembered_as_the_start(client_of, reader):
    client = client_of(reader)
    client.get("/regions/mars-1/")
    assert client.get("/")["Location"] == "/regions/cn-hangzhou/"


def test_a_person_without_a_role_is_told_so_and_sees_nothing(client_of, stranger):
    answer = client_of(stranger).get("/")
    html = answer.content.decode()
    assert answer.status_code == 404
    assert "You have no role yet" in html
    assert "Hangzhou" not in html
    assert client_of(stranger).get("/regions/?region=cn-hangzhou").status_code == 404


def test_the_region_selector_works_without_script(client_of, reader):
    client = client_of(reader)
    html = client.get(GROUPS).content.decode()
    assert '<label for="region">Region</label>' in html
    assert "Hangzhou (2)" in html
    assert re.search(r'value="cn-shanghai"\s+selected', html)
    assert client.get("/regions/?region=cn-hangzhou")["Location"] == "/regions/cn-hangzhou/"
    assert client.get("/regions/?region=mars-1")["Location"] == "/"


def test_the_menu_marks_the_open_page(client_of, reader):
    html = client_of(reader).get(GROUPS).content.decode()
    current = re.findall(r'<a class="menu-link"[^>]*aria-current="page"[^>]*>.*?</a>', html, re.S)
    assert len(current) == 1
    assert "VServer Group" in current[0]
    for label in ("Instances", "Details", "Listeners", "Servers", "Backend Servers"):
        assert label in html


@pytest.mark.parametrize(
    ("who", "offered"),
    [
        ("administrator", {"Activity", "People"}),
        ("operator", {"Activity"}),
        ("reader", set()),
    ],
)
def test_the_menu_offers_what_the_role_allows(request, client_of, who, offered):
    html = client_of(request.getfixturevalue(who)).get(GROUPS).content.decode()
    assert {label for label in ("Activity", "People") if f"</svg>{label}</a>" in html} == offered


def test_a_first_visit_loads_less_than_120_kb_of_styles_and_scripts(client_of, reader):
    page = client_of(reader).get(GROUPS).text
    names = re.findall(r'(?:href|src)="/static/([^"]+\.(?:css|js))"', page)
    sizes = [len(gzip.compress(Path(finders.find(name)).read_bytes())) for name in names]
    assert len(sizes) > 5
    assert sum(sizes) < 120_000


def test_the_theme_is_in_a_cookie_and_the_first_byte_has_it(client_of, reader):
    client = client_of(reader)
    assert b'data-theme-choice="auto"' in client.get(GROUPS).content
    answer = client.post("/-/theme", {"theme": "dark", "next": GROUPS})
    assert answer["Location"] == GROUPS
    assert b'data-bs-theme="dark"' in client.get(GROUPS).content
    assert client.post("/-/theme", {"theme": "x", "next": "//evil.example"})["Location"] == "/"
    assert client.get("/-/theme").status_code == 405


def test_no_page_has_inline_script_or_style(client_of, administrator):
    client = client_of(administrator)
    for address in (GROUPS, f"{GROUPS}new/", "/people/", "/activity/", "/accounts/2fa/"):
        html = client.get(address).content.decode()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|hx-on", html), address
        assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", html)), address


def test_every_element_id_is_there_once(client_of, reader):
    ids = re.findall(r'\sid="([^"]+)"', client_of(reader).get(GROUPS).content.decode())
    assert len(ids) == len(set(ids))


def test_a_refused_write_is_entered_in_the_audit_trail(client_of, reader):
    assert client_of(reader).post(f"{GROUPS}new/", {}).status_code == 403
    entry = AuditEntry.objects.get()
    assert (entry.actor_name, entry.outcome, entry.region_id) == (
        "reader",
        "refused",
        "cn-shanghai",
    )


def test_a_failure_shows_the_request_id(client_of, reader):
    client = client_of(reader)
    client.raise_request_exception = False
    page = client.get("/regions/cn-hangzhou/lb-1/servers/")
    part = client.get("/regions/cn-hangzhou/lb-1/servers/", headers={"HX-Request": "true"})
    assert page.status_code == part.status_code == 500
    assert page["X-Request-ID"] in page.content.decode()
    assert part["Content-Type"].startswith("text/plain")


def test_a_missing_form_token_is_said_in_words(administrator):
    client = Client(enforce_csrf_checks=True)
    client.force_login(administrator, "allauth.account.auth_backends.AuthenticationBackend")
    answer = client.post(f"{GROUPS}new/", {})
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()


def test_health_needs_no_sign_in(client, db):
    assert client.get("/-/live").json() == {"status": "ok"}
    assert client.get("/-/ready").json() == {"status": "ok", "database": "ok"}


def test_nothing_else_is_visible_before_sign_in(client):
    for address in ("/", GROUPS, f"{GROUPS}new/", "/people/", "/activity/", "/accounts/2fa/"):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer["Location"].startswith(f"/accounts/login/?next={address}")
