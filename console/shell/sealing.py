"""Secrets at rest: encrypted with a key that is not in the database.

Two keys have a place, so that one can be exchanged while the console runs: the first encrypts, both
decrypt. `manage.py reseal_secrets` then encrypts everything with the first.
"""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext as _

from .redaction import keep_out


class Unreadable(Exception):
    """A secret was encrypted with a key that this process does not have."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "It was encrypted with another key. Set CONSOLE_ENCRYPTION_KEY or "
                "CONSOLE_ENCRYPTION_KEY_OLD to that key, or enter the secret again."
            )
        )


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def seal(secret: str) -> str:
    """The secret as the database may hold it."""
    keep_out(secret)
    return _keys().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """The secret in the clear; it stays out of logs and error pages. Raises Unreadable."""
    try:
        secret = _keys().decrypt(sealed).decode()
    except InvalidToken:
        raise Unreadable from None
    keep_out(secret)
    return secret


def reseal(sealed: str) -> str:
    """The same secret, encrypted with the first key. Raises Unreadable."""
    try:
        return _keys().rotate(sealed).decode()
    except InvalidToken:
        raise Unreadable from None
