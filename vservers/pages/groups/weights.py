"""One weight for the servers of many groups: what to set, then the preview."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import redirect, render_page
from console.shell.request import ConsoleRequest
from vservers.models import Region, Server
from vservers.pages.fields import whole_number
from vservers.pages.lookup import region_or_404
from vservers.services.bulk_weights import draft_weights, members_meant

from .selection import Selection


class WeightsForm(forms.Form):
    """The weight, and which rows get it."""

    use_required_attribute = False

    weight = whole_number(
        0,
        100,
        label=gettext_lazy("Weight"),
        help_text=gettext_lazy("0 to 100. 0: no new requests, open connections end by themselves."),
    )
    servers = forms.CharField(
        label=gettext_lazy("Only these servers"),
        required=False,
        max_length=4000,
        help_text=gettext_lazy(
            "IDs, names or private IPs, separated by commas or blanks. Empty: every server."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    port = whole_number(
        1,
        65535,
        label=gettext_lazy("Only this port"),
        required=False,
        help_text=gettext_lazy("Empty: every port."),
    )

    def __init__(self, region: Region, data: Any = None) -> None:
        super().__init__(data)
        self._region = region

    def clean_servers(self) -> set[str]:
        """{server_id}; a name may stand for several servers."""
        words = self.cleaned_data["servers"].replace(",", " ").split()
        known: dict[str, set[str]] = {}
        rows = Server.objects.filter(region=self._region)
        for column in ("server_id", "name", "private_ip"):
            found = rows.filter(**{f"{column}__in": words}).values_list(column, "pk")
            for word, server_id in found:
                known.setdefault(word, set()).add(server_id)
        if unknown := [word for word in words if word not in known]:
            raise forms.ValidationError(
                _("No server of this region is called %(names)s."),
                params={"names": ", ".join(unknown[:5])},
            )
        return {server_id for word in words for server_id in known[word]}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_GROUPS)
def group_weights(request: ConsoleRequest, region: str) -> HttpResponse:
    """POST: the list's ticks; with intent `preview` also the form, which leads to the draft."""
    place = region_or_404(request, region)
    selection = Selection.read(place, request.POST if request.method == "POST" else request.GET)
    error = selection.error
    form = WeightsForm(place)
    if request.POST.get("intent") == "preview" and not error:
        form = WeightsForm(place, request.POST)
        if form.is_valid():
            chosen = form.cleaned_data["servers"], form.cleaned_data["port"]
            meant = members_meant(selection.groups, server_ids=chosen[0], port=chosen[1])
            if meant.exists():
                batch = draft_weights(
                    actor=request.actor,
                    groups=selection.groups,
                    region_id=place.pk,
                    weight=form.cleaned_data["weight"],
                    server_ids=chosen[0],
                    port=chosen[1],
                    load_balancer_id=selection.balancer.pk if selection.balancer else "",
                )
                return redirect(request, reverse("batches-detail", args=[batch.pk]))
            form.add_error(None, _("None of these groups has such a server or port."))
    context = {
        "title": _("Set weights"),
        "region_id": place.pk,
        "selection": selection,
        "balancer": selection.balancer,
        "form": form,
        "selection_error": error,
        "back_url": back_to_list(selection),
    }
    refused = bool(form.errors) or (bool(error) and request.method == "POST")
    return render_page(
        request, "vservers/groups/weights.html", context, status=422 if refused else 200
    )


def back_to_list(selection: Selection) -> str:
    """The list that the ticks came from."""
    if selection.balancer:
        return reverse("groups-list", args=[selection.region.pk, selection.balancer.pk])
    return reverse("groups-all", args=[selection.region.pk])
