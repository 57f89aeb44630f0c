"""What every view of the console finds on its request."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from console.accounts.actor import Actor
from console.accounts.models import User


class ConsoleRequest(HttpRequest):
    """The request after our middleware: for annotations, never instantiated."""

    actor: Actor
    htmx: HtmxDetails
    request_id: str
    user: User
