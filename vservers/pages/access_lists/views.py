"""Access control lists of a region, and one of them with its networks."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, render_page
from console.shell.request import ConsoleRequest
from vservers.cloud import CloudError
from vservers.models import AccessControlList, Drift, Listener, Region
from vservers.pages.answers import Attempt, answer_dialog, attempt, next_url, not_read
from vservers.pages.drift.words import in_words
from vservers.pages.lookup import region_or_404
from vservers.pages.places import refresh_places
from vservers.pages.ticks import Ticks
from vservers.pages.users import users_as_links
from vservers.selectors.access_lists import (
    UNUSED,
    USED,
    Filters,
    access_lists_page,
    entries_page,
    list_row,
    matching_entries,
)
from vservers.selectors.drift import open_drift_of_region
from vservers.selectors.places import oldest, places_of
from vservers.selectors.runs import several_accounts
from vservers.services import access_lists as services
from vservers.services.errors import Gone, UsedBy

from .forms import MAX_ENTRIES, EntriesForm, EntryForm, NewListForm, RenameForm

DETAIL = "vservers/access_lists/detail.html"


@require_safe
@requires(Action.VIEW)
def lists(request: ConsoleRequest, region: str) -> HttpResponse:
    return _list(request, region_or_404(request, region))


@require_POST
@requires(Action.REFRESH)
def refresh(request: ConsoleRequest, region: str) -> HttpResponse:
    """Read the region's lists, and the networks of those that the page shows (POST list)."""
    found = region_or_404(request, region)
    shown = request.POST.getlist("list")[:50]
    return refresh_places(
        request,
        found,
        lambda place: services.refresh_access_lists(
            actor=request.actor, account_region=place, also=shown
        ),
        back=_list_url(region),
    )


def _list(request: ConsoleRequest, region: Region) -> HttpResponse:
    given = {name: request.GET.get(name, "").strip() for name in ("ip_version", "use", "sort")}
    filters = Filters(text=request.GET.get("q", "").strip(), **given)
    filters = replace(filters, sort=filters.sort or "name")
    rows, page = access_lists_page(region, filters, page=request.GET.get("page", 1))
    context = {
        "title": _("Access control lists"),
        "region": region,
        "drift": in_words(open_drift_of_region(region, Drift.Kind.ACCESS_LIST)),
        "rows": rows,
        "page": page,
        "filters": filters,
        "filtered": any(value for name, value in asdict(filters).items() if name != "sort"),
        "ip_versions": AccessControlList.IPVersion.choices,
        "uses": [(USED, _("Used")), (UNUSED, _("Not used"))],
        "read_at": oldest(place.access_lists_at for place in places_of(region)),
        "several": several_accounts(),
        "list_url": _list_url(region.pk),
    }
    return render_page(request, "vservers/access_lists/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_ACCESS_LISTS)
def new(request: ConsoleRequest, region: str) -> HttpResponse:
    found = region_or_404(request, region)
    form = NewListForm(request.POST or None, region=found)
    made = Attempt()
    if request.method == "POST" and form.is_valid():
        made = attempt(
            request,
            services.create_access_list,
            services.plan_new_access_list,
            account_region=form.place,
            name=form.cleaned_data["name"],
            ip_version=form.cleaned_data["ip_version"],
            entries=form.entries,
        )
        if made.is_over:
            name = form.cleaned_data["name"]
            words, level = made.words(_("%(name)s was created.") % {"name": name})
            return done(
                request, to=_list_url(region), message=words, level=level, changed="access-lists"
            )
    context = {
        "title": _("Create access control list"),
        "form": form,
        "submit": _("Create"),
        "back_url": _list_url(region),
    }
    return answer_dialog(
        request,
        "vservers/access_lists/new.html",
        context,
        refused=bool(form.errors),
        attempt=made,
        changed="access-lists",
    )


@require_safe
@requires(Action.VIEW)
def detail(request: ConsoleRequest, region: str, acl_id: str) -> HttpResponse:
    access_list = _list_or_404(region, acl_id)
    query = request.GET.get("q", "").strip()
    row = list_row(access_list)
    context = {
        "title": str(access_list),
        "access_list": access_list,
        "row": row,
        "page": entries_page(access_list, text=query, page=request.GET.get("page", 1)),
        "query": query,
        "drift": in_words(
            open_drift_of_region(
                access_list.region, Drift.Kind.ACCESS_LIST, object_id=access_list.pk
            )
        ),
        "most": MAX_ENTRIES,
        "several": several_accounts(),
        "list_url": _list_url(region),
        "detail_url": _url(access_list),
    }
    return render_page(request, DETAIL, context)


@require_POST
@requires(Action.REFRESH)
def refresh_one(request: ConsoleRequest, region: str, acl_id: str) -> HttpResponse:
    access_list = _list_or_404(region, acl_id)
    back = next_url(request, _url(access_list))
    try:
        services.refresh_access_list(actor=request.actor, access_list=access_list)
    except Gone as gone:
        return done(request, to=_list_url(region), message=str(gone), level=messages.WARNING)
    except CloudError as error:
        return not_read(request, error, back=back)
    message = _("%(name)s was read from the cloud.") % {"name": access_list}
    return done(request, to=back, message=message)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_ACCESS_LISTS)
