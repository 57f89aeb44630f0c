"""A real PostgreSQL on a throw-away folder, for a test run or a benchmark."""

import asyncio
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from console.runtime.leash import leash
from console.runtime.postgres import EmbeddedPostgres

_READY_SECONDS = 30
# The data is thrown away, so a crash may tear it.
UNSAFE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


class DatabaseOfTheRun:
    """A PostgreSQL on a throw-away folder; it ends with this process, however that ends."""

    def __init__(self, options: Mapping[str, str] = UNSAFE) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="console-tests-"))
        self._postgres = EmbeddedPostgres(self._folder, options=options)
        account = self._postgres.prepare()
        self._log = (self._folder / "postgres.log").open("wb")
        self._process = subprocess.Popen(
            self._postgres.argv,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            stdout=self._log,
            stderr=self._log,
            process_group=0,
            preexec_fn=leash(signal.SIGQUIT),
        )
        deadline = time.monotonic() + _READY_SECONDS
        while not asyncio.run(self._postgres.answers()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "postgres.log").read_text())
            time.sleep(0.05)

    @property
    def url(self) -> str:
        return self._postgres.url()

    def stop(self) -> None:
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)
