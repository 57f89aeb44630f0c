"""The local cloud's access key: given by the environment, or made once and kept."""

import json
import os
import secrets
import string
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from .places import cloud_key_file

_LETTERS = string.ascii_letters + string.digits
_ID_LETTERS = 16
_SECRET_LETTERS = 30


@dataclass(frozen=True)
class AccessKey:
    """An access key as the OpenAPI knows it."""

    id: str
    secret: str


def local_cloud_key(data_dir: Path, environment: Mapping[str, str] = os.environ) -> AccessKey:
    """The key that the local cloud accepts; made and kept when there is none."""
    given = AccessKey(
        environment.get("LOCALCLOUD_ACCESS_KEY_ID", ""),
        environment.get("LOCALCLOUD_ACCESS_KEY_SECRET", ""),
    )
    if given.id and given.secret:
        return given
    path = cloud_key_file(data_dir)
    if not path.exists():
        fresh = AccessKey(f"local{_random(_ID_LETTERS)}", _random(_SECRET_LETTERS))
        keep_private(path, json.dumps(asdict(fresh)))
    return AccessKey(**json.loads(path.read_text()))


def keep_private(path: Path, text: str) -> None:
    """Write a new file for its owner's eyes. Of two that start together the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    try:
        fresh.write_text(text)
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _random(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))
