"""`manage.py up`: the whole console on this machine, until Ctrl-C."""

import asyncio
import os
import signal
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from console.runtime.folder import Claim, FolderInUse, claimed
from console.runtime.leash import end_with_parent
from console.runtime.plan import Plan, Refused
from console.runtime.postgres import EmbeddedPostgres, PostgresFailed
from console.runtime.processes import Processes, ProgramFailed
from console.runtime.stack import Stack

_REFUSED = 2
_FAILED = 1


class Command(BaseCommand):
    help = "Start the database, the local cloud and the console; Ctrl-C stops all of it."
    # The database does not run yet.
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--end-with-parent",
            action="store_true",
            help="stop when the process that started this one ends, however it ends",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["end_with_parent"]:
            end_with_parent(os.getppid(), signal.SIGTERM)
        try:
            plan = Plan.read(os.environ)
            with claimed(settings.DATA_DIR) as claim:
                claim.end_leftovers()
                plan.check_ports()
                code = asyncio.run(self._run(plan, claim))
        except (Refused, FolderInUse) as error:
            self.stderr.write(str(error))
            sys.exit(_REFUSED)
        sys.exit(code)

    async def _run(self, plan: Plan, claim: Claim) -> int:
        processes = Processes(settings.BASE_DIR, say=self._say, changed=claim.note_children)
        work = asyncio.create_task(Stack(plan, processes, self._say).run())

        def stop() -> None:
            # The second request does not wait for anything to be put in order.
            if work.cancelling():
                processes.kill()
            else:
                self._say("\nStopping.")
                work.cancel()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop)
        try:
            self.stderr.write(await work)
        except asyncio.CancelledError:
            return 0
        except (ProgramFailed, PostgresFailed) as error:
            self.stderr.write(str(error))
        finally:
            await processes.stop()
            EmbeddedPostgres(settings.DATA_DIR).tidy()
        return _FAILED

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
