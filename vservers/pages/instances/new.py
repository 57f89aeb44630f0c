"""The dialog of a new load balancer."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, redirect
from console.shell.request import ConsoleRequest
from vservers.jobs import defer_batch
from vservers.models import AccountRegion
from vservers.pages.answers import PLAN, Attempt, answer_dialog, attempt
from vservers.pages.lookup import region_or_404
from vservers.selectors.balancers import places_of
from vservers.services import batch_verbs, batches
from vservers.services import new_balancers as services
from vservers.services.changes import NEW, Change, Kind
from vservers.services.errors import NotRead

from .new_form import NewBalancerForm

# The button that reads the networks of another account.
READ = "read"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_INSTANCES)
def balancers_new(request: ConsoleRequest, region: str) -> HttpResponse:
    """Zones and networks are read from the cloud each time: they are few, and must be right."""
    found = region_or_404(request, region)
    places = places_of(found)
    chosen = next((one for one in places if str(one.pk) == request.POST.get("place")), None)
    made = Attempt()
    offered = None
    if place := chosen or next(iter(places), None):
        try:
            offered = services.offered_places(actor=request.actor, account_region=place)
        except NotRead as error:
            made.error = error
    data = request.POST if request.method == "POST" else None
    form = NewBalancerForm(data, places=places, offered=offered)
    sends = data is not None and data.get("intent") != READ and offered is not None
    if sends and place and form.is_valid():
        all_values = [form.values | {"name": name} for name in form.names]
        if len(all_values) > 1 and request.POST.get("intent") != PLAN:
            return _made_one_by_one(request, place, all_values)
        made = attempt(
            request,
            lambda **arguments: services.create_balancer(**arguments, values=all_values[0]),
            lambda **arguments: [
                services.plan_new_balancer(**arguments, values=values) for values in all_values
            ],
            account_region=place,
        )
        if made.is_over:
            return _done(request, region, made, form)
    if data is not None and not sends:
        form = NewBalancerForm(None, places=places, offered=offered)
        form.initial = {name: value for name, value in data.items() if name in form.fields}
    context = {
        "title": _("Create Instance"),
        "region": found,
        "form": form,
        "basics": [form[name] for name in form.BASICS],
        "network": [form[name] for name in form.NETWORK],
        "billing": [form[name] for name in form.BILLING],
        "several": len(places) > 1,
        "back_url": reverse("balancers-list", args=[region]),
        "submit": _("Create"),
    }
    return answer_dialog(
        request,
        "vservers/instances/new.html",
        context,
        refused=sends and bool(form.errors),
        attempt=made,
        changed="balancers",
    )


def _made_one_by_one(
    request: ConsoleRequest, place: AccountRegion, all_values: list[dict[str, Any]]
) -> HttpResponse:
    """Several are a batch, whose page shows how far it is."""
    batch = batches.draft(
        actor=request.actor,
        verb=batch_verbs.CREATE_INSTANCE,
        region_id=place.region_id,
        tasks=[
            batches.Task(
                batch_verbs.CREATE_INSTANCE,
                None,
                "",
                values["name"],
                {"place": place.pk, "values": values},
                [Change(Kind.BALANCER, (NEW,), None, values)],
            )
            for values in all_values
        ],
    )
    batches.start(actor=request.actor, batch=batch)
    defer_batch(batch.pk)
    return redirect(request, reverse("batches-detail", args=[batch.pk]))


def _done(
    request: ConsoleRequest, region: str, made: Attempt, form: NewBalancerForm
) -> HttpResponse:
    """To the new one, which needs listeners next; to the list where it could not be read yet."""
    words, level = made.words(_("%(name)s was created.") % {"name": form.values["name"]})
    if made.result is None:
        return done(request, to=reverse("balancers-list", args=[region]), message="")
    to = reverse("balancers-detail", args=[region, made.result.pk])
    return done(request, to=to, message=words, level=level)
