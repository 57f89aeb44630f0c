"""`manage.py sync`: read accounts into the mirror, here and now."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vservers.cloud import CloudError
from vservers.models import AccountRegion, CloudAccount, SyncRun
from vservers.services.accounts import from_environment
from vservers.services.schedule import sync_now


class Command(BaseCommand):
    help = "Read every region of every enabled account into the mirror."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", default="", help="only the account of this name")
        parser.add_argument("--region", default="", help="only this region")
        parser.add_argument(
            "--incremental", action="store_true", help="only what changed or is due, in few calls"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from_environment()
        accounts = CloudAccount.objects.filter(enabled=True)
        if options["account"]:
            accounts = accounts.filter(name=options["account"])
            if not accounts:
                raise CommandError(f"There is no enabled account {options['account']!r}.")
        kind = SyncRun.Kind.INCREMENTAL if options["incremental"] else SyncRun.Kind.FULL
        read = failed = 0
        for account in accounts:
            try:
                for run in sync_now(
                    account,
                    kind=kind,
                    region_id=options["region"],
                    by="manage.py sync",
                    say=self._say,
                ):
                    if isinstance(run, AccountRegion):
                        self.stdout.write(f"{run}: somebody else is reading it.")
                        continue
                    read += 1
                    failed += run.status != SyncRun.Status.DONE
            except CloudError as error:
                raise CommandError(f"{account}: {error}") from error
        if failed:
            raise CommandError(f"{failed} of {read} regions could not be read whole.")
        self.stdout.write(self.style.SUCCESS(f"{read} regions read."))

    def _say(self, run: SyncRun) -> None:
        how_far = f" {run.done} of {run.total}" if run.total else ""
        text = f"{run.region_id}: {run.get_stage_display() or run.get_status_display()}{how_far}"
        if not run.is_unfinished:
            text = (
                f"{run.region_id}: {run.get_status_display()}, {run.rows} rows in "
                f"{run.seconds:.1f} s, {run.rate:.0f} a second"
            )
            for error in run.errors:
                text += f"\n  {error['object']} {error['code']}: {error['message']}"
        self.stdout.write(text)
