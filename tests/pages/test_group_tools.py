"""The group dialog's tools for many rows, and what it asks before users are left without answer."""

import html
import re

import pytest
from django.urls import reverse

from tests.cloud import REGION, mirror, pay, web
from tests.pages.test_group_dialog import form, members, shown_rows
from vservers.models import CloudAccount, Listener, Server
from vservers.pages.group_dialog.forms import MAX_ROWS
from vservers.selectors.fingerprints import fingerprint

ROWS = ((web(1), "80", "10"), (web(2), "81", "30"), (web(3), "82", "60"))


@pytest.fixture
def browser(client_of, operator):
    return client_of(operator)


@pytest.fixture
def new_url(balancer):
    return reverse("groups-new", args=[balancer.region_id, balancer.pk])


@pytest.fixture
def group(browser, new_url, balancer):
    browser.post(new_url, form(*ROWS[:2], name="first"))
    return balancer.vserver_groups.get()


@pytest.fixture
def edit_url(balancer, group):
    return reverse("groups-edit", args=[balancer.region_id, balancer.pk, group.pk])


@pytest.fixture
def used(group, balancer, outsider):
    """The group, used by two listeners, one of them round robin."""
    for port, scheduler in ((80, "rr"), (81, "wrr")):
        outsider.call(
            "CreateLoadBalancerHTTPListener",
            LoadBalancerId=balancer.pk,
            ListenerPort=port,
            Scheduler=scheduler,
            HealthCheck="off",
            VServerGroupId=group.pk,
        )
    mirror(balancer.pk)
    return group


def undo_of(answer):
    found = re.search(r'name="undo"[^>]*value="([^"]*)"', answer.content.decode())
    return html.unescape(found[1]) if found else ""


def test_servers_of_another_account_are_neither_offered_nor_taken(browser, new_url, balancer):
    account = CloudAccount.objects.create(name="other", endpoint="http://127.0.0.1:9")
    mine = Server.objects.get(pk=web(1))
    Server.objects.create(
        server_id="i-other",
        name="web-01-other",
        account=account,
        region_id=REGION,
        status="Running",
        network_type=mine.network_type,
        private_ip=mine.private_ip,
    )
    page = browser.post(new_url, form(name="g", intent="search", q="web-01")).content.decode()
    assert web(1) in page
    assert "i-other" not in page
    pasted = form(name="g", intent="paste", paste=f"i-other 80 1\n{mine.private_ip} 80 1")
    rows = shown_rows(browser.post(new_url, pasted))
    assert [row[0] for row in rows] == [web(1)], "its address is told apart, too"
    refused = browser.post(new_url, form(("i-other", "80", "1"), name="g"))
    assert refused.status_code == 422
    assert "not a server of" in refused.content.decode()


def test_port_and_weight_go_to_the_ticked_rows(browser, new_url):
    answer = browser.post(
        new_url,
        form(*ROWS, intent="set-ticked", row=["0", "2"], **{"weight-of-ticked": "7"}),
    )
    assert [row[1:] for row in shown_rows(answer)] == [("80", "7"), ("81", "30"), ("82", "7")]
    answer = browser.post(
        new_url,
        form(*ROWS, intent="set-ticked", row=["1"], **{"port-of-ticked": "9000"}),
    )
    assert [row[1] for row in shown_rows(answer)] == ["80", "9000", "82"]


def test_a_wrong_weight_for_ticked_rows_is_told_on_confirm_and_never_saved(browser, new_url):
    answer = browser.post(
        new_url, form(*ROWS, intent="set-ticked", row=["0"], **{"weight-of-ticked": "abc"})
    )
    rows = shown_rows(answer)
    assert rows[0][2] == "abc"
    refused = browser.post(new_url, form(*rows))
    assert refused.status_code == 422


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"weight-of-ticked": "7"}, "Tick the rows that it is for"),
        ({"row": ["0"]}, "Enter a port or a weight"),
    ],
)
def test_what_is_missing_for_a_tool_is_said(browser, new_url, fields, words):
    answer = browser.post(new_url, form(*ROWS, intent="set-ticked", **fields))
    assert words in answer.content.decode()
    assert shown_rows(answer) == list(ROWS)


