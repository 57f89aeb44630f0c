"""Form fields that several pages share."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Count
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vservers.models import LoadBalancer, VServerGroup
from vservers.services.names import name_characters as name_characters
from vservers.services.tags import tag_error

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def whole_number(
    low: int, high: int, words: "StrOrPromise" = "", **options: Any
) -> forms.IntegerField:
    """A number from low to high; whatever is wrong with it, the same sentence says what to enter.

    A blank is wrong too unless required=False: it is never taken for 0.
    """
    words = words or format_lazy(
        gettext_lazy("Enter a whole number from {low} to {high}."), low=low, high=high
    )
    return forms.IntegerField(
        min_value=low,
        max_value=high,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), words),
        **options,
    )


def is_number(text: str, *, digits: int = 5) -> bool:
    """Whether it can be read as a number of so many digits; Python itself refuses very long ones.

    The usual five are enough for a port, a weight, or the number of a row.
    """
    return text.isascii() and text.isdecimal() and len(text) <= digits


def printable(text: str) -> None:
    """Refuses what nobody sees, and what turns the letters round."""
    if not text.isprintable():
        raise forms.ValidationError(_("Leave out control characters."))


def name_field(label: "StrOrPromise", *validators: Any, **options: Any) -> forms.CharField:
    """A name of 1 to 80 characters; validators: in the place of the rule that most names have."""
    return forms.CharField(
        label=label,
        max_length=80,
        validators=validators or [name_characters],
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={
            "required": gettext_lazy("Enter a name of 1 to 80 characters."),
            "max_length": gettext_lazy(
                "Enter at most 80 characters; this name has %(show_value)d."
            ),
        },
        **options,
    )


def taken_from[T](offered: Mapping[str, T]) -> Callable[[str], T]:
    """For TypedChoiceField: the object of a key. What is offered no more is no valid choice."""

    def taken(key: str) -> T:
        if key not in offered:
            raise ValueError(key)
        return offered[key]

    return taken


def groups_by_id(load_balancer: LoadBalancer) -> dict[str, VServerGroup]:
    """The groups to choose from, by name, each with server_count."""
    rows = load_balancer.vserver_groups.annotate(server_count=Count("members"))
    return {group.pk: group for group in rows}


class GroupField(forms.TypedChoiceField):
    """A choice of the groups given; cleans to the VServerGroup, or to None for `empty_label`."""

    def __init__(
        self, groups: Mapping[str, VServerGroup], *, empty_label: str | None, **kwargs: Any
    ) -> None:
        choices = [("", empty_label)] if empty_label is not None else []
        names = Counter(group.name for group in groups.values())
        choices += [
            (pk, _label(group, name_repeats=names[group.name] > 1)) for pk, group in groups.items()
        ]
        super().__init__(
            label=_("VServer Group"),
            choices=choices,
            coerce=taken_from(groups),
            empty_value=None,
            error_messages={
                "required": _("Choose a VServer group."),
                "invalid_choice": _("This group does not exist any more. Choose another one."),
            },
            **kwargs,
        )


def _label(group: Any, *, name_repeats: bool) -> str:
    """The name; with the ID where only that tells two groups apart."""
    words = group.name or group.pk
    if group.name and name_repeats:
        words += f" ({group.pk})"
    return words if group.server_count else _("%(words)s, no servers") % {"words": words}


def tags_of_lines(text: str) -> dict[str, str]:
    """{key: value} of lines such as `env=prod`. Raises ValidationError with the first bad line."""
    tags: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, _equals, value = (part.strip() for part in line.partition("="))
        if why := tag_error(key, value):
            raise forms.ValidationError(f"{line[:80]}: {why}")
        if key in tags:
            raise forms.ValidationError(_("The key %(key)s is there twice.") % {"key": key})
        tags[key] = value
    return tags
