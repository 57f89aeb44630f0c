"""Health read from the cloud because a page asks for it."""

from django.contrib import messages
from django.utils.translation import gettext as _

from console.shell.request import ConsoleRequest
from vservers.cloud import CloudError
from vservers.models import LoadBalancer
from vservers.services.sync import refresh_health


def read_health(request: ConsoleRequest, balancer: LoadBalancer) -> bool:
    """Whether the health of an instance could be read; else a message says why not."""
    try:
        refresh_health(actor=request.actor, load_balancer=balancer)
    except CloudError as error:
        words = _("Health could not be read: %(error)s") % {"error": error}
        messages.warning(request, words)
        return False
    return True