def test_ticked_rows_are_removed_together(browser, new_url):
    answer = browser.post(new_url, form(*ROWS, intent="remove-ticked", row=["0", "1", "99", "x"]))
    assert shown_rows(answer) == [ROWS[2]]


@pytest.mark.parametrize(
    "tool", ["reset-weights", "reset-ports", "weight-all:2", "remove:1", "remove-ticked"]
)
def test_each_tool_is_taken_back_in_one_step_and_brought_back_by_another(browser, new_url, tool):
    changed = browser.post(new_url, form(*ROWS, intent=tool, row=["0"]))
    after = shown_rows(changed)
    assert after != list(ROWS)
    back = browser.post(new_url, form(*after, intent="undo", undo=undo_of(changed)))
    assert shown_rows(back) == list(ROWS)
    again = browser.post(new_url, form(*ROWS, intent="undo", undo=undo_of(back)))
    assert shown_rows(again) == after


def test_a_forged_undo_does_no_harm(browser, new_url):
    answer = browser.post(new_url, form(*ROWS, intent="undo", undo='[["\\ud800"]]'))
    assert shown_rows(answer) == list(ROWS)


def test_reset_leaves_no_blank_weight(browser, new_url):
    answer = browser.post(new_url, form(*ROWS, intent="reset-weights"))
    assert [row[2] for row in shown_rows(answer)] == ["100"] * 3


def test_pasted_lines_become_rows_by_id_name_or_ip(browser, new_url, balancer):
    ip = Server.objects.get(pk=web(6)).private_ip
    text = f"{web(2)} 81 5\n# from the sheet\nweb-04, 90; 20\n\n{web(5)}\t91\n{ip}:92 7\nweb-06:93"
    answer = browser.post(new_url, form(*ROWS, intent="paste", paste=text))
    assert shown_rows(answer) == [
        ROWS[0],
        (web(2), "81", "5"),
        ROWS[2],
        (web(4), "90", "20"),
        (web(5), "91", "100"),
        (web(6), "92", "7"),
        (web(6), "93", "100"),
    ]
    assert undo_of(answer)


def test_lines_that_cannot_be_read_stay_with_the_reason(browser, new_url):
    lines = [
        "nobody 80 1",
        f"{web(4)}",
        f"{web(4)} 0 1",
        f"{web(4)} 80 101",
        f"{web(8)} 80 1",
        f"{pay(1)} 80 1",
        "web-04 80 1",
    ]
    answer = browser.post(new_url, form(*ROWS, intent="paste", paste="\n".join(lines)))
    page = answer.content.decode()
    assert shown_rows(answer)[3:] == [(web(4), "80", "1")]
    for words in ("Line 1:", "Line 2:", "Line 3:", "Line 4:", "Line 5:", "Line 6:"):
        assert words in page
    assert "Line 7:" not in page
    assert "nobody 80 1" in page
    assert "web-04 80 1" not in page


def test_the_description_of_a_server_is_shown_where_it_is_chosen_and_listed(
    browser, edit_url, group, balancer
):
    group.members.filter(server_id=web(1)).update(description="canary-host")
    detail = reverse("groups-detail", args=[balancer.region_id, balancer.pk, group.pk])
    for url in (edit_url, detail):
        assert '<div class="sub">canary-host</div>' in browser.get(url).content.decode()


def test_a_line_is_named_by_where_it_stands_in_the_box_afterwards(browser, new_url):
    text = f"{web(4)} 80 1\n\n# why\nnobody 80 1\n{web(5)} 80 1\n{web(6)} 0 1"
    page = browser.post(new_url, form(intent="paste", paste=text)).content.decode()
    assert "Line 1: there is no server nobody" in page
    assert "Line 2: the port" in page
    assert "Line 3:" not in page
    assert re.search(rf"<textarea[^>]*>\s*nobody 80 1\n{web(6)} 0 1</textarea>", page)


