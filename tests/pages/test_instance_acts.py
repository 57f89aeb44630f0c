"""The dialogs of one instance, and of several."""

import pytest
from django.urls import reverse

from tests.cloud import REGION
from tests.pages.addresses import HTMX, address
from tests.pages.browserless import form_of
from tests.queue import work_off
from vservers.models import Batch, LoadBalancer, Operation
from vservers.pages.instances import bulk

ACTS = ["start", "stop", "rename", "tags", "protection", "spec", "bandwidth", "release"]
LIST = "/regions/cn-hangzhou/balancers/"


def now(balancer):
    return LoadBalancer.objects.get(pk=balancer.pk)


def test_the_actions_are_listed_with_the_reason_of_those_that_cannot_be(
    client_of, operator, balancer
):
    LoadBalancer.objects.filter(pk=balancer.pk).update(delete_protection="on")
    page = client_of(operator).get(address("balancers-actions", balancer)).content.decode()
    for name in ("stop", "rename", "tags", "protection", "spec", "bandwidth"):
        assert f'href="{address(f"balancers-{name}", balancer)}"' in page
    assert f'href="{address("listeners-new", balancer)}"' in page
    assert f'href="{address("balancers-release", balancer)}"' not in page
    assert "Deletion protection is on. Switch it off first." in page


def test_readers_and_strangers_get_none_of_the_dialogs(client_of, reader, stranger, balancer):
    for name in [*ACTS, "actions"]:
        url = address(f"balancers-{name}", balancer)
        assert client_of(reader).get(url).status_code == 403, name
        assert client_of(stranger).get(url).status_code == 404, name


@pytest.mark.parametrize("name", ACTS)
def test_each_dialog_is_a_part_under_htmx_and_a_page_without(client_of, operator, balancer, name):
    client, url = client_of(operator), address(f"balancers-{name}", balancer)
    part, page = client.get(url, headers=HTMX), client.get(url)
    assert (part.status_code, page.status_code) == (200, 200)
    assert "<html" not in part.content.decode()
    assert "<html" in page.content.decode()
    assert client.put(url).status_code == 405
    assert client.get(url.replace(balancer.pk, "lb-nowhere")).status_code == 404


def test_stopping_closes_the_dialog_and_the_list_fetches_itself(client_of, operator, balancer):
    client = client_of(operator)
    on_list = HTMX | {"HX-Current-URL": f"http://testserver{LIST}?q=test"}
    answer = client.post(address("balancers-stop", balancer), headers=on_list)
    assert answer.status_code == 204
    assert "balancers-changed" in answer["HX-Trigger"]
    assert now(balancer).status == "inactive"
    again = client.post(address("balancers-stop", balancer), headers=HTMX)
    assert again.status_code == 422
    assert "It is stopped already." in again.content.decode()


def test_on_its_own_page_the_whole_page_is_loaded_anew(client_of, operator, balancer):
    client, url = client_of(operator), address("balancers-detail", balancer)
    here = HTMX | {"HX-Current-URL": f"http://testserver{url}"}
    answer = client.post(address("balancers-stop", balancer), headers=here)
    assert answer["HX-Redirect"] == url
    page = client.get(url).content.decode()
    assert address("balancers-start", balancer) in page
    assert "was stopped." in page


def test_the_page_of_an_instance_shows_all_facts_and_offers_a_reader_nothing(
    client_of, operator, reader, balancer
):
    LoadBalancer.objects.filter(pk=balancer.pk).update(
        tags={"env": "test"}, modification_protection="ConsoleProtection"
    )
    url = address("balancers-detail", balancer)
    page, others = (client_of(one).get(url).content.decode() for one in (operator, reader))
    for words in ("Pay-as-you-go", "by traffic", "rg-default", "env: test", "IPv4"):
        assert words in page, words
        assert words in others, words
    for name in ACTS:
        if name not in ("start", "release"):
            assert address(f"balancers-{name}", balancer) in page, name
        assert address(f"balancers-{name}", balancer) not in others, name


def test_what_will_be_sent_is_shown_and_not_sent(client_of, operator, balancer):
    client, url = client_of(operator), address("balancers-rename", balancer)
    seen = form_of(client.get(url).content.decode())["seen"]
    page = client.post(url, {"name": "shown", "seen": seen, "intent": "plan"}).content.decode()
    assert "SetLoadBalancerName" in page
    assert 'load_balancer_name="shown"' in page.replace("&quot;", '"').replace("&#x27;", '"')
    assert now(balancer).name == "test"


