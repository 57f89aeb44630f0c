"""Who can sign in after a start."""

import re

import pytest

from console.accounts.models import User
from console.runtime.management.commands.prepare import first_user

pytestmark = pytest.mark.django_db


def test_the_first_start_makes_an_administrator_and_says_the_password_once():
    said = first_user(given="")
    password = re.search(r"password (\S+) ", said)
    admin = User.objects.get()
    assert (admin.username, admin.role) == ("admin", "administrator")
    assert password and admin.check_password(password.group(1))
    assert password.group(1) not in first_user(given="")
    assert User.objects.get().password == admin.password


def test_a_given_password_is_never_said():
    assert "our own words" not in first_user(given="our own words")
    assert User.objects.get().check_password("our own words")


def test_a_password_given_later_replaces_the_old_one():
    first_user(given="")
    first_user(given="our own words")
    assert User.objects.get().check_password("our own words")


def test_the_same_password_again_ends_nobodys_session():
    first_user(given="our own words")
    before = User.objects.get().password
    first_user(given="our own words")
    assert User.objects.get().password == before


def test_nobody_comes_back_who_was_removed(operator):
    assert first_user(given="") == "with your own account"
    assert list(User.objects.all()) == [operator]


def test_a_given_password_brings_the_administrator_back(operator):
    first_user(given="our own words")
    assert User.objects.get(username="admin").role == "administrator"
