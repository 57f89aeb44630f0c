"""Certificates and access control lists in the syncs of a region."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from vservers.cloud import Cloud, CloudError
from vservers.models import AccountRegion, SyncRun

from . import readings
from .runs import Progress
from .sync import store_region

logger = logging.getLogger(__name__)

# A key that may not read them, or a region that has none, is no reason to fail.
_NONE_HERE = ("Forbidden", "NoPermission", "InvalidAction.RegionNotSupport")


def sync_assets(cloud: Cloud, place: AccountRegion, progress: Progress) -> None:
    """Read what belongs to the region as a whole, where that is due; three calls and one a list.

    In a full sync that is what was read before it began, the lists with all their entries; in an
    incremental one what was not read for settings.SYNC_SERVERS_DUE_SECONDS, of the entries those
    not read for settings.SYNC_GROUP_DUE_SECONDS. Raises Stopped, CloudAway.
    """
    began: datetime = progress.run.started_at or timezone.now()
    full = progress.run.kind == SyncRun.Kind.FULL
    due = began if full else began - timedelta(seconds=settings.SYNC_SERVERS_DUE_SECONDS)
    entries_due = began if full else began - timedelta(seconds=settings.SYNC_GROUP_DUE_SECONDS)
    for what, read_at, reader in (
        ("certificates", place.certificates_at, readings.certificates(place)),
        (
            "access control lists",
            place.access_lists_at,
            readings.listed_access_lists(place, read_before=entries_due),
        ),
    ):
        if read_at is not None and read_at > due:
            continue
        progress.stage(SyncRun.Stage.ASSETS)
        try:
            written = store_region(cloud, place, reader)
        except CloudError as error:
            if not error.code.startswith(_NONE_HERE):
                progress.failed(what, error)
            else:
                logger.info("No %s of %s: %s", what, place, error.code)
        else:
            progress.advance(0, rows=written.rows)
