"""What the worker removes by itself."""

from datetime import timedelta

from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from vservers import jobs
from vservers.models import Batch
from vservers.services.batches import DRAFT_LIFE


def test_drafts_and_sessions_that_nobody_goes_on_with_are_removed(db):
    old, new = (Batch.objects.create(verb="tag", actor_name="ann") for _ in range(2))
    Batch.objects.filter(pk=old.pk).update(
        created_at=timezone.now() - DRAFT_LIFE - timedelta(minutes=1)
    )
    ended, alive = SessionStore(), SessionStore()
    ended.set_expiry(-1)
    ended.save()
    alive.save()
    jobs.tidy_up()
    assert list(Batch.objects.all()) == [new]
    assert (ended.exists(ended.session_key), alive.exists(alive.session_key)) == (False, True)
