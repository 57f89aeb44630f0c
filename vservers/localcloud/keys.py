"""Access keys: from the environment, else a pair that is made once and kept beside the state."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_ACCOUNT = "1000000000000001"
KEY_FILE = "access-key.json"
# Beside it: those of accounts that were made by a program.
_MORE_KEY_FILES = "access-key-*.json"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A key pair of an account."""

    key_id: str
    secret: str = field(repr=False)
    account: str
    active: bool = True


class KeyRing:
    """All keys by ID."""

    def __init__(self, keys: list[AccessKey]) -> None:
        self._keys = {key.key_id: key for key in keys}

    def find(self, key_id: str) -> AccessKey | None:
        """The key, None when there is none."""
        return self._keys.get(key_id)


def open_key_ring(data_dir: Path, environment: Mapping[str, str]) -> KeyRing:
    """The keys of this cloud.

    LOCALCLOUD_ACCESS_KEY_ID and _SECRET name the default account's pair; unset, a generated pair
    is kept in data_dir/access-key.json, readable by its owner only. Other accounts' pairs are those
    of make_key, and of LOCALCLOUD_MORE_ACCESS_KEYS: "id:secret:account", comma-separated.
    Raises ValueError when only one half of a pair is set, or an entry has no three parts.
    """
    key_id = environment.get("LOCALCLOUD_ACCESS_KEY_ID", "")
    secret = environment.get("LOCALCLOUD_ACCESS_KEY_SECRET", "")
    if bool(key_id) != bool(secret):
        raise ValueError(
            "set both LOCALCLOUD_ACCESS_KEY_ID and LOCALCLOUD_ACCESS_KEY_SECRET, or none"
        )
    if not key_id:
        key_id, secret = _kept_pair(data_dir / KEY_FILE)
    keys = [AccessKey(key_id, secret, DEFAULT_ACCOUNT)]
    for path in sorted(data_dir.glob(_MORE_KEY_FILES)):
        account = path.stem.removeprefix("access-key-")
        keys.append(AccessKey(*_kept_pair(path), account))
    for entry in environment.get("LOCALCLOUD_MORE_ACCESS_KEYS", "").split(","):
        if entry.strip():
            parts = entry.strip().split(":")
            if len(parts) != 3 or not all(parts):
                raise ValueError("LOCALCLOUD_MORE_ACCESS_KEYS wants id:secret:account")
            keys.append(AccessKey(parts[0], parts[1], parts[2]))
    return KeyRing(keys)


def make_key(data_dir: Path, account: str) -> Path:
    """Keep a pair for another account, one that is there or a new one; the file that holds it."""
    path = data_dir / _MORE_KEY_FILES.replace("*", account)
    _kept_pair(path)
    return path


def _kept_pair(path: Path) -> tuple[str, str]:
    if path.exists():
        kept = json.loads(path.read_text(encoding="utf-8"))
        return kept["access_key_id"], kept["access_key_secret"]
    pair = {
        "access_key_id": f"LTAI5t{secrets.token_hex(9)}",
        "access_key_secret": secrets.token_urlsafe(24),
    }
    # Written beside and renamed, so that a crash leaves either no pair or a whole one.
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(pair, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    return pair["access_key_id"], pair["access_key_secret"]
