"""The real addresses of the shell, with small pages in place of the load balancers'."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.urls import include, path, reverse

from console.accounts.permissions import Action
from console.shell import navigation
from console.shell.access import requires
from console.shell.htmx import done, render_dialog, render_page
from console.shell.request import ConsoleRequest


@dataclass(frozen=True)
class Balancer:
    region_id: str
    load_balancer_id: str
    name: str = "web-front"


@dataclass(frozen=True)
class CloudRefusal:
    code: str = "VServerGroupProcessing"
    message: str = "A previous configuration of the server group is pending."
    request_id: str = "365F4154-92F6-4AE4-92F8-7FF34B540710"
    done: tuple[str, ...] = ("2 of 3 servers were added.",)


class ExampleForm(forms.Form):
    name = forms.CharField(label="Group Name", max_length=80, help_text="1 to 80 characters.")
    network = forms.ChoiceField(
        label="Network type",
        choices=[("classic", "Classic network"), ("vpc", "VPC")],
        widget=forms.RadioSelect,
        initial="vpc",
    )
    weight = forms.IntegerField(label="Weight", min_value=0, max_value=100, initial=100)
    scheduler = forms.ChoiceField(
        label="Scheduling", choices=[("wrr", "Weighted round robin")], required=False
    )
    start = forms.BooleanField(label="Start after creation", required=False)


@requires(Action.VIEW)
def listing(request: ConsoleRequest, region: str) -> HttpResponse:
    rows = [row for row in range(1, 96) if request.GET.get("q", "") in f"rsp-{row:04d}"]
    page = Paginator(rows, 10).get_page(request.GET.get("page"))
    context = {
        "title": "Instances",
        "page": page,
        "query": request.GET.get("q", ""),
        "sort": request.GET.get("sort", "name"),
    }
    return render_page(request, "listing.html", context)


@requires(Action.VIEW)
def kit(request: ConsoleRequest, region: str, lb: str) -> HttpResponse:
    if "toast" in request.GET:
        messages.success(request, "web-a was created.")
        messages.error(request, "web-b was not created.")
    context = {
        "title": "VServer Group",
        "balancer": Balancer(region, lb),
        "form": ExampleForm(prefix="first"),
        "refused": ExampleForm({"second-name": "", "second-weight": "101"}, prefix="second"),
        "error": CloudRefusal(),
        "at": datetime.now(UTC) - timedelta(minutes=3),
    }
    return render_page(request, "kit.html", context)


@requires(Action.CHANGE_GROUPS)
def dialog(request: ConsoleRequest, region: str, lb: str) -> HttpResponse:
    back = reverse("groups-list", args=[region, lb])
    form = ExampleForm(request.POST or None)
    if form.is_valid():
        return done(request, to=back, message="web-a was created.", changed="groups")
    context = {
        "title": "Create VServer Group",
        "balancer": Balancer(region, lb),
        "form": form,
        "back_url": back,
    }
    return render_dialog(request, "example.html", context, status=422 if form.errors else 200)


@requires(Action.CHANGE_GROUPS)
def confirm(request: ConsoleRequest, region: str, lb: str) -> HttpResponse:
    context = {
        "title": "Delete web-a?",
        "balancer": Balancer(region, lb),
        "question": "The group and its 3 servers' entries are removed. The servers go on running.",
        "blocked": "web-a cannot be deleted while it is used:",
        "links": [("Listener HTTP:80", "#listener")],
        "submit": "Delete",
        "back_url": reverse("groups-list", args=[region, lb]),
    }
    return render_dialog(request, "components/confirm.html", context)


@requires(Action.VIEW)
def broken(request: ConsoleRequest, region: str, lb: str) -> HttpResponse:
    raise RuntimeError("broken on purpose")


urlpatterns = [
    path("", include("console.shell.urls")),
    path("", include("console.accounts.urls")),
    path("", include("console.audit.urls")),
    path("regions/<region>/", listing, name="balancers-list"),
    path("regions/<region>/groups/", listing, name="groups-all"),
    path("regions/<region>/housekeeping/", listing, name="housekeeping-region"),
    path("regions/<region>/servers/", listing, name="servers-list"),
    path("drift/", listing, name="drift-list"),
    path("sync/", listing, name="sync-list"),
    path("cloud-accounts/", listing, name="cloud-accounts-list"),
    path("regions/<region>/<lb>/", kit, name="balancers-detail"),
    path("regions/<region>/<lb>/listeners/", kit, name="listeners-list"),
    path("regions/<region>/<lb>/servers/", broken, name="pool-list"),
    path("regions/<region>/<lb>/groups/", kit, name="groups-list"),
    path("regions/<region>/<lb>/groups/new/", dialog, name="groups-new"),
    path("regions/<region>/<lb>/groups/delete/", confirm, name="groups-delete"),
    path("regions/<region>/<lb>/housekeeping/", kit, name="housekeeping-of"),
    path("regions/<region>/<lb>/operations/", kit, name="operations-of"),
    path("operations/", broken, name="operations-list"),
    path("operations/<number>/", broken, name="operations-detail"),
]

# A stand-in for every other page of the menu, so that a new item needs no line here.
_here = {getattr(one, "name", "") for one in urlpatterns}
_menu = [(item, "<region>/") for section in navigation.GLOBAL for item in section.items] + [
    (item, "<region>/<lb>/") for section in navigation.BALANCER for item in section.items
]
for _item, _below in _menu:
    name = _item.url_name
    if name not in _here and not name.startswith(("audit-", "people-")):
        below = _below if name in navigation._IN_REGION or "<lb>" in _below else ""
        urlpatterns.append(
            path(f"-/{name}/{below}", listing if "<lb>" not in below else kit, name=name)
        )

handler403 = "console.shell.views.not_allowed"
handler404 = "console.shell.views.not_found"
handler500 = "console.shell.views.server_error"
