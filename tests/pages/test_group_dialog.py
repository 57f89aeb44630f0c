"""The dialog with two lists: what each button does to what was typed, and what Confirm does."""

import re

import pytest
from django.urls import reverse

from tests.cloud import pay, report, web
from vservers.models import Server, VServerGroup
from vservers.pages.group_dialog import dialog
from vservers.selectors.fingerprints import fingerprint

HTMX = {"HX-Request": "true"}


def form(*rows, name="shop", network_type="classic", intent="confirm", **more):
    """What a browser posts. rows: (server_id, port, weight) as typed."""
    data = {
        "name": name,
        "network_type": network_type,
        "intent": intent,
        "rows-TOTAL_FORMS": len(rows),
        "rows-INITIAL_FORMS": 0,
        "page": 1,
        **more,
    }
    for number, (server_id, port, weight) in enumerate(rows):
        data |= {
            f"rows-{number}-server_id": server_id,
            f"rows-{number}-port": port,
            f"rows-{number}-weight": weight,
            f"rows-{number}-type": "ecs",
        }
    return data


def shown_rows(answer):
    """[(server_id, port, weight)] of the Selected list as rendered."""
    html = answer.content.decode()

    def values(column):
        tags = re.findall(rf'<input[^>]*name="rows-\d+-{column}"[^>]*>', html)
        return [(re.search(r'value="([^"]*)"', tag) or [None, ""])[1] for tag in tags]

    return list(zip(values("server_id"), values("port"), values("weight"), strict=True))


@pytest.fixture
def new_url(balancer):
    return reverse("groups-new", args=[balancer.region_id, balancer.pk])


@pytest.fixture
def browser(client_of, operator):
    return client_of(operator)


@pytest.fixture
def group(browser, new_url, balancer):
    browser.post(new_url, form((web(1), "80", "10"), (web(2), "80", "30"), name="first"))
    return balancer.vserver_groups.get()


@pytest.fixture
def edit_url(balancer, group):
    return reverse("groups-edit", args=[balancer.region_id, balancer.pk, group.pk])


def members(group):
    return {(m.server_id, m.port): m.weight for m in group.members.all()}


def test_confirm_creates_the_group_and_leads_back(browser, new_url, balancer):
    rows = [(web(1), "80", "10"), (web(1), "81", "0"), (web(2), "80", "100")]
    answer = browser.post(new_url, form(*rows))
    assert answer.status_code == 303
    group = balancer.vserver_groups.get(name="shop")
    assert members(group) == {(web(1), 80): 10, (web(1), 81): 0, (web(2), 80): 100}


def test_under_htmx_the_dialog_closes_and_the_list_is_fetched(browser, new_url):
    answer = browser.post(new_url, form((web(1), "80", "10")), headers=HTMX)
    assert answer.status_code == 204
    assert "groups-changed" in answer["HX-Trigger"]


def test_more_than_twenty_rows_are_batched_unnoticed(browser, new_url, balancer):
    rows = [(web(1), str(8000 + i), "1") for i in range(45)]
    assert browser.post(new_url, form(*rows)).status_code == 303
    assert balancer.vserver_groups.get().members.count() == 45


def test_a_chinese_name_is_allowed(browser, new_url, balancer):
    browser.post(new_url, form(name="商城-前端/v1.0_a"))
    assert balancer.vserver_groups.get().name == "商城-前端/v1.0_a"


@pytest.mark.parametrize("name", ["", " ", "a" * 81, "a b", "<b>", "a\nb", "a;b", "é"])
def test_a_bad_name_is_refused_beside_its_field(browser, new_url, balancer, name):
    answer = browser.post(new_url, form((web(1), "80", "7"), name=name))
    assert answer.status_code == 422
    assert 'id="id_name_error"' in answer.content.decode()
    assert shown_rows(answer) == [(web(1), "80", "7")]
    assert not balancer.vserver_groups.exists()


