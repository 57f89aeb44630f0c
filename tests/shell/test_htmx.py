"""One URL, two renderings; toasts, redirects and refusals under htmx."""

import json

HTMX = {"HX-Request": "true"}
GROUPS = "/regions/cn-hangzhou/lb-1/groups/"
NEW = f"{GROUPS}new/"
GOOD = {"name": "web-a", "network": "vpc", "weight": "0"}


def test_a_browser_gets_the_page_and_htmx_the_part(client_of, reader):
    client = client_of(reader)
    page = client.get(GROUPS)
    part = client.get(GROUPS, headers=HTMX)
    assert page.content.lstrip().startswith(b"<!DOCTYPE html>")
    assert part.content.strip().startswith(b'<section id="groups"')
    assert "HX-Request" in page["Vary"]
    assert "HX-Request" in part["Vary"]
    assert "no-store" in page["Cache-Control"]


def test_going_back_gets_the_whole_page(client_of, reader):
    headers = {**HTMX, "HX-History-Restore-Request": "true"}
    assert b"<!DOCTYPE html>" in client_of(reader).get(GROUPS, headers=headers).content


def test_a_dialog_is_a_page_of_its_own_without_script(client_of, operator):
    client = client_of(operator)
    page = client.get(NEW).content.decode()
    part = client.get(NEW, headers=HTMX).content.decode()
    assert "<!DOCTYPE html>" in page
    assert f'<a class="btn" href="{GROUPS}">Cancel</a>' in page
    assert "<!DOCTYPE html>" not in part
    assert "data-dialog-close" in part
    for html in (page, part):
        assert 'name="name"' in html
        assert "Confirm" in html


def test_a_refused_form_answers_422_and_keeps_what_was_typed(client_of, operator):
    for headers in ({}, HTMX):
        answer = client_of(operator).post(NEW, {**GOOD, "weight": "101"}, headers=headers)
        assert answer.status_code == 422
        html = answer.content.decode()
        assert 'value="web-a"' in html
        assert 'value="101"' in html
        assert 'aria-describedby="id_weight_error"' in html
        assert 'id="id_weight_error"' in html


def test_a_form_carried_out_closes_the_dialog_and_says_so(client_of, operator):
    answer = client_of(operator).post(NEW, GOOD, headers=HTMX)
    assert answer.status_code == 204
    events = json.loads(answer["HX-Trigger"])
    assert events["groups-changed"] is True
    assert events["dialog-close"] is True
    assert events["toast"]["toasts"] == [{"level": "success", "text": "web-a was created."}]


def test_without_script_the_browser_goes_on_and_the_next_page_says_so(client_of, operator):
    answer = client_of(operator).post(NEW, GOOD, follow=True)
    assert answer.redirect_chain == [(GROUPS, 303)]
    assert "web-a was created." in answer.content.decode()


def test_a_reader_is_refused_in_a_sentence(client_of, reader):
    page = client_of(reader).get(NEW)
    part = client_of(reader).get(NEW, headers=HTMX)
    assert page.status_code == part.status_code == 403
    assert b"<!DOCTYPE html>" in page.content
    assert part["Content-Type"].startswith("text/plain")
    assert "Ask an administrator" in part.content.decode()


def test_a_stranger_does_not_learn_that_the_page_exists(client_of, stranger):
    assert client_of(stranger).get(NEW).status_code == 404
    assert client_of(stranger).get(GROUPS, headers=HTMX).status_code == 404


def test_an_expired_session_moves_the_whole_page_to_the_sign_in(client):
    headers = {**HTMX, "HX-Current-URL": f"http://testserver{GROUPS}?q=web"}
    answer = client.get(GROUPS, headers=headers)
    assert answer.status_code == 200
    assert answer["HX-Redirect"].startswith("/accounts/login/?next=%2Fregions%2Fcn-hangzhou")
    assert "q%3Dweb" in answer["HX-Redirect"]


def test_a_form_sent_after_the_session_expired_stays_on_the_page(client):
    answer = client.post(NEW, {"name": "typed"}, headers=HTMX)
    assert answer.status_code == 401
    assert "HX-Redirect" not in answer
    assert "Sign in in another tab" in answer.content.decode()
