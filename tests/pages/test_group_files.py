"""Export and import of groups as pages: who may, what is taken, and what a refused file says."""

import csv
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.cloud import REGION, web
from vservers.cloud.types import BackendServer
from vservers.models import Batch
from vservers.services import batches
from vservers.services.groups import create_group

IMPORT = reverse("groups-import", args=[REGION])
CSV = reverse("groups-export-csv", args=[REGION])
JSON = reverse("groups-export-json", args=[REGION])


@pytest.fixture
def groups(operator, balancer):
    return [
        create_group(
            actor=operator.as_actor(),
            load_balancer=balancer,
            name=f"file-{number}",
            members=[BackendServer(web(1), 80, 10)],
        )
        for number in range(3)
    ]


def text_of(answer):
    return b"".join(answer.streaming_content).decode()


def upload(client, text, **more):
    content = text if isinstance(text, bytes) else text.encode()
    return client.post(IMPORT, {"file": SimpleUploadedFile("groups.csv", content), **more})


def test_all_of_an_instance_are_exported_line_by_line(client_of, reader, balancer, groups):
    answer = client_of(reader).get(CSV, {"instance": balancer.pk})
    assert answer.streaming
    assert f"vserver-groups-{balancer.pk}.csv" in answer["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(text_of(answer))))
    assert [row["group_name"] for row in rows] == ["file-0", "file-1", "file-2"]
    assert rows[0]["server_id"] == web(1)


def test_ticked_groups_alone_are_exported(client_of, reader, balancer, groups):
    answer = client_of(reader).post(JSON, {"group": groups[1].pk})
    assert [one["group_name"] for one in json.loads(text_of(answer))["groups"]] == ["file-1"]


def test_the_filter_goes_with_an_export_of_all_that_match(client_of, reader, balancer, groups):
    answer = client_of(reader).post(JSON, {"all": "1", "q": "file-2", "instance": balancer.pk})
    assert [one["group_id"] for one in json.loads(text_of(answer))["groups"]] == [groups[2].pk]


def test_an_edited_export_becomes_a_preview_and_then_the_truth(
    client_of, operator, balancer, groups
):
    client = client_of(operator)
    text = text_of(client.get(CSV, {"instance": balancer.pk}))
    edited = text.replace(f"{web(1)},,80,10", f"{web(1)},,80,33", 1)
    answer = upload(client, edited)
    assert answer.status_code == 303
    page = client.get(answer["Location"]).content.decode()
    assert "weight 33" in page
    assert "2 groups" in page, "those that stay are counted"
    batch = Batch.objects.get()
    client.post(reverse("batches-start", args=[batch.pk]))
    assert batches.carry_out(batch.pk)
    assert groups[0].members.get().weight == 33


def test_a_file_with_a_mistake_does_nothing_and_says_where(client_of, operator, balancer, groups):
    text = f"instance_id,group_name,server_id,port,weight\n{balancer.pk},new,{web(1)},0,5\n"
    answer = upload(client_of(operator), text)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "line 2" in page
    assert "<code>port</code>" in page
    assert not Batch.objects.exists()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b""])
def test_what_is_no_text_is_refused(client_of, operator, balancer, content):
    assert upload(client_of(operator), content).status_code == 422


def test_a_form_without_a_file_says_so(client_of, operator, balancer):
    answer = client_of(operator).post(IMPORT, {})
    assert answer.status_code == 422
    assert "Choose a file" in answer.content.decode()


def test_readers_export_and_do_not_import(client_of, reader, stranger, balancer):
    assert client_of(reader).get(IMPORT).status_code == 403
    assert client_of(reader).post(IMPORT).status_code == 403
    for address in (IMPORT, CSV, JSON):
        assert client_of(stranger).get(address).status_code == 404
    assert client_of(reader).get(CSV, {"instance": "lb-none"}).status_code == 404


def test_an_export_asks_the_database_as_often_for_many_groups(
    client_of, reader, balancer, groups, django_assert_max_num_queries
):
    client = client_of(reader)
    text_of(client.get(CSV))
    with django_assert_max_num_queries(8):
        text_of(client.get(CSV))