@pytest.mark.parametrize(
    ("port", "weight", "sentence"),
    [
        ("0", "100", "port, a whole number from 1 to 65535"),
        ("65536", "100", "port, a whole number from 1 to 65535"),
        ("", "100", "port, a whole number from 1 to 65535"),
        ("http", "100", "port, a whole number from 1 to 65535"),
        ("80.5", "100", "port, a whole number from 1 to 65535"),
        ("80", "-1", "weight, a whole number from 0 to 100"),
        ("80", "101", "weight, a whole number from 0 to 100"),
        ("80", "", "weight, a whole number from 0 to 100"),
        ("80", "much", "weight, a whole number from 0 to 100"),
    ],
)
def test_a_bad_number_is_refused_and_nothing_typed_is_lost(
    browser, new_url, balancer, port, weight, sentence
):
    answer = browser.post(new_url, form((web(2), "8080", "5"), (web(1), port, weight)))
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert shown_rows(answer) == [(web(2), "8080", "5"), (web(1), port, weight)]
    assert not balancer.vserver_groups.exists()


def test_the_same_server_and_port_twice_is_refused_beside_the_second(browser, new_url):
    answer = browser.post(new_url, form((web(1), "80", "1"), (web(1), "80", "2")))
    assert answer.status_code == 422
    assert answer.content.decode().count("already") == 1


def test_a_server_that_cannot_join_is_refused_beside_its_row(browser, new_url):
    answer = browser.post(new_url, form((web(1), "80", "1"), (web(8), "80", "2")))
    assert answer.status_code == 422
    assert "Only running servers can be added" in answer.content.decode()


def test_a_server_of_another_region_is_refused(browser, new_url, outsider):
    listed = outsider.call("DescribeInstances", product="ecs", RegionId="cn-shanghai")
    elsewhere = listed["Instances"]["Instance"][0]["InstanceId"]
    answer = browser.post(new_url, form((elsewhere, "80", "1")))
    assert answer.status_code == 422
    assert "not a server of cn-hangzhou" in answer.content.decode()


def test_a_refusal_of_the_cloud_shows_code_message_and_request_id(
    browser, new_url, balancer, flaky_cloud
):
    flaky_cloud.refuse("CreateVServerGroup", "ActionNotAllowed", 1)
    answer = browser.post(new_url, form((web(1), "80", "7")))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "ActionNotAllowed" in page
    assert "RequestId" in page
    assert "Nothing was changed" in page
    assert shown_rows(answer) == [(web(1), "80", "7")]


def test_after_a_part_was_created_the_dialog_goes_on_as_an_edit(
    browser, new_url, balancer, flaky_cloud
):
    rows = [(web(1), str(8000 + i), "1") for i in range(25)]
    flaky_cloud.refuse("AddVServerGroupBackendServers", "ActionNotAllowed", 1)
    answer = browser.post(new_url, form(*rows))
    group = balancer.vserver_groups.get()
    edit = reverse("groups-edit", args=[balancer.region_id, balancer.pk, group.pk])
    assert f'action="{edit}"' in answer.content.decode()
    assert len(shown_rows(answer)) == 25
    seen = re.search(r'name="seen" value="(\w+)"', answer.content.decode())[1]
    assert browser.post(edit, form(*rows, seen=seen)).status_code == 303
    assert group.members.count() == 25
    assert balancer.vserver_groups.count() == 1


def test_servers_are_searched_on_the_server_and_ticks_survive(browser, new_url):
    answer = browser.post(new_url, form(intent="search", q="web-03", tick=[web(1), web(2)]))
    page = answer.content.decode()
    assert web(3) in page
    assert f'id="tick-{web(4)}"' not in page
    assert f'<input type="hidden" name="tick" value="{web(1)}">' in page
    assert "2 more ticked outside this list" in page


@pytest.mark.parametrize("query", ["edge", "role=edge", "web-02 edge"])
def test_servers_are_found_by_their_tags(browser, new_url, query):
    Server.objects.filter(pk=web(2)).update(tags={"role": "edge"})
    page = browser.post(new_url, form(intent="search", q=query)).content.decode()
    assert re.findall(r'id="tick-([^"]+)"', page) == [web(2)]


