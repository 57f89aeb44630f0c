"""Several calls to the cloud under way at once, a bounded number of them and of their answers."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from django.conf import settings
from django.db import connection

from vservers.cloud import CloudError


def ask_all[T, R](
    ask: Callable[[T], R], questions: Iterable[T]
) -> Iterator[tuple[T, R | CloudError]]:
    """Each question with its answer, or with why there is none, in the order of the questions.

    With settings.SYNC_READERS of one everything happens in the caller's thread. At most twice as
    many answers as there are readers wait for the caller, so memory stays bounded.
    """
    readers = settings.SYNC_READERS
    if readers <= 1:
        for question in questions:
            yield question, _answer(ask, question)
        return
    remaining = iter(questions)
    waiting: deque[tuple[T, Future[R | CloudError]]] = deque()
    with ThreadPoolExecutor(readers, thread_name_prefix="sync-reader") as pool:
        try:
            while True:
                for question in islice(remaining, 2 * readers - len(waiting)):
                    waiting.append((question, pool.submit(_ask_in_thread, ask, question)))
                if not waiting:
                    return
                question, future = waiting.popleft()
                yield question, future.result()
        finally:
            # Also when the caller stops in the middle: what has not begun is not sent.
            for _, future in waiting:
                future.cancel()


def _answer[T, R](ask: Callable[[T], R], question: T) -> R | CloudError:
    try:
        return ask(question)
    except CloudError as error:
        return error


def _ask_in_thread[T, R](ask: Callable[[T], R], question: T) -> R | CloudError:
    try:
        return _answer(ask, question)
    finally:
        # The pace opens one for a moment.
        connection.close()