def rename(request: ConsoleRequest, region: str, acl_id: str) -> HttpResponse:
    access_list = _list_or_404(region, acl_id)
    form = RenameForm(request.POST or None, initial={"name": access_list.name})
    return _edit(
        request,
        access_list,
        form,
        services.rename_access_list,
        services.plan_access_list_rename,
        lambda: {"name": form.cleaned_data["name"]},
        title=_("Rename %(name)s") % {"name": access_list},
        said=lambda: _("The list is named %(name)s now.") % {"name": form.cleaned_data["name"]},
        unchanged=_("It has this name already."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_ACCESS_LISTS)
def add_one(request: ConsoleRequest, region: str, acl_id: str) -> HttpResponse:
    access_list = _list_or_404(region, acl_id)
    form = EntryForm(request.POST or None, access_list=access_list)
    return _add(request, access_list, form, _("Add a network to %(name)s") % {"name": access_list})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_ACCESS_LISTS)
def add_many(request: ConsoleRequest, region: str, acl_id: str) -> HttpResponse:
    access_list = _list_or_404(region, acl_id)
    form = EntriesForm(request.POST or None, access_list=access_list)
    return _add(request, access_list, form, _("Add networks to %(name)s") % {"name": access_list})


def _add(
    request: ConsoleRequest,
    access_list: AccessControlList,
    form: EntryForm | EntriesForm,
    title: str,
) -> HttpResponse:
    def said() -> str:
        count = len(form.entries)
        return ngettext("%(count)s network was added.", "%(count)s networks were added.", count) % {
            "count": count
        }

    return _edit(
        request,
        access_list,
        form,
        services.add_entries,
        services.plan_new_entries,
        lambda: {"entries": form.entries},
        title=title,
        said=said,
        unchanged=_("All of these are in the list already."),
        submit=_("Add"),
    )


def _edit(
    request: ConsoleRequest,
    access_list: AccessControlList,
    form: RenameForm | EntryForm | EntriesForm,
    verb: Callable[..., Any],
    plan: Callable[..., Any],
    arguments: Callable[[], dict[str, Any]],
    *,
    title: str,
    said: Callable[[], str],
    unchanged: str,
    submit: str = "",
) -> HttpResponse:
    """A form of one list: shown, refused, planned, or carried out."""
    made = Attempt()
    if request.method == "POST" and form.is_valid():
        made = attempt(request, verb, plan, access_list=access_list, **arguments())
        if made.is_over:
            return _done(request, access_list, *made.words(said(), unchanged=unchanged))
    context = {
        "title": title,
        "form": form,
        "submit": submit or _("Save"),
        "back_url": _url(access_list),
    }
    return answer_dialog(
        request,
        "vservers/simple_form.html",
        context,
        refused=bool(form.errors),
        attempt=made,
        changed="access-lists",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_ACCESS_LISTS)
