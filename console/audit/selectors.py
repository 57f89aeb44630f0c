"""Every read of the audit trail for a page."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import Q

from console.shell.distinct import distinct

from .models import AuditEntry

ENTRIES_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows the list; "" leaves it wide. `text` is looked for in names, IDs and reasons."""

    actor: str = ""
    verb: str = ""
    outcome: str = ""
    resource: str = ""
    text: str = ""


def activity(filters: Filters, *, number: str | None) -> Page:
    """One page of the entries that match, newest first. number: the page as the address has it."""
    entries = AuditEntry.objects.all()
    if filters.actor:
        entries = entries.filter(actor_name=filters.actor)
    if filters.verb:
        entries = entries.filter(verb=filters.verb)
    if filters.outcome:
        entries = entries.filter(outcome=filters.outcome)
    if filters.resource:
        entries = entries.filter(
            Q(resource_id=filters.resource) | Q(load_balancer_id=filters.resource)
        )
    if filters.text:
        entries = entries.filter(
            Q(resource_name__icontains=filters.text)
            | Q(resource_id__icontains=filters.text)
            | Q(reason__icontains=filters.text)
            | Q(web_request_id=filters.text)
            | Q(calls__contains=[{"request_id": filters.text}])
        )
    return Paginator(entries, ENTRIES_PER_PAGE).get_page(number)


def verbs() -> list[str]:
    """Everything that has been done so far, for the filter."""
    return distinct(AuditEntry, "verb")


def actors() -> list[str]:
    """Everybody who has done something so far, for the filter."""
    return distinct(AuditEntry, "actor_name")