def test_all_that_match_and_can_join_are_ticked_over_all_pages(browser, new_url):
    assert "Tick all that match" in browser.get(new_url).content.decode()
    few = form(intent="tick-all", q="web-0", tick=[pay(1)])
    answer = browser.post(new_url, few)
    page = answer.content.decode()
    assert 'id="tick-all"' not in page, "these stand on one page"
    ticked = set(re.findall(r'value="(i-[^"]+)"[^>]*checked', page))
    assert ticked == {web(n) for n in range(1, 8)}, "web-08 is stopped"
    assert f'name="tick" value="{pay(1)}"' in page
    added = browser.post(new_url, form(intent="add", tick=sorted(ticked)))
    assert len(shown_rows(added)) == 7


def test_more_than_a_group_takes_are_not_ticked(browser, new_url, monkeypatch):
    monkeypatch.setattr(dialog, "MAX_ROWS", 3)
    page = browser.post(new_url, form(intent="tick-all", q="web-0")).content.decode()
    assert "7 servers match; search for 3 at most." in page
    assert not re.findall(r'value="i-[^"]+"[^>]*checked', page)


def test_pages_are_turned_and_ticks_survive(browser, new_url):
    first = browser.get(new_url).content.decode()
    answer = browser.post(new_url, form(intent="page:2", tick=[web(1)]))
    page = answer.content.decode()
    ids = set(re.findall(r'id="tick-([^"]+)"', page))
    assert ids
    assert not ids & set(re.findall(r'id="tick-([^"]+)"', first))


def test_add_moves_ticked_servers_over_and_leaves_the_others(browser, new_url):
    answer = browser.post(
        new_url,
        form((web(3), "80", "5"), intent="add", tick=[web(1), web(2), web(8)]),
    )
    assert shown_rows(answer) == [(web(3), "80", "5"), (web(1), "", "100"), (web(2), "", "100")]
    assert "was not added" in answer.content.decode()


def test_a_typed_mistake_survives_the_other_buttons(browser, new_url):
    answer = browser.post(
        new_url, form((web(1), "99999", "x"), intent="search", name="not ok!", q="web")
    )
    assert shown_rows(answer) == [(web(1), "99999", "x")]
    assert "not ok!" in answer.content.decode()


@pytest.mark.parametrize(
    ("intent", "ports", "weights"),
    [
        ("port-all:1", ["82", "82", "82"], ["1", "2", "3"]),
        ("port-below:1", ["81", "82", "82"], ["1", "2", "3"]),
        ("port-above:1", ["82", "82", "83"], ["1", "2", "3"]),
        ("weight-all:0", ["81", "82", "83"], ["1", "1", "1"]),
        ("weight-below:1", ["81", "82", "83"], ["1", "2", "2"]),
        ("weight-above:2", ["81", "82", "83"], ["3", "3", "3"]),
        ("reset-ports", ["", "", ""], ["1", "2", "3"]),
        ("reset-weights", ["81", "82", "83"], ["100", "100", "100"]),
        ("remove:1", ["81", "83"], ["1", "3"]),
        ("add-port:0", ["81", "", "82", "83"], ["1", "1", "2", "3"]),
        ("remove:99", ["81", "82", "83"], ["1", "2", "3"]),
        ("no-such-tool:0", ["81", "82", "83"], ["1", "2", "3"]),
    ],
)
def test_the_tools_of_the_selected_list(browser, new_url, intent, ports, weights):
    rows = [(web(i), f"8{i}", str(i)) for i in (1, 2, 3)]
    shown = shown_rows(browser.post(new_url, form(*rows, intent=intent)))
    assert [row[1] for row in shown] == ports
    assert [row[2] for row in shown] == weights


