"""All that happened to one object: done by us, refused by us, and found in the cloud."""

from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, Q, Value

from console.audit.models import AuditEntry
from vservers.models import Drift, Listener, LoadBalancer, Operation, OperationCall, Rule

PAGE_SIZE = 30
# Where an event comes from.
_OPERATION, _ENTRY, _DRIFT = "1 operation", "2 entry", "3 drift"


@dataclass(frozen=True, slots=True)
class Subject:
    """An object, as operations, audit entries and drift name it.

    key: what stands in the key of a change (services.changes) of it. kind: of a change, "" where
    the key alone tells it apart; parts: kinds of what belongs to it, whose keys begin with its own.
    load_balancer_id: "" for what is of several.
    """

    object_id: str
    key: tuple[str | int, ...]
    kind: str = ""
    load_balancer_id: str = ""
    drift_type: str = ""
    drift_id: str = ""
    whole: bool = False
    parts: tuple[str, ...] = ()

    @classmethod
    def of_balancer(cls, row: LoadBalancer) -> "Subject":
        return cls(row.pk, (), load_balancer_id=row.pk, whole=True)

    @classmethod
    def of_listener(cls, row: Listener) -> "Subject":
        return cls(
            # As the cloud's tags name a listener.
            f"{row.load_balancer_id}_{row.protocol}_{row.port}",
            (row.protocol, row.port),
            kind="listener",
            load_balancer_id=row.load_balancer_id,
            drift_type=Drift.Kind.LISTENER,
            drift_id=f"{row.protocol}:{row.port}",
            parts=("rule", "domain extension"),
        )

    @classmethod
    def of_rule(cls, row: Rule) -> "Subject":
        listener = row.listener
        return cls(
            row.pk,
            (listener.protocol, listener.port, row.domain, row.url),
            kind="rule",
            load_balancer_id=listener.load_balancer_id,
            drift_type=Drift.Kind.RULE,
            drift_id=row.pk,
        )

    @classmethod
    def of_group(cls, group_id: str) -> "Subject":
        return cls(group_id, (group_id,), drift_type=Drift.Kind.GROUP, drift_id=group_id)

    @classmethod
    def of_server(cls, server_id: str) -> "Subject":
        return cls(server_id, (server_id,))


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; of the three exactly one is there."""

    at: datetime
    operation: Operation | None = None
    entry: AuditEntry | None = None
    drift: Drift | None = None


def history(subject: Subject, *, page: str | int = 1, size: int = PAGE_SIZE) -> Page[Any]:
    """One page of Events, the newest first. One query for its places, then one for each source."""
    operations, entries, drift = _operations(subject), _entries(subject), _drift(subject)
    places = _places(operations, _OPERATION, "created_at").union(
        _places(entries, _ENTRY, "at"), _places(drift, _DRIFT, "first_seen_at"), all=True
    )
    paginator = Paginator(places.order_by("-moment", "source", "-pk"), size)
    # Each source has an index for what it holds of one object; the union has none.
    paginator.count = operations.count() + entries.count() + drift.count()
    found = paginator.get_page(page)
    wanted: dict[str, list[int]] = {_OPERATION: [], _ENTRY: [], _DRIFT: []}
    for _moment, source, pk in found.object_list:
        wanted[source].append(pk)
    known: dict[tuple[str, int], Event] = {}
    for one in Operation.objects.filter(pk__in=wanted[_OPERATION]):
        known[_OPERATION, one.pk] = Event(one.created_at, operation=one)
    for entry in AuditEntry.objects.filter(pk__in=wanted[_ENTRY]):
        known[_ENTRY, entry.pk] = Event(entry.at, entry=entry)
    for row in Drift.objects.filter(pk__in=wanted[_DRIFT]):
        known[_DRIFT, row.pk] = Event(row.first_seen_at, drift=row)
    found.object_list = [
        known[source, pk] for _moment, source, pk in found.object_list if (source, pk) in known
    ]
    return found


def _places(rows: Any, source: str, moment: str) -> Any:
    """(when, of which source, its key) of each row."""
    marked = rows.order_by().annotate(moment=F(moment), source=Value(source))
    return marked.values_list("moment", "source", "pk")


def _operations(subject: Subject) -> Any:
    rows = Operation.objects.all()
    if subject.whole:
        return rows.filter(load_balancer_id=subject.load_balancer_id)
    key = list(subject.key)
    # JSON's containment of arrays asks for each element: a longer key with these holds them, too.
    kinds = [kind for kind in (subject.kind, *subject.parts) if kind]
    wanted = [{"key": key, "kind": kind} for kind in kinds] or [{"key": key}]
    touching = OperationCall.objects.filter(
        reduce(or_, (Q(changes__contains=[change]) for change in wanted))
    )
    if subject.load_balancer_id:
        touching = touching.filter(operation__load_balancer_id=subject.load_balancer_id)
    return rows.filter(Q(resource_id=subject.object_id) | Q(pk__in=touching.values("operation")))


def _entries(subject: Subject) -> Any:
    """What became no operation: refusals, and what is of no load balancer."""
    rows = AuditEntry.objects.filter(operation_id=None)
    if subject.whole:
        return rows.filter(load_balancer_id=subject.load_balancer_id)
    return rows.filter(resource_id=subject.object_id)


def _drift(subject: Subject) -> Any:
    rows = Drift.objects.all()
    if subject.whole:
        return rows.filter(load_balancer_id=subject.load_balancer_id)
    if subject.drift_type:
        rows = rows.filter(object_type=subject.drift_type, object_id=subject.drift_id)
        mine = subject.load_balancer_id
        return rows.filter(load_balancer_id=mine) if mine else rows
    return rows.filter(Q(item=subject.object_id) | Q(item__startswith=f"{subject.object_id}:"))
