"""What sign-in by django-allauth does differently here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up: administrators add people."""

    def is_safe_url(self, url: str | None) -> bool:
        """Nor does anybody go on to what is no address: allauth takes it apart all the same."""
        try:
            return bool(super().is_safe_url(url))
        except ValueError:
            return False

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Accounts have no e-mail address; what mail would say is on the page already."""
