"""The directory that a cloud keeps its state in, and that one program at a time may use."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

STATE_FILE = "state.sqlite3"


class CannotStart(Exception):
    """Why the cloud does not start, for a person to read."""


@contextlib.contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Keep a second cloud from writing the same state. Raises CannotStart."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (data_dir / "lock").open("w")
    except OSError as error:
        raise CannotStart(
            f"cannot write into {data_dir} ({error.strerror}); "
            "set LOCALCLOUD_DATA_DIR to another directory"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotStart(
                f"another local cloud uses {data_dir}; set LOCALCLOUD_DATA_DIR to another directory"
            ) from error
        yield
