"""Tags of groups: one group or many, given and taken off, with a preview."""

import pytest
from django.urls import reverse

from tests.cloud import REGION
from vservers.models import Batch, VServerGroup
from vservers.services import batches
from vservers.services.group_tags import change_group_tags
from vservers.services.groups import create_group

TAGS = reverse("groups-tags", args=[REGION])


@pytest.fixture
def groups(operator, balancer):
    made = [
        create_group(actor=operator.as_actor(), load_balancer=balancer, name=name, members=[])
        for name in ("a", "b")
    ]
    change_group_tags(
        actor=operator.as_actor(), group=made[0], put={"env": "test", "team": "web"}, take=[]
    )
    return made


def preview(client, groups, **fields):
    return client.post(TAGS, {"intent": "preview", "group": [one.pk for one in groups], **fields})


def test_tags_are_given_and_taken_off_in_one_go(client_of, operator, groups):
    client = client_of(operator)
    answer = preview(client, groups, put="env=prod\nnew", take="team")
    page = client.get(answer["Location"]).content.decode()
    assert "Tag env" in page
    assert "test" in page
    batch = Batch.objects.get()
    client.post(reverse("batches-start", args=[batch.pk]))
    assert batches.carry_out(batch.pk)
    assert set(batch.items.values_list("outcome", flat=True)) == {"done"}
    assert [VServerGroup.objects.get(pk=one.pk).tags for one in groups] == [
        {"env": "prod", "new": ""},
        {"env": "prod", "new": ""},
    ]


def test_groups_that_have_the_tags_already_need_nothing(client_of, operator, groups):
    preview(client_of(operator), groups, put="env=test")
    batch = Batch.objects.get()
    assert (batch.unchanged, batch.items.count()) == (1, 1)


def test_one_group_is_named_by_its_address_with_the_tags_that_it_has(client_of, operator, groups):
    page = client_of(operator).get(TAGS, {"group": groups[0].pk}).content.decode()
    assert "1 group" in page
    assert "team=web (1)" in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Enter a tag to give or a key to take off"),
        ({"put": "aliyun=1"}, "must not begin with"),
        ({"put": "=1"}, "1 to 64 characters"),
        ({"put": "a=1\na=2"}, "there twice"),
        ({"put": "a=1", "take": "a"}, "Both given and taken off"),
    ],
)
def test_what_is_wrong_is_said_and_stays_typed(client_of, operator, groups, fields, words):
    answer = preview(client_of(operator), groups, **fields)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert fields.get("put", "").split("\n")[0] in page
    assert not Batch.objects.exists()


def test_who_may_not_change_groups_changes_no_tags(client_of, reader, stranger, groups):
    assert preview(client_of(reader), groups, put="a=1").status_code == 403
    assert preview(client_of(stranger), groups, put="a=1").status_code == 404
