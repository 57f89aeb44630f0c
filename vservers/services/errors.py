"""What a service may answer instead of doing what was asked, each in words for the person."""

from collections.abc import Iterator, Sequence

from vservers.cloud.errors import CloudError
from vservers.models import Listener, Operation, OperationCall, Rule

from .changes import Change

Outcome = OperationCall.Outcome
MemberKey = tuple[str, int]


class Refusal(Exception):
    """What a service says instead of doing; its text is for the person."""


class CallFailed(Refusal):
    """Not all of a change was done. What was done stands, and the mirror was read again.

    action, code, message, request_id: of the call that ended it, the cloud's where it answered.
    done: sentences on what stands now. resource_id: what the change was about, also where it made
    that itself. operation: its record; None when it failed before there was one.
    """

    operation: Operation | None = None
    action: str
    code: str
    message: str
    request_id: str
    done: list[str]
    resource_id = ""
    carried_out: Sequence[OperationCall] = ()

    def __str__(self) -> str:
        words = ": ".join(part for part in (self.action, self.code, self.message) if part)
        return f"{words} (RequestId {self.request_id or 'none'})"


class NotRead(CallFailed):
    """The cloud could not be read before the change, so nothing was sent."""

    def __init__(self, error: CloudError) -> None:
        self.action, self.code = error.action, error.code
        self.message, self.request_id = error.message, error.request_id
        self.done = ["The cloud could not be read first, so nothing was changed."]
        super().__init__()


class OperationFailed(CallFailed):
    """An operation ended before all its calls were done."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.resource_id = operation.resource_id
        calls = list(operation.calls.all())
        self.carried_out = [call for call in calls if call.outcome == Outcome.DONE]
        self._left = [call for call in calls if call.outcome == Outcome.NOT_SENT]
        self._failed = next(
            (call for call in calls if call.outcome not in {Outcome.DONE, Outcome.NOT_SENT}), None
        )
        failed = self._failed or OperationCall()
        self.action = failed.action
        self.code = failed.code or failed.outcome
        self.message = failed.message or operation.note
        self.request_id = failed.request_id
        self.done = list(self._sentences())
        super().__init__()

    def _sentences(self) -> Iterator[str]:
        if self.carried_out:
            names = ", ".join(call.action for call in self.carried_out)
            yield f"Only a part was done. Carried out before the failure: {names}."
        if self._failed and self._failed.outcome == Outcome.UNKNOWN:
            yield (
                f"It is not known whether {self.action} took place. "
                "It will be found out by reading the cloud."
            )
        elif self._failed and self._failed.outcome == Outcome.LOST:
            yield (
                f"{self.action} got no usable answer, and reading the cloud shows that it did not "
                "take place."
            )
        elif not self.carried_out:
            yield "Nothing was changed."
        if self._left:
            yield f"Not sent: {', '.join(call.action for call in self._left)}."


class Waiting(Refusal):
    """The cloud is still busy with an earlier change: a worker goes on with the operation."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        super().__init__(
            f"The cloud is busy ({operation.waiting_code}: {operation.waiting_message}). "
            "The change goes on by itself as soon as the cloud takes it."
        )


class Busy(CallFailed):
    """Another change of the same load balancer takes too long, so nothing was sent."""

    action = code = request_id = ""
    message = "Another change of this instance is still running. Try again in a moment."

    def __init__(self) -> None:
        self.done = ["Nothing was changed."]
        super().__init__()

    def __str__(self) -> str:
        return self.message


class CannotUndo(Refusal):
    """The cloud's state does not permit it any more; the text says why.

    moved: what others have changed since, where that is the reason.
    """

    def __init__(self, why: str, moved: Sequence[Change] = ()) -> None:
        self.moved = moved
        super().__init__(why)


class NotPossible(Refusal):
    """The object's state does not allow it; the text says why."""


class NotReread(Refusal):
    """The change was made, but the cloud could not be read afterwards: the page may be old."""

    def __init__(self, error: CloudError) -> None:
        self.error = error
        super().__init__(
            "The change was made, but reading it back failed "
            f"({error.code}: {error.message}). Press Refresh."
        )


class Overtaken(NotReread):
    """The change was made, and the cloud shows something else already."""

    def __init__(self, operation: Operation) -> None:
        Exception.__init__(self, f"The change was made. {operation.note}")


class Stale(Refusal):
    """Somebody changed it since the person looked; the mirror holds their state now."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"This {what} was changed by somebody else since you opened it. "
            "Compare both below, then save again or take theirs."
        )


class InvalidMembers(Refusal):
    """Rows that cannot be in the group. errors: {(server_id, port): sentence}."""

    def __init__(self, errors: dict[MemberKey, str]) -> None:
        self.errors = errors
        super().__init__("; ".join(errors.values()))


class InUse(Refusal):
    """A group that listeners or forwarding rules send requests to cannot be deleted."""

    def __init__(self, listeners: Sequence[Listener], rules: Sequence[Rule]) -> None:
        self.listeners = list(listeners)
        self.rules = list(rules)
        super().__init__(
            f"The group is used by {len(self.listeners)} listeners and {len(self.rules)} "
            "forwarding rules. Give them another group first."
        )


class Gone(Refusal):
    """What was to be changed does not exist any more."""

    def __init__(self, what: str) -> None:
        super().__init__(f"This {what} does not exist any more.")