def test_the_share_of_each_row_is_shown(browser, new_url):
    rows = [(web(1), "80", "10"), (web(2), "80", "30"), (web(3), "80", "60")]
    page = browser.post(new_url, form(*rows, intent="search")).content.decode()
    for share in ("10.0 %", "30.0 %", "60.0 %"):
        assert share in page


def test_an_impossible_network_type_is_off_with_its_reason(browser, vpc_balancer):
    url = reverse("groups-new", args=[vpc_balancer.region_id, vpc_balancer.pk])
    page = browser.get(url).content.decode()
    classic = re.search(r'<input[^>]*value="classic"[^>]*>', page)[0]
    assert "disabled" in classic
    assert "takes servers of its VPC vpc-" in page
    assert pay(1) in page
    assert web(1) not in page


def test_servers_of_another_vpc_are_greyed_with_the_reason(browser, vpc_balancer):
    url = reverse("groups-new", args=[vpc_balancer.region_id, vpc_balancer.pk])
    page = browser.post(url, form(intent="search", network_type="vpc", q="report")).content.decode()
    box = re.search(rf'<input[^>]*id="tick-{report(1)}"[^>]*>', page)[0]
    assert "disabled" in box
    assert "Only servers of vpc-bp1payments0000001 can be added" in page


def test_edit_shows_the_group_as_it_is(browser, edit_url):
    answer = browser.get(edit_url)
    assert shown_rows(answer) == [(web(1), "80", "10"), (web(2), "80", "30")]
    assert 'value="first"' in answer.content.decode()


def test_edit_sends_the_difference(browser, edit_url, group):
    rows = [(web(1), "8080", "10"), (web(2), "80", "0"), (web(3), "80", "5")]
    answer = browser.post(edit_url, form(*rows, name="second", seen=fingerprint(group)))
    assert answer.status_code == 303
    assert members(group) == {(web(1), 8080): 10, (web(2), 80): 0, (web(3), 80): 5}
    assert VServerGroup.objects.get(pk=group.pk).name == "second"


def theirs_and_mine(client_of, operator, administrator, edit_url, theirs, mine):
    """The answer to the second of two who edit the same group, and their browser."""
    first, second = client_of(operator), client_of(administrator)
    seen = dict(second.get(edit_url).context["seen"].fields)
    first.post(edit_url, form(*theirs, name="first", **seen))
    return second, second.post(edit_url, form(*mine, name="first", **seen))


