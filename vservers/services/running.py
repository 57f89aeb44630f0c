"""Sending the calls of an operation one by one, and knowing what became of each.

Before each call the record says that it is sent, in the session that holds the lock of its place;
after it, what it did. The API has no compare-and-swap: between the last reading before a call and
the call itself another program may change the same row, and is overwritten unseen. The window is
one round trip wide; what comes between a call and the reading after it is told (`overtaken`).
"""

import time
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_noop

from console.shell.said import gettext as _
from console.shell.said import joined
from vservers.cloud import Cloud, CloudError, CloudRefused, CloudUnreachable
from vservers.cloud.calls import Call
from vservers.models import LoadBalancer, Operation, OperationCall

from . import creations, places
from .changes import NEW, Change, Kind
from .ending import enter, last_words, status_of
from .finding import find_made, ids_before, made_by
from .locks import LostHold, check_held
from .observing import Observed
from .places import Place, lock_of
from .room import make_room, may_get_room
from .stand_ins import filled

Outcome = OperationCall.Outcome
Status = Operation.Status

# Reads may lag writes: so long is what was just written looked for before it counts as not there.
CONFIRM_SECONDS = 4
_CONFIRM_PAUSE_SECONDS = 0.2
_MOST_TOLD = 5


class _NotYet(Exception):
    """The cloud does not show yet what it has confirmed."""


