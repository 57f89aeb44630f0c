"""Signing in and out."""

import re

import pytest
from django.core.cache import cache

RIGHT = "reader-password"


@pytest.fixture(autouse=True)
def shell_addresses(settings, db):
    settings.ROOT_URLCONF = "tests.shell.urls"
    cache.clear()


def sign_in(client, password=RIGHT, **query):
    return client.post("/accounts/login/", {"login": "reader", "password": password, **query})


def test_the_page_has_username_password_and_the_button(client):
    html = client.get("/accounts/login/").content.decode()
    assert re.findall(r"<label[^>]*>([^<]+)</label>", html) == ["Username", "Password"]
    buttons = re.findall(r"<button[^>]*>([^<]+)</button>", html)
    assert buttons == ["Sign in", "English", "简体中文"]
    assert "Sign up" not in html


def test_the_address_that_was_asked_for_comes_next(client, reader):
    asked = "/regions/cn-hangzhou/lb-1/groups/"
    assert sign_in(client, next=asked)["Location"] == asked


def test_nobody_is_sent_to_another_site_or_to_what_is_no_address(client, reader):
    assert sign_in(client, next="https://evil.example/")["Location"] == "/"
    assert client.get("/accounts/login/", {"next": "http://["}).status_code == 302
    client.logout()
    assert client.get("/accounts/login/", {"next": "http://["}).status_code == 200


def test_a_wrong_password_is_said_beside_the_form(client, reader):
    answer = sign_in(client, "wrong")
    assert "not correct" in answer.content.decode()
    assert client.get("/")["Location"].startswith("/accounts/login/")


def test_guessing_is_slowed_down_over_all_processes(client, reader):
    for _ in range(10):
        sign_in(client, "wrong")
    assert "Too many failed login attempts" in sign_in(client).content.decode()


def test_a_deactivated_person_does_not_get_in(client, reader):
    reader.is_active = False
    reader.save(update_fields=["is_active"])
    sign_in(client)
    assert client.get("/")["Location"].startswith("/accounts/login/")


def test_nobody_signs_up(client):
    assert client.get("/accounts/signup/").status_code == 404
    assert client.get("/accounts/password/reset/").status_code == 404


def test_signing_out_takes_a_post(client_of, reader):
    client = client_of(reader)
    assert client.get("/accounts/logout/").status_code == 200
    assert client.get("/people/").status_code == 403
    client.post("/accounts/logout/")
    assert client.get("/")["Location"].startswith("/accounts/login/")


def test_the_pages_about_ones_own_account_are_there_for_everybody(client_of, stranger):
    client = client_of(stranger)
    assert client.get("/accounts/password/change/").status_code == 200
    assert client.get("/accounts/2fa/").status_code == 200
