"""The benchmark's floor leaves the mirror that a full sync leaves, else it would be no floor."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.bench._floor import REGION, TABLES, Fetcher, fetch, prepare, write
from tests.localcloud.process import ROOT, LocalCloud
from vservers.localcloud.generate import BIG_ACCOUNT
from vservers.models import Region
from vservers.services import accounts, schedule

# Numbers of the mirror's own, and settings in the console's words.
_OWN = {"account_id", "settings"}
_MOMENTS = {"synced_at", "listed_at", "listeners_at", "pool_at", "read_at"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalCloud, str, str]]:
    """A cloud with a small made-up account, and that account's key."""
    folder = tmp_path_factory.mktemp("floor")
    numbers = ["--balancers=12", "--groups=90", "--members=900", "--instances=130"]
    generate = [sys.executable, "-m", "vservers.localcloud.generate", "--data-dir", str(folder)]
    subprocess.run([*generate, "--region", REGION, *numbers], cwd=ROOT, check=True)
    pair = json.loads((folder / f"access-key-{BIG_ACCOUNT}.json").read_text())
    with LocalCloud(Path(folder), demo=False) as cloud:
        yield cloud, pair["access_key_id"], pair["access_key_secret"]


def mirrored() -> dict[str, set[tuple[object, ...]]]:
    """Every row of every table, without what is no part of the cloud."""
    found = {}
    with connection.cursor() as cursor:
        for table, what in TABLES.items():
            columns = [column for column in what.columns if column not in _OWN | _MOMENTS]
            cursor.execute(f"SELECT {', '.join(columns)} FROM vservers_{table}")  # noqa: S608
            found[table] = {
                tuple(str(v) if isinstance(v, dict) else v for v in row) for row in cursor
            }
    return found


def test_the_floor_and_the_full_sync_leave_the_same_mirror(db, small, settings):
    cloud, key_id, secret = small
    settings.CLOUD_ENDPOINT = cloud.endpoint
    settings.CLOUD_ACCESS_KEY_ID = key_id
    settings.CLOUD_ACCESS_KEY_SECRET = secret
    account = accounts.from_environment()
    assert [run.status for run in schedule.sync_now(account, region_id=REGION)] == ["done"]
    synced = mirrored()
    assert {table: bool(rows) for table, rows in synced.items()} == dict.fromkeys(TABLES, True)

    account.delete()
    Region.objects.all().delete()
    connection.ensure_connection()
    real = connection.connection
    rows = fetch(Fetcher(cloud.endpoint, key_id, secret), connections=2, account=prepare(real))
    write(real, rows)
    assert mirrored() == synced