def test_two_people_edit_and_the_second_sees_both_and_chooses(
    client_of, operator, administrator, edit_url, group
):
    mine = [(web(1), "80", "11"), (web(2), "80", "30"), (web(3), "80", "1")]
    second, answer = theirs_and_mine(
        client_of,
        operator,
        administrator,
        edit_url,
        [(web(1), "80", "77"), (web(2), "80", "30"), (web(4), "80", "4")],
        mine,
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "changed by somebody else" in page
    assert shown_rows(answer) == mine
    assert members(group) == {(web(1), 80): 77, (web(2), 80): 30, (web(4), 80): 4}
    lines = {line.label: line for line in answer.context["lines"]}
    both = lines["web-01:80"]
    assert (both.before, both.theirs, both.mine) == ("weight 10", "weight 77", "weight 11")
    assert both.is_open
    assert lines["web-03:80"].difference.choice == "mine"
    assert lines["web-04:80"].difference.choice == "theirs"
    renewed = dict(answer.context["seen"].fields)
    unchosen = second.post(edit_url, form(*mine, name="first", **renewed))
    assert unchosen.status_code == 422
    assert "Choose one." in unchosen.content.decode()
    chosen = {both.difference.name: "mine"}
    assert second.post(edit_url, form(*mine, name="first", **renewed, **chosen)).status_code == 303
    assert members(group) == {
        (web(1), 80): 11,
        (web(2), 80): 30,
        (web(3), 80): 1,
        (web(4), 80): 4,
    }


def test_the_other_buttons_keep_a_conflict_and_its_choices(
    client_of, operator, administrator, edit_url, group
):
    mine = [(web(1), "80", "11"), (web(2), "80", "30")]
    second, answer = theirs_and_mine(
        client_of, operator, administrator, edit_url, [(web(1), "80", "77")], mine
    )
    renewed = dict(answer.context["seen"].fields)
    chosen = {line.difference.name: "theirs" for line in answer.context["lines"]}
    searched = second.post(
        edit_url, form(*mine, intent="search", name="first", **renewed, **chosen)
    )
    assert searched.status_code == 200
    assert {line.difference.choice for line in searched.context["lines"]} == {"theirs"}
    preview = second.post(edit_url, form(*mine, intent="plan", name="x", **renewed, **chosen))
    rows = [row for step in preview.context["preview"].steps for row in step.rows]
    assert [(row.what, row.after) for row in rows] == [("VServer group", "x")]
    assert members(group) == {(web(1), 80): 77}


def test_a_picture_that_was_meddled_with_counts_as_unknown(
    client_of, operator, administrator, edit_url, group
):
    first, second = client_of(operator), client_of(administrator)
    seen = dict(second.get(edit_url).context["seen"].fields)
    first.post(edit_url, form((web(1), "80", "77"), name="first", **seen))
    answer = second.post(
        edit_url, form((web(1), "80", "10"), name="first", **seen | {"picture": "W10:x:y"})
    )
    assert answer.status_code == 422
    assert all(line.is_open for line in answer.context["lines"]), "nothing is chosen for them"


@pytest.mark.parametrize("intent", ["confirm", "plan"])
def test_a_person_whose_group_is_gone_is_led_back(
    browser, edit_url, balancer, group, outsider, intent
):
    seen = dict(browser.get(edit_url).context["seen"].fields)
    outsider.call("DeleteVServerGroup", RegionId=balancer.region_id, VServerGroupId=group.pk)
    answer = browser.post(edit_url, form(name="x", intent=intent, **seen), follow=True)
    assert "does not exist any more" in answer.content.decode()


def test_a_group_that_went_while_it_was_edited_is_told(browser, edit_url, group):
    group.delete()
    answer = browser.post(edit_url, form((web(1), "80", "1")), headers=HTMX)
    assert answer.status_code == 404
    assert "does not exist any more" in answer.content.decode()
    assert "Nothing was changed." in answer.content.decode()


def test_a_reader_gets_no_dialog(client_of, reader, new_url):
    client = client_of(reader)
    assert client.get(new_url).status_code == 403
    assert client.post(new_url, form()).status_code == 403


def test_the_number_of_queries_does_not_grow_with_the_rows(
    browser, new_url, django_assert_max_num_queries
):
    rows = [(web(1), str(8000 + i), "1") for i in range(200)]
    with django_assert_max_num_queries(14):
        browser.post(new_url, form(*rows, intent="search"))


def test_confirm_takes_in_what_was_ticked_or_pasted_and_not_added(browser, new_url, balancer):
    answer = browser.post(new_url, form((web(1), "80", "10"), tick=[web(2)]))
    assert answer.status_code == 422
    assert shown_rows(answer) == [(web(1), "80", "10"), (web(2), "", "100")]
    assert "What was ticked or pasted is in the list now." in answer.content.decode()
    answer = browser.post(new_url, form(paste=f"{web(3)} 80 5\n{web(4)} eighty"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert shown_rows(answer) == [(web(3), "80", "5")]
    assert "eighty" in page, "what could not be read stays"
    assert not balancer.vserver_groups.exists(), "nobody has looked at it yet"
    assert browser.post(new_url, form((web(3), "80", "5"))).status_code == 303


@pytest.mark.parametrize("number", ["²", "9" * 5000, "٣٤٥٦٧٨", "-"])
def test_what_only_looks_like_a_number_is_an_error_beside_its_field(browser, new_url, number):
    answer = browser.post(new_url, form((web(1), number, number)))
    assert answer.status_code == 422
    assert browser.post(new_url, form((web(1), "80", "1"), intent=f"remove:{number}")).status_code
