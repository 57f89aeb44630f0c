"""Sending the calls of an operation one by one, and knowing what became of each."""

import logging
import time
from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from console.accounts.actor import Actor
from console.audit.models import AuditEntry
from console.audit.record import record
from vservers.cloud import Cloud, CloudError, CloudRefused, CloudUnreachable
from vservers.cloud.calls import Call
from vservers.models import LoadBalancer, Operation, OperationCall

from . import scopes, sync
from .changes import NEW, Change, Key, Kind, agrees, member_key, server_values
from .observing import Observed, held_members
from .room import make_room, may_get_room

logger = logging.getLogger(__name__)

Outcome = OperationCall.Outcome
Status = Operation.Status

# Reads may lag writes: so long is what was just written looked for before it counts as not there.
CONFIRM_SECONDS = 4
_CONFIRM_PAUSE_SECONDS = 0.2
_CREATE_GROUP = "CreateVServerGroup"


class _NotYet(Exception):
    """The cloud does not show yet what it has confirmed."""


class Run:
    """One operation being carried out by this process, which holds its load balancer's lock.

    patience: seconds for which a busy cloud is waited for at each call. last: whether a cloud that
    is still busy then is taken at its word; else the operation waits for a worker.
    """

    def __init__(
        self,
        operation: Operation,
        load_balancer: LoadBalancer,
        cloud: Cloud,
        *,
        patience: float,
        last: bool = False,
    ) -> None:
        self.operation = operation
        self.load_balancer = load_balancer
        self.cloud = cloud
        self.last = last
        self.unread: CloudError | None = None
        self._sent = False
        cloud.be_patient(patience, self._say_waiting)

    def proceed(self) -> None:
        """Send what is left to send, then settle."""
        try:
            while (call := self._next()) and self._do(call):
                pass
        except Exception as error:
            # A mistake of ours must not hide what was already sent.
            self.settle(note=repr(error))
            raise
        if self.operation.status != Status.WAITING:
            self.settle()

    def _next(self) -> OperationCall | None:
        return self.operation.calls.filter(outcome=Outcome.PLANNED).first()

    def _do(self, call: OperationCall) -> bool:
        """Send one call; whether to go on with the next."""
        changes = self.changes_of(call)
        try:
            standing = self._standing(call, changes)
            if standing is not Outcome.PLANNED:
                return standing is Outcome.DONE
            if call.action == _CREATE_GROUP:
                call.evidence = sorted(self._group_ids())
        except CloudError as error:
            self._fail(call, Outcome.UNREACHABLE, error)
            return False
        self._mark_sending(call)
        try:
            body = self.cloud.slb.send(self._named(call))
        except CloudRefused as error:
            return self._refused(call, error)
        except CloudUnreachable as error:
            self._fail(call, Outcome.UNREACHABLE, error)
            return False
        except CloudError as error:
            return self.find_out(call, error)
        self._succeed(call, str(body.get("RequestId", "")))
        if group_id := body.get("VServerGroupId"):
            self._name_resource(str(group_id))
        return True

    # Before a call

    def changes_of(self, call: OperationCall) -> list[Change]:
        """The rows of a call, with the ID of the group that this operation made."""
        group_id = self.operation.resource_id or NEW
        return [Change.from_json(change).named(group_id) for change in call.changes]

    def _named(self, call: OperationCall) -> Call:
        params = {
            name: self.operation.resource_id if value == NEW else value
            for name, value in call.params.items()
        }
        return Call(call.action, params)

    def _standing(self, call: OperationCall, changes: list[Change]) -> OperationCall.Outcome:
        """Whether the call is still to be sent, stands done already, or was overtaken by others.

        The first call of an operation follows the reading on which its plan was made. Of what this
        operation makes nobody else knows.
        """
        fresh = not self._sent and call.position == 0 and not call.attempts
        if fresh or all(self._is_ours(change) for change in changes):
            return Outcome.PLANNED
        self._read()
        observed = Observed(self.load_balancer)
        if all(observed.is_before(change) for change in changes):
            return Outcome.PLANNED
        if observed.all_after(changes):
            call.message = "Found done already; it was not sent again."
            self._succeed(call, "")
            return Outcome.DONE
        call.outcome = Outcome.CHANGED
        call.message = "Somebody else changed this meanwhile, so it was not sent."
        call.save(update_fields=["outcome", "message"])
        self._skip_rest()
        return Outcome.CHANGED

    def _is_ours(self, change: Change) -> bool:
        """Whether the object is made by this operation, or is a part of one that is."""
        if change.kind in {Kind.GROUP, Kind.MEMBER}:
            return (Kind.GROUP, (change.key[0],)) in self._made
        return (Kind.LISTENER, change.key[:2]) in self._made

    @property
    def _made(self) -> set[tuple[Kind, Key]]:
        """The groups and listeners that this operation makes."""
        return {
            (change.kind, change.key)
            for call in self.operation.calls.all()
            for change in self.changes_of(call)
            if change.before is None and change.kind in {Kind.GROUP, Kind.LISTENER}
        }

    def _group_ids(self) -> set[str]:
        groups = self.cloud.slb.describe_vserver_groups(self.load_balancer.pk)
        return {group.vserver_group_id for group in groups}

    def _mark_sending(self, call: OperationCall) -> None:
        call.outcome = Outcome.SENDING
        call.sent_at = timezone.now()
        call.attempts += 1
        call.save(update_fields=["outcome", "sent_at", "attempts", "evidence"])
        self._sent = True

    # After a call

    def _succeed(self, call: OperationCall, request_id: str) -> None:
        call.outcome = Outcome.DONE
        call.request_id = request_id
        call.answered_at = timezone.now()
        call.save(update_fields=["outcome", "request_id", "answered_at", "message", "code"])
        self._stop_waiting()

    def _fail(self, call: OperationCall, outcome: OperationCall.Outcome, error: CloudError) -> None:
        call.outcome = outcome
        call.code = error.code
        call.message = error.message
        call.request_id = error.request_id
        call.answered_at = timezone.now()
        call.save(update_fields=["outcome", "code", "message", "request_id", "answered_at"])
        self._stop_waiting()
        self._skip_rest()

    def _skip_rest(self) -> None:
        self.operation.calls.filter(outcome=Outcome.PLANNED).update(outcome=Outcome.NOT_SENT)

    def _refused(self, call: OperationCall, error: CloudRefused) -> bool:
        if (error.is_busy or error.is_throttling) and not self.last:
            # Nothing was done: it stays planned, for a worker.
            call.outcome = Outcome.PLANNED
            call.save(update_fields=["outcome"])
            self.operation.status = Status.WAITING
            self.operation.waiting_code = error.code
            self.operation.waiting_message = error.message
            self.operation.next_try_at = timezone.now()
            self.operation.save(
                update_fields=["status", "waiting_code", "waiting_message", "next_try_at"]
            )
            return False
        if may_get_room(call, error.code):
            self._read()
            if make_room(call, self.load_balancer):
                return True
        self._fail(call, Outcome.REFUSED, error)
        return False

    def _say_waiting(self, error: CloudError, attempts: int, seconds: float) -> None:
        self.operation.waiting_code = error.code
        self.operation.waiting_message = error.message
        self.operation.next_try_at = timezone.now() + timedelta(seconds=seconds)
        self.operation.save(update_fields=["waiting_code", "waiting_message", "next_try_at"])
        self.operation.calls.filter(outcome=Outcome.SENDING).update(attempts=F("attempts") + 1)

    def _stop_waiting(self) -> None:
        if self.operation.waiting_code:
            self.operation.waiting_code = self.operation.waiting_message = ""
            self.operation.next_try_at = None
            self.operation.save(update_fields=["waiting_code", "waiting_message", "next_try_at"])

    def _name_resource(self, resource_id: str) -> None:
        self.operation.resource_id = resource_id
        # Until then a group that may have been made is found among all.
        self.operation.reread = [list(scopes.group(resource_id))]
        self.operation.save(update_fields=["resource_id", "reread"])

    # Finding out

    def find_out(self, call: OperationCall, error: CloudError) -> bool:
        """Read from the cloud whether a call took place whose answer was lost; whether to go on."""
        deadline = time.monotonic() + CONFIRM_SECONDS
        while True:
            try:
                took_place = self._took_place(call)
            except CloudError:
                # Nothing can be said; a worker asks again.
                self._fail(call, Outcome.UNKNOWN, error)
                return False
            if took_place:
                call.code = error.code
                call.message = "The answer was lost; reading the cloud showed that it took place."
                self._succeed(call, error.request_id)
                return True
            if time.monotonic() > deadline:
                break
            time.sleep(_CONFIRM_PAUSE_SECONDS)
        self._fail(call, Outcome.LOST, error)
        return False

    def _took_place(self, call: OperationCall) -> bool:
        if call.action == _CREATE_GROUP and not self.operation.resource_id:
            return self._find_group(call)
        self._read()
        return Observed(self.load_balancer).all_after(self.changes_of(call))

    def _find_group(self, call: OperationCall) -> bool:
        """The group of a create whose answer was lost: new, of this name, with these servers.

        The action takes no client token, so it is never repeated before it was looked for.
        """
        self._read(scopes.GROUPS)
        changes = self.changes_of(call)
        name = next(change.after for change in changes if change.kind is Kind.GROUP) or {}
        claimed = Operation.objects.filter(
            load_balancer_id=self.load_balancer.pk, calls__action=_CREATE_GROUP
        ).exclude(pk=self.operation.pk)
        candidates = (
            self.load_balancer.vserver_groups.filter(name=name["name"])
            .exclude(pk__in=call.evidence or [])
            .exclude(pk__in=claimed.values("resource_id"))
        )
        for group in candidates:
            wanted = {
                change.named(group.pk).key: change.after
                for change in changes
                if change.kind is Kind.MEMBER
            }
            held = {
                member_key(group.pk, server): server_values(server)
                for server in held_members(group)
            }
            if held.keys() == wanted.keys() and all(
                agrees(held[key], values) for key, values in wanted.items()
            ):
                self._name_resource(group.pk)
                return True
        return False

    def _read(self, *wanted: scopes.Scope) -> None:
        reader = scopes.reader(self.load_balancer.pk, wanted or self.operation.reread)
        sync.store(self.cloud, self.load_balancer.pk, reader)

    # The end

    def settle(self, *, note: str = "") -> None:
        """Read again what was touched; mirror, status and audit entry in one transaction."""
        self._skip_rest()
        calls = list(self.operation.calls.all())
        self.operation.status = _status(calls)
        self.operation.note = note
        if not any(call.sent_at for call in calls):
            with transaction.atomic():
                self._enter(calls)
            return
        expected = [
            change
            for call in calls
            if call.outcome == Outcome.DONE
            for change in self.changes_of(call)
        ]
        deadline = time.monotonic() + CONFIRM_SECONDS
        reader = scopes.reader(self.load_balancer.pk, self.operation.reread)

        def enter() -> None:
            late = time.monotonic() > deadline
            if not late and not Observed(self.load_balancer).all_after(_last(expected)):
                raise _NotYet
            self._enter(calls)

        while True:
            try:
                sync.store(self.cloud, self.load_balancer.pk, reader, also=enter)
            except _NotYet:
                time.sleep(_CONFIRM_PAUSE_SECONDS)
                continue
            except CloudError as error:
                self.unread = error
                with transaction.atomic():
                    self._enter(calls)
            return

    def _enter(self, calls: list[OperationCall]) -> None:
        operation = self.operation
        operation.ended_at = timezone.now()
        operation.waiting_code = operation.waiting_message = ""
        operation.next_try_at = None
        operation.save(
            update_fields=[
                "status",
                "note",
                "ended_at",
                "waiting_code",
                "waiting_message",
                "next_try_at",
            ]
        )
        record(
            actor=Actor(
                name=operation.actor_name,
                role="",
                user_id=operation.actor_id,
                request_id=operation.web_request_id,
            ),
            verb=operation.verb,
            outcome=AuditEntry.Outcome(operation.status),
            resource_type=operation.resource_type,
            resource_id=operation.resource_id,
            resource_name=operation.resource_name,
            region_id=operation.region_id,
            load_balancer_id=operation.load_balancer_id,
            before=operation.before,
            after=operation.after,
            reason=operation.note or _reason(calls),
            calls=[call.as_audit() for call in calls if call.sent_at],
            operation_id=operation.pk,
        )


def _status(calls: list[OperationCall]) -> Operation.Status:
    outcomes = {call.outcome for call in calls}
    if outcomes <= {Outcome.DONE}:
        return Status.DONE
    if outcomes & {Outcome.UNKNOWN, Outcome.SENDING}:
        return Status.UNKNOWN
    return Status.PARTLY_DONE if Outcome.DONE in outcomes else Status.FAILED


def _reason(calls: list[OperationCall]) -> str:
    return next(
        (
            f"{call.action}: {call.code}: {call.message}".replace(": :", ":")
            for call in calls
            if call.outcome not in {Outcome.DONE, Outcome.NOT_SENT}
        ),
        "",
    )


def _last(changes: list[Change]) -> list[Change]:
    """The last word on each object: a listener may be made by one call and started by the next."""
    last: dict[tuple[Kind, tuple[str | int, ...]], Change] = {}
    for change in changes:
        key = change.kind, change.key
        earlier = last.get(key)
        if earlier and earlier.after and change.after:
            change = replace(change, after={**earlier.after, **change.after})
        last[key] = change
    return list(last.values())
