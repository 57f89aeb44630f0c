"""`python -m tests.bench._console`: syncs of the console in one process, as in a worker.

For each line of its input, `full` or `incremental`, it carries out that sync and answers with a
line: the seconds that it took. Endpoint, key and database come from the environment.
"""

import os
import sys
import time

import django

from tests.bench._floor import REGION

# How many connections to the cloud a sync keeps busy: the floor gets as many.
READERS = 4
# Lifts the console's own limit on calls a second.
ENVIRONMENT = {
    "SYNC_READERS": str(READERS),
    "CLOUD_READS_PER_SECOND": "0",
    "CLOUD_WRITES_PER_SECOND": "0",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
    django.setup()
    # Models can be imported only when Django is set up.
    from vservers.models import SyncRun
    from vservers.services.accounts import from_environment
    from vservers.services.schedule import sync_now

    account = from_environment()
    for line in sys.stdin:
        kind = SyncRun.Kind(line.strip())
        began = time.perf_counter()
        runs = list(sync_now(account, kind=kind, region_id=REGION))
        seconds = time.perf_counter() - began
        assert [run.status for run in runs] == [SyncRun.Status.DONE], runs
        print(seconds, flush=True)


if __name__ == "__main__":
    main()
