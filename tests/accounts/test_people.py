"""The people pages, and the rule about the last administrator."""

import pytest
from django.db import connection

from console.accounts.models import User
from console.accounts.permissions import NotAllowed
from console.accounts.services import LastAdministrator, add_person, change_person
from console.audit.models import AuditEntry

NEW = {"username": "liu.wei", "role": "operator", "password": "quiet-harbour-9"}


@pytest.fixture(autouse=True)
def shell_addresses(settings):
    settings.ROOT_URLCONF = "tests.shell.urls"


def edit(person: User) -> str:
    return f"/people/{person.pk}/edit/"


def test_an_administrator_adds_somebody_who_can_sign_in(client_of, administrator):
    answer = client_of(administrator).post("/people/new/", NEW)
    assert (answer.status_code, answer["Location"]) == (303, "/people/")
    person = User.objects.get(username="liu.wei")
    assert person.role == "operator"
    assert person.check_password(NEW["password"])
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.outcome, entry.resource_name) == ("add person", "done", "liu.wei")
    assert NEW["password"] not in str(entry.after)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"username": ""}, "Enter a user name."),
        ({"username": "a b"}, "Enter a valid username."),
        ({"username": "ADMINISTRATOR"}, "Somebody already has this name."),
        ({"password": "12345678"}, "This password is too common."),
        ({"password": "liu.wei1"}, "too similar to the username"),
        ({"role": "king"}, "Select a valid choice."),
    ],
)
def test_a_bad_form_says_what_is_wrong(client_of, administrator, changed, sentence):
    answer = client_of(administrator).post("/people/new/", {**NEW, **changed})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert User.objects.count() == 1


def test_of_two_who_add_the_same_name_at_once_the_second_is_told(client_of, administrator):
    def twice(execute, sql, *rest):
        if sql.startswith('INSERT INTO "accounts_user"'):
            execute(sql, *rest)
        return execute(sql, *rest)

    browser = client_of(administrator)
    with connection.execute_wrapper(twice):
        answer = browser.post("/people/new/", NEW)
    assert answer.status_code == 422
    assert "Somebody already has this name." in answer.content.decode()
    assert not AuditEntry.objects.exists()


def test_a_role_change_holds_at_the_next_request(client_of, administrator, operator):
    client_of(administrator).post(edit(operator), {"role": "viewer", "is_active": "on"})
    operator.refresh_from_db()
    assert operator.role == "viewer"
    entry = AuditEntry.objects.get()
    assert entry.before["role"] == "operator"
    assert entry.after["role"] == "viewer"


def test_a_deactivated_person_is_out_at_once(client_of, administrator, operator):
    signed_in = client_of(operator)
    assert signed_in.get("/activity/").status_code == 200
    client_of(administrator).post(edit(operator), {"role": "operator"})
    assert signed_in.get("/activity/").status_code == 302


def test_saving_without_a_change_leaves_no_entry(client_of, administrator, operator):
    client_of(administrator).post(edit(operator), {"role": "operator", "is_active": "on"})
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "fields", [{"role": "viewer", "is_active": "on"}, {"role": "administrator"}]
)
def test_the_last_administrator_stays(client_of, administrator, fields):
    answer = client_of(administrator).post(edit(administrator), fields)
    assert answer.status_code == 422
    assert "last active administrator" in answer.content.decode()
    administrator.refresh_from_db()
    assert (administrator.role, administrator.is_active) == ("administrator", True)
    assert AuditEntry.objects.get().outcome == "refused"


def test_one_of_two_administrators_may_go(administrator, operator):
    actor = administrator.as_actor()
    change_person(actor=actor, person=operator, role="administrator", is_active=True)
    change_person(actor=actor, person=administrator, role="viewer", is_active=True)
    with pytest.raises(LastAdministrator):
        change_person(actor=actor, person=operator, role="", is_active=True)


@pytest.mark.parametrize(("who", "status"), [("operator", 403), ("reader", 403), ("stranger", 404)])
def test_others_do_not_manage_people(request, client_of, administrator, who, status):
    client = client_of(request.getfixturevalue(who))
    for address in ("/people/", "/people/new/", edit(administrator)):
        assert client.get(address).status_code == status
    assert client.post("/people/new/", NEW).status_code == status
    assert not User.objects.filter(username="liu.wei").exists()


def test_the_service_asks_for_the_permission_too(operator):
    with pytest.raises(NotAllowed):
        add_person(actor=operator.as_actor(), username="x", role="", password="y")


def test_the_list_does_not_ask_more_the_longer_it_is(
    client_of, administrator, django_assert_max_num_queries
):
    User.objects.bulk_create(User(username=f"person-{n}") for n in range(60))
    client = client_of(administrator)
    with django_assert_max_num_queries(8):
        html = client.get("/people/").content.decode()
    assert "of 61 people" in html
