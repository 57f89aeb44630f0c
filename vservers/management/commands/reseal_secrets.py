"""`manage.py reseal_secrets`: encrypt every secret with the first of the two keys."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from vservers.services.accounts import reseal_all
from vservers.services.call_secrets import reseal_calls


class Command(BaseCommand):
    help = (
        "Encrypt every secret with CONSOLE_ENCRYPTION_KEY. To exchange the key: move it to "
        "CONSOLE_ENCRYPTION_KEY_OLD, set a new one, restart, run this, remove the old one."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        done, unreadable = reseal_all()
        done += reseal_calls()
        self.stdout.write(f"{done} secrets are encrypted with the first key.")
        if unreadable:
            names = ", ".join(account.name for account in unreadable)
            raise CommandError(
                f"No key opens the secret of: {names}. Enter it again on the Accounts page."
            )
