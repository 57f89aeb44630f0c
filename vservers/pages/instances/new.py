"""The dialog of a new load balancer."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done
from console.shell.request import ConsoleRequest
from vservers.pages.answers import Attempt, answer_dialog, attempt
from vservers.pages.lookup import region_or_404
from vservers.selectors.balancers import places_of
from vservers.services import new_balancers as services
from vservers.services.errors import NotRead

from .new_form import NewBalancerForm

# The button that reads the networks of another account.
READ = "read"


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_INSTANCES)
def balancers_new(request: ConsoleRequest, region: str) -> HttpResponse:
    """Zones and networks are read from the cloud each time: they are few, and must be right."""
    found = region_or_404(region)
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
        made = attempt(
            request,
            services.create_balancer,
            services.plan_new_balancer,
            account_region=place,
            values=form.values,
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


def _done(
    request: ConsoleRequest, region: str, made: Attempt, form: NewBalancerForm
) -> HttpResponse:
    """To the new one, which needs listeners next; to the list where it could not be read yet."""
    words, level = made.words(_("%(name)s was created.") % {"name": form.values["name"]})
    if made.result is None:
        return done(request, to=reverse("balancers-list", args=[region]), message="")
    to = reverse("balancers-detail", args=[region, made.result.pk])
    return done(request, to=to, message=words, level=level)
