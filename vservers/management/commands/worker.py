"""`manage.py worker`: carries out the jobs of the queue until it is told to end."""

import asyncio
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from vservers.jobs import look_for_due_syncs

# Sooner than a supervisor loses its patience: a sync that is stopped goes on with the next worker.
_GRACEFUL_SECONDS = 4


class Command(BaseCommand):
    help = "Carry out jobs: syncs, settling of operations. Start as many as you like, anywhere."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(self._work())

    async def _work(self) -> None:
        connector = app.connector.get_worker_connector()  # type: ignore[attr-defined]
        with app.replace_connector(connector) as worker_app:
            async with worker_app.open_async():
                # What a killed worker left is taken up at once, not at the next round.
                with suppress(AlreadyEnqueued):
                    await look_for_due_syncs.defer_async()
                self.stdout.write("The worker is ready.")
                self.stdout.flush()
                await worker_app.run_worker_async(
                    concurrency=settings.WORKER_CONCURRENCY,
                    shutdown_graceful_timeout=_GRACEFUL_SECONDS,
                    delete_jobs="always",
                    fetch_job_polling_interval=5.0,
                    update_heartbeat_interval=10.0,
                    stalled_worker_timeout=30.0,
                )
