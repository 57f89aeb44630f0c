"""`manage.py sync`: read the whole account into the mirror."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from vservers.cloud import CloudError
from vservers.services.sync import sync_all


class Command(BaseCommand):
    help = "Read every region of the cloud into the mirror."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            regions = sync_all(progress=self.stdout.write)
        except CloudError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"{len(list(regions))} regions read."))
