"""One writer for the whole cloud: requests are worked in order, and saved together.

While one batch goes to disk the next requests gather, so that many clients share the cost of one
sync to disk (group commit). No request is answered before its batch is on disk; when the batch
cannot be saved, nothing of it is seen by anyone.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from vservers.localcloud.errors import ApiError
from vservers.localcloud.store import Changes, Draft, Store

Answer = dict[str, object]
Job = Callable[[Draft], Answer]

_LOG = logging.getLogger(__name__)
# The longest time that readers wait behind a batch is this many handlers.
_MAX_BATCH = 128
_FEW_CHANGES = 32
_FAST_SECONDS = 0.003
_NEW_SHARE = 0.1


class Writer:
    """Runs writing jobs against the store. on_published is told of each saved batch's changes."""

    def __init__(self, store: Store, on_published: Callable[[Changes], None]) -> None:
        self._store = store
        self._on_published = on_published
        self._waiting: list[tuple[Job, asyncio.Future[Answer]]] = []
        self._disk = ThreadPoolExecutor(max_workers=1, thread_name_prefix="localcloud-disk")
        self._task: asyncio.Task[None] | None = None
        # How long a write takes now, on average.
        self._seconds = 0.0

    async def stop(self) -> None:
        """Finish the jobs that were taken, then end."""
        if self._task is not None:
            await self._task
        self._disk.shutdown(wait=True)

    async def run(self, job: Job) -> Answer:
        """The job's answer, once its changes are on disk. Raises what the job raised.

        Raises ApiError ServiceUnavailable when they could not be saved.
        """
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, future))
        if self._task is None or self._task.done():
            # It starts when all requests that are here by now have been read, and joins them.
            self._task = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            jobs, self._waiting = self._waiting[:_MAX_BATCH], self._waiting[_MAX_BATCH:]
            await self._batch(jobs)

    async def _batch(self, jobs: list[tuple[Job, asyncio.Future[Answer]]]) -> None:
        batch = Draft(self._store)
        outcomes: list[Answer | Exception] = []
        for job, _ in jobs:
            draft = Draft(batch)
            try:
                outcomes.append(job(draft))
            except Exception as error:
                outcomes.append(error)
            else:
                batch.absorb(draft)
        if batch.changes:
            try:
                await self._save(batch.changes)
            except Exception:
                _LOG.exception("a batch of %d requests could not be saved", len(jobs))
                outcomes = [ApiError("ServiceUnavailable")] * len(jobs)
            else:
                self._store.publish(batch.changes)
                self._on_published(batch.changes)
        for (_, future), outcome in zip(jobs, outcomes, strict=True):
            if future.cancelled():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    async def _save(self, changes: Changes) -> None:
        """Put changes on disk. A small batch on a fast disk is saved here and now: handing it to
        another thread and back takes longer than the disk does."""
        if len(changes) <= _FEW_CHANGES and self._seconds <= _FAST_SECONDS:
            self._timed_write(changes)
            return
        loop = asyncio.get_running_loop()
        # Shielded: a stop must not publish less than what reached the disk.
        await asyncio.shield(loop.run_in_executor(self._disk, self._timed_write, changes))

    def _timed_write(self, changes: Changes) -> None:
        began = time.perf_counter()
        try:
            self._store.write(changes)
        finally:
            # A running average, so that one slow write is not yet a slow disk.
            self._seconds += _NEW_SHARE * (time.perf_counter() - began - self._seconds)
