"""Child processes that never outlive us, and the files that they write and read."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_PR_SET_PDEATHSIG = 1


async def ended(process: asyncio.subprocess.Process, seconds: float) -> None:
    """Wait for its end, and bring it about after this time."""
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def leash(parent: int) -> Callable[[], None]:
    """For the child, before it becomes another program: end when the parent ends, in any way."""
    # Looked up here: between fork and exec nothing may be imported.
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def tie() -> None:
        if prctl is not None:
            prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

    return tie


def opened(path: Path) -> BinaryIO:
    """The log of this run. Opened to append, so that master and workers do not overwrite it."""
    path.unlink(missing_ok=True)
    return path.open("ab")


def write(path: Path, text: str) -> None:
    # The mode is set before the first byte: the folder may be somebody else's.
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123
        file.write(text)
