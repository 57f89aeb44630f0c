"""Setting weights of many groups: the ticks, the preview, the progress."""

import pytest
from django.urls import reverse

from tests.cloud import REGION, web
from tests.pages.addresses import HTMX
from vservers.cloud.types import BackendServer
from vservers.models import Batch
from vservers.services import batches
from vservers.services.groups import create_group

WEIGHTS = reverse("groups-weights", args=[REGION])


@pytest.fixture
def groups(operator, balancer):
    return [
        create_group(
            actor=operator.as_actor(),
            load_balancer=balancer,
            name=f"bulk-{number}",
            members=[BackendServer(web(1), 80, 10), BackendServer(web(2), 80, 30)],
        )
        for number in range(3)
    ]


def preview(client, **fields):
    return client.post(WEIGHTS, {"intent": "preview", **fields})


def test_ticks_lead_to_a_preview_of_every_row_and_then_to_the_progress(
    client_of, operator, balancer, groups
):
    client = client_of(operator)
    ticked = [groups[0].pk, groups[2].pk]
    form = client.post(WEIGHTS, {"group": ticked}).content.decode()
    assert "2 groups" in form
    assert all(f'value="{pk}"' in form for pk in ticked), "the ticks go on with the form"
    answer = preview(client, group=ticked, weight="0", servers="web-01")
    assert answer.status_code == 303
    page = client.get(answer["Location"]).content.decode()
    assert "bulk-0" in page
    assert "bulk-1" not in page
    assert page.count("weight 10") == 2
    assert page.count("weight 0") == 2
    assert "weight 30" not in page, "rows that stay are not listed"
    batch = Batch.objects.get()
    began = client.post(reverse("batches-start", args=[batch.pk]))
    assert began.status_code == 303
    running = client.get(began["Location"]).content.decode()
    assert "every 1s" in running
    assert batches.carry_out(batch.pk)
    over = client.get(f"{began['Location']}?poll=1", headers=HTMX)
    assert over.status_code == 286, "it stops asking"
    assert "3 of 3" not in over.content.decode()
    assert "2 of 2" in over.content.decode()
    assert "Operation" in over.content.decode()


def test_all_that_match_the_filter_are_taken_whatever_the_page_showed(
    client_of, operator, balancer, groups
):
    client = client_of(operator)
    answer = preview(client, all="1", q="bulk-", instance=balancer.pk, weight="7")
    batch = Batch.objects.get()
    assert answer["Location"] == reverse("batches-detail", args=[batch.pk])
    assert batch.items.count() == 3
    assert batch.load_balancer_id == balancer.pk


def test_a_group_of_another_instance_is_not_taken_by_a_forged_tick(
    client_of, operator, groups, new_balancer
):
    other = new_balancer(LoadBalancerName="other")
    answer = preview(client_of(operator), group=groups[0].pk, instance=other.pk, weight="7")
    assert answer.status_code == 422
    assert not Batch.objects.exists()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"weight": ""}, "Enter a whole number from 0 to 100"),
        ({"weight": "101"}, "Enter a whole number from 0 to 100"),
        ({"weight": "5", "servers": "nobody"}, "No server of this region is called nobody"),
        ({"weight": "5", "port": "70000"}, "Enter a whole number from 1 to 65535"),
        ({"weight": "5", "port": "8080"}, "None of these groups has such a server or port"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field_and_stays_typed(
    client_of, operator, groups, fields, words
):
    answer = preview(client_of(operator), group=groups[0].pk, **fields)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert f'value="{groups[0].pk}"' in page
    for value in filter(None, fields.values()):
        assert f'value="{value}"' in page


def test_nothing_ticked_is_said(client_of, operator, groups):
    answer = client_of(operator).post(WEIGHTS, {})
    assert answer.status_code == 422
    assert "Tick at least one group" in answer.content.decode()


def test_where_nothing_differs_there_is_nothing_to_carry_out(client_of, operator, groups):
    client = client_of(operator)
    answer = preview(client, group=groups[0].pk, weight="10", servers="web-01")
    page = client.get(answer["Location"]).content.decode()
    assert "Nothing to change" in page
    assert "Carry out" not in page
    gone = client.post(reverse("batches-discard", args=[Batch.objects.get().pk]))
    assert gone.status_code == 303
    assert not Batch.objects.exists()


def test_a_batch_is_stopped_and_says_so(client_of, operator, groups):
    client = client_of(operator)
    preview(client, group=[one.pk for one in groups], weight="1")
    batch = Batch.objects.get()
    client.post(reverse("batches-start", args=[batch.pk]))
    client.post(reverse("batches-stop", args=[batch.pk]))
    page = client.get(reverse("batches-detail", args=[batch.pk])).content.decode()
    assert "Stopped before it" in page
    listed = client.get(reverse("batches-list")).content.decode()
    assert "Set weights" in listed


@pytest.mark.parametrize(
    "name", ["batches-start", "batches-stop", "batches-discard", "batches-detail"]
)
def test_readers_and_strangers_are_kept_out(client_of, operator, reader, stranger, groups, name):
    preview(client_of(operator), group=groups[0].pk, weight="1")
    place = reverse(name, args=[Batch.objects.get().pk])
    assert client_of(reader).post(place).status_code in {403, 405}
    assert client_of(stranger).post(place).status_code in {404, 405}
    assert Batch.objects.get().status == Batch.Status.DRAFT
    assert client_of(reader).post(WEIGHTS, {"group": groups[0].pk}).status_code == 403
    assert client_of(stranger).get(WEIGHTS).status_code == 404


def test_the_preview_asks_as_often_for_many_items_as_for_few(
    client_of, operator, groups, django_assert_max_num_queries
):
    client = client_of(operator)
    for ticked in ([groups[0].pk], [one.pk for one in groups]):
        answer = preview(client, group=ticked, weight="1")
        client.get(answer["Location"])
        with django_assert_max_num_queries(10):
            client.get(answer["Location"])
