"""Where things lie in the data folder. Plain Python, for the settings read it."""

import hashlib
import os
from pathlib import Path
from urllib.parse import quote

DATABASE = "console"
SUPERUSER = "postgres"
# sockaddr_un's sun_path with its closing zero, on Linux.
_LONGEST_SOCKET_PATH = 107
_SOCKET_NAME = ".s.PGSQL.5432"


def cluster_folder(data_dir: Path) -> Path:
    """The embedded PostgreSQL's data."""
    return data_dir / "postgres"


def socket_folder(data_dir: Path) -> Path:
    """Where the embedded PostgreSQL listens: beside its data, or in /tmp where that is too deep."""
    folder = cluster_folder(data_dir)
    if len(os.fsencode(folder / _SOCKET_NAME)) <= _LONGEST_SOCKET_PATH:
        return folder
    # Not tempfile.gettempdir(): two shells with another TMPDIR must come to the same folder.
    mark = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(f"/tmp/console-{os.geteuid()}-{mark}")  # noqa: S108 - its owner is checked


def database_url(data_dir: Path, database: str = DATABASE) -> str:
    """The embedded PostgreSQL's address, the same in every process and at every start."""
    return f"postgres://{SUPERUSER}@{quote(str(socket_folder(data_dir)), safe='')}/{database}"


def cloud_key_file(data_dir: Path) -> Path:
    """The local cloud's access key, made at the first start."""
    return data_dir / "localcloud_key.json"


def lock_file(data_dir: Path) -> Path:
    """Held by the one `manage.py up` that runs on this data."""
    return data_dir / "up.lock"