def remove(request: ConsoleRequest, region: str, acl_id: str) -> HttpResponse:
    """The ticked networks, or all that match the search; asks first."""
    access_list = _list_or_404(region, acl_id)
    ticks = Ticks.read(request)
    if ticks.everything:
        rows = matching_entries(access_list, ticks.data.get("q", "").strip())
    else:
        rows = access_list.entries.filter(network__in=ticks.of("network"))
    networks = list(rows.values_list("network", flat=True))
    if not networks:
        return _done(request, access_list, _("Tick at least one network."), messages.WARNING)
    count = len(networks)
    made = Attempt()
    if ticks.is_answer:
        made = attempt(
            request,
            services.remove_entries,
            services.plan_entry_removal,
            access_list=access_list,
            networks=networks,
        )
        if made.is_over:
            words = ngettext(
                "%(count)s network was removed.", "%(count)s networks were removed.", count
            ) % {"count": count}
            return _done(request, access_list, *made.words(words))
    row = list_row(access_list)
    whites = [user for user in row.users if user.acl_status == "white"]
    empties = [_shuts_out(whites)] if whites and count == row.entry_count else []
    names = ", ".join(networks[:10])
    more = count - 10
    context = {
        "title": ngettext("Remove %(count)s network?", "Remove %(count)s networks?", count)
        % {"count": count},
        "question": _("Out of %(list)s: %(names)s.") % {"list": access_list, "names": names}
        if more <= 0
        else _("Out of %(list)s: %(names)s and %(more)s more.")
        % {"list": access_list, "names": names, "more": more},
        "consequences": empties,
        "submit": _("Remove"),
        "back_url": _url(access_list),
        **ticks.context("network", "q"),
    }
    return answer_dialog(
        request,
        "components/confirm.html",
        context,
        refused=False,
        attempt=made,
        changed="access-lists",
    )


def _shuts_out(listeners: list[Listener]) -> str:
    names = ", ".join(f"{one} ({one.load_balancer})" for one in listeners)
    return _("The whitelist is empty then, and nobody gets through at %(names)s.") % {
        "names": names
    }


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_ACCESS_LISTS)
def delete(request: ConsoleRequest, region: str, acl_id: str) -> HttpResponse:
    access_list = _list_or_404(region, acl_id)
    made, refused = Attempt(), False
    if request.method == "POST":
        try:
            made = attempt(
                request,
                services.delete_access_list,
                services.plan_access_list_deletion,
                access_list=access_list,
            )
        except UsedBy:
            refused = True
        if made.is_over:
            words, level = made.words(_("%(name)s was deleted.") % {"name": access_list})
            # The page of the list would not be there any more.
            return done(request, to=_list_url(region), message=words, level=level)
    users = list_row(access_list).users
    context = {
        "title": _("Delete %(name)s?") % {"name": access_list},
        "question": _("The list %(name)s (%(id)s) will be deleted with all its networks.")
        % {"name": access_list, "id": access_list.pk},
        "blocked": _("The list is in use. Take it off these listeners first:") if users else "",
        "links": users_as_links(users),
        "submit": _("Delete"),
        "back_url": _list_url(region),
    }
    return answer_dialog(
        request,
        "components/confirm.html",
        context,
        refused=refused,
        attempt=made,
        changed="access-lists",
    )


def _list_or_404(region: str, acl_id: str) -> AccessControlList:
    rows = AccessControlList.objects.select_related("account", "region")
    return get_object_or_404(rows, pk=acl_id, region=region)


def _list_url(region: str) -> str:
    return reverse("access-lists-list", args=[region])


def _url(access_list: AccessControlList) -> str:
    return reverse("access-lists-detail", args=[access_list.region_id, access_list.pk])


def _done(
    request: ConsoleRequest, access_list: AccessControlList, words: str, level: int
) -> HttpResponse:
    return done(request, to=_url(access_list), message=words, level=level, changed="access-lists")
