"""Certificates as their page shows them, and as a listener may choose among them."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.utils import timezone

from vservers.models import (
    AccountRegion,
    CACertificate,
    DomainExtension,
    Listener,
    Region,
    ServerCertificate,
)

from .access_lists import UNUSED, USED, ordering

Certificate = ServerCertificate | CACertificate

PAGE_SIZE = 20
SOON = timedelta(days=30)
SORTS = {"name": ("name", "pk"), "expires": ("expires_at", "name"), "created": ("created_at", "pk")}
EXPIRED, EXPIRING, VALID = "expired", "expiring", "valid"


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows the list; "" leaves it wide.

    text: part of a name, an ID, a domain or a fingerprint. state: expired, expiring (within SOON)
    or valid (longer). use: used or unused. sort: a key of SORTS, with a hyphen in front backwards.
    """

    text: str = ""
    state: str = ""
    use: str = ""
    sort: str = "name"


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate and who uses it. days_left: None where the end of validity is unknown."""

    certificate: Certificate
    listeners: list[Listener] = field(default_factory=list)
    extensions: list[DomainExtension] = field(default_factory=list)

    @property
    def days_left(self) -> int | None:
        end = self.certificate.expires_at
        return (end - timezone.now()).days if end else None

    @property
    def state(self) -> str:
        return state_of(self.certificate.expires_at)


def state_of(expires_at: datetime | None) -> str:
    """expired, expiring or valid; "" where it is not known."""
    if expires_at is None:
        return ""
    left = expires_at - timezone.now()
    return EXPIRED if left <= timedelta() else EXPIRING if left < SOON else VALID


def certificates_page(
    model: type[Certificate], region: Region, filters: Filters, *, page: str | int = 1
) -> tuple[list[CertificateRow], Page[Any]]:
    """One page of a region's certificates of a kind: its rows, and the page itself."""
    rows: QuerySet[Any] = model._default_manager.filter(region=region).select_related("account")
    if text := filters.text:
        found = Q(name__icontains=text) | Q(pk__icontains=text) | Q(common_name__icontains=text)
        found |= Q(fingerprint__icontains=text)
        if model is ServerCertificate:
            found |= Q(alternative_names__icontains=text)
        rows = rows.filter(found)
    now = timezone.now()
    match filters.state:
        case "expired":
            rows = rows.filter(expires_at__lte=now)
        case "expiring":
            rows = rows.filter(expires_at__gt=now, expires_at__lt=now + SOON)
        case "valid":
            rows = rows.filter(expires_at__gte=now + SOON)
    if filters.use in (USED, UNUSED):
        here = Listener.objects.alias(shown=KT(_setting(model)))
        here = here.filter(load_balancer__vanished_at=None, shown=OuterRef("pk"))
        used: Any = Exists(here)
        if model is ServerCertificate:
            used |= Exists(DomainExtension.objects.filter(server_certificate_id=OuterRef("pk")))
        rows = rows.filter(used if filters.use == USED else ~used)
    shown = Paginator(rows.order_by(*ordering(filters.sort, SORTS)), PAGE_SIZE).get_page(page)
    return rows_of(model, list(shown)), shown


def rows_of(
    model: type[Certificate], certificates: Collection[Certificate]
) -> list[CertificateRow]:
    """Certificates of one kind with their users, in two queries for all."""
    ids = [one.pk for one in certificates]
    listeners: dict[str, list[Listener]] = defaultdict(list)
    extensions: dict[str, list[DomainExtension]] = defaultdict(list)
    here = Listener.objects.filter(
        load_balancer__vanished_at=None, **{f"{_setting(model)}__in": ids}
    )
    name = _setting(model).removeprefix("settings__")
    for listener in here.select_related("load_balancer"):
        listeners[listener.settings[name]].append(listener)
    if model is ServerCertificate:
        found = DomainExtension.objects.filter(
            server_certificate_id__in=ids, listener__load_balancer__vanished_at=None
        )
        for extension in found.select_related("listener__load_balancer"):
            extensions[extension.server_certificate_id].append(extension)
    return [CertificateRow(one, listeners[one.pk], extensions[one.pk]) for one in certificates]


def _setting(model: type[Certificate]) -> str:
    is_server = model is ServerCertificate
    return f"settings__{'server' if is_server else 'ca'}_certificate_id"


def choosable(place: AccountRegion) -> list[ServerCertificate]:
    """The server certificates that a listener of a place can show, by name."""
    rows = ServerCertificate.objects.filter(account=place.account_id, region=place.region_id)
    return list(rows.order_by("name", "pk"))
