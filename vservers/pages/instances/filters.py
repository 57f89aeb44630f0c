"""What the address of the Instances page says: filters, sort, page and size."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from vservers.models import LoadBalancer, Region
from vservers.selectors.balancers import (
    MOST_VALUES,
    PAGE_SIZE,
    PAGE_SIZES,
    SORTS,
    Filters,
    counts_by_region,
    values_of,
)


@dataclass(frozen=True, slots=True)
class Field:
    """A filter of the form. options: (value, word) pairs of a choice, None for a text."""

    name: str
    label: str
    value: str
    placeholder: str = ""
    options: tuple[tuple[str, Any], ...] | None = None
    error: str = ""
    suggestions: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is set, and the address without it."""

    label: str
    value: str
    url: str


def filters_of(query: Mapping[str, str]) -> Filters:
    return Filters(**{name: query.get(name, "").strip() for name in Filters.__dataclass_fields__})


def sort_of(query: Mapping[str, str]) -> str:
    sort = query.get("sort", "")
    return sort if sort.removeprefix("-") in SORTS else "name"


def size_of(query: Mapping[str, str]) -> int:
    size = query.get("size", "")
    return int(size) if size in {str(one) for one in PAGE_SIZES} else PAGE_SIZE


def form_fields(filters: Filters, accounts: list[str]) -> tuple[Field, ...]:
    """The filters beside the search box, in their order."""
    several = _("up to %(most)d, separated by commas") % {"most": MOST_VALUES}
    fields = [
        Field("name", _("Name"), filters.name, several, error=_too_many(filters.name)),
        Field("id", _("Instance ID"), filters.id, several, error=_too_many(filters.id)),
        Field("address", _("Service address"), filters.address),
        Field("server", _("Backend server ID"), filters.server, "i-…"),
        Field("server_ip", _("Backend private IP"), filters.server_ip),
        Field("tag_key", _("Tag key"), filters.tag_key, suggestions="tag-keys"),
        Field(
            "tag_value",
            _("Tag value"),
            filters.tag_value,
            error="" if filters.tag_key or not filters.tag_value else _("Give the key, too."),
        ),
        Field("status", _("Status"), filters.status, options=tuple(LoadBalancer.Status.choices)),
        Field(
            "type",
            _("Instance type"),
            filters.type,
            options=tuple(LoadBalancer.AddressType.choices),
        ),
    ]
    if len(accounts) > 1:
        options = tuple((name, name) for name in accounts)
        fields.append(Field("account", _("Account"), filters.account, options=options))
    return tuple(fields)


def _too_many(text: str) -> str:
    count = len(values_of(text))
    if count <= MOST_VALUES:
        return ""
    return _("Only the first %(most)d of %(count)d are looked for.") % {
        "most": MOST_VALUES,
        "count": count,
    }


def chips(address: str, query: Mapping[str, str], fields: Iterable[Field]) -> list[Chip]:
    """The fields that are set, each with the way back without it."""
    rest = {name: value for name, value in query.items() if name != "page"}
    found = []
    for field in fields:
        if not field.value:
            continue
        without = urlencode({n: v for n, v in rest.items() if n != field.name})
        words = dict(field.options or []).get(field.value, field.value)
        found.append(Chip(field.label, str(words), f"{address}?{without}"))
    return found


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A region that has what this one lacks."""

    name: str
    count: int
    url: str


def elsewhere(region: Region, filters: Filters) -> list[Elsewhere]:
    """The other regions in which something matches, with the list of it."""
    counts = counts_by_region(filters)
    query = urlencode(filters.as_query())
    return [
        Elsewhere(
            other.name,
            counts[other.pk],
            reverse("balancers-list", args=[other.pk]) + (f"?{query}" if query else ""),
        )
        for other in Region.objects.filter(pk__in=counts).exclude(pk=region.pk)
    ]
