"""Who gets this request? A host and a path, and the way that they take."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import render_page
from console.shell.request import ConsoleRequest
from vservers.cloud import CloudError
from vservers.models import Listener
from vservers.pages.lookup import balancer_or_404, listener_or_404
from vservers.selectors.names import group_names
from vservers.selectors.routing import Routing, routing_of, who_gets
from vservers.services.sampling import CannotSend, Sample, can_send, send_requests

from .forms import RequestForm
from .levels import domain_left, end_of, levels_of, split_of

TEMPLATE = "vservers/who_gets/page.html"


@require_safe
@requires(Action.VIEW)
def who_gets_page(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    """?host= and ?path= are the question, so that an answer can be shared."""
    listener = _layer_7_or_404(region, balancer_id, protocol, port)
    form = RequestForm(request.GET)
    return _answer(request, routing_of(listener), form)


@require_POST
@requires(Action.SEND_REQUESTS)
def who_gets_send(
    request: ConsoleRequest, region: str, balancer_id: str, protocol: str, port: int
) -> HttpResponse:
    """Send sample requests, and show who answered them."""
    listener = _layer_7_or_404(region, balancer_id, protocol, port)
    form = RequestForm(request.POST)
    sample = None
    if form.is_valid():
        try:
            sample = send_requests(
                actor=request.actor,
                listener=listener,
                host=form.cleaned_data["host"] or listener.load_balancer.address,
                path=form.cleaned_data["path"],
            )
        except (CloudError, CannotSend) as error:
            messages.warning(request, str(error))
    return _answer(request, routing_of(listener), form, sample)


def _answer(
    request: ConsoleRequest, routing: Routing, form: RequestForm, sample: Sample | None = None
) -> HttpResponse:
    listener = routing.listener
    balancer = listener.load_balancer
    place = [balancer.region_id, balancer.pk, listener.protocol, listener.port]
    context: dict[str, Any] = {
        "title": _("Who gets this request?"),
        "balancer": balancer,
        "listener": listener,
        "form": form,
        "page_url": reverse("rules-who-gets", args=place),
        "send_url": reverse("rules-who-gets-send", args=place),
        "hosts": sorted({r.domain.replace("*", "www") for r in routing.rules if r.domain}),
        "paths": sorted({r.url for r in routing.rules if r.url}),
    }
    valid = form.is_valid()
    if valid:
        host = form.cleaned_data["host"] or balancer.address
        path = form.cleaned_data["path"]
        answer = sample.answer if sample else who_gets(routing, host=host, path=path)
        names = group_names({one.vserver_group_id for one in answer.candidates} - {""})
        context |= {
            "host": host,
            "path": path,
            "answer": answer,
            "levels": levels_of(answer),
            "group_names": names,
            "taken_group": answer.taken.vserver_group_id if answer.taken else "",
            "end": end_of(routing, answer, names),
            "domain_left": domain_left(routing, answer, host),
            "can_send": can_send(listener),
            "split": split_of(routing, sample) if sample else None,
        }
    return render_page(request, TEMPLATE, context, part="answer", status=200 if valid else 422)


def _layer_7_or_404(region: str, balancer_id: str, protocol: str, port: int) -> Listener:
    """The listener; on other layers than 7 there is neither host nor path."""
    listener = listener_or_404(balancer_or_404(region, balancer_id), protocol, port)
    if not listener.is_layer_7:
        raise Http404
    return listener
