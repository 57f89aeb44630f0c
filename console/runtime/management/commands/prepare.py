"""`manage.py prepare`: bring the database up to date and see that somebody can sign in.

Also the account of the cloud that the environment names is made or brought up to date.
"""

import os
import secrets
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from console.accounts.models import User
from console.accounts.permissions import Role
from vservers.services.accounts import from_environment

FIRST_USER = "admin"
# Without letters and digits that are read for one another: the password is copied by hand.
_PASSWORD_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # noqa: S105
_PASSWORD_LENGTH = 16


class Command(BaseCommand):
    """Writes how to sign in to stdout."""

    help = "Migrate the database and make the first user."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        from_environment()
        self.stdout.write(first_user(given=os.environ.get("CONSOLE_ADMIN_PASSWORD", "")))


def first_user(*, given: str) -> str:
    """Make the first user where nobody is there, set the given password, and say how to sign in.

    Only the hash of a password is kept, so one made up here is said this once.
    """
    user = User.objects.filter(username=FIRST_USER).first()
    if user is None and User.objects.exists() and not given:
        return "with your own account"
    made = user is None
    if user is None:
        user = User(username=FIRST_USER, role=Role.ADMINISTRATOR, is_staff=True, is_superuser=True)
    if given:
        # A password that is the same already is left: setting it would end everybody's session.
        if made or not user.check_password(given):
            user.set_password(given)
            user.save()
        return f"{FIRST_USER}, password as in CONSOLE_ADMIN_PASSWORD"
    if made:
        password = "".join(secrets.choice(_PASSWORD_LETTERS) for _ in range(_PASSWORD_LENGTH))
        user.set_password(password)
        user.save()
        return f"{FIRST_USER}, password {password} (said only now: only its hash is kept)"
    return (
        f"{FIRST_USER}, password as set before\n"
        f"forgotten? CONSOLE_ADMIN_PASSWORD=... make run, or manage.py changepassword {FIRST_USER}"
    )