class Run:
    """One operation being carried out by this process, which holds the lock of its place.

    patience: seconds for which a busy cloud is waited for at each call. last: whether a cloud that
    is still busy then is taken at its word; else the operation waits for a worker.

    Afterwards: unread, why the end could not be read; overtaken, what the cloud shows otherwise
    than it was done.
    """

    def __init__(
        self,
        operation: Operation,
        place: Place,
        cloud: Cloud,
        *,
        patience: float,
        last: bool = False,
    ) -> None:
        self.operation = operation
        self.place = place
        self.cloud = cloud
        self.last = last
        self.unread: CloudError | None = None
        self.overtaken: list[Change] = []
        self._sent = False
        self._waits = False
        cloud.be_patient(patience, self._say_waiting)

    def proceed(self, *, note: str = "") -> None:
        """Send what is left to send, then settle."""
        try:
            while (call := self._next()) and self._do(call):
                pass
        except Exception as error:
            # A mistake of ours must not hide what was already sent.
            self._settle_if_held(repr(error))
            raise
        if not self._waits:
            self.settle(note=note)

    def _settle_if_held(self, note: str) -> None:
        """Settle; without the lock that is for whoever has it now."""
        try:
            check_held(lock_of(self.place))
        except LostHold:
            return
        self.settle(note=note)

    def _next(self) -> OperationCall | None:
        return self.operation.calls.filter(outcome=Outcome.PLANNED).first()

    def _do(self, call: OperationCall) -> bool:
        """Send one call; whether to go on with the next."""
        changes = self.changes_of(call)
        try:
            standing = self._standing(call, changes)
            if standing is not Outcome.PLANNED:
                return standing is Outcome.DONE
            call.evidence = self._evidence(call, changes)
            ready = self._ready(call)
        except CloudError as error:
            if not self._wait(call, error):
                self._fail(call, Outcome.UNREACHABLE, error)
            return False
        self._mark_sending(call)
        try:
            body = self.cloud.slb.send(ready)
            made = made_by(call, body)
        except CloudRefused as error:
            return self._refused(call, error)
        except CloudUnreachable as error:
            self._fail(call, Outcome.UNREACHABLE, error)
            return False
        except CloudError as error:
            return self.find_out(call, error)
        with transaction.atomic():
            if made:
                self._name_resource(call, made)
            self._succeed(call, str(body["RequestId"]))
        return True

    # Before a call

    def changes_of(self, call: OperationCall) -> list[Change]:
        """The rows of a call, with the ID of what this operation made."""
        made_id = self.operation.resource_id or NEW
        return [Change.from_json(change).named(made_id) for change in call.changes]

    def _ready(self, call: OperationCall) -> Call:
        """The call with all that its record has stand-ins for. Raises CloudError."""
        return filled(call, self.operation.resource_id, find_rule_id=lambda: self._rule_id(call))

    def _rule_id(self, call: OperationCall) -> str:
        """Of the rule that the call is about, "" where the cloud does not show it."""
        (change,) = self.changes_of(call)
        deadline = time.monotonic() + CONFIRM_SECONDS
        self._read()
        while not (found := Observed(self.place).find(change)) and time.monotonic() < deadline:
            time.sleep(_CONFIRM_PAUSE_SECONDS)
            self._read()
        return str(found["rule_id"]) if found else ""

    def _standing(self, call: OperationCall, changes: list[Change]) -> OperationCall.Outcome:
        """Whether the call is still to be sent, stands done already, or was overtaken by others.

        The first call of an operation follows the reading on which its plan was made. Of what this
        operation makes nobody else knows.
        """
        fresh = not self._sent and call.position == 0 and not call.attempts
        if fresh or self._makes(changes):
            return Outcome.PLANNED
        self._read()
        observed = Observed(self.place)
        if all(observed.is_before(change) for change in changes):
            return Outcome.PLANNED
        if observed.all_after(changes):
            call.message = gettext_noop("Found done already; it was not sent again.")
            self._succeed(call, "")
            return Outcome.DONE
        call.outcome = Outcome.CHANGED
        call.message = gettext_noop("Somebody else changed this meanwhile, so it was not sent.")
        with transaction.atomic():
            call.save(update_fields=["outcome", "message"])
            self._skip_rest()
        return Outcome.CHANGED

    def _makes(self, changes: list[Change]) -> bool:
        """Whether all these objects are made by this operation, or are parts of one that is."""
        made = {
            (change.kind, change.key)
            for call in self.operation.calls.all()
            for change in self.changes_of(call)
            if creations.made_by(change) or (change.before is None and change.kind is Kind.LISTENER)
        }
        # Such as a rule, by the call before.
        done = self.operation.calls.filter(outcome=Outcome.DONE)
        made |= {
            (change.kind, change.key)
            for call in done
            for change in self.changes_of(call)
            if change.before is None
        }
        return all(change.owner in made or (change.kind, change.key) in made for change in changes)

    def _evidence(self, call: OperationCall, changes: list[Change]) -> list[str]:
        """What is there that the call is to make: to find it later proves nothing."""
        if creation := creations.BY_ACTION.get(call.action):
            return ids_before(self.cloud, self.place, creation)
        observed = Observed(self.place)
        return [
            str(change)
            for change in changes
            if change.before is None and not observed.is_before(change)
        ]

    def _mark_sending(self, call: OperationCall) -> None:
        check_held(lock_of(self.place))
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
        call.sealed = ""
        call.save(
            update_fields=["outcome", "request_id", "answered_at", "message", "code", "sealed"]
        )
        self._stop_waiting()

    def _fail(self, call: OperationCall, outcome: OperationCall.Outcome, error: CloudError) -> None:
        call.outcome = outcome
        call.code = error.code
        call.message = error.message
        call.request_id = error.request_id
        call.answered_at = timezone.now()
        # Whatever became of it, it is not sent again.
        call.sealed = ""
        with transaction.atomic():
            call.save(
                update_fields=["outcome", "code", "message", "request_id", "answered_at", "sealed"]
            )
            self._stop_waiting()
            self._skip_rest()

    def _skip_rest(self) -> None:
        left = self.operation.calls.filter(outcome=Outcome.PLANNED)
        left.update(outcome=Outcome.NOT_SENT, sealed="")

    def _refused(self, call: OperationCall, error: CloudRefused) -> bool:
        if self._wait(call, error):
            return False
        if may_get_room(call, error.code):
            self._read()
            if isinstance(self.place, LoadBalancer) and make_room(call, self.place):
                return True
        self._fail(call, Outcome.REFUSED, error)
        return False

    def _wait(self, call: OperationCall, error: CloudError) -> bool:
        """Leave the rest to a worker if the cloud only said "not now"."""
        if self.last or not (error.is_busy or error.is_throttling):
            return False
        operation = self.operation
        call.outcome = Outcome.PLANNED
        operation.status = Status.WAITING
        operation.waiting_code, operation.waiting_message = error.code, error.message
        operation.next_try_at = timezone.now()
        with transaction.atomic():
            call.save(update_fields=["outcome"])
            operation.save(
                update_fields=["status", "waiting_code", "waiting_message", "next_try_at"]
            )
        self._waits = True
        return True

    def _say_waiting(self, error: CloudError, attempts: int, seconds: float) -> None:
        now = timezone.now()
        self.operation.waiting_code = error.code
        self.operation.waiting_message = error.message
        self.operation.next_try_at = now + timedelta(seconds=seconds)
        self.operation.save(update_fields=["waiting_code", "waiting_message", "next_try_at"])
        # It will be under way again: who finds it left behind has to wait from now on.
        self.operation.calls.filter(outcome=Outcome.SENDING, action=error.action).update(
            attempts=F("attempts") + 1, sent_at=now
        )

    def _stop_waiting(self) -> None:
        if self.operation.waiting_code:
            self.operation.waiting_code = self.operation.waiting_message = ""
            self.operation.next_try_at = None
            self.operation.save(update_fields=["waiting_code", "waiting_message", "next_try_at"])

    def _name_resource(self, call: OperationCall, made_id: str) -> None:
        creation = creations.BY_ACTION[call.action]
        self.operation.resource_id = made_id
        # Until then what may have been made is found among all.
        others = [scope for scope in self.operation.reread if scope != list(creation.all)]
        self.operation.reread = [list(creation.scope_of(made_id)), *others]
        self.operation.save(update_fields=["resource_id", "reread"])

    # Finding out

    def find_out(self, call: OperationCall, error: CloudError) -> bool:
        """Read from the cloud whether a call took place whose answer was lost; whether to go on."""
        deadline = time.monotonic() + CONFIRM_SECONDS
        while True:
            try:
                took_place, made = self._took_place(call)
            except CloudError:
                # Nothing can be said; a worker asks again.
                self._fail(call, Outcome.UNKNOWN, error)
                return False
            if took_place:
                call.code = error.code
                call.message = gettext_noop(
                    "The answer was lost; reading the cloud showed that it took place."
                )
                with transaction.atomic():
                    if made:
                        self._name_resource(call, made)
                    self._succeed(call, error.request_id)
                return True
            if time.monotonic() > deadline:
                break
            time.sleep(_CONFIRM_PAUSE_SECONDS)
        self._fail(call, Outcome.LOST, error)
        return False

    def _took_place(self, call: OperationCall) -> tuple[bool, str]:
        """Whether the cloud shows what the call does, and the ID of what it made."""
        creation = creations.BY_ACTION.get(call.action)
        if creation and not self.operation.resource_id:
            made = find_made(self.cloud, self.place, call, creation)
            return bool(made), made
        self._read()
        if call.evidence and not creation:
            # What it was to make was there before: the cloud can only have refused it.
            return False, ""
        return Observed(self.place).all_after(self.changes_of(call)), ""

    def _read(self) -> None:
        places.store(self.cloud, self.place, self.operation.reread)

    # The end

    def settle(self, *, note: str = "", must_read: bool = False) -> None:
        """Read again what was touched; mirror, status and audit entry in one transaction.

        must_read: raise CloudError where the cloud cannot be read, instead of ending without.
        """
        self._skip_rest()
        calls = list(self.operation.calls.all())
        self.operation.status = status_of(calls)
        self.operation.note = note
        if not any(call.sent_at for call in calls):
            enter(self.operation, calls)
            return
        expected = last_words(
            change
            for call in calls
            if call.outcome == Outcome.DONE
            for change in self.changes_of(call)
        )
        deadline = time.monotonic() + CONFIRM_SECONDS

        def end() -> None:
            observed = Observed(self.place)
            others = [change for change in expected if not observed.is_after(change)]
            unfinished = others or any(observed.is_in_between(change) for change in expected)
            if unfinished and time.monotonic() <= deadline:
                raise _NotYet
            self.overtaken = others
            if others:
                self.operation.note = joined(note, _told(others))
            enter(self.operation, calls)

        while True:
            try:
                places.store(self.cloud, self.place, self.operation.reread, also=end)
            except _NotYet:
                time.sleep(_CONFIRM_PAUSE_SECONDS)
                continue
            except CloudError as error:
                if must_read:
                    raise
                self.unread = error
                enter(self.operation, calls)
            return


def _told(others: list[Change]) -> str:
    names: str = ", ".join(str(change) for change in others[:_MOST_TOLD])
    if len(others) > _MOST_TOLD:
        more = len(others) - _MOST_TOLD
        names = _("%(names)s and %(number)s more") % {"names": names, "number": more}
    return _(
        "The cloud confirmed it, but shows something else now for %(names)s: somebody changed it "
        "again, or the reading was late."
    ) % {"names": names}
