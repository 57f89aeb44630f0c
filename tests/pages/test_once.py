"""A form that is sent twice, by a double click or a repeated post, is carried out once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.urls import reverse

from tests.cloud import REGION
from tests.pages.addresses import HTMX, address
from tests.pages.browserless import Visitor, form_of
from vservers.models import Operation, VServerGroup


def filled(client, url, headers=None, **typed):
    return form_of(client.get(url, headers=headers or {}).content.decode()) | typed


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_make_one_group_and_lead_to_the_same_page(client_of, operator, balancer):
    url = address("groups-new", balancer)
    form = filled(client_of(operator), url, name="once", intent="confirm")

    def click(_number):
        try:
            answer = client_of(operator).post(url, form)
            return answer.status_code, answer["Location"], "messages" in answer.cookies
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as both:
        first, second = both.map(click, range(2))
    assert first == second == (303, address("groups-list", balancer), True)
    assert VServerGroup.objects.filter(name="once").count() == 1
    assert Operation.objects.count() == 1


def test_under_htmx_the_second_closes_the_dialog_with_the_same_words(client_of, operator, cloud):
    client, url = client_of(operator), reverse("access-lists-new", args=[REGION])
    form = filled(client, url, HTMX, name="once-list", entries="10.0.0.0/8")
    first, second = (client.post(url, form, headers=HTMX) for _time in range(2))
    assert first.status_code == second.status_code == 204
    assert "once-list was created." in second["HX-Trigger"] == first["HX-Trigger"]
    assert Operation.objects.count() == 1


def test_a_form_that_came_back_is_sent_anew(client_of, operator, balancer):
    visitor = Visitor(client_of(operator), address("groups-new", balancer))
    marks = {form_of(visitor.page)["once"]}
    visitor.press("confirm", name="not allowed!")
    assert visitor.answer.status_code == 422
    marks.add(form_of(visitor.page)["once"])
    visitor.press("confirm", name="allowed")
    assert visitor.answer.status_code == 303
    assert len(marks) == 2


def test_another_person_gets_no_answer_of_mine(client_of, operator, administrator, balancer):
    url = address("groups-new", balancer)
    form = filled(client_of(operator), url, name="mine", intent="confirm")
    for person in (operator, administrator):
        assert client_of(person).post(url, form).status_code == 303
    assert Operation.objects.count() == 2
