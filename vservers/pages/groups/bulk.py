"""Tags of many groups, and deleting many: from the ticks of a list to the preview."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from console.accounts.permissions import Action
from console.shell.access import requires
from console.shell.htmx import redirect, render_page
from console.shell.request import ConsoleRequest
from vservers.pages.fields import tags_of_lines
from vservers.pages.lookup import region_or_404
from vservers.selectors.group_lists import GroupFilters, groups_of
from vservers.services.bulk_groups import draft_deletion, draft_tags

from .selection import Selection
from .weights import back_to_list


class TagsForm(forms.Form):
    """Tags to give and keys to take, one each line."""

    use_required_attribute = False

    put = forms.CharField(
        label=gettext_lazy("Tags to give"),
        required=False,
        max_length=6000,
        help_text=gettext_lazy(
            "One each line: key=value. A key that is there takes the new value."
        ),
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false", "placeholder": "env=prod"}),
    )
    take = forms.CharField(
        label=gettext_lazy("Keys to take off"),
        required=False,
        max_length=3000,
        help_text=gettext_lazy("One each line."),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )

    def clean_put(self) -> dict[str, str]:
        """{key: value}"""
        return tags_of_lines(self.cleaned_data["put"])

    def clean_take(self) -> list[str]:
        """Keys."""
        lines = map(str.strip, self.cleaned_data["take"].splitlines())
        return list(dict.fromkeys(filter(None, lines)))

    def clean(self) -> None:
        put, take = self.cleaned_data.get("put"), self.cleaned_data.get("take")
        if put is None or take is None:
            return
        if not put and not take:
            raise forms.ValidationError(_("Enter a tag to give or a key to take off."))
        if both := [key for key in take if key in put]:
            words = _("Both given and taken off: %(keys)s.") % {"keys": ", ".join(both)}
            raise forms.ValidationError(words)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CHANGE_GROUPS)
def group_tags(request: ConsoleRequest, region: str) -> HttpResponse:
    """As group_weights: the list's ticks, then the form, then the draft. ?group=… for one."""
    place = region_or_404(request, region)
    selection = Selection.read(place, request.POST if request.method == "POST" else request.GET)
    error = selection.error
    form = TagsForm()
    if request.POST.get("intent") == "preview" and not error:
        form = TagsForm(request.POST)
        if form.is_valid():
            batch = draft_tags(
                actor=request.actor,
                groups=selection.groups,
                region_id=place.pk,
                load_balancer_id=selection.balancer.pk if selection.balancer else "",
                **form.cleaned_data,
            )
            return redirect(request, reverse("batches-detail", args=[batch.pk]))
    context: dict[str, Any] = {
        "title": _("Change tags"),
        "region_id": place.pk,
        "selection": selection,
        "balancer": selection.balancer,
        "form": form,
        "selection_error": error,
        "back_url": back_to_list(selection),
        "present": _present(selection) if not error else [],
    }
    refused = bool(form.errors) or (bool(error) and request.method == "POST")
    return render_page(
        request, "vservers/groups/tags.html", context, status=422 if refused else 200
    )


def _present(selection: Selection) -> list[tuple[str, int]]:
    """(tag, how many of the groups have it), the most frequent first, twenty at most."""
    found: dict[str, int] = {}
    for tags in selection.groups.exclude(tags={}).values_list("tags", flat=True):
        for key, value in tags.items():
            tag = f"{key}={value}" if value else key
            found[tag] = found.get(tag, 0) + 1
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:20]


@require_POST
@requires(Action.CHANGE_GROUPS)
def groups_delete_many(request: ConsoleRequest, region: str) -> HttpResponse:
    """The ticks lead to a draft; groups that something uses are left out, and counted."""
    place = region_or_404(request, region)
    selection = Selection.read(place, request.POST)
    if error := selection.error:
        messages.warning(request, error)
        return redirect(request, back_to_list(selection))
    free = groups_of(selection.balancer or place, GroupFilters(use="unused"))
    deletable = selection.groups.filter(pk__in=free.values("pk"))
    kept = selection.count - deletable.count()
    if kept:
        words = ngettext(
            "%(count)d group is in use and stays.", "%(count)d groups are in use and stay.", kept
        )
        messages.warning(request, words % {"count": kept})
    if kept == selection.count:
        return redirect(request, back_to_list(selection))
    batch = draft_deletion(
        actor=request.actor,
        groups=deletable,
        region_id=place.pk,
        load_balancer_id=selection.balancer.pk if selection.balancer else "",
    )
    return redirect(request, reverse("batches-detail", args=[batch.pk]))
