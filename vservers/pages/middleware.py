"""What services say instead of doing, where no view answers it itself."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from console.shell.htmx import redirect
from console.shell.views import answer_error
from vservers.services.errors import Gone, Refusal, Waiting
from vservers.services.planning import CannotPlan


class RefusalMiddleware:
    """Leads to the operation that goes on by itself; any other word of a service is said."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        match exception:
            case Waiting():
                messages.info(request, str(exception))
                to = reverse("operations-detail", args=[exception.operation.pk])
                return redirect(request, to)
            case Gone():
                return answer_error(request, 404, _("Not there any more"), str(exception))
            case Refusal() | CannotPlan():
                return answer_error(request, 409, _("Not carried out"), str(exception))
        return None
