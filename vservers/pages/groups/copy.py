"""Copy a group: into the same instance or another, with or without one of its users."""

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import done, redirect
from console.shell.request import ConsoleRequest
from vservers.models import Listener, LoadBalancer, Rule, VServerGroup
from vservers.pages.answers import Attempt, answer_dialog, attempt
from vservers.pages.fields import name_field, whole_number
from vservers.pages.lookup import balancer_or_404, group_or_404
from vservers.services.errors import InvalidMembers
from vservers.services.group_moves import Copyable, copy_group, copyable, plan_group_copy

MAX_NAME = 80


class CopyForm(forms.Form):
    """Where the copy goes, how it is called, its weights, and who shall use it."""

    use_required_attribute = False

    name = name_field(gettext_lazy("Group Name"))
    instance = forms.ChoiceField(label=gettext_lazy("Instance"))
    weight = whole_number(
        0,
        100,
        label=gettext_lazy("Weight"),
        required=False,
        help_text=gettext_lazy("For every server of the copy. Empty: as it is."),
    )
    user = forms.ChoiceField(
        label=gettext_lazy("Switch to the copy"),
        required=False,
        help_text=gettext_lazy(
            "The copy is made first, then this one is switched; the others stay."
        ),
    )
    partly = forms.BooleanField(label=gettext_lazy("Copy it without these servers"), required=False)

    def __init__(self, group: VServerGroup, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self._home = group.load_balancer_id
        region = group.load_balancer.region_id
        rows = LoadBalancer.objects.filter(region=region).order_by("name", "pk")
        self.balancers = {balancer.pk: balancer for balancer in rows}
        self._choices("instance", [(pk, _label(one)) for pk, one in self.balancers.items()])
        self.users: dict[str, Listener | Rule] = {
            f"listener:{one.pk}": one for one in group.listeners.all()
        }
        self.users |= {f"rule:{one.pk}": one for one in group.rules.all()}
        if self.users:
            nobody = ("", _("Nobody: only make the copy"))
            self._choices("user", [nobody, *((key, words(u)) for key, u in self.users.items())])
        else:
            del self.fields["user"]

    def _choices(self, name: str, choices: list[tuple[str, Any]]) -> None:
        cast(forms.ChoiceField, self.fields[name]).choices = choices

    def clean(self) -> None:
        if self.cleaned_data.get("user") and self.cleaned_data.get("instance") != self._home:
            self.add_error("user", _("Only a copy in the same instance can be used instead."))

    @property
    def balancer(self) -> LoadBalancer:
        return self.balancers[self.cleaned_data["instance"]]


def _label(balancer: LoadBalancer) -> str:
    return f"{balancer.name} ({balancer.pk})" if balancer.name else balancer.pk


def words(user: Listener | Rule) -> str:
    """A listener or a rule, to be chosen."""
    if isinstance(user, Listener):
        return str(user)
    return _("%(rule)s, rule of %(listener)s") % {"rule": user, "listener": user.listener}


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_GROUPS)
def group_copy(
    request: ConsoleRequest, region: str, balancer_id: str, group_id: str
) -> HttpResponse:
    """?instead=1: somebody wanted to edit a shared group; the copy opens for editing."""
    balancer = balancer_or_404(region, balancer_id)
    group = group_or_404(balancer, group_id)
    instead = "instead" in request.GET
    if request.method != "POST":
        form = CopyForm(group, initial=_initial(group, instead=instead))
        return _show(request, group, form)
    form = CopyForm(group, request.POST)
    if not form.is_valid():
        return _show(request, group, form)
    target = form.balancer
    seen = copyable(group, target)
    if seen.refused and not form.cleaned_data["partly"]:
        form.add_error(
            "partly", _("Not all servers can go. Tick this, or choose another instance.")
        )
        return _show(request, group, form, seen)
    try:
        made = attempt(
            request,
            copy_group,
            plan_group_copy,
            group=group,
            load_balancer=target,
            name=form.cleaned_data["name"],
            weight=form.cleaned_data["weight"],
            user=form.users.get(form.cleaned_data.get("user", "")),
        )
    except InvalidMembers as error:
        form.add_error(None, list(error.errors.values()))
        return _show(request, group, form, seen)
    if not made.is_over:
        return _show(request, group, form, seen, made)
    place = [region, target.pk]
    message, level = made.words(_("%(name)s was made.") % {"name": form.cleaned_data["name"]})
    if instead and made.result:
        messages.add_message(request, level, message)
        return redirect(request, reverse("groups-edit", args=[*place, made.result]))
    same = "groups" if target.pk == balancer.pk else ""
    to = reverse("groups-list", args=place)
    return done(request, to=to, message=message, level=level, changed=same)


def _initial(group: VServerGroup, *, instead: bool) -> dict[str, Any]:
    users = [f"listener:{one.pk}" for one in group.listeners.all()]
    users += [f"rule:{one.pk}" for one in group.rules.all()]
    return {
        "name": f"{(group.name or group.pk)[: MAX_NAME - 5]}-copy",
        "instance": group.load_balancer_id,
        "user": users[0] if instead and users else "",
    }


def _show(
    request: ConsoleRequest,
    group: VServerGroup,
    form: CopyForm,
    seen: Copyable | None = None,
    made: Attempt | None = None,
) -> HttpResponse:
    balancer = group.load_balancer
    context = {
        "title": _("Copy %(group)s") % {"group": group},
        "balancer": balancer,
        "group": group,
        "form": form,
        "refused": seen.refused if seen else [],
        "submit": _("Copy"),
        "back_url": reverse("groups-list", args=[balancer.region_id, balancer.pk]),
    }
    return answer_dialog(
        request,
        "vservers/groups/copy.html",
        context,
        refused=bool(form.errors),
        attempt=made,
        changed="groups",
    )