def test_confirming_an_unseen_specification_changes_nothing(client_of, operator, balancer):
    client, url = client_of(operator), address("balancers-spec", balancer)
    page = client.get(url).content.decode()
    typed = form_of(page)
    assert typed["spec"] == "", "shared performance is what it has"
    assert "Shared performance" in page
    client.post(url, typed, headers=HTMX)
    assert not Operation.objects.exists()
    typed = form_of(client.get(url).content.decode()) | {"spec": "slb.s2.small"}
    client.post(url, typed, headers=HTMX)
    assert now(balancer).spec == "slb.s2.small"
    assert "Shared performance" not in client.get(url).content.decode()
    seen = form_of(client.get(url).content.decode())["seen"]
    assert client.post(url, {"spec": "", "seen": seen}, headers=HTMX).status_code == 422


def test_a_bad_name_is_said_beside_its_field_and_stays_typed(client_of, operator, balancer):
    client, url = client_of(operator), address("balancers-rename", balancer)
    seen = form_of(client.get(url).content.decode())["seen"]
    answer = client.post(url, {"name": "1st", "seen": seen}, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Begin with a letter" in page
    assert 'value="1st"' in page


def test_a_name_given_by_somebody_else_is_shown_before_it_is_lost(
    client_of, operator, balancer, outsider
):
    client, url = client_of(operator), address("balancers-rename", balancer)
    seen = form_of(client.get(url).content.decode())["seen"]
    outsider.call("SetLoadBalancerName", LoadBalancerId=balancer.pk, LoadBalancerName="theirs")
    answer = client.post(url, {"name": "mine", "seen": seen}, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "theirs" in page
    assert 'value="mine"' in page
    client.post(url, {"name": "mine", "seen": form_of(page)["seen"]})
    assert now(balancer).name == "mine"


def test_protection_is_switched_on_with_its_reason(client_of, operator, balancer):
    client, url = client_of(operator), address("balancers-protection", balancer)
    seen = form_of(client.get(url).content.decode())["seen"]
    form = {
        "seen": seen,
        "delete_protection": "on",
        "modification_protection": "on",
        "modification_protection_reason": "sale",
    }
    client.post(url, form)
    row = now(balancer)
    assert row.is_protected_from_deletion
    assert row.modification_protection_reason == "sale"
    blocked = client.get(address("balancers-rename", balancer)).content.decode()
    assert "Modification protection is on: “sale”" in blocked


def test_bandwidth_needs_a_number_where_it_is_paid(client_of, operator, balancer):
    client, url = client_of(operator), address("balancers-bandwidth", balancer)
    seen = form_of(client.get(url).content.decode())["seen"]
    form = {"seen": seen, "internet_charge_type": "paybybandwidth", "bandwidth": ""}
    assert "Say how many Mbit/s" in client.post(url, form).content.decode()
    client.post(url, form | {"bandwidth": "30"})
    assert (now(balancer).internet_charge_type, now(balancer).bandwidth) == ("paybybandwidth", 30)


def test_tags_are_added_changed_and_removed_in_one_dialog(client_of, operator, balancer):
    client, url = client_of(operator), address("balancers-tags", balancer)
    client.post(url, {"key": ["env", "old"], "value": ["test", ""]})
    assert now(balancer).tags == {"env": "test", "old": ""}
    form = {
        "held": ["env", "old"],
        "held_value": ["live", ""],
        "remove": ["old"],
        "key": ["team", ""],
        "value": ["blue", ""],
    }
    client.post(url, form)
    assert now(balancer).tags == {"env": "live", "team": "blue"}


def test_a_bad_tag_is_said_in_its_row_and_more_rows_lose_nothing(client_of, operator, balancer):
    client, url = client_of(operator), address("balancers-tags", balancer)
    form = {"key": ["aliyun-x", "ok", "ok"], "value": ["1", "2", "3"]}
    answer = client.post(url, form, headers=HTMX)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "must not begin with" in page
    assert "This key is here twice." in page
    more = client.post(url, form | {"intent": "more"}, headers=HTMX).content.decode()
    assert more.count('name="key"') == 5
    assert 'value="aliyun-x"' in more
    assert not Operation.objects.exists()


def test_a_release_asks_for_the_name_and_names_what_goes(client_of, operator, balancer, group):
    client, url = client_of(operator), address("balancers-release", balancer)
    assert "1 VServer group and the tags go with it." in client.get(url).content.decode()
    wrong = client.post(url, {"typed": "tes"}, headers=HTMX)
    assert wrong.status_code == 422
    assert "Type exactly “test”." in wrong.content.decode()
    plan = client.post(url, {"typed": "", "intent": "plan"}).content.decode()
    assert "DeleteLoadBalancer" in plan
    assert "Type exactly" not in plan, "asking is no answer"
    answer = client.post(url, {"typed": "test"})
    assert answer["Location"] == LIST
    assert client.get(address("balancers-detail", balancer)).status_code == 410


def test_a_protected_instance_cannot_be_released_and_the_way_out_is_linked(
    client_of, operator, balancer
):
    LoadBalancer.objects.filter(pk=balancer.pk).update(delete_protection="on")
    page = client_of(operator).get(address("balancers-release", balancer)).content.decode()
    assert "Deletion protection is on" in page
    assert address("balancers-protection", balancer) in page


# Several at once


@pytest.fixture
def three(new_balancer):
    return [new_balancer(LoadBalancerName=f"bulk-{n}") for n in range(3)]


def bulk_url(act):
    return reverse("balancers-bulk", args=[REGION, act])


def ticked(rows):
    """As the form of the list posts it."""
    return {"on": [row.pk for row in rows]}


def answered(rows):
    """As the dialog posts it."""
    return ticked(rows) | {"asked": "1"}


def test_ticked_instances_are_stopped_and_those_that_cannot_be_are_named(
    client_of, operator, three
):
    client = client_of(operator)
    client.post(address("balancers-stop", three[0]))
    page = client.post(bulk_url("stop"), ticked(three)).content.decode()
    assert "Stop 2 instances?" in page
    assert "Left out: bulk-0. It is stopped already." in " ".join(page.split())
    answer = client.post(bulk_url("stop"), form_of(page))
    assert answer.status_code == 303
    work_off("carry_out_batch")
    batch = Batch.objects.get()
    assert answer["Location"] == reverse("batches-detail", args=[batch.pk])
    assert {now(row).status for row in three} == {"inactive"}
    shown = client.get(answer["Location"]).content.decode()
    assert "Stop instances" in shown
    assert "bulk-1" in shown
    assert batch.items.filter(outcome="done", operation__isnull=False).count() == 2


def test_all_that_match_are_those_of_the_filter(client_of, operator, three):
    client = client_of(operator)
    page = client.post(bulk_url("stop"), {"all": "1", "name": "bulk-1,bulk-2"}).content.decode()
    assert "Stop 2 instances?" in page
    client.post(bulk_url("stop"), form_of(page))
    work_off("carry_out_batch")
    assert [now(row).status for row in three] == ["active", "inactive", "inactive"]


def test_tags_are_put_on_several_and_taken_off_several(client_of, operator, three):
    client = client_of(operator)
    url, asked = bulk_url("tags"), answered(three)
    client.post(url, asked | {"key": ["env"], "value": ["test"]})
    work_off("carry_out_batch")
    assert all(now(row).tags == {"env": "test"} for row in three)
    page = client.post(url, ticked(three)).content.decode()
    assert "3 instances" in page
    client.post(url, asked | {"remove": ["env"], "key": ["team"], "value": ["blue"]})
    work_off("carry_out_batch")
    assert all(now(row).tags == {"team": "blue"} for row in three)


def test_a_plan_that_leaves_some_out_says_how_many(client_of, operator, three, monkeypatch):
    monkeypatch.setattr(bulk, "MOST_NAMED", 2)
    plan = client_of(operator).post(bulk_url("release"), answered(three) | {"intent": "plan"})
    page = plan.content.decode()
    assert page.count("<code>DeleteLoadBalancer</code>") == 2
    assert "The calls for 1 more object are of the same kind" in page


def test_several_are_released_when_their_number_is_typed(client_of, operator, three):
    client = client_of(operator)
    url, asked = bulk_url("release"), answered(three)
    assert client.post(url, asked | {"typed": "2"}, headers=HTMX).status_code == 422
    plan = client.post(url, asked | {"intent": "plan"}).content.decode()
    assert plan.count("<code>DeleteLoadBalancer</code>") == 3
    client.post(url, asked | {"typed": "3"})
    work_off("carry_out_batch")
    assert not LoadBalancer.objects.filter(name__startswith="bulk-").exists()


def test_as_many_as_an_account_has_can_be_ticked_one_by_one(client_of, operator, three):
    LoadBalancer.objects.bulk_create(
        LoadBalancer(
            pk=f"lb-ticked{number:04}00000000",
            name=f"ticked-{number}",
            account=three[0].account,
            region=three[0].region,
            status="active",
        )
        for number in range(600)
    )
    rows = LoadBalancer.objects.filter(name__startswith="ticked-")
    client = client_of(operator)
    dialog = client.post(bulk_url("stop"), ticked(rows), headers=HTMX)
    page = dialog.content.decode()
    assert "Stop 600 instances?" in page
    assert 'hx-post="' + bulk_url("stop") + '"' in page, "no tick stands in an address"
    assert len(form_of(page)["on"]) == 600
    plan = client.post(bulk_url("stop"), form_of(page) | {"intent": "more"}, headers=HTMX)
    assert "Stop 600 instances?" in plan.content.decode(), "what was ticked stays"


def test_nothing_ticked_is_told(client_of, operator, reader, cloud):
    page = client_of(operator).get(bulk_url("start")).content.decode()
    assert "Tick the instances first." in page
    assert client_of(reader).get(bulk_url("start")).status_code == 403
    assert client_of(operator).get(bulk_url("dance")).status_code == 404
