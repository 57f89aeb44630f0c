"""The shapes and ranges of the group dialog. Source of the ranges: CreateVServerGroup."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.models import LoadBalancer
from vservers.pages.fields import name_field, whole_number

MAX_ROWS = 400


class GroupForm(forms.Form):
    """Name and network type."""

    name = name_field(
        gettext_lazy("Group Name"),
        help_text=gettext_lazy(
            "1 to 80 characters: letters, Chinese characters, digits, and - / . _"
        ),
    )
    network_type = forms.ChoiceField(
        label=gettext_lazy("Network type"), choices=LoadBalancer.NetworkType, required=False
    )


class MemberForm(forms.Form):
    """One row of Selected Servers. The hidden fields go with the server and are never edited."""

    server_id = forms.CharField(max_length=60, widget=forms.HiddenInput)
    server_ip = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    type = forms.CharField(max_length=10, required=False, widget=forms.HiddenInput)
    description = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)
    port = whole_number(
        1,
        65535,
        gettext_lazy("Enter a port, a whole number from 1 to 65535."),
        widget=forms.NumberInput(
            attrs={"aria-label": gettext_lazy("Port"), "placeholder": "1-65535"}
        ),
    )
    weight = whole_number(
        0,
        100,
        gettext_lazy("Enter a weight, a whole number from 0 to 100."),
        widget=forms.NumberInput(attrs={"aria-label": gettext_lazy("Weight"), "data-weight": True}),
    )


class BaseMemberFormSet(forms.BaseFormSet):
    """All rows: the same server may come again, with another port."""

    def clean(self) -> None:
        seen: set[tuple[Any, ...]] = set()
        for form in self.forms:
            row = form.cleaned_data if form.is_valid() else {}
            if not row:
                continue
            key = (row["server_id"], row["server_ip"], row["port"])
            if key in seen:
                form.add_error("port", _("This server is in the list with this port already."))
            seen.add(key)


MemberFormSet = forms.formset_factory(
    MemberForm, formset=BaseMemberFormSet, extra=0, max_num=MAX_ROWS, absolute_max=MAX_ROWS
)