def test_lines_beyond_the_most_stay_in_the_box(browser, new_url):
    text = "\n".join(f"{web(4)} {port} 1" for port in range(1, MAX_ROWS + 3))
    page = browser.post(new_url, form(intent="paste", paste=text)).content.decode()
    assert f"{web(4)} {MAX_ROWS + 1} 1\n{web(4)} {MAX_ROWS + 2} 1</textarea>" in page
    assert "Line 1: from here on nothing was read" in page


def test_numbers_too_long_for_any_number_are_an_error_beside_the_field(browser, edit_url):
    huge = "9" * 5000
    answer = browser.post(edit_url, form((web(1), huge, huge), name="first", intent="confirm"))
    assert answer.status_code == 422
    assert "a whole number from 1 to 65535" in answer.content.decode()
    crafted = form(intent="add-port:0") | {"rows-TOTAL_FORMS": huge}
    assert browser.post(edit_url, crafted).status_code == 200


def test_a_shared_group_names_its_users_and_offers_a_copy(browser, edit_url, used, balancer):
    page = browser.get(edit_url).content.decode()
    assert "Shared: a change here" in page
    assert "HTTP:81" in page
    copy_url = reverse("groups-copy", args=[balancer.region_id, balancer.pk, used.pk])
    assert f"{copy_url}?instead=1" in page
    assert "HTTP:80: scheduled by round robin" in page


def test_a_group_with_one_user_offers_no_copy(browser, edit_url, used, balancer):
    Listener.objects.filter(load_balancer=balancer, port=80).update(vserver_group=None)
    page = browser.get(edit_url).content.decode()
    assert "In use by:" in page
    assert "Edit a copy instead" not in page


@pytest.mark.parametrize("rows", [(), ((web(1), "80", "0"), (web(2), "81", "0"))])
def test_it_asks_before_users_are_left_without_an_answer(browser, edit_url, used, rows):
    seen = fingerprint(used)
    answer = browser.post(edit_url, form(*rows, name="first", seen=seen))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "No server of this group would take new requests" in page
    assert "HTTP:80" in page
    assert members(used) == {(web(1), 80): 10, (web(2), 81): 30}
    sure = browser.post(edit_url, form(*rows, name="first", seen=seen, sure="1"))
    assert sure.status_code == 303
    assert sum(members(used).values()) == 0


def test_weight_0_first_brings_back_what_was_to_be_removed(browser, edit_url, used):
    seen = fingerprint(used)
    answer = browser.post(edit_url, form(name="first", seen=seen, intent="weight-0-first"))
    rows = shown_rows(answer)
    assert sorted(rows) == [(web(1), "80", "0"), (web(2), "81", "0")]
    assert 'name="sure" value="1"' in answer.content.decode()
    browser.post(edit_url, form(*rows, name="first", seen=seen, sure="1"))
    assert members(used) == {(web(1), 80): 0, (web(2), 81): 0}


def test_the_plan_is_shown_without_the_question(browser, edit_url, used):
    answer = browser.post(edit_url, form(name="first", seen=fingerprint(used), intent="plan"))
    assert "RemoveVServerGroupBackendServers" in answer.content.decode()


def test_a_group_that_nothing_uses_may_be_emptied_at_once(browser, edit_url, group):
    answer = browser.post(edit_url, form(name="first", seen=fingerprint(group)))
    assert answer.status_code == 303
    assert members(group) == {}


def test_what_served_nobody_before_is_not_asked_about(browser, edit_url, used, outsider, balancer):
    outsider.call(
        "SetVServerGroupAttribute",
        RegionId=REGION,
        VServerGroupId=used.pk,
        BackendServers=[
            {"ServerId": web(1), "Port": 80, "Weight": 0},
            {"ServerId": web(2), "Port": 81, "Weight": 0},
        ],
    )
    mirror(balancer.pk)
    answer = browser.post(edit_url, form(name="first", seen=fingerprint(used)))
    assert answer.status_code == 303
