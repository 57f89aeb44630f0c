"""What a service may answer instead of doing what was asked, each in words for the person."""

from collections.abc import Iterator, Sequence

from console.shell.said import gettext as _
from console.shell.said import ngettext
from vservers.cloud.errors import CloudError
from vservers.models import DomainExtension, Listener, Operation, OperationCall, Rule
from vservers.selectors.usage import named

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
        return f"{words} (RequestId {self.request_id or _('none')})"


class NotRead(CallFailed):
    """The cloud could not be read before the change, so nothing was sent."""

    def __init__(self, error: CloudError) -> None:
        self.action, self.code = error.action, error.code
        self.message, self.request_id = error.message, error.request_id
        self.done = [_("The cloud could not be read first, so nothing was changed.")]
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
            yield _("Only a part was done. Carried out before the failure: %(calls)s.") % {
                "calls": names
            }
        if self._failed and self._failed.outcome == Outcome.UNKNOWN:
            yield _(
                "It is not known whether %(action)s took place. "
                "It will be found out by reading the cloud."
            ) % {"action": self.action}
        elif self._failed and self._failed.outcome == Outcome.LOST:
            yield _(
                "%(action)s got no usable answer, and reading the cloud shows that it did not "
                "take place."
            ) % {"action": self.action}
        elif not self.carried_out:
            yield _("Nothing was changed.")
        if self._left:
            yield _("Not sent: %(calls)s.") % {
                "calls": ", ".join(call.action for call in self._left)
            }


class Waiting(Refusal):
    """The cloud is still busy with an earlier change: a worker goes on with the operation."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        super().__init__(
            _(
                "The cloud is busy (%(code)s: %(message)s). "
                "The change goes on by itself as soon as the cloud takes it."
            )
            % {"code": operation.waiting_code, "message": operation.waiting_message}
        )


class Busy(CallFailed):
    """Another change of the same load balancer takes too long, so nothing was sent."""

    action = code = request_id = ""

    def __init__(self) -> None:
        self.message = _("Another change of this instance is still running. Try again in a moment.")
        self.done = [_("Nothing was changed.")]
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
            _(
                "The change was made, but reading it back failed "
                "(%(code)s: %(message)s). Press Refresh."
            )
            % {"code": error.code, "message": error.message}
        )


class Overtaken(NotReread):
    """The change was made, and the cloud shows something else already."""

    def __init__(self, operation: Operation) -> None:
        Exception.__init__(self, _("The change was made. %(note)s") % {"note": operation.note})


class Stale(Refusal):
    """Somebody changed it since the person looked; the mirror holds their state now."""

    def __init__(self, what: str) -> None:
        super().__init__(
            _(
                "This %(what)s was changed by somebody else since you opened it. "
                "Compare both below, then save again or take theirs."
            )
            % {"what": _(what)}
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
            _(
                "The group is used by %(listeners)s listeners and %(rules)s "
                "forwarding rules. Give them another group first."
            )
            % {"listeners": len(self.listeners), "rules": len(self.rules)}
        )


class UsedBy(Refusal):
    """What listeners or domain extensions use cannot be deleted. users: those that do."""

    def __init__(self, users: Sequence[Listener | DomainExtension]) -> None:
        self.users = list(users)
        super().__init__(
            ngettext(
                "It is used by %(users)s. Set something else there first.",
                "It is used in %(count)s places: %(users)s. Set something else there first.",
                len(self.users),
            )
            % {"count": len(self.users), "users": named(self.users)}
        )


class Gone(Refusal):
    """What was to be changed does not exist any more."""

    def __init__(self, what: str) -> None:
        super().__init__(_("This %(what)s does not exist any more.") % {"what": _(what)})
