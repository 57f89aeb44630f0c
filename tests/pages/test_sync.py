"""The Sync page: what runs, how far it is, starting and cancelling."""

import pytest
from django.urls import reverse
from django.utils import timezone

from console.audit.models import AuditEntry
from tests.cloud import REGION, place, the_account
from tests.pages.addresses import HTMX
from vservers.models import CloudAccount, SyncRun

PAGE = "/sync/"


def run_of(status, **values):
    return SyncRun.objects.create(
        account=the_account(), region_id=REGION, kind="full", status=status, **values
    )


def test_a_running_sync_shows_a_progress_bar_and_polls(client_of, reader, cloud):
    run_of("running", stage="parts", done=30, total=120, rows=999, started_at=timezone.now())
    page = client_of(reader).get(PAGE).content.decode()
    assert 'value="25"' in page
    assert "Reading the instances: 30 of 120" in page
    assert 'hx-trigger="every 1s"' in page
    part = client_of(reader).get(PAGE, {"poll": ""}, headers=HTMX)
    assert part.status_code == 200
    assert "<html" not in part.content.decode()


def test_polling_ends_when_nothing_runs_any_more(client_of, reader, cloud):
    run_of("done", started_at=timezone.now(), ended_at=timezone.now())
    answer = client_of(reader).get(PAGE, {"poll": ""}, headers=HTMX)
    assert answer.status_code == 286
    assert "every 1s" not in answer.content.decode()
    assert client_of(reader).get(PAGE).status_code == 200


def test_errors_of_a_run_are_shown_with_request_id(client_of, reader, cloud):
    error = {
        "object": "lb-x",
        "code": "InternalError",
        "message": "It broke.",
        "request_id": "ABC-1",
    }
    run_of("partly done", errors=[error], error_count=3, started_at=timezone.now())
    page = client_of(reader).get(PAGE).content.decode()
    for words in ("3 errors", "lb-x", "InternalError", "It broke.", "ABC-1"):
        assert words in page


def test_an_operator_starts_a_sync_and_a_reader_cannot(client_of, operator, reader, cloud):
    url = reverse("sync-start", args=[place().pk])
    assert client_of(reader).post(url).status_code == 403
    answer = client_of(operator).post(url, {"kind": "full"}, follow=True)
    run = SyncRun.objects.get()
    assert (run.status, run.kind, run.requested_by) == ("queued", "full", "operator")
    assert "waiting for a worker" in answer.content.decode()
    assert AuditEntry.objects.get(verb="start sync").region_id == REGION
    client_of(operator).post(url, {"kind": "full"})
    assert SyncRun.objects.count() == 1, "asked for once"


def test_an_operator_cancels_a_sync(client_of, operator, reader, cloud):
    run = run_of("queued")
    url = reverse("sync-cancel", args=[run.pk])
    assert client_of(reader).post(url).status_code == 403
    assert client_of(operator).get(url).status_code == 405
    client_of(operator).post(url)
    run.refresh_from_db()
    assert (run.status, run.cancel_asked_by) == ("cancelled", "operator")


def test_a_disabled_account_is_not_read(client_of, operator, cloud):
    CloudAccount.objects.update(enabled=False)
    url = reverse("sync-start", args=[place().pk])
    answer = client_of(operator).post(url, follow=True)
    assert "is disabled" in answer.content.decode()
    assert not SyncRun.objects.exists()


def test_a_stranger_finds_nothing(client_of, stranger, cloud):
    assert client_of(stranger).get(PAGE).status_code == 404


@pytest.mark.parametrize("count", [1, 15])
def test_the_number_of_queries_does_not_grow_with_the_runs(
    client_of, reader, cloud, django_assert_max_num_queries, count
):
    for _ in range(count):
        run_of("done", started_at=timezone.now(), ended_at=timezone.now())
    client = client_of(reader)
    client.get(PAGE)
    with django_assert_max_num_queries(17):
        client.get(PAGE)
