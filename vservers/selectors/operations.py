"""Operations as their pages list them."""

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Q

from console.shell.distinct import distinct
from vservers.models import Operation, OperationCall

PAGE_SIZE = 30
# A filter beside the statuses: those that have not come to an end.
UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows the list; "" leaves it wide.

    instance: a load balancer's ID. text: part of a name, an ID or an act, a whole RequestId of the
    cloud or of the console, or an operation's number.
    """

    status: str = ""
    instance: str = ""
    actor: str = ""
    text: str = ""


def operations_page(filters: Filters, *, page: str | int = 1) -> Page[Any]:
    """One page of operations, newest first, each with call_count and done_count."""
    rows = Operation.objects.all()
    if filters.status == UNSETTLED:
        rows = rows.filter(status__in=Operation.UNSETTLED)
    elif filters.status:
        rows = rows.filter(status=filters.status)
    if filters.instance:
        rows = rows.filter(load_balancer_id=filters.instance)
    if filters.actor:
        rows = rows.filter(actor_name=filters.actor)
    if text := filters.text.strip():
        rows = rows.filter(_holding(text))
    counted = rows.annotate(
        call_count=Count("calls"),
        done_count=Count("calls", filter=Q(calls__outcome=OperationCall.Outcome.DONE)),
    )
    # Grouping drops the order of the model. Pages are counted without it.
    paginator = Paginator(counted.order_by("-pk"), PAGE_SIZE)
    paginator.count = rows.count()
    return paginator.get_page(page)


def _holding(text: str) -> Q:
    found = (
        Q(resource_name__icontains=text)
        | Q(resource_id__icontains=text)
        | Q(verb__icontains=text)
        | Q(web_request_id=text)
        | Q(pk__in=OperationCall.objects.filter(request_id=text).values("operation"))
    )
    number = text.removeprefix("#")
    return found | Q(pk=int(number)) if number.isdecimal() and len(number) < 18 else found


def operation_actors() -> list[str]:
    """Everybody who has begun an operation so far, for the filter."""
    return distinct(Operation, "actor_name")


def find_operation(number: int) -> Operation:
    """An operation with its calls and relatives. Raises Operation.DoesNotExist."""
    rows = Operation.objects.select_related("retry_of", "undo_of")
    return rows.prefetch_related("calls", "retries", "undos").get(pk=number)
