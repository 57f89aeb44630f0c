"""The data folder's one owner, and what an owner that was killed left running."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from .places import lock_file

_LEFTOVER_SECONDS = 10
# A process id alone may be somebody else's by now; with the time of its start it is not.
_SAME_START_SECONDS = 1.0


class FolderInUse(Exception):
    """Another `manage.py up` runs on this data folder."""


class Claim:
    """The right to run on a data folder; held until this process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def note_children(self, pids: list[int]) -> None:
        """Keep who our children are, for a start after we were killed."""
        children = []
        for pid in pids:
            with suppress(psutil.NoSuchProcess):
                children.append([pid, psutil.Process(pid).create_time()])
        text = json.dumps({"pid": os.getpid(), "children": children}).encode()
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, text, 0)

    def end_leftovers(self) -> None:
        """Wait for what the last owner left running, and end what does not end by itself."""
        try:
            children = dict(json.loads(os.pread(self._descriptor, 65536, 0))["children"])
        except (ValueError, KeyError):
            return
        leftovers = [process for process in psutil.process_iter() if _is_of(process, children)]
        _, alive = psutil.wait_procs(leftovers, timeout=_LEFTOVER_SECONDS)
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(alive, timeout=_LEFTOVER_SECONDS)


def _is_of(process: psutil.Process, children: dict[int, float]) -> bool:
    """Whether a process is one of the children or was started by one: each leads its own group."""
    try:
        started = children.get(os.getpgid(process.pid))
        return started is not None and process.create_time() > started - _SAME_START_SECONDS
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


@contextmanager
def claimed(data_dir: Path) -> Iterator[Claim]:
    """Be the one that runs on this folder; raises FolderInUse."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(lock_file(data_dir), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(
                f"The console runs already on {data_dir}{_owner(descriptor)}. Stop that one first, "
                "or set CONSOLE_DATA_DIR to another folder (and CONSOLE_PORT and LOCALCLOUD_PORT "
                "to free ports)."
            ) from None
        yield Claim(descriptor)
    finally:
        os.close(descriptor)


def _owner(descriptor: int) -> str:
    with suppress(ValueError, KeyError):
        return f" (process {json.loads(os.pread(descriptor, 65536, 0))['pid']})"
    return ""
