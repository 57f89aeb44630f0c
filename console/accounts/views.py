"""The pages about people; administrators only."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from console.shell.access import requires
from console.shell.htmx import done, render_dialog, render_page
from console.shell.request import ConsoleRequest

from . import services
from .forms import PersonChangeForm, PersonForm
from .models import User
from .permissions import Action

PEOPLE_PER_PAGE = 50


@require_GET
@requires(Action.MANAGE_PEOPLE)
def people_list(request: ConsoleRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()
    people = User.objects.filter(username__icontains=query).order_by("username")
    page = Paginator(people, PEOPLE_PER_PAGE).get_page(request.GET.get("page"))
    context = {"title": _("People"), "page": page, "query": query}
    return render_page(request, "console/people/list.html", context)


@require_http_methods(["GET", "POST"])
@requires(Action.MANAGE_PEOPLE)
def people_new(request: ConsoleRequest) -> HttpResponse:
    back = reverse("people-list")
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = services.add_person(actor=request.actor, **form.cleaned_data)
        except services.NameTaken as taken:
            form.add_error("username", str(taken))
        else:
            return done(
                request,
                to=back,
                message=_("%(username)s was added.") % {"username": person.username},
                changed="people",
            )
    context = {"title": _("Add person"), "form": form, "back_url": back, "submit": _("Add")}
    return render_dialog(
        request, "console/people/form.html", context, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "POST"])
@requires(Action.MANAGE_PEOPLE)
def people_edit(request: ConsoleRequest, person_id: int) -> HttpResponse:
    back = reverse("people-list")
    person = get_object_or_404(User, pk=person_id)
    form = PersonChangeForm(
        request.POST or None,
        person=person,
        initial={"role": person.role, "is_active": person.is_active},
    )
    if request.method == "POST" and form.is_valid():
        try:
            changed = services.change_person(
                actor=request.actor, person=person, **form.cleaned_data
            )
        except services.LastAdministrator as refusal:
            form.add_error(None, str(refusal))
        else:
            words = _("%(name)s was changed.") if changed else _("%(name)s stays as it was.")
            message = words % {"name": person.username}
            return done(request, to=back, message=message, changed="people")
    context = {
        "title": _("Edit %(username)s") % {"username": person.username},
        "form": form,
        "back_url": back,
        "submit": _("Save"),
    }
    return render_dialog(
        request, "console/people/form.html", context, status=422 if form.errors else 200
    )
