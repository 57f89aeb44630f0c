"""What this machine offers the data plane: the program, a folder for sockets, a user, a lock."""

import fcntl
import grp
import hashlib
import os
import pwd
import re
import shutil
import tempfile
from pathlib import Path
from typing import TextIO

MAX_SOCKET_FOLDER = 80  # the system's limit is 108 with the name; the engine appends its pid

_USER = re.compile(r"[a-z_][a-z0-9_-]* [a-z_][a-z0-9_-]*", re.ASCII)
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9/._-]*", re.ASCII)


def find_haproxy(program: str | None) -> str | None:
    """The program's path, None when there is none; program: name or path instead of looking."""
    if program is not None:
        return shutil.which(program)
    # Ordinary users often lack the system programs' folders on their PATH.
    return shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")


def socket_folder(folder: Path) -> Path:
    """A folder for sockets: the given one if its path is short and plain, else one of our own.

    The same folder always gives the same one, so that nothing piles up. Raises PermissionError when
    that belongs to somebody else.
    """
    if len(os.fsencode(folder)) <= MAX_SOCKET_FOLDER and _PLAIN_PATH.fullmatch(str(folder)):
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    short = Path(tempfile.gettempdir()) / f"dataplane-{os.getuid()}-{digest}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if short.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{short} is not ours alone")
    return short


def locked(path: Path) -> TextIO | None:
    """The open lock file, None when another process holds it; closing it gives the lock back."""
    file = path.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def unprivileged_user() -> str:
    """The name of unprivileged_owner() and its group, as nginx takes it; "" for nobody else."""
    owner = unprivileged_owner()
    if owner is None:
        return ""
    try:
        names = f"{pwd.getpwuid(owner[0]).pw_name} {grp.getgrgid(owner[1]).gr_name}"
    except KeyError:
        return ""
    return names if _USER.fullmatch(names) else ""


def unprivileged_owner() -> tuple[int, int] | None:
    """Whom the workers become when we are root: the package's own user, if there is one."""
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam("haproxy")
    except KeyError:
        return None
    return user.pw_uid, user.pw_gid
